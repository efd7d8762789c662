"""Red, yellow and green."""

from __future__ import annotations

import numpy as np
import pytest

from test.planning.expert import roads
from test.planning.expert.small_world import CAR, TICK, drive_small
from wam_ros.core import LightState

LANES = roads.crossing()
ROUTE = roads.over(LANES, "in_east", "east_straight", "out_east")
LINE = -roads.BOX  # x of the stop line
FRONT = CAR.wheelbase + CAR.front_overhang


def shows(*phases: tuple[float, LightState]):
    """Lights by time: (until, state), ..."""

    def lights(time):
        state = next((state for until, state in phases if time < until), phases[-1][1])
        return (roads.light(LANES, "east", state),)

    return lights


def at(distance: float):
    """A start whose front is this far before the line [m]."""
    return roads.place_on(LANES, "in_east", roads.ARM - distance - FRONT)


@pytest.mark.parametrize(("distance", "speed"), [(80.0, 13.0), (40.0, 8.0), (15.0, 0.0), (30.0, 11.0)])
def test_stops_before_the_line_at_red(distance, speed):
    trace = drive_small(LANES, ROUTE, at(distance), 16.0, speed, lights=shows((99.0, LightState.RED)))
    assert trace.speeds[-1] < 0.05
    assert 0.5 < LINE - (trace.xy[-1, 0] + FRONT) < 3.0
    assert max(trace.accelerations) < 2.2
    if speed**2 / (2.0 * distance) < 1.5:
        assert min(trace.accelerations) > -3.0


@pytest.mark.parametrize("distance", [0.2, 0.7, 1.2, 1.8])
def test_who_stands_near_the_line_at_red_does_not_creep_up_to_it(distance):
    trace = drive_small(LANES, ROUTE, at(distance), 20.0, 0.0, lights=shows((99.0, LightState.RED)))
    assert trace.xy[-1, 0] - trace.xy[0, 0] < 0.05


@pytest.mark.parametrize(("distance", "speed"), [(80.0, 13.0), (15.0, 0.0), (6.0, 0.0), (4.0, 1.5)])
def test_it_stands_a_margin_before_the_line(distance, speed):
    trace = drive_small(LANES, ROUTE, at(distance), 30.0, speed, lights=shows((99.0, LightState.RED)))
    assert trace.speeds[-1] < 0.01
    assert LINE - (trace.xy[-1, 0] + FRONT) == pytest.approx(1.5, abs=0.5)


def test_goes_at_once_when_it_turns_green():
    trace = drive_small(
        LANES, ROUTE, at(22.0), 13.0, 8.0, lights=shows((9.0, LightState.RED), (99.0, LightState.GREEN))
    )
    assert trace.speeds[round(8.9 / TICK)] < 0.1
    assert trace.speeds[round(10.5 / TICK)] > 1.0


def test_green_and_off_do_not_slow_it_down():
    free = drive_small(LANES, ROUTE, at(60.0), 6.0, 12.0)
    for state in (LightState.GREEN, LightState.OFF):
        trace = drive_small(LANES, ROUTE, at(60.0), 6.0, 12.0, lights=shows((99.0, state)))
        np.testing.assert_allclose(trace.speeds, free.speeds, atol=1e-6)


def test_yellow_far_off_is_a_stop():
    trace = drive_small(
        LANES, ROUTE, at(45.0), 12.0, 12.0, lights=shows((3.0, LightState.YELLOW), (99.0, LightState.RED))
    )
    assert trace.speeds[-1] < 0.05
    assert 0.5 < LINE - (trace.xy[-1, 0] + FRONT) < 3.0
    assert min(trace.accelerations) > -4.0


def test_yellow_close_by_is_passed_before_red():
    trace = drive_small(
        LANES, ROUTE, at(15.0), 6.0, 12.0, lights=shows((3.0, LightState.YELLOW), (99.0, LightState.RED))
    )
    crossed = int(np.argmax(trace.xy[:, 0] + FRONT > LINE)) * TICK
    assert 0.0 < crossed < 3.0
    assert min(trace.speeds) > 11.0


@pytest.mark.parametrize("distance", [18.0, 22.0, 26.0, 30.0, 36.0])
def test_yellow_never_ends_on_the_wrong_side(distance):
    trace = drive_small(
        LANES, ROUTE, at(distance), 12.0, 12.5, lights=shows((3.0, LightState.YELLOW), (99.0, LightState.RED))
    )
    over = trace.xy[:, 0] + FRONT > LINE
    crossed = int(np.argmax(over)) * TICK if over.any() else None
    assert crossed is None or crossed < 3.0
    assert min(trace.accelerations) > -4.5


def test_a_light_of_another_approach_does_not_matter():
    free = drive_small(LANES, ROUTE, at(60.0), 5.0, 12.0)
    other = roads.light(LANES, "north", LightState.RED)
    trace = drive_small(LANES, ROUTE, at(60.0), 5.0, 12.0, lights=roads.always(other))
    np.testing.assert_allclose(trace.speeds, free.speeds, atol=1e-6)
