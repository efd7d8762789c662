from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wam_ros.core import SE2
from wam_ros.core.geometry import SE3
from wam_ros.maps.handedness import (
    flip_rotation_vector,
    flip_y,
    planar_from_carla,
    pose_from_carla,
    pose_to_carla,
    steering_from_carla,
    steering_to_carla,
    yaw_from_carla,
    yaw_to_carla,
)

METRES = st.floats(-500.0, 500.0)
DEGREES = st.floats(-179.0, 179.0)
PITCH = st.floats(-85.0, 85.0)
MIRROR = np.diag([1.0, -1.0, 1.0])


@given(METRES, METRES, METRES, PITCH, DEGREES, DEGREES)
def test_poses_are_those_of_carla_mirrored(x: float, y: float, z: float, pitch: float, yaw: float, roll: float) -> None:
    carla: Any = pytest.importorskip("carla")
    transform = carla.Transform(carla.Location(x=x, y=y, z=z), carla.Rotation(pitch=pitch, yaw=yaw, roll=roll))
    theirs = np.array(transform.get_matrix())
    ours = pose_from_carla((x, y, z), (pitch, yaw, roll))
    assert ours.rotation == pytest.approx(MIRROR @ theirs[:3, :3] @ MIRROR, abs=1e-4)
    assert ours.translation == pytest.approx(MIRROR @ theirs[:3, 3], abs=1e-4)


@given(METRES, METRES, METRES, PITCH, DEGREES, DEGREES)
def test_poses_go_there_and_back(x: float, y: float, z: float, pitch: float, yaw: float, roll: float) -> None:
    location, rotation = pose_to_carla(pose_from_carla((x, y, z), (pitch, yaw, roll)))
    assert location == pytest.approx((x, y, z))
    assert rotation == pytest.approx((pitch, yaw, roll), abs=1e-6)


@given(METRES, METRES, DEGREES)
def test_the_plane_agrees_with_space(x: float, y: float, yaw: float) -> None:
    flat, whole = planar_from_carla(x, y, yaw), pose_from_carla((x, y, 3.0), (0.0, yaw, 0.0)).to_se2()
    assert (flat.x, flat.y) == pytest.approx((whole.x, whole.y))
    assert math.cos(flat.yaw - whole.yaw) == pytest.approx(1.0)
    assert yaw_to_carla(flat.yaw) == pytest.approx(yaw)


def test_signs_that_people_can_check() -> None:
    assert yaw_from_carla(90.0) == pytest.approx(-math.pi / 2)  # CARLA's south is our south
    assert yaw_to_carla(-math.pi) == pytest.approx(180.0)
    nose_up = pose_from_carla((0, 0, 0), (30.0, 0.0, 0.0)).apply([1.0, 0.0, 0.0])
    assert nose_up == pytest.approx([math.cos(math.pi / 6), 0.0, 0.5])
    rolled_right = pose_from_carla((0, 0, 0), (0.0, 0.0, 30.0)).apply([0.0, 1.0, 0.0])  # the left side goes up
    assert rolled_right == pytest.approx([0.0, math.cos(math.pi / 6), 0.5])
    assert (steering_to_carla(0.2), steering_from_carla(-0.2)) == (-0.2, 0.2)
    assert planar_from_carla(3.0, 4.0, 0.0) == SE2(3.0, -4.0, 0.0)


@given(st.tuples(METRES, METRES, METRES), st.tuples(METRES, METRES, METRES))
def test_rotation_vectors_turn_as_the_mirrored_world_does(turn: tuple[float, ...], arm: tuple[float, ...]) -> None:
    # The speed of a point of a turning body is a plain vector: it is flipped as places are. In left-handed axes the
    # cross product has the same formula in components.
    assert np.cross(flip_rotation_vector(turn), flip_y(arm)) == pytest.approx(flip_y(np.cross(turn, arm)), abs=1e-6)


def test_flips_are_their_own_inverse_and_leave_their_input_alone() -> None:
    points = np.arange(12.0).reshape(2, 2, 3)
    kept = points.copy()
    for flip in (flip_y, flip_rotation_vector):
        assert flip(flip(points)) == pytest.approx(kept)
    assert points == pytest.approx(kept)
    assert flip_y([1.0, 2.0]) == pytest.approx([1.0, -2.0])
    assert SE3.identity().rotation == pytest.approx(pose_from_carla((0, 0, 0), (0, 0, 0)).rotation)
