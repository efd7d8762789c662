from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wam_ros.core import InputError, Polyline

CORNER = Polyline([[0, 0], [10, 0], [10, 10]])  # type: ignore[arg-type]


def circle(radius: float, points: int = 400) -> Polyline:
    angles = np.linspace(0.0, 1.5 * math.pi, points)
    return Polyline(radius * np.stack([np.cos(angles), np.sin(angles)], axis=1))


@given(st.floats(0.0, 20.0))
def test_projection_undoes_position(arc_length: float) -> None:
    projection = CORNER.project(CORNER.position(arc_length))
    assert projection.arc_length == pytest.approx(arc_length, abs=1e-9)
    assert projection.distance == pytest.approx(0.0, abs=1e-9)


def test_lateral_is_positive_on_the_left() -> None:
    assert CORNER.project([5, 2]).lateral == pytest.approx(2.0)
    assert CORNER.project([5, -2]).lateral == pytest.approx(-2.0)
    assert CORNER.project([8, 6]).lateral == pytest.approx(2.0)


def test_ends_go_on_straight() -> None:
    np.testing.assert_allclose(CORNER.position([-3.0, 25.0]), [[-3, 0], [10, 15]])


@pytest.mark.parametrize("radius", [15.0, 60.0])
def test_curvature_of_a_circle(radius: float) -> None:
    line = circle(radius)
    middle = np.linspace(10.0, line.length - 10.0, 50)
    np.testing.assert_allclose(line.curvature(middle), 1.0 / radius, rtol=0.02)
    reverse = Polyline(line.points[::-1])
    np.testing.assert_allclose(reverse.curvature(middle), -1.0 / radius, rtol=0.02)


def test_a_line_that_crosses_itself_keeps_the_follower_on_its_part() -> None:
    eight = Polyline([[0, 0], [100, 0], [100, 50], [50, 50], [50, -50]])  # type: ignore[arg-type]
    crossing = [50.0, 0.1]
    assert eight.project(crossing, near=48.0, window=20.0).arc_length == pytest.approx(50.0)
    assert eight.project(crossing, near=248.0, window=20.0).arc_length == pytest.approx(249.9)


@given(st.lists(st.tuples(st.floats(-20, 20), st.floats(-20, 20)), min_size=1, max_size=8))
def test_distances_are_those_of_single_projections(points: list[tuple[float, float]]) -> None:
    singles = [CORNER.project(point).distance for point in points]
    np.testing.assert_allclose(CORNER.distances(points), singles, atol=1e-9)


def test_repeated_points_are_one() -> None:
    assert len(Polyline([[0, 0], [0, 0], [1, 0], [1, 0], [2, 0]]).points) == 3  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("points", "text"),
    [
        ([[0, 0], [0, 0]], r"1 distinct point\(s\)"),
        ([[0, 0], [math.nan, 1]], "point 1 is"),
        ([[0, 0, 0]], r"shape \(1, 3\)"),
        ([], "shape"),
    ],
)
def test_no_polyline(points: list[list[float]], text: str) -> None:
    with pytest.raises(InputError, match=text):
        Polyline(points)  # type: ignore[arg-type]
