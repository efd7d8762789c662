"""A moment as it would be with its traffic light in another state: the same picture, and what changes by the light.

Lights change seldom and yellow lasts for three seconds, so of what is driven hardly a moment shows it, and what goes
with a light (who stands, who crosses) is learnt in its place. It knows scenes only, nothing that draws.
"""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np

from wam_ros.core.geometry import Array
from wam_ros.core.scene import LightState, Scene, TrafficLight

_BESIDE = 12.0  # m between the stop lines of lanes of one approach
_ACROSS = 45.0  # m to those of the other approaches of a junction
_SAME_WAY = 0.9  # cosine
_YELLOW_SHARE = 0.5


def other_state(state: LightState, numbers: random.Random) -> LightState:
    """Another of red, yellow and green: yellow in half of the cases, which is the rarest where it is driven."""
    others = [one for one in (LightState.RED, LightState.GREEN) if one is not state]
    yellow, other = numbers.random() < _YELLOW_SHARE, numbers.choice(others)
    return LightState.YELLOW if yellow and state is not LightState.YELLOW else other


def relit(scene: Scene, light: TrafficLight, state: LightState) -> Scene:
    """The scene with all lights of an approach in a state, and those of the junction's other approaches red.

    Args:
        scene: What is true.
        light: One of its lights; those beside it, with stop lines that point the same way, are of its approach.
        state: That the approach shows.

    """
    here, onward = _line(light)

    def shown(one: TrafficLight) -> TrafficLight:
        place, way = _line(one)
        gap = float(np.hypot(*(place - here)))
        if gap < _BESIDE and float(way @ onward) > _SAME_WAY:
            return replace(one, state=state)
        return replace(one, state=LightState.RED) if gap < _ACROSS else one

    return replace(scene, lights=tuple(shown(one) for one in scene.lights))


def _line(light: TrafficLight) -> tuple[Array, Array]:
    """Middle (2,) [m] of a stop line, whose left end comes first, and the unit vector (2,) across it, onward."""
    left, right = light.stop_line
    onward = np.array([left[1] - right[1], right[0] - left[0]])
    return light.stop_line.mean(axis=0), onward / max(float(np.hypot(*onward)), 1e-9)
