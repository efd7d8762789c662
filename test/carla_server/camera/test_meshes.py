"""Shapes: faces look outward, sizes are as told."""

import math

import numpy as np
import pytest
import shapely

pytest.importorskip("panda3d")

from wam_ros.carla_server.camera.body_models import build_model, model_key, shape_of
from wam_ros.carla_server.camera.meshes import Mesh, box, flat, merged, offset_line, prism, quads, ribbon, tube, walls
from wam_ros.carla_server.world.bodies import Body
from wam_ros.core.scene import ActorKind

GRAY = (0.5, 0.5, 0.5)
HEXAGON = [(0.0, 0.0), (2.0, 0.0), (3.0, 1.0), (2.0, 2.0), (0.0, 2.0), (-1.0, 1.0)]


def face_normals(mesh: Mesh):
    a, b, c = (mesh.points[mesh.faces[:, index]] for index in range(3))
    return np.cross(b - a, c - a)


def areas(mesh: Mesh):
    return np.linalg.norm(face_normals(mesh), axis=1) / 2.0


@pytest.mark.parametrize(
    "mesh",
    [
        box((1.0, 2.0, 3.0), (2.0, 1.0, 4.0), GRAY),
        box((0.0, 0.0, 0.0), (2.0, 1.0, 4.0), GRAY, top=(0.5, 0.7), shift=0.3),
        prism(HEXAGON, 1.5, GRAY),
        tube((0.0, 0.0, 0.0), (1.0, 2.0, 3.0), 0.2, GRAY),
    ],
    ids=["box", "tapered", "prism", "tube"],
)
def test_faces_of_a_solid_look_outward(mesh):
    outward = mesh.points[mesh.faces].mean(axis=1) - mesh.points.mean(axis=0)
    assert ((face_normals(mesh) * outward).sum(axis=1) > 0.0).all()
    assert ((mesh.normals[mesh.faces[:, 0]] * outward).sum(axis=1) > 0.0).all()


def test_the_mirror_image_of_a_solid_looks_outward_too():
    mesh = box((0.0, 3.0, 0.0), (1.0, 1.0, 1.0), GRAY).mirrored()
    outward = mesh.points[mesh.faces].mean(axis=1) - mesh.points.mean(axis=0)
    assert ((face_normals(mesh) * outward).sum(axis=1) > 0.0).all()
    assert mesh.points[:, 1].max() == pytest.approx(-2.5)


def test_a_flat_polygon_keeps_its_area_and_holes_and_looks_up():
    shape = shapely.Polygon(HEXAGON, holes=[[(0.5, 0.5), (1.0, 0.5), (1.0, 1.0), (0.5, 1.0)]])
    mesh = flat(shape, 0.3, GRAY, uv_per_meter=2.0)
    assert areas(mesh).sum() == pytest.approx(shape.area)
    assert (face_normals(mesh)[:, 2] > 0.0).all()
    assert (mesh.points[:, 2] == 0.3).all()
    assert np.allclose(mesh.uv, 2.0 * mesh.points[:, :2])


def test_a_ribbon_is_as_wide_and_long_as_told():
    mesh = ribbon([(0.0, 0.0), (10.0, 0.0)], 1.0, 1.5, 0.0, GRAY)
    assert areas(mesh).sum() == pytest.approx(5.0)
    assert mesh.points[:, 1].min() == 1.0
    assert mesh.points[:, 1].max() == 1.5
    assert (face_normals(mesh)[:, 2] > 0.0).all()


def test_an_offset_line_keeps_its_distance_in_bends():
    angles = np.linspace(0.0, math.pi, 40)
    arc = 20.0 * np.column_stack([np.cos(angles), np.sin(angles)])
    inner = offset_line(arc, 3.0)  # counter-clockwise: the left is inside
    assert np.allclose(np.linalg.norm(inner, axis=1), 17.0, atol=0.03)


def test_walls_look_away_from_what_they_enclose():
    mesh = walls([*HEXAGON, HEXAGON[0]], 0.0, 1.0, GRAY)
    outward = mesh.points[mesh.faces].mean(axis=1)[:, :2] - np.mean(HEXAGON, axis=0)
    assert ((face_normals(mesh)[:, :2] * outward).sum(axis=1) > 0.0).all()


def test_merging_moving_and_tinting():
    parts = [quads([[(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]], GRAY), box((5.0, 0.0, 0.0), (1.0, 1.0, 1.0), GRAY)]
    mesh = merged(parts)
    assert len(mesh.faces) == sum(len(part.faces) for part in parts)
    assert areas(mesh).sum() == pytest.approx(sum(areas(part).sum() for part in parts))
    turned = mesh.moved(1.0, 2.0, 3.0, math.pi / 2.0)
    assert np.allclose(turned.points[1], (1.0, 3.0, 3.0))
    assert np.allclose(mesh.tinted((1.0, 4.0, 0.0)).colors[0], (0.5, 1.0, 0.0))
    assert len(merged([]).faces) == 0


def body(kind=ActorKind.VEHICLE, size=(4.5, 1.8, 1.5), **others) -> Body:
    length, width, height = size
    type_id = others.pop("type_id", "vehicle.tesla.model3")
    return Body(1000, kind, type_id, length, width, height, 0.0, 0.0, 0.0, **others)


KINDS = {
    "car": body(),
    "van": body(size=(5.9, 2.0, 2.56)),
    "truck": body(size=(7.9, 2.5, 3.5)),
    "bus": body(size=(10.3, 2.9, 4.0), type_id="vehicle.mitsubishi.fusorosa"),
    "motorcycle": body(size=(2.2, 0.8, 1.5)),
    "bicycle": body(ActorKind.BICYCLE, (1.75, 0.6, 1.75)),
    "pedestrian": body(ActorKind.PEDESTRIAN, (0.5, 0.5, 1.75)),
    "prop": body(ActorKind.STATIC, (0.6, 0.4, 1.0)),
}


@pytest.mark.parametrize("shape", KINDS)
def test_a_model_fills_the_box_of_its_body(shape):
    thing = KINDS[shape]
    assert shape_of(thing) == shape
    points = np.concatenate([part.mesh.points for part in build_model(model_key(thing))])
    size = np.array([thing.length, thing.width, thing.height])
    low, high = points.min(axis=0), points.max(axis=0)
    assert (low > [-size[0] / 2 - 0.03, -size[1] / 2 - 0.03, -0.01]).all()
    assert (high < [size[0] / 2 + 0.03, size[1] / 2 + 0.03, size[2] + 0.08]).all()
    assert (high - low > 0.75 * size).all()


def test_looks_depend_on_brakes_colour_and_steps_only():
    thing = body()
    before = model_key(thing)
    thing.x, thing.yaw, thing.speed = 40.0, 1.0, 3.0
    assert model_key(thing) == before
    thing.braking = True
    assert model_key(thing) != before
    walker = KINDS["pedestrian"]
    poses = set()
    for x in np.arange(0.0, 3.0, 0.25):
        walker.x = float(x)
        poses.add(model_key(walker))
    assert len(poses) == 2
