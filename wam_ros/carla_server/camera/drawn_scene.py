"""The scene graph of a town: what stands still is built once, bodies and lamps follow what they are told."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any

from panda3d import core as p3

from wam_ros.carla_server.camera import textures
from wam_ros.carla_server.camera.body_models import ModelKey, build_model, model_key, shadow
from wam_ros.carla_server.camera.daylight import Daylight
from wam_ros.carla_server.camera.houses import STYLES
from wam_ros.carla_server.camera.image_codes import DEPTH_EYES, TAG_KEY
from wam_ros.carla_server.camera.meshes import Mesh
from wam_ros.carla_server.camera.scene_graph import cells, geom, sky, texture
from wam_ros.carla_server.camera.semantics import Tag
from wam_ros.carla_server.camera.signal_heads import SignalHead, lamps
from wam_ros.carla_server.camera.street_plan import StreetPlan
from wam_ros.carla_server.camera.town_mesh import CELL, Layer, build_town_mesh, lit
from wam_ros.carla_server.towns.buildings import building_footprints
from wam_ros.carla_server.towns.town import Town
from wam_ros.carla_server.world.bodies import Body
from wam_ros.core.geometry import Array
from wam_ros.core.scene import LightState

REACH = 150.0  # m; bodies farther away are not drawn
_MODELS_KEPT = 1500
_SECTORS = 24  # the light on a body is that of the nearest of so many headings
_SECTOR = 2.0 * math.pi / _SECTORS
_Looks = tuple[ModelKey, int]


class DrawnScene:
    """The scene of one town on one day.

    Fields:
        root: Panda3D's node above everything.
        heads: The signal heads.
        daylight: Of the seed.

    """

    def __init__(self, town: Town, seed: int) -> None:
        self.daylight = Daylight.of_seed(seed)
        self.root = p3.NodePath("town")
        self.root.setBin(
            "unsorted", 0
        )  # else the order of drawing, and with it single pixels, follows memory addresses
        plan = StreetPlan.read(town.net_path)
        mesh = build_town_mesh(town.lanes, town.signals, plan, building_footprints(town), town.seed, seed)
        self.heads = mesh.heads
        self._cells: dict[tuple[int, int], Any] = {}
        images = {"asphalt": textures.asphalt(), "grass": textures.grass(), "paving": textures.paving()}
        images |= {f"facade_{style}": textures.facade(style) for style in range(STYLES)}
        for layer in mesh.layers:
            self._add_layer(layer, texture(images[layer.name], layer.name) if layer.textured else None)
        self._sky = self._painted(sky(self.daylight, 300.0), Tag.SKY, -1)
        self._sky.reparentTo(self.root)
        self._lamps = [_Lamps(head, self._cell(_cell_of(head))) for head in self.heads]
        self._bodies = self.root.attachNewNode("bodies")
        self._models: dict[_Looks, Any] = {}
        self._drawn: dict[int, _DrawnBody] = {}

    def show(self, eye: Array, bodies: Iterable[Body], lights: Mapping[str, LightState], hide: Collection[int]) -> None:
        """Bring bodies within reach of `eye` (3,) [m] and all lamps up to date."""
        x, y = float(eye[0]), float(eye[1])
        self._sky.setPos(x, y, 0.0)
        for lamp in self._lamps:
            lamp.show(lights.get(lamp.signal, LightState.OFF))
        seen = set()
        for body in bodies:
            if body.id in hide or abs(body.x - x) > REACH or abs(body.y - y) > REACH:
                continue
            seen.add(body.id)
            drawn = self._drawn.get(body.id)
            if drawn is None:
                drawn = self._drawn[body.id] = _DrawnBody(self._bodies, body.id)
            looks = (model_key(body), round(body.yaw / _SECTOR) % _SECTORS)
            if looks != drawn.looks:
                drawn.wear(looks, self._model(*looks))
            drawn.node.setPosHpr(body.x, body.y, body.z, math.degrees(body.yaw), 0.0, 0.0)
        for gone in self._drawn.keys() - seen:
            self._drawn.pop(gone).node.removeNode()

    def close(self) -> None:
        """Drop the graph."""
        self.root.removeNode()
        self._drawn.clear()
        self._models.clear()

    def _add_layer(self, layer: Layer, image: Any) -> None:
        mesh = lit(layer.mesh, self.daylight)
        for key, part in cells(mesh, CELL):
            local = part.moved(-key[0] * CELL, -key[1] * CELL)  # small numbers: the renderer counts in 32 bits
            node = self._cell(key).attachNewNode(geom(local, layer.name))
            _tag(node, layer.tag)
            if layer.painted is not None:
                _paint_in_order(node, layer.painted)
            if image is not None:
                node.setTexture(image)

    def _painted(self, mesh: Mesh, tag: Tag, order: int) -> Any:
        node = p3.NodePath(geom(mesh))
        _tag(node, tag)
        _paint_in_order(node, order)
        return node

    def _cell(self, key: tuple[int, int]) -> Any:
        """The node of a square of the town, with the origin in its corner."""
        if key not in self._cells:
            self._cells[key] = self.root.attachNewNode(f"cell {key}")
            self._cells[key].setPos(key[0] * CELL, key[1] * CELL, 0.0)
        return self._cells[key]

    def _model(self, key: ModelKey, sector: int) -> Any:
        """The lit shape of a key, turned to a sector of headings; shared by all bodies that look so."""
        if (key, sector) not in self._models:
            if len(self._models) >= _MODELS_KEPT:
                self._models.clear()
            model = p3.NodePath("model")
            for part in _parts(key):
                mesh = part.mesh if part.glows else lit(part.mesh, self.daylight, sector * _SECTOR)
                _tag(model.attachNewNode(geom(mesh)), part.tag)
            below = model.attachNewNode(geom(shadow(key[1], key[2])))
            _tag(below, Tag.ROADS)
            _paint_in_order(below, 5)
            self._models[key, sector] = model
        return self._models[key, sector]


_parts = lru_cache(maxsize=_MODELS_KEPT)(build_model)


class _DrawnBody:
    """A body's place in the graph."""

    def __init__(self, parent: Any, place: int) -> None:
        self.node = parent.attachNewNode("body", place)  # in the same order whoever came first
        self.looks: _Looks | None = None

    def wear(self, looks: _Looks, model: Any) -> None:
        self.node.getChildren().detach()
        model.instanceTo(self.node)
        self.looks = looks


class _Lamps:
    """The lamps of a head: one drawing for each state, one of them shown."""

    def __init__(self, head: SignalHead, parent: Any) -> None:
        self.signal = head.signals[0]
        node = parent.attachNewNode("lamps")
        left, bottom = (CELL * index for index in _cell_of(head))
        node.setPosHpr(head.x - left, head.y - bottom, head.z, math.degrees(head.yaw), 0.0, 0.0)
        node.setScale(head.scale)
        self._states = {}
        for state in LightState:
            drawing = self._states[state] = node.attachNewNode(geom(lamps(head.shape, state)))
            _tag(drawing, Tag.TRAFFIC_LIGHT)
            drawing.stash()
        self._shown = LightState.OFF
        self._states[self._shown].unstash()

    def show(self, state: LightState) -> None:
        if state is not self._shown:
            self._states[self._shown].stash()
            self._states[state].unstash()
            self._shown = state


def _tag(node: Any, tag: Tag) -> None:
    node.setTag(TAG_KEY, str(int(tag)))


def _paint_in_order(node: Any, order: int) -> None:
    """Drawn before all that stands, in this order, over what is there already; only the first gives depth."""
    node.setBin("background", order)
    node.setDepthTest(False)
    node.setDepthWrite(False)
    if order > 0:
        node.hide(DEPTH_EYES)


def _cell_of(head: SignalHead) -> tuple[int, int]:
    return math.floor(head.x / CELL), math.floor(head.y / CELL)
