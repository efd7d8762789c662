"""The light of one day, drawn from a seed: where the sun stands, how bright and warm it is, the colours of the sky.

Always day, always bright enough to see. Knows no renderer.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import numpy as np

from wam_ros.carla_server.camera.meshes import Color
from wam_ros.core.geometry import Array


@dataclass(frozen=True)
class Daylight:
    """Sun and sky.

    Fields:
        sun_azimuth: Direction that the sun stands in, in the map frame [rad].
        sun_elevation: Above the horizon [rad].
        sun, ambient: Light per colour; a level ground in the sun gets their sum, the sun's times sin(elevation).
        zenith, horizon: Colours of the sky.

    """

    sun_azimuth: float
    sun_elevation: float
    sun: Color
    ambient: Color
    zenith: Color
    horizon: Color

    @classmethod
    def of_seed(cls, seed: int) -> Daylight:
        """The day of a seed."""
        rng = random.Random(f"daylight {seed}")
        azimuth = rng.uniform(-math.pi, math.pi)
        elevation = math.radians(rng.uniform(28.0, 65.0))
        brightness = rng.uniform(0.88, 1.08)  # of level ground
        clouds = rng.random() ** 1.5  # 0 = clear, 1 = overcast
        warmth = rng.uniform(-0.04, 0.07) * (1.0 - 0.5 * clouds)
        from_sun = 0.42 * (1.0 - 0.75 * clouds)  # share of level ground's light
        tint = np.array([1.0 + warmth, 1.0, 1.0 - 1.3 * warmth])
        cool = np.array([1.0 - 0.02, 1.0, 1.0 + 0.04])
        gray = np.array([0.80, 0.83, 0.86])
        zenith = (1.0 - clouds) * np.array([0.30, 0.52, 0.86]) + clouds * 0.86 * gray
        horizon = (1.0 - clouds) * np.array([0.76, 0.85, 0.95]) + clouds * gray
        return cls(
            azimuth,
            elevation,
            _color(brightness * from_sun / math.sin(elevation) * tint),
            _color(brightness * (1.0 - from_sun) * cool),
            _color(np.clip(zenith * (0.75 + 0.25 * brightness) * tint, 0.0, 1.0)),
            _color(np.clip(horizon * (0.80 + 0.20 * brightness) * tint, 0.0, 1.0)),
        )

    @property
    def to_sun(self) -> Array:
        """(3,) unit vector."""
        level = math.cos(self.sun_elevation)
        return np.array(
            [level * math.cos(self.sun_azimuth), level * math.sin(self.sun_azimuth), math.sin(self.sun_elevation)]
        )

    def on(self, normals: Array) -> Array:
        """(N, 3) light on faces with `normals` (N, 3): Lambert's law, and less of the sky from below."""
        facing = np.maximum(normals @ self.to_sun, 0.0)[:, None]
        sky = (0.84 + 0.16 * normals[:, 2])[:, None]
        light: Array = sky * np.array(self.ambient) + facing * np.array(self.sun)
        return light


def _color(values: Array) -> Color:
    return float(values[0]), float(values[1]), float(values[2])
