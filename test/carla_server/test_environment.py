"""The embedded world as an environment to drive in."""

import math
import random
from functools import cache

import numpy as np
import pytest

from test.carla_server.worlds import town
from wam_ros.carla_server.environment import EmbeddedEnvironment
from wam_ros.carla_server.world.world import WorldSettings
from wam_ros.core.errors import WorldError
from wam_ros.core.protocols import Environment
from wam_ros.core.resources import resource
from wam_ros.core.sensor_rig import SensorRig
from wam_ros.core.vehicle import VehicleCommand
from wam_ros.planning.route_planner import PlannedRoute, RoutePlanner

RIG = SensorRig.load(resource("config/sensors/front_camera.yaml"))


@cache
def planned(length: float = 250.0) -> PlannedRoute:
    return RoutePlanner(town().lanes).random_route(random.Random(3), length)


@pytest.fixture
def environment(vehicle):
    made = EmbeddedEnvironment(town(), WorldSettings(2, 5, 3, 5.0), vehicle, RIG, planned(), camera=False)
    yield made
    made.close()


def follow(environment, observation, speed=6.0) -> VehicleCommand:
    """Pure pursuit, slow in turns, blind for others."""
    ego, line = observation.ego, observation.route.line
    goal = line.position(environment.progress + max(4.0, ego.speed))
    forward, left = ego.pose.inverse().apply(goal)
    steering = math.atan(2.0 * 2.85 * left / (forward**2 + left**2))
    bend = max(abs(line.curvature(environment.progress + ahead)) for ahead in (2.0, 6.0, 10.0))
    return VehicleCommand(ego.stamp_ns, steering, min(speed, math.sqrt(2.0 / max(bend, 0.01))), 3.0)


def test_it_is_an_environment_with_a_clock_of_20_hz(environment):
    protocol: Environment = environment
    assert protocol.tick_s == 0.05
    first = protocol.reset()
    assert first.stamp_ns == 250_000_000  # it has stood while sensors would have started
    assert protocol.apply(VehicleCommand(0, 0.0, 0.0, 1.0))
    assert protocol.observe().stamp_ns == 300_000_000


def test_the_ego_stands_with_its_rear_axle_at_the_start(environment):
    ego = environment.reset().ego
    start = planned().start
    assert (ego.pose.x, ego.pose.y, ego.pose.yaw) == pytest.approx((start.x, start.y, start.yaw))
    assert ego.speed == 0.0
    assert environment.progress == pytest.approx(0.0, abs=0.1)


def test_a_drive_ends_at_the_goal(environment):
    observation = environment.reset()
    instructions, seen = set(), []
    for _ in range(3000):
        seen.append(environment.progress)
        instructions.add(observation.instruction)
        going = environment.apply(follow(environment, observation))
        observation = environment.observe()
        if not going:
            break
    assert environment.goal_reached
    assert environment.progress >= planned().length - 5.0
    assert seen == sorted(seen)
    assert "follow" in instructions
    assert instructions & {"left", "right", "straight"}


def test_a_reset_gives_the_same_drive_again(environment):
    def drive():
        observation = environment.reset()
        states = []
        for _ in range(200):
            environment.apply(follow(environment, observation))
            observation = environment.observe()
            scene = environment.scene()
            states.append((observation.ego, [(actor.id, actor.pose) for actor in scene.actors]))
        return states

    assert drive() == drive()


def test_collisions_are_kept(environment):
    environment.reset()
    ahead = environment.world.bodies[environment.ego_id].pose
    place = type(ahead)(8.0, 0.0, 0.0)
    environment.world.spawn_prop("static.prop.box", ahead @ place, (1.0, 3.0, 1.0))
    for _ in range(80):
        environment.apply(VehicleCommand(0, 0.0, 5.0, 3.0))
    assert environment.collisions
    assert environment.ego().speed < 0.3


def test_before_a_reset_there_is_no_world(environment):
    with pytest.raises(WorldError, match="not reset"):
        environment.ego()


def test_nobody_is_near_the_start(environment):
    environment.reset()
    assert all(
        math.dist(actor.pose.position, environment.ego().pose.position) > 20.0 for actor in environment.scene().actors
    )


def test_images_come_at_the_cameras_period(vehicle):
    pytest.importorskip("panda3d")
    made = EmbeddedEnvironment(town(), WorldSettings(2, 5, 0, 1.0), vehicle, RIG, planned())
    try:
        observation = made.reset()
        due = []
        for _ in range(5):
            due.append(bool(observation.images))
            if observation.images:
                image = observation.images["front"]
                assert image.pixels.shape == (360, 640, 3)
                assert image.stamp_ns == observation.stamp_ns
                assert np.ptp(image.pixels) > 50
            made.apply(VehicleCommand(0, 0.0, 0.0, 1.0))
            observation = made.observe()
        assert due == [True, False, True, False, True]
    finally:
        made.close()
