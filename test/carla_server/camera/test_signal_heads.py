"""Signal heads of every approach: inside the image from 2 to 40 m before the stop line, not hidden, readable."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
import shapely

pytest.importorskip("carla")
pytest.importorskip("panda3d")
pytest.importorskip("sumolib")

from wam_ros.carla_server.camera.meshes import merged
from wam_ros.carla_server.camera.road_mesh import road_surface, turn_of
from wam_ros.carla_server.camera.semantics import Tag
from wam_ros.carla_server.camera.signal_heads import LAMP_RADIUS, LAMPS, gantries, lamps, place_heads
from wam_ros.carla_server.camera.street_plan import StreetPlan
from wam_ros.carla_server.camera.town_camera import TownCamera
from wam_ros.carla_server.towns.town import Town
from wam_ros.core.camera import BODY_FROM_OPTICAL
from wam_ros.core.geometry import SE2, SE3
from wam_ros.core.resources import resource
from wam_ros.core.scene import LightState
from wam_ros.core.sensor_rig import SensorRig
from wam_ros.core.vehicle import VehicleDescription
from wam_ros.maps.signals import stop_line

FRONT = SensorRig.load(resource("config/sensors/front_camera.yaml")).cameras[0]
CAR = VehicleDescription.load(resource("config/vehicle/passenger_car.yaml"))
NOSE = CAR.wheelbase + CAR.front_overhang  # m from base_link to the front bumper
# Of the camera; at the nearest the car's nose is beyond the stop line, at the farthest it is 40 m before it.
DISTANCES = (
    2.0,
    3.0,
    5.0,
    8.0,
    12.0,
    16.0,
    20.0,
    25.0,
    30.0,
    35.0,
    40.0,
    40.0 + NOSE - FRONT.base_from_sensor.translation[0],
)


@pytest.fixture(scope="module", params=["grid_small", "random_small"])
def town(request):
    return Town.load(request.param)


@pytest.fixture(scope="module")
def camera(town):
    with TownCamera(town, seed=1) as made:
        yield made


def pose_before(town, approach, distance):
    """Of the front camera when it is this far before the stop line [m], the car on its lane; None if that is off it."""
    line = town.lanes.lanes[approach].centerline
    s = line.length - distance
    if s < 0.0:
        return None
    x, y = line.position(s)
    mounted = SE3.from_euler([0.0, 0.0, FRONT.base_from_sensor.translation[2]], 0.0, 0.0, 0.0)
    return SE3.from_se2(SE2(float(x), float(y), float(line.heading(s)))) @ mounted


def pixel(pose, point):
    """Column, row and distance of a point in the front camera's image."""
    x, y, z = (pose @ BODY_FROM_OPTICAL).inverse().apply(point)
    u, v, _ = FRONT.camera_model.matrix @ (x / z, y / z, 1.0)
    return u, v, z


def test_every_signal_has_a_head_on_each_of_its_approaches(town, camera):
    shown = {(head.approach, signal) for head in camera.scene.heads for signal in head.signals}
    assert shown == {(signal.approach, signal.id) for signal in town.signals}


def test_signals_of_a_head_share_their_plan(town, camera):
    plans = StreetPlan.read(town.net_path).signal_plans
    for head in camera.scene.heads:
        assert len({plans[signal] for signal in head.signals}) == 1


def test_lamps_are_inside_the_image(town, camera):
    focal = FRONT.camera_model.matrix[0, 0]
    for head in camera.scene.heads:
        for distance in DISTANCES:
            pose = pose_before(town, head.approach, distance)
            for state in LAMPS if pose is not None else ():
                u, v, z = pixel(pose, head.lamp(state))
                margin = focal * head.scale * LAMP_RADIUS / z
                where = (head.approach, distance, state)
                assert z > 0.0, where
                assert margin < u < FRONT.width - margin, where
                assert margin < v < FRONT.height - margin, where


def test_no_lamp_is_hidden(town, camera):
    view = camera.view(FRONT.width, FRONT.height, FRONT.fov_deg)
    for head in camera.scene.heads:
        for distance in (2.0, 5.0, 10.0, 20.0, 30.0, 40.0):
            pose = pose_before(town, head.approach, distance)
            if pose is None:
                continue
            tags = view.render_semantics(pose, (), {})
            for state in LAMPS:
                u, v, _ = pixel(pose, head.lamp(state))
                assert tags[int(v), int(u)] == Tag.TRAFFIC_LIGHT, (head.approach, distance, state)


@pytest.mark.parametrize("size", [(640, 360), (320, 180)], ids=["640x360", "320x180"])
def test_the_colour_that_is_lit_can_be_read(town, camera, size):
    """At the lit lamp its colour stands out, at 5, 20 and 40 m; the same place is dark when the light is off."""
    view = camera.view(*size, FRONT.fov_deg)
    shrink = size[0] / FRONT.width
    for head in camera.scene.heads[::4]:
        for distance in (5.0, 20.0, 40.0):
            pose = pose_before(town, head.approach, distance)
            if pose is None:
                continue
            images = {s: view.render(pose, (), dict.fromkeys(head.signals, s)).astype(int) for s in LightState}
            for state in LAMPS:
                u, v, _ = pixel(pose, head.lamp(state))
                row, column = int(v * shrink), int(u * shrink)
                around = (slice(row - 1, row + 2), slice(column - 1, column + 2))
                lit, off = images[state][around], images[LightState.OFF][around]
                red, green, blue = (lit[..., channel] for channel in range(3))
                wanted = {
                    LightState.RED: (red > 180) & (green < 90),
                    LightState.YELLOW: (red > 180) & (green > 130) & (blue < 90),
                    LightState.GREEN: (green > 180) & (red < 90),
                }[state]
                assert wanted.sum() >= 3, (head.approach, distance, state)
                assert off.max() < 130, (head.approach, distance, state)


def test_heads_hang_beyond_the_junction_over_no_foot_on_the_road(town, camera):
    plan = StreetPlan.read(town.net_path)
    road = road_surface(town.lanes, plan.junctions, plan.sidewalks)
    stop_lines = {signal.approach: np.asarray(signal.stop_line) for signal in town.signals}
    for head in camera.scene.heads:
        ahead = (np.array([head.x, head.y]) - stop_lines[head.approach].mean(axis=0)) @ (
            math.cos(head.yaw),
            math.sin(head.yaw),
        )
        assert 10.0 < ahead < 47.0, head.approach
    steel = gantries(camera.scene.heads, road).points
    feet = steel[steel[:, 2] < 0.1]
    assert len(feet) >= 3
    assert not shapely.contains_xy(road, feet[:, 0], feet[:, 1]).any()


@dataclass(frozen=True)
class OneSignal:
    id: str
    controlled: tuple[str, ...]
    approach: str
    stop_line: np.ndarray


def inside(town, lane):
    return [name for name in lane.successors if town.lanes.lanes[name].in_junction]


def test_signals_with_plans_of_their_own_get_arrows(town):
    """Where the left turn has its own phase there are two heads side by side, the left one with an arrow."""
    plan = StreetPlan.read(town.net_path)
    own: dict[str, OneSignal] = {}
    for lane in town.lanes.lanes.values():
        own = {
            turn_of(town.lanes, name): OneSignal(name, (name,), lane.id, stop_line(lane)) for name in inside(town, lane)
        }
        if {"left", "straight"} <= set(own):
            break
    plans = {signal.id: "rg" if turn == "left" else "gr" for turn, signal in own.items()}
    heads = place_heads(own.values(), town.lanes, plan.junctions, plans)
    assert [head.shape for head in heads] == ["left", "round"]
    assert {signal for head in heads for signal in head.signals} == set(plans)
    first, second = (np.array([head.x, head.y]) for head in heads)
    side = np.array([math.sin(heads[0].yaw), -math.cos(heads[0].yaw)])
    assert (second - first) @ side > 0.9


def test_arrow_lamps_look_back_and_point_their_way():
    for shape, way in (("left", 1.0), ("right", -1.0)):
        mesh = lamps(shape, LightState.GREEN)
        assert (mesh.normals == (-1.0, 0.0, 0.0)).all()
        lit = mesh.points[mesh.colors[:, 1] > 0.9]
        tip = lit[np.argmax(way * lit[:, 1])]  # left of the traffic that drives along +x is +y
        assert (np.abs(lit[:, 1] - tip[1]) < 1e-9).sum() == 1
    assert len(merged([lamps("round", state) for state in LightState]).faces) > 0
