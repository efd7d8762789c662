from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest

from test.carla_server.worlds import free_place, small_world
from wam_ros.carla_server.actors.blueprint_catalog import passenger_car
from wam_ros.carla_server.actors.held_controls import HeldControls
from wam_ros.carla_server.wire.layouts import VehicleControl
from wam_ros.carla_server.wire.wire_types import AckermannControl
from wam_ros.carla_server.world.bodies import Body
from wam_ros.carla_server.world.world import World

CAR = passenger_car()


class Driver:
    def __init__(self, world: World) -> None:
        self.world = world
        self.controls = HeldControls()
        self.body = world.spawn_vehicle("vehicle.tesla.model3", free_place(world, ahead=60.0))
        self.controls.vehicles[self.body.id] = CAR

    def drive(self, ticks: int, control: VehicleControl | AckermannControl) -> Body:
        self.controls.hold(self.body.id, control)
        for _ in range(ticks):
            self.controls.apply(self.world)
            self.world.step(0.05)
        return self.body


@pytest.fixture
def driver() -> Iterator[Driver]:
    with small_world(vehicles=0, pedestrians=0, warm_up_s=0.0) as world:
        yield Driver(world)


def test_throttle_and_brake_are_shares_of_the_greatest_accelerations(driver: Driver) -> None:
    assert driver.drive(40, VehicleControl(throttle=0.4)).acceleration == pytest.approx(
        0.4 * CAR.max_acceleration, rel=1e-2
    )
    assert driver.drive(20, VehicleControl()).acceleration == pytest.approx(0.0, abs=0.05)
    assert driver.drive(10, VehicleControl(throttle=0.4, brake=0.1)).acceleration == pytest.approx(0.6, abs=0.15)
    speed = driver.body.speed
    driver.drive(4, VehicleControl(hand_brake=True))
    assert speed - driver.body.speed > 0.3
    assert driver.drive(40, VehicleControl(hand_brake=True, throttle=1.0)).speed == 0.0


def test_controls_beyond_their_range_are_those_at_its_end(driver: Driver) -> None:
    assert driver.drive(40, VehicleControl(throttle=50.0)).acceleration == pytest.approx(CAR.max_acceleration, rel=1e-2)
    assert driver.drive(40, VehicleControl(steer=-9.0)).steering_angle == pytest.approx(
        CAR.max_steering_angle, rel=1e-3
    )


def test_carla_steers_to_the_right(driver: Driver) -> None:
    yaw = driver.drive(20, VehicleControl(throttle=0.5)).yaw
    assert driver.drive(10, VehicleControl(steer=0.2)).yaw < yaw
    assert driver.body.steering_angle == pytest.approx(-0.2 * CAR.max_steering_angle, rel=0.05)


def test_reverse_while_rolling_brakes_first(driver: Driver) -> None:
    assert driver.drive(20, VehicleControl(throttle=0.5)).speed > 1.0
    back = VehicleControl(throttle=0.5, reverse=True)
    speeds = [driver.drive(1, back).speed for _ in range(60)]
    assert all(later <= earlier + 0.1 for earlier, later in pairwise(speeds[5:]))
    assert speeds[-1] < -1.0
    assert driver.drive(60, VehicleControl(throttle=0.5)).speed > 1.0


def test_a_negative_ackermann_speed_drives_backwards(driver: Driver) -> None:
    assert driver.drive(60, AckermannControl(0.0, 0.0, 3.0, 2.0, 0.0)).speed == pytest.approx(3.0, abs=0.05)
    assert driver.drive(120, AckermannControl(0.0, 0.0, -2.0, 2.0, 0.0)).speed == pytest.approx(-2.0, abs=0.05)
    assert driver.drive(120, AckermannControl(0.0, 0.0, 0.0, 2.0, 0.0)).speed == pytest.approx(0.0, abs=0.1)


def test_what_is_shown_is_what_was_said_or_what_the_motion_amounts_to(driver: Driver) -> None:
    said = VehicleControl(0.3, -0.1, 0.0, gear=1)
    assert driver.controls.shown(driver.drive(20, said)) == said
    moving = driver.drive(20, AckermannControl(-0.3, 0.0, 20.0, 1.75, 0.0))
    shown = driver.controls.shown(moving)
    assert shown.throttle == pytest.approx(0.5, abs=0.05)
    assert shown.steer == pytest.approx(-0.5, abs=0.05)
    assert shown.brake == 0.0


def test_who_is_gone_is_forgotten(driver: Driver) -> None:
    driver.drive(1, VehicleControl(throttle=1.0))
    driver.world.remove(driver.body.id)
    driver.controls.forget(driver.body.id)
    driver.controls.apply(driver.world)
