from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from wam_ros.core.ego import EgoState
from wam_ros.core.geometry import SE2
from wam_ros.core.scene import LightState, Scene, TrafficLight
from wam_ros.training.relight import other_state, relit


def light(name: str, x: float, y: float, heading: float, state: LightState) -> TrafficLight:
    """Its stop line 3 m wide, left end first, for traffic along `heading` [rad]."""
    across = 1.5 * np.array([-np.sin(heading), np.cos(heading)])
    middle = np.array([x, y])
    return TrafficLight(name, state, (name,), np.stack([middle + across, middle - across]))


def test_an_approach_changes_as_one_and_the_others_of_the_junction_wait() -> None:
    lights = (
        light("own", 0.0, 0.0, 0.0, LightState.RED),
        light("own, left lane", 0.0, 3.0, 0.0, LightState.RED),
        light("oncoming", 25.0, 6.0, np.pi, LightState.RED),
        light("from the right", 12.0, -12.0, np.pi / 2.0, LightState.GREEN),
        light("of the next junction", 90.0, 0.0, 0.0, LightState.GREEN),
    )
    scene = Scene(0, EgoState(0, "map", SE2(-20.0, 0.0, 0.0), 8.0), (), lights)
    for state in (LightState.GREEN, LightState.YELLOW):
        other = relit(scene, lights[0], state)
        assert [one.state for one in other.lights] == [state, state, *[LightState.RED] * 2, LightState.GREEN]
        assert (other.ego, [one.id for one in other.lights]) == (scene.ego, [one.id for one in lights])


@pytest.mark.parametrize("state", [LightState.RED, LightState.YELLOW, LightState.GREEN])
def test_another_state_is_another_one(state: LightState) -> None:
    numbers = random.Random(3)
    drawn = Counter(other_state(state, numbers) for _ in range(400))
    assert set(drawn) == {LightState.RED, LightState.YELLOW, LightState.GREEN} - {state}
    assert min(drawn.values()) > 150
