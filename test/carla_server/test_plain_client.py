"""What a user's own client sees: programs that know nothing of wam_ros drive a server in another process."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from test.carla_server.server_process import ServerProcess, serving
from wam_ros.carla_server.actors.blueprint_catalog import passenger_car
from wam_ros.core.geometry import SE2
from wam_ros.core.vehicle import BicycleState, KinematicBicycle

pytest.importorskip("carla")
TICK_S = 0.05


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with serving("--vehicles", "6", "--pedestrians", "4") as process:
        yield process


@pytest.fixture(scope="module")
def drive(server: ServerProcess) -> dict[str, Any]:
    found: dict[str, Any] = server.client("plain_drive.py", "200")
    return found


@pytest.fixture(scope="module")
def tour(server: ServerProcess, drive: dict[str, Any]) -> dict[str, Any]:
    """After the drive: it loads another town."""
    found: dict[str, Any] = server.client("plain_tour.py")
    return found


def test_ten_seconds_of_driving_with_a_camera(drive: dict[str, Any]) -> None:
    assert drive["ours"] == []
    assert drive["version"] == "0.9.16"
    assert drive["frames"] == list(range(drive["frames"][0], drive["frames"][0] + 200))
    assert drive["image_frames"] == drive["frames"]
    assert drive["sizes"] == [[320, 180, 320 * 180 * 4]]
    assert drive["colors"] > 50
    assert not drive["same_picture"]


def test_the_vehicle_moves_the_way_it_is_steered(drive: dict[str, Any]) -> None:
    x, y, yaw = drive["start"]
    places, turns = np.array(drive["places"]), np.array(drive["turns"])
    ahead = (places[79] - [x, y]) @ [math.cos(math.radians(yaw)), math.sin(math.radians(yaw))]
    assert ahead > 10.0
    assert np.linalg.norm(places[79] - [x, y]) == pytest.approx(ahead, abs=0.01)  # straight
    turned = (turns[119] - turns[79] + 180.0) % 360.0 - 180.0
    assert turned < -20.0  # steer < 0 is to the left: yaw, clockwise in CARLA, falls
    assert drive["speeds"][79] == pytest.approx(0.5 * passenger_car().max_acceleration * 4.0, rel=0.1)
    assert drive["speeds"][-1] == 0.0
    steps = np.linalg.norm(np.diff(places, axis=0), axis=1) / TICK_S
    assert np.abs(steps - np.array(drive["speeds"])[1:]).max() < 0.25  # velocity is the change of place


def test_lane_markings_that_are_crossed_are_told(drive: dict[str, Any]) -> None:
    assert drive["crossings"]
    assert all(crossed for crossed in drive["crossings"])


def test_towns_are_loaded_by_name_for_all_clients(tour: dict[str, Any]) -> None:
    towns = tour["towns"]
    assert towns["names"] == ["Carla/Maps/random_small"] * 2
    assert {"Carla/Maps/random_small", "Carla/Maps/grid_small"} <= set(towns["available"])
    assert "map 'Town99' not found" in towns["unknown"]
    assert "generate_opendrive_world" in towns["generated"]


def test_the_world_goes_on_by_itself_until_a_client_takes_the_clock(tour: dict[str, Any]) -> None:
    frames, times = zip(*tour["by_itself"])
    assert np.all(np.diff(frames) >= 1)
    assert np.diff(times) == pytest.approx(TICK_S * np.diff(frames), abs=1e-6)
    taken = tour["synchronous"]
    assert len(set(taken["frames"])) == 1
    assert taken["seen"] == [True, TICK_S]
    assert "fixed_delta_seconds = 0.5" in taken["refused"]


def test_batches_spawn_drive_and_destroy(tour: dict[str, Any]) -> None:
    batch = tour["batches"]
    assert batch["errors"][:2] == ["", ""]
    assert "collision" in batch["errors"][2]
    assert min(batch["moved"]) > 1.0
    assert "nan: wanted a finite number" in batch["nan"]
    assert batch["kept"] == 1.0
    assert batch["gone"][:2] == ["", ""]
    assert "999999" in batch["gone"][2]
    assert batch["left"] == []


def test_traffic_lights_are_the_signals_of_the_map(tour: dict[str, Any]) -> None:
    lights = tour["lights"]
    assert lights["signs"] == lights["landmarks"]
    assert lights["state"] == lights["wanted"]
    assert lights["frozen"]
    assert lights["unmoved"]
    assert lights["green"] == 33.0
    assert lights["reset"] == lights["program"]
    assert lights["sign"] in lights["group"]
    assert {sign.rsplit("_", 1)[0] for sign in lights["group"]} == {lights["sign"].rsplit("_", 1)[0]}
    assert lights["affected"] >= 1
    assert min(math.dist(stop, lights["place"]) for stop in lights["stops"]) < 8.0


def test_walkers_walk(tour: dict[str, Any]) -> None:
    walker = tour["walker"]
    assert walker["moved"] == pytest.approx([0.6 * 3.0, -0.8 * 3.0, 0.0], abs=0.08)
    assert walker["direction"] == pytest.approx([0.6, -0.8, 0.0])
    assert walker["speed"] == 1.5
    assert walker["velocity"] == pytest.approx([0.9, -1.2, 0.0], abs=1e-6)


def test_a_collision_is_told_in_the_frame_in_which_it_happens(tour: dict[str, Any]) -> None:
    crash = tour["crash"]
    assert crash["other"] == ["static.prop.container", True]
    assert crash["own"]
    assert crash["frames"][1] == crash["frames"][2]
    assert np.dot(crash["impulse"], crash["forward"]) < -1000.0  # thrown back
    assert np.linalg.norm(crash["velocity"]) < 0.1
    half_lengths = passenger_car().length / 2.0 + 6.1 / 2.0
    assert half_lengths - 0.01 < crash["gap"] < half_lengths + 1.0


def test_the_lidar_sees_what_stands_in_front(tour: dict[str, Any]) -> None:
    crash = tour["crash"]
    assert crash["scan_frame"] == crash["frames"][0]
    assert len(crash["front"]) >= 3
    assert [hit[0] for hit in crash["front"]] == pytest.approx([18.0 - 6.1 / 2.0] * len(crash["front"]), abs=0.01)
    assert crash["ground"] == pytest.approx(-1.8, abs=1e-4)


def test_sensors_speak_in_each_frame_or_in_every_second(tour: dict[str, Any]) -> None:
    instruments = tour["instruments"]
    assert [reading["frames"] for reading in instruments["readings"]] == [
        [frame] * 2 for frame in instruments["frames"]
    ]
    assert instruments["image_frames"] == instruments["frames"][::2]
    assert {1, 11} <= set(instruments["classes"])  # road and sky


def test_gnss_and_imu_agree_with_the_map_and_the_motion(tour: dict[str, Any]) -> None:
    turn_before = 0.0
    for reading, (*_, yaw, _, _, _) in zip(tour["instruments"]["readings"], tour["instruments"]["trace"]):
        assert reading["geo_error"] == pytest.approx([0.0, 0.0, 0.0], abs=1e-9)
        turn = math.radians(reading["angular_velocity"][2])
        assert reading["turning"] == pytest.approx([0.0, 0.0, turn], abs=1e-5)
        assert reading["compass"] == pytest.approx(math.radians(yaw + 90.0) % (2.0 * math.pi), abs=1e-4)
        cos, sin = math.cos(math.radians(yaw)), math.sin(math.radians(yaw))
        east, south, _ = reading["acceleration"]
        ahead, right = east * cos + south * sin, south * cos - east * sin
        change = (turn - turn_before) / TICK_S
        turn_before = turn  # the imu hangs 1 m ahead of the actor's origin
        assert reading["force"] == pytest.approx([ahead - turn**2, right + change, 9.81], abs=2e-3)


def test_ackermann_control_is_the_bicycle_under_the_stated_rule(tour: dict[str, Any]) -> None:
    car = passenger_car()
    x, y, yaw_deg = tour["instruments"]["start"]
    middle = SE2(x, -y, -math.radians(yaw_deg))
    state, bicycle = BicycleState(middle @ SE2(-car.rear_axle_to_center, 0.0, 0.0)), KinematicBicycle(car)
    steering, speed, limit = (float(np.float32(value)) for value in (0.1, 6.0, 1.3))
    for told in tour["instruments"]["trace"]:
        state = bicycle.step(state, steering, min(max(4.0 * (speed - state.speed), -limit), limit), TICK_S)
        middle = state.pose @ SE2(car.rear_axle_to_center, 0.0, 0.0)
        assert told[:2] == pytest.approx([middle.x, -middle.y], abs=2e-3)
        assert told[3] == pytest.approx(-math.degrees(middle.yaw), abs=1e-2)


def test_reverse_brakes_teleport_and_what_a_vehicle_is(tour: dict[str, Any]) -> None:
    reverse = tour["reverse"]
    assert reverse["behind"][0] < -1.0
    assert abs(reverse["behind"][1]) < 0.01
    assert reverse["told"] == [True, 0.5]
    assert reverse["stopped"] == 0.0
    assert reverse["teleported"] < 0.5
    assert reverse["lamps"] == 2
    assert reverse["box"] == pytest.approx([4.18 / 2.0, 1.99 / 2.0, 1.39 / 2.0], abs=1e-5)
    assert max(reverse["wheels"]) == pytest.approx(math.degrees(passenger_car().max_steering_angle), abs=1e-3)
    assert reverse["limit"] > 0.0


def test_the_towns_own_traffic_are_actors_that_move_as_they_say(tour: dict[str, Any]) -> None:
    kinds = {actor["type"].split(".")[0] for actor in tour["traffic"]}
    assert kinds == {"vehicle", "walker"}
    moving = [actor for actor in tour["traffic"] if np.linalg.norm(actor["velocity"]) > 1.0]
    assert moving
    for actor in moving:
        moved = np.linalg.norm(actor["moved"]) / TICK_S
        assert moved == pytest.approx(np.linalg.norm(actor["velocity"]), abs=1.0)


def test_what_cannot_be_done_is_refused_by_name(tour: dict[str, Any]) -> None:
    refusals = tour["refusals"]
    assert "collision" in refusals["occupied"]
    assert "sensor.other.radar" in refusals["radar"]
    assert "get_actor_bone_names" in refusals["bones"]
    assert "recorder" in refusals["recorder"]
    assert "replay_file" in refusals["replay"]


def test_roofs_ground_weather_and_spectator(tour: dict[str, Any]) -> None:
    scenery = tour["scenery"]
    assert scenery["roof"][0] == pytest.approx(scenery["roof"][1], abs=1e-4)
    assert scenery["roof"][2] == "Buildings"
    assert scenery["ground"] == pytest.approx(0.0, abs=1e-6)
    assert scenery["rain"][0] == scenery["rain"][1]
    assert scenery["spectator"] == [1.0, 2.0, 3.0, 10.0]
