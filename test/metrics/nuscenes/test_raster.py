from __future__ import annotations

import math

import numpy as np
import pytest

from wam_ros.core.geometry import Array
from wam_ros.metrics.nuscenes.protocols import Stp3, Uniad, Vad
from wam_ros.metrics.nuscenes.raster import CELLS, Raster
from wam_ros.metrics.nuscenes.sample import BoolArray

UNIAD, VAD, STP3 = Uniad.raster, Vad.raster, Stp3.raster
ORIGIN = np.zeros(2)


def box(left: float, right: float, back: float, front: float) -> Array:
    """(1, 5) axis-aligned, facing ahead."""
    return np.array([[(left + right) / 2, (back + front) / 2, math.pi / 2, front - back, right - left]])


def cells(occupied: BoolArray) -> tuple[tuple[int, int], tuple[int, int], int]:
    """First and last row, first and last column, number of cells."""
    rows, columns = np.nonzero(occupied)
    return (rows.min(), rows.max()), (columns.min(), columns.max()), len(rows)


def test_a_box_covers_its_rounded_corners_and_all_between() -> None:
    right_ahead = box(2.0, 4.0, 10.0, 12.0)
    assert cells(UNIAD.occupied(right_ahead)) == ((120, 124), (104, 108), 25)
    assert cells(VAD.occupied(right_ahead)) == ((76, 80), (104, 108), 25)
    assert cells(STP3.occupied(right_ahead)) == ((120, 124), (92, 96), 25)


def test_corners_are_rounded_to_the_nearest_cell() -> None:
    assert cells(UNIAD.occupied(box(2.24, 4.26, 10.2, 11.8)))[:2] == ((120, 124), (104, 109))


def test_a_turned_box_is_drawn_turned() -> None:
    long_ahead = np.array([[0.0, 20.0, math.pi / 2, 10.0, 2.0]])
    across = np.array([[0.0, 20.0, math.pi, 10.0, 2.0]])
    assert cells(UNIAD.occupied(long_ahead)) == ((130, 150), (98, 102), 105)
    assert cells(UNIAD.occupied(across)) == ((138, 142), (90, 110), 105)
    diagonal = np.array([[0.0, 0.0, math.pi / 4, 10.0, 10.0]])
    assert cells(UNIAD.occupied(diagonal))[:2] == ((86, 114), (86, 114))
    assert not UNIAD.occupied(diagonal)[90, 90]


def test_boxes_beyond_the_grid_are_cut_off() -> None:
    assert cells(UNIAD.occupied(box(49.0, 60.0, -60.0, -49.0))) == ((0, 2), (198, 199), 6)
    assert not UNIAD.occupied(box(70.0, 72.0, 0.0, 4.0)).any()
    assert not UNIAD.occupied(np.zeros((0, 5))).any()


# The ego's block is 8 rows by 4 columns; columns to the left move its odd half cell to the other side.
@pytest.mark.parametrize(("raster", "left", "right"), [(UNIAD, -1.0, 0.5), (VAD, -1.0, 0.5), (STP3, -0.5, 1.0)])
def test_the_ego_reaches_so_far_to_each_side(raster: Raster, left: float, right: float) -> None:
    def hits(obstacle: Array) -> bool:
        return raster.box_hits(raster.occupied(obstacle), ORIGIN)

    assert hits(box(right, right + 2.0, -1.0, 1.0))
    assert not hits(box(right + 0.5, right + 2.0, -1.0, 1.0))
    assert hits(box(left - 2.0, left, -1.0, 1.0))
    assert not hits(box(left - 2.0, left - 0.5, -1.0, 1.0))
    assert hits(box(-0.5, 0.5, 2.0, 4.0))
    assert not hits(box(-0.5, 0.5, 2.5, 4.0))
    assert hits(box(-0.5, 0.5, -4.0, -1.5))
    assert not hits(box(-0.5, 0.5, -4.0, -2.0))


def test_vad_lies_one_row_off_between_cells() -> None:
    half_a_cell_ahead = np.array([0.0, 0.25])
    in_front, behind = box(-0.5, 0.5, 2.5, 4.0), box(-0.5, 0.5, -4.0, -1.5)
    hits = [
        raster.box_hits(raster.occupied(obstacle), half_a_cell_ahead)
        for raster in (UNIAD, VAD)
        for obstacle in (in_front, behind)
    ]
    assert hits == [False, True, True, False]


def test_a_position_moves_the_block_by_whole_cells() -> None:
    obstacle = box(9.5, 10.5, 22.0, 24.0)
    for raster in (UNIAD, VAD, STP3):
        occupied = raster.occupied(obstacle)
        assert raster.box_hits(occupied, np.array([10.0, 20.0]))
        assert not raster.box_hits(occupied, np.array([10.0, 19.5]))
        assert not raster.box_hits(occupied, np.array([10.0, 26.0]))


def test_the_point_is_one_cell() -> None:
    for raster in (UNIAD, STP3):
        occupied = raster.occupied(box(5.0, 6.0, 10.0, 11.0))
        assert raster.point_hits(occupied, np.array([5.5, 10.5]))
        assert not raster.point_hits(occupied, np.array([5.5, 9.0]))
        assert not raster.point_hits(occupied, np.array([0.0, 10.5]))


def test_the_point_of_vad_is_looked_for_25_metres_ahead_to_the_left() -> None:
    occupied = VAD.occupied(box(-26.0, -24.0, 24.0, 26.0))
    assert VAD.point_hits(occupied, ORIGIN)
    assert not VAD.point_hits(VAD.occupied(box(-1.0, 1.0, -1.0, 1.0)), ORIGIN)


def test_outside_the_grid_the_point_hits_nothing_and_the_box_its_edge() -> None:
    everywhere = np.ones((CELLS, CELLS), dtype=np.bool_)
    far_ahead = np.array([0.0, 80.0])
    for raster in (UNIAD, STP3, VAD):
        assert not raster.point_hits(everywhere, far_ahead)
        assert not raster.point_hits(everywhere, -far_ahead)
        edge = raster.occupied(box(-1.0, 1.0, 49.0, 50.0))
        assert raster.box_hits(edge, far_ahead)
        assert not raster.box_hits(edge, -far_ahead)
