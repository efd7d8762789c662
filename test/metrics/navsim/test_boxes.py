from __future__ import annotations

import math

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from wam_ros.metrics.navsim.boxes import Boxes, boxes_meet, front_meets

Pose = tuple[float, float, float, float, float]
QUARTERS = st.integers(-12, 12).map(lambda n: n / 4.0)
HEADINGS = st.one_of(st.sampled_from([0.0, math.pi / 2.0, -math.pi / 2.0, math.pi]), st.floats(-3.2, 3.2))
# Quarters of a metre make boxes touch exactly, which the separating axes alone would decide by rounding.
POSES = st.tuples(
    QUARTERS, QUARTERS, HEADINGS, st.sampled_from([0.25, 0.5, 1.0, 2.5]), st.sampled_from([0.25, 0.5, 1.0])
)


def box(pose: Pose) -> Boxes:
    x, y, heading, half_length, half_width = pose
    return Boxes.at(np.array([[x, y]]), np.array([heading]), np.array([half_length]), np.array([half_width]))


def polygon(boxes: Boxes) -> shapely.Polygon:
    return shapely.Polygon(boxes.corners()[0])


@settings(max_examples=400, deadline=None)
@given(POSES, POSES)
def test_boxes_meet_exactly_when_geos_says_so(first: Pose, second: Pose) -> None:
    a, b = box(first), box(second)
    assert bool(boxes_meet(a, b)[0]) == polygon(a).intersects(polygon(b))


@settings(max_examples=400, deadline=None)
@given(POSES, POSES)
def test_the_front_edge_meets_exactly_when_geos_says_so(first: Pose, second: Pose) -> None:
    a, b = box(first), box(second)
    corners = a.corners()[0]
    assert bool(front_meets(a, b)[0]) == shapely.LineString(corners[[0, 3]]).intersects(polygon(b))


def test_touching_is_meeting_and_a_hair_apart_is_not() -> None:
    for gap, meets in ((0.0, True), (1e-9, False), (-1e-9, True)):
        a, b = box((0.0, 0.0, 0.0, 2.0, 1.0)), box((3.0 + gap, 0.0, 0.0, 1.0, 1.0))
        assert bool(boxes_meet(a, b)[0]) is meets
        assert bool(front_meets(a, b)[0]) is meets


def test_a_shift_moves_the_box() -> None:
    one = Boxes.at(np.zeros((1, 1, 2)), np.zeros((1, 1)), 2.0, 1.0)
    index = np.zeros(1, dtype=np.intp)
    shifted = one.pick(index, index, np.array([[3.0, 4.0]]))
    np.testing.assert_allclose(shifted.corners()[0], [[5.0, 5.0], [1.0, 5.0], [1.0, 3.0], [5.0, 3.0]])
    assert not boxes_meet(one.pick(index, index), shifted)[0]
    assert boxes_meet(box((3.0, 4.0, 0.0, 0.5, 0.5)), shifted)[0]
