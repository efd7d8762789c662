"""Which shape a body has, and the shapes of people, bicycles and props. Models fill the body's box."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import shapely

from wam_ros.carla_server.camera.meshes import Color, Mesh, box, flat, merged, tube
from wam_ros.carla_server.camera.semantics import Tag
from wam_ros.carla_server.camera.vehicle_models import ModelPart, bus, car, truck, van
from wam_ros.carla_server.world.bodies import Body
from wam_ros.core.scene import ActorKind

STEP = 0.75  # m that a walker moves from one drawn pose to the next
_SKINS: tuple[Color, ...] = ((0.87, 0.68, 0.55), (0.72, 0.52, 0.38), (0.45, 0.31, 0.23))
_TROUSERS: tuple[Color, ...] = ((0.15, 0.17, 0.30), (0.20, 0.20, 0.21), (0.42, 0.36, 0.28))
_METAL: Color = (0.22, 0.22, 0.24)
_RUBBER: Color = (0.07, 0.07, 0.07)
_RIM: Color = (0.42, 0.42, 0.43)

ModelKey = tuple[str, float, float, float, Color, bool, int]


def model_key(body: Body) -> ModelKey:
    """What decides a body's looks: shape, length, width, height [m], colour, braking, variant."""
    shape = shape_of(body)
    variant = body.id % 3
    if shape in {"pedestrian", "bicycle"}:
        along = body.x * math.cos(body.yaw) + body.y * math.sin(body.yaw)
        variant = 2 * variant + int(along // STEP) % 2
    red, green, blue = (round(channel / 255.0, 3) for channel in body.color)
    braking = body.braking and body.kind is ActorKind.VEHICLE
    size = (round(body.length, 2), round(body.width, 2), round(body.height, 2))
    return shape, *size, (red, green, blue), braking, variant


def shape_of(body: Body) -> str:
    """From kind, name and size."""
    if body.kind is not ActorKind.VEHICLE:
        return {ActorKind.BICYCLE: "bicycle", ActorKind.PEDESTRIAN: "pedestrian"}.get(body.kind, "prop")
    name = body.type_id
    if body.width < 1.1:
        return "motorcycle"
    if "bus" in name or "fusorosa" in name:
        return "bus"
    if body.length > 6.5 or "truck" in name or "carlacola" in name:
        return "truck"
    return "van" if body.height > 1.95 else "car"


def build_model(key: ModelKey) -> tuple[ModelPart, ...]:
    """The parts of a body with this key, about the middle of its box on the ground, x forward."""
    shape, length, width, height, color, braking, variant = key
    if shape == "car":
        return car(length, width, height, color, braking, 2 if height > 1.65 else variant % 2)
    if shape in {"van", "bus", "truck"}:
        return {"van": van, "bus": bus, "truck": truck}[shape](length, width, height, color, braking)
    if shape == "pedestrian":
        return (ModelPart(_person(length, width, height, color, variant), Tag.PEDESTRIANS),)
    if shape in {"bicycle", "motorcycle"}:
        return _two_wheels(shape, length, width, height, color, variant)
    return (ModelPart(box((0.0, 0.0, 0.0), (length, width, height), color), Tag.STATIC),)


def shadow(length: float, width: float) -> Mesh:
    """The dark patch on the road below a body."""
    outline = shapely.box(-length / 2.0, -width / 2.0, length / 2.0, width / 2.0)
    return flat(outline.buffer(0.12, quad_segs=2), 0.0, (0.13, 0.13, 0.14))


def _person(length: float, width: float, height: float, color: Color, variant: int) -> Mesh:
    look, pose = divmod(variant, 2)
    swing = (0.15 if pose else -0.15) * min(length / 0.5, 1.0)
    deep, wide = 0.5 * length, 0.62 * width
    hip, neck = 0.49 * height, 0.83 * height
    legs = [_leg((side * swing, side * 0.24 * wide), hip, 0.16 * width + 0.04, _TROUSERS[look]) for side in (-1.0, 1.0)]
    torso = box((0.0, 0.0, hip), (deep, wide, neck - hip), color, top=(0.9, 1.12))
    arms = [
        tube(
            (-side * swing, side * 0.60 * wide, 0.46 * height), (0.0, side * 0.60 * wide, 0.80 * height), 0.06, color, 5
        )
        for side in (-1.0, 1.0)
    ]
    head = box((0.02, 0.0, 0.845 * height), (0.20, 0.18, 0.12 * height), _SKINS[look])
    hair = box((-0.01, 0.0, 0.94 * height), (0.23, 0.21, 0.06 * height), (0.16, 0.12, 0.09), top=(0.8, 0.8))
    return merged([*legs, torso, *arms, head, hair])


def _leg(foot: Sequence[float], hip: float, thick: float, color: Color) -> Mesh:
    low = box((foot[0], foot[1], 0.0), (thick + 0.10, thick, 0.08), _RUBBER)
    return merged([low, tube((foot[0], foot[1], 0.06), (0.0, foot[1], hip), thick / 2.0, color, 5)])


def _two_wheels(
    shape: str, length: float, width: float, height: float, color: Color, variant: int
) -> tuple[ModelPart, ...]:
    radius = 0.34 if shape == "bicycle" else 0.30
    a = length / 2.0 - radius
    thick = 0.03 if shape == "bicycle" else 0.09
    wheels = [tube((x, -thick, radius), (x, thick, radius), radius, _RUBBER, 12) for x in (-a, a)]
    wheels += [tube((x, -thick - 0.005, radius), (x, thick + 0.005, radius), 0.78 * radius, _RIM, 10) for x in (-a, a)]
    frame = [
        tube((-a, 0.0, radius), (-0.15, 0.0, 0.85), 0.035, color, 5),
        tube((-0.15, 0.0, 0.85), (a - 0.12, 0.0, 0.90), 0.035, color, 5),
        tube((a, 0.0, radius), (a - 0.16, 0.0, 1.02), 0.035, _METAL, 5),
        tube((a - 0.16, -0.42 * width, 1.02), (a - 0.16, 0.42 * width, 1.02), 0.02, _METAL, 4),
        box((-0.2, 0.0, 0.85), (0.26, 0.14, 0.07), _RUBBER),
    ]
    if shape == "motorcycle":
        frame.append(box((0.05, 0.0, 0.40), (1.0, 0.34, 0.42), color, top=(0.7, 0.8)))
    look, pose = divmod(variant, 2)
    lift = 0.14 if pose else -0.14
    top = max(height, 1.5)
    legs = [
        tube((0.05, side * 0.12, 0.32 + side * lift), (-0.15, side * 0.10, 0.95), 0.075, _TROUSERS[look], 5)
        for side in (-1.0, 1.0)
    ]
    back = tube((-0.18, 0.0, 0.90), (0.06, 0.0, 0.80 * top), 0.17, color, 6)
    arms = [tube((0.06, s * 0.17, 0.77 * top), (a - 0.2, s * 0.3 * width, 1.04), 0.05, color, 4) for s in (-1.0, 1.0)]
    head = box((0.12, 0.0, 0.84 * top), (0.21, 0.19, 0.16 * top), _SKINS[look])
    helmet = box((0.10, 0.0, 0.93 * top), (0.26, 0.23, 0.07 * top), np.array(color) * 0.6, top=(0.7, 0.7))
    tag = Tag.BICYCLE if shape == "bicycle" else Tag.MOTORCYCLE
    return (
        ModelPart(merged([*wheels, *frame]), tag),
        ModelPart(merged([*legs, back, *arms, head, helmet]), Tag.RIDER),
    )
