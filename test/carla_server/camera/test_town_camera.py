"""Images: things are where the pinhole puts them, twice the same, and tell what they should."""

import hashlib
import math
import random
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("carla")
pytest.importorskip("panda3d")
pytest.importorskip("sumolib")

from wam_ros.carla_server.camera.road_mesh import STOP_LINE_DEPTH
from wam_ros.carla_server.camera.semantics import Tag
from wam_ros.carla_server.camera.town_camera import TownCamera
from wam_ros.carla_server.towns.town import Town
from wam_ros.carla_server.world.bodies import Body
from wam_ros.core.camera import BODY_FROM_OPTICAL
from wam_ros.core.errors import WorldError
from wam_ros.core.geometry import SE2, SE3
from wam_ros.core.resources import resource
from wam_ros.core.scene import ActorKind
from wam_ros.core.sensor_rig import SensorRig

FRONT = SensorRig.load(resource("config/sensors/front_camera.yaml")).cameras[0]
LENS = FRONT.camera_model
HEIGHT = 1.55
MEADOW = SE3.from_euler([0.0, -300.0, HEIGHT], 0.0, 0.0, 0.0)  # outside the town, looking east
OTHER_PROCESS = """
import hashlib
from wam_ros.carla_server.towns.town import Town
from wam_ros.carla_server.camera.town_camera import TownCamera
from wam_ros.core.geometry import SE2, SE3
from wam_ros.core.scene import LightState
town = Town.load("grid_small")
with TownCamera(town, seed=5) as camera:
    pose = SE3.from_se2(town.spawn_points()[7], 1.55)
    image = camera.view(640, 360, 77.32).render(pose, (), {s.id: LightState.GREEN for s in town.signals})
print(hashlib.sha256(image.tobytes()).hexdigest())
"""


@pytest.fixture(scope="module")
def town():
    return Town.load("grid_small")


@pytest.fixture(scope="module")
def camera(town):
    with TownCamera(town, seed=5) as made:
        yield made


@pytest.fixture
def view(camera):
    return camera.view(640, 360, FRONT.fov_deg)


def thing(kind=ActorKind.STATIC, size=(1.0, 1.0, 1.0), at=(10.0, 0.0), **others):
    """A body on the meadow, `at` metres before and left of the camera."""
    number = others.pop("id", 1000)
    length, width, height = size
    type_id = others.pop("type_id", "vehicle.audi.a2")
    return Body(number, kind, type_id, length, width, height, at[0], at[1] - 300.0, 0.0, **others)


def project(pose, points):
    """(N, 2) columns and rows of points (N, 3)."""
    optical = (pose @ BODY_FROM_OPTICAL).inverse().apply(points)
    pixels = optical @ LENS.matrix.T
    return pixels[:, :2] / pixels[:, 2:]


def test_corners_of_boxes_fall_where_the_pinhole_puts_them(view):
    rng = random.Random(3)
    errors = []
    for _ in range(80):
        x = rng.uniform(8.0, 40.0)
        y, width, height, z = rng.uniform(-0.4, 0.4) * x, rng.uniform(0.8, 2.5), rng.uniform(0.8, 2.2), rng.random()
        box = thing(size=(0.5, width, height), at=(x, y), z=z)
        mask = view.render_semantics(MEADOW, [box], {}) == Tag.STATIC
        corners = [
            (box.x + a * 0.25, box.y + b * width / 2.0, z + c * height)
            for a in (-1, 1)
            for b in (-1, 1)
            for c in (0, 1)
        ]
        places = project(MEADOW, np.array(corners))
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        drawn = [columns[0], columns[-1] + 1, rows[0], rows[-1] + 1]
        wanted = [places[:, 0].min(), places[:, 0].max(), places[:, 1].min(), places[:, 1].max()]
        errors.append(np.subtract(drawn, wanted))
    assert np.abs(errors).max() < 1.25
    assert np.abs(np.mean(errors, axis=0)).max() < 0.6


def test_a_stop_line_falls_where_the_pinhole_puts_it(town, view):
    """The bar's near and far edge in the column of its middle, from 8 m before it."""
    edges = 0
    for signal in town.signals[::5]:
        left, right = np.asarray(signal.stop_line)
        across = (right - left) / np.linalg.norm(right - left)
        forward = np.array([-across[1], across[0]])
        middle = (left + right) / 2.0
        place = middle - 8.0 * forward
        pose = SE3.from_se2(SE2(float(place[0]), float(place[1]), math.atan2(forward[1], forward[0])), HEIGHT)
        bar = np.array([[*middle, 0.0], [*(middle - STOP_LINE_DEPTH * forward), 0.0]])
        (column, far), (_, near) = project(pose, bar)
        column, center = round(column), round((near + far) / 2.0)
        bare = view.render_semantics(pose, (), {})[:, column] != Tag.ROAD_LINES
        assert not bare[center], signal.id
        above, below = center - np.argmax(bare[center::-1]) + 1, center + np.argmax(bare[center:])
        assert abs(below - near) < 1.5, signal.id
        if near - above < 1.5 * (near - far):  # else a stripe of a crossing begins right behind it
            edges += 1
            assert abs(above - far) < 1.5, signal.id
    assert edges > 3


def test_images_repeat_here_and_in_another_process(town, camera, view):
    from wam_ros.core.scene import LightState

    lights = {signal.id: LightState.GREEN for signal in town.signals}
    pose = SE3.from_se2(town.spawn_points()[7], HEIGHT)
    first = view.render(pose, (), lights)
    kept = first.copy()
    camera.view(320, 180, 70.0).render(pose, (), {})
    view.render(MEADOW, [thing()], {})
    view.render_depth(pose, (), lights)
    again = view.render(pose, (), lights)
    assert np.array_equal(first, kept)  # a later image does not write into an earlier one
    assert np.array_equal(again, first)
    run = [sys.executable, "-W", "ignore", "-c", OTHER_PROCESS]
    other = subprocess.run(run, capture_output=True, text=True, check=True, timeout=120)
    assert other.stdout.split()[-1] == hashlib.sha256(first.tobytes()).hexdigest()


def test_shape_and_type(camera):
    for width, height in ((640, 360), (320, 180), (301, 157)):
        image = camera.view(width, height, 70.0).render(MEADOW, (), {})
        assert image.shape == (height, width, 3)
        assert image.dtype == np.uint8
        assert image.flags.writeable
        assert image[: height // 4].mean() > 120  # the sky above, bright
        assert image[-1, :, 1].mean() > image[-1, :, 2].mean()  # the grass below, green


def test_views_are_kept(camera):
    assert camera.view(640, 360, 70.0) is camera.view(640, 360, 70)
    assert camera.view(640, 360, 70.0) is not camera.view(640, 360, 90.0)
    assert camera.view(640, 360, 70.0).renderer == "software"


def test_hidden_and_far_bodies_are_not_drawn(view):
    empty = view.render(MEADOW, (), {})
    near, far = thing(at=(8.0, 0.0)), thing(at=(220.0, 0.0), size=(4.0, 30.0, 20.0))
    assert not np.array_equal(view.render(MEADOW, [near], {}), empty)
    assert np.array_equal(view.render(MEADOW, [near], {}, hide={near.id}), empty)
    assert np.array_equal(view.render(MEADOW, [far], {}), empty)


def test_brake_lights_go_bright_red(view):
    def red(image):
        channels = image.astype(int)
        return ((channels[..., 0] > 200) & (channels[..., 1] < 60) & (channels[..., 2] < 60)).sum()

    for size, name in (((4.5, 1.8, 1.5), "vehicle.audi.a2"), ((5.9, 2.0, 2.5), "vehicle.mercedes.sprinter")):
        car = thing(ActorKind.VEHICLE, size, (15.0, 0.0), type_id=name, color=(60, 90, 160))
        dark = red(view.render(MEADOW, [car], {}))
        car.braking = True
        assert dark == 0
        assert red(view.render(MEADOW, [car], {})) > 150


def test_paint_is_the_colour_of_the_body(view):
    for channel in range(3):
        color = tuple(220 if index == channel else 30 for index in range(3))
        car = thing(ActorKind.VEHICLE, (4.5, 1.8, 1.5), (12.0, 0.0), color=color)
        tags = view.render_semantics(MEADOW, [car], {})
        pixels = view.render(MEADOW, [car], {})[tags == Tag.CAR].astype(int)
        strongest = pixels[np.ptp(pixels, axis=1) > 60]
        assert (np.argmax(strongest, axis=1) == channel).mean() > 0.6


@pytest.mark.parametrize(
    ("kind", "size", "tags"),
    [
        (ActorKind.VEHICLE, (4.5, 1.8, 1.5), {Tag.CAR}),
        (ActorKind.VEHICLE, (8.0, 2.5, 3.4), {Tag.TRUCK}),
        (ActorKind.BICYCLE, (1.75, 0.6, 1.75), {Tag.BICYCLE, Tag.RIDER}),
        (ActorKind.PEDESTRIAN, (0.5, 0.5, 1.75), {Tag.PEDESTRIANS}),
        (ActorKind.STATIC, (0.5, 0.5, 1.0), {Tag.STATIC}),
    ],
)
def test_classes_of_bodies(view, kind, size, tags):
    body = thing(kind, size, type_id="any")
    classes = view.render_semantics(MEADOW, [body], {})
    before = view.render_semantics(MEADOW, (), {})
    changed = set(np.unique(classes[classes != before])) - {Tag.ROADS}
    assert changed == tags


def test_classes_are_exact_everywhere(town, view):
    known = {int(tag) for tag in Tag}
    for pose in town.spawn_points()[::15]:
        classes = view.render_semantics(SE3.from_se2(pose, HEIGHT), (), {})
        assert set(np.unique(classes)) <= known
        assert {Tag.ROADS, Tag.ROAD_LINES, Tag.SKY} <= set(np.unique(classes))


def test_depth_of_a_wall_and_of_the_sky(view):
    for distance in (6.0, 15.0, 60.0, 140.0):
        wall = thing(size=(1.0, 8.0, 8.0), at=(distance + 0.5, 0.0))
        depth = view.render_depth(MEADOW, [wall], {})
        assert depth.shape == (360, 640)
        assert depth[170:178, 310:330] == pytest.approx(distance, rel=0.01)
    assert view.render_depth(MEADOW, (), {})[0, 320] == 1000.0


def test_depth_of_the_road(town, view):
    for place in town.spawn_points()[::12]:
        pose = SE3.from_se2(place, HEIGHT)
        tags = view.render_semantics(pose, (), {})
        rows, columns = np.nonzero(np.isin(tags, (Tag.ROADS, Tag.ROAD_LINES)) & (np.arange(360) > 200)[:, None])
        row = LENS.matrix[1, 1] * HEIGHT / view.render_depth(pose, (), {})[rows, columns] + 180.0
        assert np.abs(row - (rows + 0.5)).max() < 0.1


def test_seeds_change_the_light(town, camera, view):
    pose = SE3.from_se2(town.spawn_points()[3], HEIGHT)
    first = view.render(pose, (), {})
    camera.close()
    try:
        with TownCamera(town, seed=6) as other:
            second = other.view(640, 360, FRONT.fov_deg).render(pose, (), {})
    finally:
        camera.__init__(town, seed=5)
    assert np.abs(first.astype(int) - second).mean() > 3.0
    assert np.array_equal(camera.view(640, 360, FRONT.fov_deg).render(pose, (), {}), first)


def test_one_camera_at_a_time(town, camera):
    with pytest.raises(WorldError, match="open in this process already"):
        TownCamera(town)


def test_unusable_views_and_renderers_are_refused(town, camera):
    with pytest.raises(WorldError, match="0x360 px"):
        camera.view(0, 360, 70.0)
    with pytest.raises(WorldError, match="fov 180"):
        camera.view(640, 360, 180.0)
    camera.close()
    try:
        with pytest.raises(WorldError, match="known: software, egl"):
            TownCamera(town, renderer="opengl")
        with pytest.raises(WorldError, match="closed"):
            camera.view(640, 360, FRONT.fov_deg)
    finally:
        camera.__init__(town, seed=5)
