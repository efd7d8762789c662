"""The world: traffic, lights and clients' vehicles at one clock."""

import itertools
import math
import subprocess
import sys

import numpy as np
import pytest

from test.carla_server.worlds import free_place, small_world, spawn_car, town
from wam_ros.carla_server.world.collisions import contacts
from wam_ros.carla_server.world.crash import box_of
from wam_ros.carla_server.world.world import World, WorldSettings
from wam_ros.core.errors import ConfigError, WorldError
from wam_ros.core.geometry import SE2, wrap_angle
from wam_ros.core.scene import ActorKind, LightState

_HASH = """
import hashlib, struct
from test.carla_server.worlds import small_world, spawn_car
with small_world(vehicles=20, pedestrians=10, seed=4) as world:
    car = spawn_car(world)
    world.drive_ackermann(car.id, 0.02, 4.0, 1.0)
    digest = hashlib.sha256()
    for _ in range(1200):
        world.step()
        for body in world.bodies.values():
            digest.update(struct.pack("<i4d", body.id, body.x, body.y, body.yaw, body.speed))
        digest.update(" ".join(state.value for state in world.lights.values()).encode())
print(world.frame, digest.hexdigest())
"""


def test_the_same_seed_and_commands_give_the_same_minute_in_two_processes(pytestconfig):
    runs = [
        subprocess.run(
            [sys.executable, "-c", _HASH], cwd=pytestconfig.rootpath, capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    assert runs[0].startswith("1200 ")


def test_traffic_keeps_to_the_lanes_moves_smoothly_and_touches_nobody():
    with small_world(vehicles=25, pedestrians=10) as world:
        before: dict[int, tuple[float, float, float]] = {}
        off_lane = seen = 0
        for step in range(1200):
            world.step()
            cars = [body for body in world.bodies.values() if body.kind is not ActorKind.PEDESTRIAN]
            for body in cars:
                if body.id in before:
                    x, y, yaw = before[body.id]
                    moved = math.hypot(body.x - x, body.y - y)
                    assert moved == pytest.approx(body.speed * 0.05, abs=0.15)
                    assert abs(wrap_angle(body.yaw - yaw)) < 0.15
                before[body.id] = (body.x, body.y, body.yaw)
            if step % 20 == 0:
                rows = np.array([box_of(body) for body in cars])
                for index, body in enumerate(cars):
                    assert all(hit.depth < 0.1 for hit in contacts(rows[index], rows[index + 1 :])), body
                    match = world.town.lanes.match(body.pose, 1.0)
                    off_lane += match is None or match.projection.distance > 0.4
                    seen += 1
        assert off_lane < 0.05 * seen  # those that change lanes
        assert any(body.speed > 5.0 for body in world.bodies.values())


def test_the_numbers_of_vehicles_and_pedestrians_are_kept():
    with small_world(vehicles=12, pedestrians=7) as world:
        for _ in range(600):
            world.step()
        kinds = [body.kind for body in world.bodies.values()]
        assert kinds.count(ActorKind.PEDESTRIAN) == 7
        assert len(kinds) == 19
        assert all(body.id >= 1000 for body in world.bodies.values())


def test_only_one_world_at_a_time():
    with small_world() as world, pytest.raises(WorldError, match="another world runs"):
        World(world.town)
    with small_world() as other:
        world.close()  # again: does nothing to the other
        other.step()


@pytest.mark.parametrize("dt", [0.0, -0.05, 0.21, math.nan])
def test_steps_are_short_and_forward(dt):
    with (
        small_world(vehicles=0, pedestrians=0, warm_up_s=0.0) as world,
        pytest.raises(WorldError, match=r"at most 0\.2"),
    ):
        world.step(dt)


@pytest.mark.parametrize("wrong", [{"vehicles": -1}, {"pedestrians": -1}, {"warm_up_s": math.inf}])
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ConfigError, match="wanted 0 or more"):
        WorldSettings(**wrong)


def test_finer_and_coarser_steps_show_the_same_traffic():
    places = []
    for dt, steps in ((0.05, 60), (0.15, 20), (0.02, 150)):
        with small_world() as world:
            for _ in range(steps):
                world.step(dt)
            assert world.time == pytest.approx(3.0)
            assert world.frame == steps
            places.append([(body.id, body.x, body.y) for body in world.bodies.values()])
    assert places[0] == places[1]
    assert places[0] == places[2]


def test_between_sumos_steps_traffic_is_in_between():
    with small_world() as world:
        body = max(world.bodies.values(), key=lambda each: each.speed)
        assert body.speed > 2.0
        xs = []
        for _ in range(50):
            world.step(0.01)
            xs.append((body.x, body.y))
        moves = [math.dist(first, second) for first, second in itertools.pairwise(xs)]
        assert max(moves) < 2.0 * min(moves)


def test_a_car_is_spawned_standing_and_driven():
    with small_world() as world:
        pose = free_place(world)
        car = spawn_car(world, pose)
        assert (car.x, car.y, car.yaw, car.speed) == (pose.x, pose.y, pose.yaw, 0.0)
        assert car.from_client
        world.drive(car.id, 0.0, 2.0)
        for _ in range(40):
            world.step()
        assert car.speed == pytest.approx(2.0 * (2.0 - 0.25), abs=0.1)
        state = world.ego_state(car.id)
        assert state.stamp_ns == 2_000_000_000
        assert state.speed == car.speed
        assert math.dist(state.pose.position, (car.x, car.y)) == pytest.approx(1.375)


def test_nothing_is_spawned_into_something():
    with small_world() as world:
        car = spawn_car(world)
        with pytest.raises(WorldError, match="Spawn failed because of collision at spawn position"):
            world.spawn_pedestrian("walker.pedestrian.0001", car.pose)
        house = world.buildings[0]
        with pytest.raises(WorldError, match="Spawn failed"):
            world.spawn_vehicle("vehicle.audi.a2", SE2(house.x, house.y, 0.0))


def test_what_clients_put_there_can_be_removed_and_nothing_else():
    with small_world() as world:
        foreign = next(iter(world.bodies))
        car = spawn_car(world)
        assert world.remove(car.id)
        assert car.id not in world.bodies
        assert not world.remove(car.id)
        assert not world.remove(foreign)
        world.step()
        assert spawn_car(world).id > car.id
        with pytest.raises(WorldError, match="no vehicle of a client"):
            world.drive(foreign, 0.0, 1.0)
        with pytest.raises(WorldError, match="no body"):
            world.ego_state(car.id)


def test_a_wall_stops_a_car_and_it_can_back_out():
    with small_world(vehicles=0, pedestrians=0) as world:
        car = spawn_car(world)
        ahead = car.pose @ SE2(15.0, 0.0, 0.0)
        world.spawn_prop("static.prop.box", ahead, (1.0, 4.0, 1.0))
        world.drive_ackermann(car.id, 0.0, 5.0, 3.0)
        told = [world.step() for _ in range(120)]
        assert car.speed < 0.2
        hits = [collision for collisions in told for collision in collisions]
        assert hits[0].impulse > 500.0
        assert hits[0].first == car.id
        assert np.dot(hits[0].normal, (math.cos(car.yaw), math.sin(car.yaw))) > 0.9
        gap = math.dist((car.x, car.y), (ahead.x, ahead.y)) - 0.5 - car.length / 2.0
        assert -0.02 < gap < 0.5
        world.set_reverse(car.id, True)
        world.drive(car.id, 0.0, 1.0)
        for _ in range(60):
            world.step()
        assert math.dist((car.x, car.y), (ahead.x, ahead.y)) > 5.0


def test_a_house_is_body_0():
    with small_world(vehicles=0, pedestrians=0) as world:
        house = world.buildings[0]
        start = SE2(house.x, house.y, house.yaw) @ SE2(-house.length / 2.0 - 3.5, 0.0, 0.0)
        car = world.spawn_vehicle("vehicle.audi.a2", start)
        world.set_speed(car.id, 6.0)
        told = [collision for _ in range(40) for collision in world.step()]
        assert told
        assert told[0].second == 0
        assert told[0].impulse == pytest.approx(170.0 * car.length * car.width * 6.0, rel=0.1)


def put_car(world, pose):
    return spawn_car(world, pose)


def put_pedestrian(world, pose):
    return world.spawn_pedestrian("walker.pedestrian.0001", pose @ SE2(0.0, 0.0, 1.5))


def put_box(world, pose):
    return world.spawn_prop("static.prop.box", pose, (1.0, 1.0, 1.0))


@pytest.mark.parametrize("put", [put_car, put_pedestrian, put_box])
def test_traffic_waits_behind_what_stands_on_its_lane(put):
    with small_world(vehicles=25, pedestrians=0) as world:
        place = free_place(world)
        thing = put(world, place)
        waited = 0
        for _ in range(1200):
            world.step()
            for body in world.bodies.values():
                if body is thing:
                    continue
                relative = place.inverse() @ body.pose
                behind = relative.x + 0.5 * (body.length + thing.length)
                assert not (abs(relative.y) < 0.5 and abs(relative.x) < 0.4 * body.length), "driven over"
                waited += body.speed < 0.1 and -5.0 < behind < 0.0 and abs(relative.y) < 1.0
        assert waited > 20


def test_nobody_appears_or_vanishes_near_a_client():
    with small_world(vehicles=20, pedestrians=8) as world:
        car = spawn_car(world)
        known = dict.fromkeys(world.bodies)
        for _ in range(1500):
            world.step()
            for changed in known.keys() ^ world.bodies.keys():
                body = world.bodies.get(changed)
                if body is not None:
                    assert math.dist((body.x, body.y), (car.x, car.y)) > 60.0
            known = dict.fromkeys(world.bodies)


def test_lights_follow_their_programs_and_obey_by_hand():
    with small_world(vehicles=0, pedestrians=0, warm_up_s=0.0) as world:
        assert set(world.lights) == {signal.id for signal in world.town.signals}
        signal = next(iter(world.lights))
        times = world.light_times(signal)
        seen = {LightState.GREEN: 0.0, LightState.YELLOW: 0.0, LightState.RED: 0.0}
        for _ in range(round(sum(times) / 0.05)):
            world.step()
            seen[world.lights[signal]] += 0.05
        assert (seen[LightState.GREEN], seen[LightState.YELLOW]) == pytest.approx((times.green, times.yellow), abs=0.11)
        assert times.yellow >= 3.0
        world.set_light(signal, LightState.GREEN)
        for _ in range(400):
            world.step()
            assert world.lights[signal] is LightState.GREEN


def test_traffic_stops_at_red_set_by_hand():
    with small_world(vehicles=25, pedestrians=0) as world:
        for signal in world.town.signals:
            world.set_light(signal.id, LightState.RED)
        controlled = {lane for signal in world.town.signals for lane in signal.controlled}

        def inside() -> int:
            matches = [world.town.lanes.match(body.pose) for body in world.bodies.values()]
            return sum(match is not None and match.lane.id in controlled for match in matches)

        for _ in range(600):
            world.step()
        for _ in range(20):
            for _ in range(20):
                world.step()
            assert inside() == 0


def test_the_scene_is_what_is_near(vehicle):
    with small_world(vehicles=25) as world:
        car = spawn_car(world)
        for _ in range(20):
            world.step()
        scene = world.scene(car.id, vehicle, radius=80.0)
        near = {
            body.id
            for body in world.bodies.values()
            if body is not car and math.dist((body.x, body.y), scene.ego.pose.position) <= 80.0
        }
        assert {actor.id for actor in scene.actors} == near
        assert near
        assert scene.stamp_ns == world.time_ns == scene.ego.stamp_ns
        assert scene.ego.frame_id == world.town.lanes.frame_id
        for light in scene.lights:
            assert light.state is world.lights[light.id]
            assert set(light.lanes) <= set(world.town.lanes.lanes)


def test_a_clients_pedestrian_walks():
    with small_world(vehicles=0, pedestrians=0) as world:
        start = free_place(world)
        walker = world.spawn_pedestrian("walker.pedestrian.0001", start)
        world.walk(walker.id, 1.0, 1.5)
        for _ in range(40):
            world.step()
        assert (walker.x - start.x, walker.y - start.y) == pytest.approx((3.0 * math.cos(1.0), 3.0 * math.sin(1.0)))
        assert walker.yaw == 1.0
        with pytest.raises(WorldError, match="no pedestrian of a client"):
            world.walk(999, 0.0, 1.0)


def test_a_car_may_be_put_anywhere_also_far_from_every_road():
    with small_world(pedestrians=0) as world:
        car = spawn_car(world)
        world.teleport(car.id, SE2(2000.0, -2000.0, 1.0))
        for _ in range(20):
            world.step()
        assert (car.x, car.y) == (2000.0, -2000.0)
        world.teleport(car.id, free_place(world))
        world.step()


def test_both_towns_hold_a_world():
    with small_world("random_small") as world:
        world.step()
        assert world.town is town("random_small")
