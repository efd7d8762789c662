"""A client's vehicle under its commands."""

import numpy as np
import pytest

from wam_ros.carla_server.world.bodies import Body
from wam_ros.carla_server.world.dynamics import AckermannDrive, ClientVehicle, Drive, rounded
from wam_ros.core.errors import WorldError
from wam_ros.core.geometry import SE2
from wam_ros.core.scene import ActorKind

DT = 0.05


@pytest.fixture
def car(vehicle):
    body = Body(1, ActorKind.VEHICLE, "vehicle.test", vehicle.length, vehicle.width, vehicle.height, 3.0, 4.0, 0.5)
    return ClientVehicle(body, vehicle)


def drive(car, command, seconds):
    car.command = command
    for _ in range(round(seconds / DT)):
        car.step(DT)


def test_the_box_is_the_bicycle_moved_forward(car, vehicle):
    drive(car, Drive(0.3, 1.5), 4.0)
    middle = car.state.pose @ SE2(vehicle.rear_axle_to_center, 0.0, 0.0)
    assert (car.body.x, car.body.y, car.body.yaw) == (middle.x, middle.y, middle.yaw)
    assert car.body.yaw > 0.6
    assert car.body.steering_angle == pytest.approx(0.3, abs=1e-3)


@pytest.mark.parametrize(
    ("speed", "own", "limit", "wanted"),
    [(5.0, 4.5, 1.0, 1.0), (5.0, 4.9, 1.0, 0.4), (0.0, 3.0, 2.0, -2.0), (0.0, 3.0, -2.0, -2.0), (9.0, 1.0, 0.0, 32.0)],
)
def test_the_ackermann_rule(speed, own, limit, wanted):
    assert AckermannDrive(0.0, speed, limit).acceleration_at(own) == pytest.approx(wanted)


def test_an_ackermann_speed_is_reached_and_held_and_zero_stops(car):
    drive(car, AckermannDrive(0.0, 6.0, 2.0), 8.0)
    assert car.body.speed == pytest.approx(6.0, abs=0.02)
    assert not car.body.braking
    drive(car, AckermannDrive(0.0, 0.0, 3.0), 1.0)
    assert car.body.braking
    drive(car, AckermannDrive(0.0, 0.0, 3.0), 5.0)
    assert car.body.speed == pytest.approx(0.0, abs=1e-6)
    assert car.body.braking


def test_the_gear_changes_when_it_stands(car):
    drive(car, Drive(0.0, 2.0), 2.0)
    car.reverse(True)
    drive(car, Drive(0.0, 0.0), 0.5)
    assert car.body.speed > 0.0
    drive(car, Drive(0.0, -4.0), 2.0)
    x = car.body.x
    drive(car, Drive(0.0, 1.0), 3.0)
    assert car.body.speed < -1.0
    assert car.body.x < x


def test_without_physics_it_stays(car):
    car.physics = False
    drive(car, Drive(0.0, 2.0), 1.0)
    assert (car.body.x, car.body.speed) == (3.0, 0.0)


def test_numbers_are_those_of_the_wire():
    assert rounded(0.1) == float(np.float32(0.1)) != 0.1


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1e39])
def test_numbers_that_32_bit_cannot_hold_are_refused(value):
    with pytest.raises(WorldError, match="wanted a finite number"):
        rounded(value)
