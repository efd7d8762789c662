"""Readings by frame: order of arrival, losses and phases, with a thread in the part of carla's."""

from __future__ import annotations

import random
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from wam_ros.carla_bridge.sensor_stream import EventStream, SensorStream
from wam_ros.core.errors import WorldError


def reading(frame: int) -> Any:
    return SimpleNamespace(frame=frame, text=f"reading {frame}")


def stream(period: int = 1, timeout_s: float = 0.02) -> Any:
    return SensorStream("front (sensor.camera.rgb)", period, timeout_s)


def test_a_reading_is_given_for_its_own_frame_whenever_it_comes() -> None:
    camera = stream(timeout_s=5.0)
    camera.put(reading(10))
    sender = threading.Timer(0.05, lambda: [camera.put(reading(frame)) for frame in (11, 12)])
    assert camera.take(10).frame == 10
    sender.start()
    assert camera.take(11).frame == 11  # not there yet when asked for
    assert camera.take(12).frame == 12  # there before it is asked for
    sender.join()
    assert camera.lost == 0


def test_frames_that_are_not_due_are_not_waited_for() -> None:
    camera = stream(period=3, timeout_s=60.0)
    for frame in (10, 13, 16):
        camera.put(reading(frame))
    begun = time.monotonic()
    given = {frame: camera.take(frame) for frame in range(10, 18)}
    assert time.monotonic() - begun < 30.0, "it waited for a frame that was not due"
    assert [frame for frame, found in given.items() if found is not None] == [10, 13, 16]
    assert all(found is None or found.frame == frame for frame, found in given.items())


def test_a_server_that_ignores_the_period_is_thinned_out() -> None:
    camera = stream(period=2)
    for frame in range(5, 12):
        camera.put(reading(frame))
    assert [frame for frame in range(5, 12) if camera.take(frame) is not None] == [5, 7, 9, 11]


def test_a_lost_reading_is_counted_and_the_phase_kept_or_found_anew() -> None:
    camera = stream(period=2)
    camera.put(reading(2))
    assert camera.take(2) is not None
    assert camera.take(3) is None
    assert camera.take(4) is None  # due, and lost
    assert camera.lost == 1
    camera.put(reading(5))  # the sensor has slipped by a frame
    assert camera.take(5).frame == 5
    assert camera.take(6) is None
    camera.put(reading(7))
    assert camera.take(7).frame == 7
    assert camera.lost == 1


def test_a_later_reading_tells_that_an_earlier_one_is_lost_without_waiting() -> None:
    camera = stream(timeout_s=60.0)
    camera.put(reading(1))
    camera.put(reading(3))
    begun = time.monotonic()
    assert camera.take(1).frame == 1
    assert camera.take(2) is None
    assert camera.take(3).frame == 3
    assert time.monotonic() - begun < 30.0


def test_a_silent_sensor_is_named() -> None:
    camera = stream()
    camera.put(reading(1))
    given = [camera.take(frame) for frame in range(1, 5)]
    assert given[1:] == [None, None, None]
    with pytest.raises(WorldError, match=r"front \(sensor.camera.rgb\) is silent.*reading is of frame 1;.*timeout"):
        camera.take(5)


def test_old_readings_are_dropped_and_never_taken_for_new_ones() -> None:
    camera = stream()
    for frame in (1, 2, 3):
        camera.put(reading(frame))
    assert camera.take(3).frame == 3
    assert camera.take(2) is None


def test_any_delay_gives_the_same_readings() -> None:
    """Whatever the delays, the frames that are given are the same."""
    rng = random.Random(3)
    camera = stream(period=2, timeout_s=10.0)
    sent = list(range(0, 40, 2))

    def send() -> None:
        for frame in sent:
            time.sleep(rng.uniform(0.0, 0.004))
            camera.put(reading(frame))

    thread = threading.Thread(target=send)
    thread.start()
    assert camera.wait_seen(time.monotonic() + 10.0)
    assert [frame for frame in range(40) if camera.take(frame) is not None] == sent
    thread.join()
    assert camera.lost == 0


def test_events_come_in_order_up_to_the_frame() -> None:
    events = EventStream()
    for frame in (3, 3, 5):
        events.put(reading(frame))
    assert events.take(2) == ()
    assert [event.frame for event in events.take(4)] == [3, 3]
    assert [event.frame for event in events.take(9)] == [5]
    assert events.take(9) == ()
