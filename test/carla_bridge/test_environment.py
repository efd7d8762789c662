"""CarlaEnvironment on the embedded server, with the unmodified carla client in between."""

from __future__ import annotations

import math
import threading
import time
from typing import Any

import numpy as np
import pytest

pytest.importorskip("carla")
pytest.importorskip("libsumo")

import carla

from test.carla_bridge.conftest import ServerProcess, server
from test.carla_bridge.drives import RIG, opened, ours, plain_world, settings_of
from wam_ros.carla_bridge.carla_poses import spawn_transform
from wam_ros.carla_bridge.environment import CarlaEnvironment
from wam_ros.carla_bridge.sensor_array import SensorArray
from wam_ros.carla_bridge.settings import GoalRoute, RandomRoute
from wam_ros.control import TrajectoryController
from wam_ros.core import SE2, Environment, VehicleCommand, VehicleDescription
from wam_ros.core.errors import WorldError
from wam_ros.planning import Fallback, PlanMonitor
from wam_ros.planning.catalog import PlannerOptions, make_planner
from wam_ros.planning.route_planner import PlannedRoute
from wam_ros.runtime.checked_planner import CheckedPlanner
from wam_ros.runtime.loop import DriveLoop, DriveTick, LoopSettings

pytestmark = pytest.mark.carla


def test_a_drive_begins_at_the_start_with_an_image(
    empty_town: ServerProcess, vehicle: VehicleDescription, planned: PlannedRoute
) -> None:
    with opened(empty_town, vehicle, planned) as environment:
        world: Environment = environment
        first = world.reset()
        assert (first.ego.pose.x, first.ego.pose.y) == pytest.approx((planned.start.x, planned.start.y), abs=0.05)
        assert first.ego.pose.yaw == pytest.approx(planned.start.yaw, abs=0.01)
        assert first.ego.speed == pytest.approx(0.0, abs=0.01)
        assert first.images["front"].pixels.shape == (36, 64, 4)
        assert first.images["front"].pixels[..., :3].std() > 5.0, "the image is empty"
        assert first.route is planned.route
        assert first.instruction == planned.instruction_at(0.0)
        assert (world.tick_s, environment.progress, environment.goal_reached) == (
            0.05,
            pytest.approx(0.0, abs=0.1),
            False,
        )


def test_everything_of_a_tick_is_of_one_frame(
    empty_town: ServerProcess, vehicle: VehicleDescription, planned: PlannedRoute
) -> None:
    with opened(empty_town, vehicle, planned) as environment:
        before = environment.reset()
        seen = []
        for _ in range(20):
            environment.apply(VehicleCommand(before.stamp_ns, 0.05, 5.0, 2.0))
            now, scene, measured = environment.observe(), environment.scene(), environment.measurement
            assert now.stamp_ns - before.stamp_ns == 50_000_000
            assert now.ego.stamp_ns == scene.stamp_ns == scene.ego.stamp_ns == now.stamp_ns
            assert scene.ego == now.ego == environment.ego()
            assert {reading.frame for reading in measured.readings.values()} == {measured.frame}
            assert {"imu", "gnss"} <= set(measured.readings)
            assert all(image.stamp_ns == now.stamp_ns for image in now.images.values())
            # The pose has gone on by the speeds, so it is of the same frame as they are.
            step = now.ego.pose.position - before.ego.pose.position
            assert math.hypot(*step) == pytest.approx(0.025 * (now.ego.speed + before.ego.speed), abs=0.01)
            seen.append("front" in now.images)
            before = now
        assert seen == [False, True] * 10
        assert environment.world.lost_readings == 0


def drive(
    environment: CarlaEnvironment, vehicle: VehicleDescription, time_limit: float = 90.0
) -> tuple[Any, list[float]]:
    planner = make_planner("route_follower", vehicle, PlannerOptions(target_speed=8.0))
    errors: list[float] = []

    class Errors:
        def on_tick(self, tick: DriveTick) -> str | None:
            assert tick.observation.route is not None
            errors.append(tick.observation.route.line.project(tick.ego.pose.position).distance)
            return None

    checked = CheckedPlanner(planner, PlanMonitor(vehicle), Fallback(vehicle))
    limits = LoopSettings(time_limit=time_limit)
    return DriveLoop(environment, checked, TrajectoryController(vehicle), limits, [Errors()]).run(), errors


@pytest.mark.parametrize("actuation", ["ackermann", "control"])
def test_the_route_is_driven_to_its_goal(
    empty_town: ServerProcess, vehicle: VehicleDescription, planned: PlannedRoute, actuation: str
) -> None:
    with opened(empty_town, vehicle, planned, actuation=actuation) as environment:
        end, errors = drive(environment, vehicle)
        assert (end.reason, environment.goal_reached, environment.collisions) == ("goal", True, ())
        assert planned.length - 5.0 <= environment.progress <= planned.length
        assert max(errors) < 0.4


def test_the_truth_shows_traffic_and_lights(vehicle: VehicleDescription, planned: PlannedRoute) -> None:
    arguments = ("--town", "grid_small", "--vehicles", "12", "--pedestrians", "6", "--seed", "3")
    with server(*arguments) as town, opened(town, vehicle, planned, scene_radius=1000.0) as environment:
        environment.reset()
        scene = environment.scene()
        assert environment.world.actor.id not in {actor.id for actor in scene.actors}
        assert {"vehicle", "pedestrian"} <= {actor.kind.value for actor in scene.actors}
        assert scene.lights
        lanes = environment.lanes
        assert {lane for light in scene.lights for lane in light.lanes} <= set(lanes.lanes)
        cars = [actor for actor in scene.actors if actor.kind.value == "vehicle"]
        on_road = [car for car in cars if lanes.match(car.pose, math.radians(60.0)) is not None]
        assert len(on_road) == len(cars), "vehicles head along lanes"
        assert np.mean([lanes.contains(car.pose.position) for car in cars]) > 0.7
        # What moves goes where it heads, at its speed.
        moved = {actor.id: actor for actor in scene.actors}
        for _ in range(10):
            environment.apply(VehicleCommand(0, 0.0, 0.0, -2.0))
        for actor in environment.scene().actors:
            then = moved.get(actor.id)
            if then is not None and then.kind.value == "vehicle" and then.speed > 2.0:
                path = math.dist((actor.pose.x, actor.pose.y), (then.pose.x, then.pose.y))
                assert path == pytest.approx(0.25 * (actor.speed + then.speed), abs=0.4)


def test_a_brake_is_sent_also_if_the_last_control_was_the_same_brake(
    empty_town: ServerProcess, vehicle: VehicleDescription, planned: PlannedRoute
) -> None:
    """carla.Vehicle keeps back a control that equals the last one, whatever was sent in between."""
    with opened(empty_town, vehicle, planned) as environment:
        environment.reset()  # under the brake
        for _ in range(20):
            environment.apply(VehicleCommand(0, 0.0, 3.0, 2.0))
        assert environment.ego().speed > 0.5
        for _ in range(40):
            environment.world.actuator.brake()
            environment.advance()
        assert environment.ego().speed == pytest.approx(0.0, abs=1e-3)


def test_leaving_puts_everything_back(
    empty_town: ServerProcess, vehicle: VehicleDescription, planned: PlannedRoute
) -> None:
    with plain_world(empty_town) as world:
        before, there = world.get_settings(), ours(world)
        with opened(empty_town, vehicle, planned, tick_s=0.025) as environment:
            environment.reset()
            assert len(ours(world)) > len(there)
            assert world.get_settings().fixed_delta_seconds == pytest.approx(0.025)
        assert world.get_settings() == before
        assert ours(world) == there


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, WorldError("broken")])
def test_an_interrupted_start_leaves_nothing_behind(
    empty_town: ServerProcess,
    vehicle: VehicleDescription,
    planned: PlannedRoute,
    monkeypatch: pytest.MonkeyPatch,
    interruption: Any,
) -> None:
    def interrupted(*_: Any) -> None:
        raise interruption

    monkeypatch.setattr(SensorArray, "start", interrupted)
    with plain_world(empty_town) as world:
        before, there = world.get_settings(), ours(world)
        environment = CarlaEnvironment(settings_of(empty_town), vehicle, RIG, planned)
        with pytest.raises((KeyboardInterrupt, WorldError)):
            environment.reset()
        assert world.get_settings() == before
        assert ours(world) == there


def test_a_vehicle_of_the_role_is_taken_and_left(
    empty_town: ServerProcess, vehicle: VehicleDescription, planned: PlannedRoute
) -> None:
    with plain_world(empty_town) as world:
        blueprint = world.get_blueprint_library().find("vehicle.tesla.model3")
        blueprint.set_attribute("role_name", "someone")
        actor = world.spawn_actor(blueprint, spawn_transform(planned.start, vehicle, 0.0))
        try:
            goal = planned.route.line.points[-1]
            with opened(empty_town, vehicle, GoalRoute(*goal), role_name="someone") as environment:
                environment.reset()
                assert environment.world.actor.id == actor.id
                assert environment.planned.length == pytest.approx(planned.length, rel=0.6)
                end = environment.planned.route.line.points[-1]
                assert math.dist(end, goal) < 2.0
                second = CarlaEnvironment(settings_of(empty_town, role_name="someone"), vehicle, RIG, RandomRoute(1))
                with pytest.raises(WorldError, match="'someone' is there already, a random route begins elsewhere"):
                    second.reset()
            assert "vehicle.tesla.model3" in ours(world)
        finally:
            actor.destroy()


def test_an_occupied_place_is_refused_or_passed_over(
    empty_town: ServerProcess, vehicle: VehicleDescription, planned: PlannedRoute
) -> None:
    with plain_world(empty_town) as world:
        blueprint = world.get_blueprint_library().find("vehicle.tesla.model3")
        blocking = world.spawn_actor(blueprint, spawn_transform(planned.start, vehicle, 0.0))
        points = [carla.Transform(p.location, p.rotation) for p in world.get_map().get_spawn_points()]
        second = world.try_spawn_actor(blueprint, points[2])
        try:
            refused = CarlaEnvironment(settings_of(empty_town), vehicle, RIG, planned)
            with pytest.raises(WorldError, match=r"spawn refused.* at x = .*choose another spawn_index or route"):
                refused.reset()
            with opened(empty_town, vehicle, None, spawn_index=2, spawn_attempts=3) as environment:
                first = environment.reset()
                wanted = points[3].location
                offset = first.ego.pose @ SE2(vehicle.rear_axle_offset, 0.0, 0.0)
                assert (offset.x, offset.y) == pytest.approx((wanted.x, -wanted.y), abs=0.1)
                assert (first.route, first.instruction, environment.goal_reached) == (None, None, False)
        finally:
            blocking.destroy()
            second.destroy()


def test_a_collision_is_counted_once(
    empty_town: ServerProcess, vehicle: VehicleDescription, planned: PlannedRoute
) -> None:
    with plain_world(empty_town) as world, opened(empty_town, vehicle, planned) as environment:
        environment.reset()
        ahead = planned.start @ SE2(12.0, 0.0, 0.0)
        blueprint = world.get_blueprint_library().find("vehicle.tesla.model3")
        parked = world.spawn_actor(blueprint, spawn_transform(ahead, vehicle, 0.0))
        parked.apply_control(carla.VehicleControl(brake=1.0))
        try:
            for _ in range(100):
                environment.apply(VehicleCommand(0, 0.0, 6.0, 3.0))
            (hit,) = environment.collisions
            assert (hit.other_id, hit.other_type) == (parked.id, "vehicle.tesla.model3")
            assert np.linalg.norm(hit.impulse) > 100.0
        finally:
            parked.destroy()


def test_another_process_may_own_the_clock(
    empty_town: ServerProcess, vehicle: VehicleDescription, planned: PlannedRoute
) -> None:
    done = threading.Event()
    with plain_world(empty_town) as world:
        found = world.get_settings()
        changed = world.get_settings()
        changed.synchronous_mode, changed.fixed_delta_seconds = True, 0.05
        world.apply_settings(changed)

        def own_the_clock() -> None:
            while not done.is_set():
                world.tick()
                time.sleep(0.01)

        owner = threading.Thread(target=own_the_clock)
        owner.start()
        try:
            with opened(empty_town, vehicle, planned, passive=True) as environment:
                before = environment.reset()
                assert environment.tick_s == pytest.approx(0.05)
                for _ in range(40):
                    environment.apply(VehicleCommand(before.stamp_ns, 0.0, 5.0, 2.0))
                    now = environment.observe()
                    assert now.stamp_ns > before.stamp_ns
                    assert {r.frame for r in environment.measurement.readings.values()} <= {
                        environment.measurement.frame
                    }
                    before = now
                assert before.ego.speed > 1.0
            assert world.get_settings().synchronous_mode, "the clock's owner keeps its settings"
        finally:
            done.set()
            owner.join()
            world.apply_settings(found)
