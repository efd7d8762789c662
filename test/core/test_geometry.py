from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wam_ros.core import SE2, SE3, InputError, wrap_angle

coordinate = st.floats(-1e3, 1e3)
angle = st.floats(-10.0, 10.0)
poses = st.builds(SE2, coordinate, coordinate, angle)
spatial = st.builds(SE3.from_euler, st.tuples(*[coordinate] * 3), angle, angle, angle)


@given(angle)
def test_wrapped_angle_is_the_same_direction_within_range(value: float) -> None:
    wrapped = wrap_angle(value)
    assert -math.pi <= wrapped < math.pi
    assert math.cos(wrapped) == pytest.approx(math.cos(value), abs=1e-9)
    assert math.sin(wrapped) == pytest.approx(math.sin(value), abs=1e-9)


@given(poses, poses, st.tuples(coordinate, coordinate))
def test_se2_composition_acts_like_one_after_the_other(a: SE2, b: SE2, point: tuple[float, float]) -> None:
    np.testing.assert_allclose((a @ b).apply(point), a.apply(b.apply(point)), atol=1e-6)
    np.testing.assert_allclose((a @ a.inverse()).apply(point), point, atol=1e-6)


@given(spatial, spatial, st.tuples(coordinate, coordinate, coordinate))
def test_se3_composition_and_inverse(a: SE3, b: SE3, point: tuple[float, float, float]) -> None:
    np.testing.assert_allclose((a @ b).apply(point), a.apply(b.apply(point)), atol=1e-6)
    np.testing.assert_allclose(a.inverse().apply(a.apply(point)), point, atol=1e-6)


@given(spatial)
def test_quaternion_round_trip(transform: SE3) -> None:
    again = SE3.from_quaternion(transform.translation, transform.quaternion())
    np.testing.assert_allclose(again.rotation, transform.rotation, atol=1e-9)


@given(poses)
def test_plane_pose_survives_space(pose: SE2) -> None:
    back = SE3.from_se2(pose, z=1.2).to_se2()
    assert (back.x, back.y) == (pose.x, pose.y)
    assert abs(wrap_angle(back.yaw - pose.yaw)) < 1e-9


def test_yaw_is_counter_clockwise() -> None:
    np.testing.assert_allclose(SE2(0.0, 0.0, math.pi / 2.0).apply([1.0, 0.0]), [0.0, 1.0], atol=1e-12)
    np.testing.assert_allclose(SE3.from_euler([0, 0, 0], 0, 0, math.pi / 2).apply([1, 0, 0]), [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(SE3.from_euler([0, 0, 0], 0, math.pi / 2, 0).apply([1, 0, 0]), [0, 0, -1], atol=1e-12)


def test_bad_values_are_refused_by_name() -> None:
    with pytest.raises(InputError, match="yaw is nan"):
        SE2(0.0, 0.0, math.nan)
    with pytest.raises(InputError, match="has length 0, wanted 1"):
        SE3.from_quaternion([0, 0, 0], [0, 0, 0, 0])
    with pytest.raises(InputError, match="length nan"):
        SE3.from_quaternion([0, 0, 0], [0, 0, 0, math.nan])
    with pytest.raises(InputError, match="not a rotation matrix"):
        SE3(np.diag([1.0, 1.0, -1.0]), np.zeros(3))
    with pytest.raises(InputError, match=r"translation: shape \(2,\), wanted \(3\)"):
        SE3(np.eye(3), np.zeros(2))
