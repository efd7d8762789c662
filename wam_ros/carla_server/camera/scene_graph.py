"""Meshes, textures and lights as Panda3D takes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from panda3d import core as p3

from wam_ros.carla_server.camera.daylight import Daylight
from wam_ros.carla_server.camera.meshes import Mesh
from wam_ros.carla_server.camera.textures import Image
from wam_ros.core.errors import WorldError
from wam_ros.core.geometry import SE3, Array

RENDERERS = {"software": "p3tinydisplay", "egl": "p3headlessgl"}
_VERTEX = [("point", "<f4", 3), ("normal", "<f4", 3), ("color", "u1", 4), ("uv", "<f4", 2)]


def make_pipe(renderer: str) -> Any:
    """The way to a renderer.

    Raises:
        WorldError: It is unknown or cannot be started here.

    """
    if renderer not in RENDERERS:
        msg = f"renderer {renderer!r}, known: {', '.join(RENDERERS)}"
        raise WorldError(msg)
    settings = "window-type offscreen\naudio-library-name null\nnotify-level error\nnotify-level-device fatal\n"
    settings += "notify-level-display fatal\nnotify-level-tinydisplay fatal\ntextures-power-2 none\nsync-video 0\n"
    p3.loadPrcFileData("wam_ros", settings)
    pipe = p3.GraphicsPipeSelection.getGlobalPtr().makeModulePipe(RENDERERS[renderer])
    if pipe is None:
        msg = f"renderer {renderer!r}: {RENDERERS[renderer]} cannot be started here; "
        msg += "it needs EGL (apt: libegl1 libegl-mesa0 libgl1-mesa-dri)" if renderer == "egl" else "it needs libx11-6"
        raise WorldError(msg)
    return pipe


def geom(mesh: Mesh, name: str = "mesh") -> Any:
    """A mesh as a GeomNode."""
    data = np.zeros(len(mesh.points), dtype=_VERTEX)
    data["point"], data["normal"], data["uv"] = mesh.points, mesh.normals, mesh.uv
    data["color"][:, :3] = np.clip(np.round(mesh.colors * 255.0), 0, 255)
    data["color"][:, 3] = 255
    vertices = p3.GeomVertexData(name, p3.GeomVertexFormat.getV3n3c4t2(), p3.Geom.UHStatic)
    vertices.uncleanSetNumRows(len(data))
    array = vertices.modifyArray(0)
    if array.getArrayFormat().getColumn(2).getNumericType() == p3.GeomEnums.NTPackedDabc:
        data["color"] = data["color"][:, [2, 1, 0, 3]]
    memoryview(array).cast("B")[:] = data.tobytes()
    triangles = p3.GeomTriangles(p3.Geom.UHStatic)
    triangles.setIndexType(p3.Geom.NTUint32)
    index = triangles.modifyVertices()
    index.uncleanSetNumRows(mesh.faces.size)
    memoryview(index).cast("B")[:] = mesh.faces.astype("<u4").tobytes()
    shape = p3.Geom(vertices)
    shape.addPrimitive(triangles)
    node = p3.GeomNode(name)
    node.addGeom(shape)
    return node


def cells(mesh: Mesh, size: float) -> Iterator[tuple[tuple[int, int], Mesh]]:
    """The mesh cut, triangle by triangle, into squares of `size` [m]; texture coordinates start near 0 in each."""
    middles = mesh.points[mesh.faces].mean(axis=1)[:, :2]
    keys = np.floor(middles / size).astype(np.int64)
    for key in np.unique(keys, axis=0):
        faces = mesh.faces[(keys == key).all(axis=1)]
        used, index = np.unique(faces, return_inverse=True)
        uv = mesh.uv[used]
        uv = uv - np.floor(uv.min(axis=0))
        part = Mesh(mesh.points[used], mesh.normals[used], mesh.colors[used], uv, index.reshape(-1, 3))
        yield (int(key[0]), int(key[1])), part


def texture(image: Image, name: str) -> Any:
    """An image (H, W, 3), first row on top, repeated without end."""
    made = p3.Texture(name)
    made.setup2dTexture(image.shape[1], image.shape[0], p3.Texture.TUnsignedByte, p3.Texture.FRgb)
    made.setRamImageAs(np.ascontiguousarray(image[::-1]).tobytes(), "RGB")
    made.setWrapU(p3.SamplerState.WMRepeat)
    made.setWrapV(p3.SamplerState.WMRepeat)
    made.setMinfilter(p3.SamplerState.FTLinearMipmapLinear)
    made.setMagfilter(p3.SamplerState.FTLinear)
    return made


def sky(daylight: Daylight, radius: float) -> Mesh:
    """A dome about the origin, from below the horizon to above."""
    rows = [(-0.10, 0.0), (0.0, 0.0), (0.06, 0.18), (0.16, 0.42), (0.35, 0.72), (0.80, 1.0), (1.55, 1.0)]
    sides = 20
    low, high = np.array(daylight.horizon), np.array(daylight.zenith)
    angles = 2.0 * np.pi * np.arange(sides) / sides
    points, colors, faces = [], [], []
    for elevation, share in rows:
        level = radius * np.cos(elevation)
        ring = np.column_stack([level * np.cos(angles), level * np.sin(angles)])
        points.append(np.column_stack([ring, np.full(sides, radius * np.sin(elevation))]))
        colors.append(np.tile(low * (1.0 - share) + high * share, (sides, 1)))
    for row in range(len(rows) - 1):
        for side in range(sides):
            a, b = row * sides + side, row * sides + (side + 1) % sides
            faces += [(a, a + sides, b), (b, a + sides, b + sides)]
    all_points = np.concatenate(points)
    normals, uv = np.zeros_like(all_points), np.zeros((len(all_points), 2))
    return Mesh(all_points, normals, np.concatenate(colors), uv, np.array(faces))


def matrix(pose: SE3) -> Any:
    """The transform of a camera (axes of a body: x forward, y left, z up) as Panda3D's (x right, y forward, z up)."""
    axes: Array = np.column_stack([-pose.rotation[:, 1], pose.rotation[:, 0], pose.rotation[:, 2]])
    rows = np.eye(4)
    rows[:3, :3], rows[3, :3] = axes.T, pose.translation
    return p3.LMatrix4(*(float(v) for v in rows.ravel()))
