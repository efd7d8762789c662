from __future__ import annotations

import math

import numpy as np
import pytest

from wam_ros.carla_server.actors.body_motion import BodyMotions
from wam_ros.carla_server.actors.carla_poses import body_box, body_transform, planar_of, states_in_carla
from wam_ros.carla_server.world.bodies import Body
from wam_ros.core.geometry import SE2
from wam_ros.core.scene import ActorKind

DT = 0.001


def moving(offset: float) -> tuple[list[Body], BodyMotions]:
    """A body whose rear axle speeds up on a curve that tightens; its origin is `offset` ahead of the axle."""
    motions = BodyMotions()
    motions.offsets[7] = offset
    rear, speed, turn = SE2(3.0, -2.0, 0.7), 5.0, 0.1
    bodies = []
    for _ in range(200):
        speed, turn = speed + 1.5 * DT, turn + 0.4 * DT
        rear = rear @ SE2(speed * DT * math.cos(turn * DT / 2.0), speed * DT * math.sin(turn * DT / 2.0), turn * DT)
        middle = rear @ SE2(offset, 0.0, 0.0)
        body = Body(7, ActorKind.VEHICLE, "x", 4.0, 2.0, 1.5, middle.x, middle.y, middle.yaw)
        body.speed, body.acceleration, body.yaw_rate = speed, 1.5, turn
        motions.update({7: body}, DT)
        bodies.append(body)
    return bodies, motions


@pytest.mark.parametrize("offset", [0.0, 1.4])
def test_velocity_and_acceleration_are_the_changes_of_place(offset: float) -> None:
    bodies, motions = moving(offset)
    places = np.array([(body.x, body.y) for body in bodies])
    velocities = np.diff(places, axis=0) / DT
    assert motions.of(7).velocity[:2] == pytest.approx(velocities[-1], abs=5e-3)
    accelerations = np.diff(velocities, axis=0) / DT
    assert motions.of(7).acceleration[:2] == pytest.approx(accelerations[-1], abs=2e-2)


def test_who_is_unknown_stands() -> None:
    assert BodyMotions().of(5).velocity == (0.0, 0.0, 0.0)


def test_carla_sees_the_mirror_image() -> None:
    bodies, motions = moving(1.4)
    body, motion = bodies[-1], motions.of(7)
    ((transform, told),) = states_in_carla([body], [motion])
    assert transform == body_transform(body)
    assert transform.location == pytest.approx((body.x, -body.y, 0.0))
    assert transform.rotation == pytest.approx((0.0, -math.degrees(body.yaw), 0.0))
    assert told.velocity == pytest.approx((motion.velocity[0], -motion.velocity[1], 0.0))
    assert told.acceleration == pytest.approx((motion.acceleration[0], -motion.acceleration[1], 0.0))
    assert told.angular_velocity == pytest.approx((0.0, 0.0, -math.degrees(motion.yaw_rate)))
    back = planar_of(transform)
    assert (back.x, back.y, back.yaw) == pytest.approx((body.x, body.y, body.yaw))


def test_walkers_are_told_by_their_middle_and_vehicles_by_the_ground() -> None:
    walker = Body(1, ActorKind.PEDESTRIAN, "walker", 0.5, 0.5, 1.8, 0.0, 0.0, 0.0)
    car = Body(2, ActorKind.VEHICLE, "car", 4.0, 2.0, 1.5, 0.0, 0.0, 0.0)
    assert body_transform(walker).location[2] == 0.9
    assert body_box(walker)[0] == (0.0, 0.0, 0.0)
    assert body_transform(car).location[2] == 0.0
    assert body_box(car) == ((0.0, 0.0, 0.75), (4.0, 2.0, 1.5))
