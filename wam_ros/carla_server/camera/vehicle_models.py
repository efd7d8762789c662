"""Shapes of vehicles, made to fill the box of a body: cars, vans, trucks, buses.

Origin in the middle of the box on the ground, x forward. Colours without light; lamps glow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wam_ros.carla_server.camera.meshes import Color, Mesh, box, merged, prism, tube
from wam_ros.carla_server.camera.semantics import Tag

_GLASS: Color = (0.13, 0.17, 0.22)
_TIRE: Color = (0.06, 0.06, 0.065)
_HUB: Color = (0.55, 0.56, 0.58)
_DARK: Color = (0.12, 0.12, 0.13)
_PLATE: Color = (0.90, 0.90, 0.86)
_HEADLIGHT: Color = (1.0, 0.98, 0.88)
_TAIL: Color = (0.40, 0.03, 0.03)
_BRAKE: Color = (1.0, 0.05, 0.04)


@dataclass(frozen=True, eq=False)
class ModelPart:
    """A part of a body: its mesh, its class, and whether it shines by itself."""

    mesh: Mesh
    tag: Tag
    glows: bool = False


def car(length: float, width: float, height: float, color: Color, braking: bool, style: int) -> tuple[ModelPart, ...]:
    """A passenger car; style 0 = saloon, 1 = hatchback, 2 = high and square."""
    a, h = length / 2.0, height
    rear_glass, roof_end, roof_start, screen = (
        (-0.70, -0.40, 0.10, 0.46),
        (-0.93, -0.70, 0.06, 0.46),
        (-0.96, -0.88, 0.14, 0.44),
    )[style]
    belt = (0.60, 0.60, 0.64)[style] * h
    outline = [
        (-0.97 * a, 0.15 * h),
        (0.97 * a, 0.15 * h),
        (a, 0.28 * h),
        (0.98 * a, 0.47 * h),
        (screen * a, belt),
        (-0.93 * a, belt + 0.015 * h),
        (-a, 0.50 * h),
        (-a, 0.28 * h),
    ]
    half = width / 2.0
    body = prism(outline, half * np.array([0.96, 0.96, 0.97, 0.94, 0.97, 0.96, 0.97, 1.0]), color)
    sill, top = belt - 0.01, 0.96 * h
    cabin = [(rear_glass * a, sill), (screen * a, sill), (roof_start * a, top), (roof_end * a, top)]
    glass = prism(cabin, half * np.array([0.94, 0.94, 0.78, 0.78]), _GLASS)
    middle, reach = (roof_start + roof_end) / 2.0 * a, (roof_start - roof_end) * a
    roof = box((middle, 0.0, 0.955 * h), (reach + 0.10, 1.60 * half, 0.045 * h), color, top=(0.94, 0.94))
    post = [(middle - 0.05, belt), (middle + 0.05, belt), (middle + 0.05, 0.95 * h), (middle - 0.05, 0.95 * h)]
    posts = prism(post, half * np.array([0.945, 0.945, 0.79, 0.79]), color)
    skirt = box((0.0, 0.0, 0.11 * h), (1.7 * a, 1.8 * half, 0.1 * h), _DARK)
    wheels = _wheels((0.60 * a, -0.60 * a), half, 0.225 * h)
    plate = box((-a + 0.01, 0.0, 0.36 * h), (0.03, 0.5, 0.12), _PLATE)
    lamps = _lamps(a, half, 0.50 * h, 0.13 * h, braking)
    if braking:
        lamps = merged([lamps, box((roof_end * a + 0.02, 0.0, 0.90 * h), (0.10, 0.50, 0.05 * h), _BRAKE)])
    painted = merged([body, glass, roof, posts, skirt, wheels, plate])
    return ModelPart(painted, Tag.CAR), ModelPart(lamps, Tag.CAR, glows=True)


def van(length: float, width: float, height: float, color: Color, braking: bool) -> tuple[ModelPart, ...]:
    """A delivery van."""
    a, half, h = length / 2.0, width / 2.0, height
    outline = [(-a, 0.12 * h), (0.98 * a, 0.12 * h), (a, 0.40 * h), (0.66 * a, 0.54 * h), (0.40 * a, h), (-a, h)]
    body = prism(outline, half * np.array([1.0, 0.98, 0.96, 0.95, 0.90, 0.90]), color)
    screen = prism(
        [(0.70 * a, 0.535 * h), (0.645 * a, 0.60 * h), (0.43 * a, 0.965 * h)],
        half * np.array([0.86, 0.86, 0.80]),
        _GLASS,
    )
    size = (0.36 * a, 1.915 * half, 0.28 * h)
    windows = box((0.36 * a, 0.0, 0.58 * h), size, _GLASS, top=(0.72, 0.965), shift=-0.05 * a)
    rear = box((-a + 0.005, 0.0, 0.60 * h), (0.03, 1.5 * half, 0.27 * h), _GLASS, top=(1.0, 0.94))
    wheels = _wheels((0.62 * a, -0.60 * a), half, 0.36)
    lamps = _lamps(a, half, 0.36 * h, 0.12 * h, braking)
    plate = box((-a + 0.005, 0.0, 0.24 * h), (0.03, 0.5, 0.12), _PLATE)
    return (
        ModelPart(merged([body, screen, windows, rear, wheels, plate]), Tag.CAR),
        ModelPart(lamps, Tag.CAR, glows=True),
    )


def bus(length: float, width: float, height: float, color: Color, braking: bool) -> tuple[ModelPart, ...]:
    """A city bus."""
    a, half, h = length / 2.0, width / 2.0, height
    lower = box((0.0, 0.0, 0.12 * h), (length, width, 0.36 * h), color)
    band = box((0.0, 0.0, 0.48 * h), (length - 0.04, width - 0.04, 0.36 * h), _GLASS)
    roof = box((0.0, 0.0, 0.84 * h), (length, width, 0.16 * h), color, top=(0.98, 0.92))
    places = a * np.linspace(-0.92, 0.92, max(int(length / 1.6), 3))
    posts = [box((x, 0.0, 0.48 * h), (0.14, width - 0.01, 0.36 * h), color) for x in places]
    sign = box((a - 0.01, 0.0, 0.87 * h), (0.03, 1.4 * half, 0.09 * h), (0.95, 0.65, 0.10))
    wheels = _wheels((0.62 * a, -0.55 * a), half, 0.48)
    lamps = _lamps(a, half, 0.22 * h, 0.09 * h, braking)
    return (
        ModelPart(merged([lower, band, roof, *posts, sign, wheels]), Tag.BUS),
        ModelPart(lamps, Tag.BUS, glows=True),
    )


def truck(length: float, width: float, height: float, color: Color, braking: bool) -> tuple[ModelPart, ...]:
    """A lorry: a cab in its colour, a pale body behind."""
    a, half, h = length / 2.0, width / 2.0, height
    cab = min(2.1, 0.35 * length)
    load = length - cab - 0.3
    cargo = box((-a + load / 2.0, 0.0, 0.28 * h), (load, width, 0.72 * h), (0.84, 0.84, 0.82))
    frame = box((-0.02 * a, 0.0, 0.14 * h), (0.94 * length, 0.5 * width, 0.14 * h), _DARK)
    front = box((a - cab / 2.0, 0.0, 0.12 * h), (cab, 0.96 * width, 0.40 * h), color)
    above = (cab, 0.96 * width, 0.38 * h)
    upper = box((a - cab / 2.0, 0.0, 0.52 * h), above, color, top=(0.80, 0.92), shift=-0.10 * cab)
    screen = box((a - 0.02, 0.0, 0.54 * h), (0.06, 0.84 * width, 0.26 * h), _GLASS, top=(0.6, 0.96), shift=-0.13 * cab)
    sides = box((a - 0.45 * cab, 0.0, 0.56 * h), (0.5 * cab, 0.965 * width, 0.22 * h), _GLASS, top=(0.8, 0.955))
    wheels = _wheels((a - 0.55 * cab, -0.55 * a, -0.55 * a - 1.1), half, 0.48)
    bumper = box((-a + 0.05, 0.0, 0.14 * h), (0.1, 0.96 * width, 0.12 * h), _DARK)
    lamps = _lamps(a, half, 0.20 * h, 0.08 * h, braking)
    return (
        ModelPart(merged([cargo, frame, front, upper, screen, sides, wheels, bumper]), Tag.TRUCK),
        ModelPart(lamps, Tag.TRUCK, glows=True),
    )


def _wheels(axles: tuple[float, ...], half_width: float, radius: float) -> Mesh:
    parts = []
    for x in axles:
        for side in (-1.0, 1.0):
            outer, inner = side * (half_width - 0.005), side * (half_width - 0.24)
            parts.append(tube((x, inner, radius), (x, outer, radius), radius, _TIRE, 10))
            parts.append(
                tube((x, outer - 0.01 * side, radius), (x, outer + 0.004 * side, radius), 0.55 * radius, _HUB, 8)
            )
    return merged(parts)


def _lamps(front: float, half_width: float, z: float, height: float, braking: bool) -> Mesh:
    """Headlights and tail lights; the latter are larger and bright when braking."""
    at, wide = 0.70 * half_width, 0.40 * half_width
    grow = 1.35 if braking else 1.0
    parts = []
    for side in (-1.0, 1.0):
        parts.append(box((front - 0.035, side * at, z - 0.75 * height), (0.06, wide, 0.8 * height), _HEADLIGHT))
        tail = (0.05, wide * grow, height * grow)
        parts.append(box((-front + 0.02, side * at, z - 0.5 * height), tail, _BRAKE if braking else _TAIL))
    return merged(parts)
