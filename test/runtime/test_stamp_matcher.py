from __future__ import annotations

import random
from typing import Any

import pytest

from wam_ros.core import ConfigError
from wam_ros.runtime import StampMatcher

MS = 1_000_000


def run(inputs: int, stream: list[tuple[int, int]], slop_ms: float = 30.0, queue: int = 5) -> list[tuple[int, ...]]:
    matcher: StampMatcher[int] = StampMatcher(inputs, queue, slop_ms / 1e3)
    found = [matcher.add(index, stamp, stamp) for index, stamp in stream]
    return [one for one in found if one is not None]


def camera_stream(seed: int, cameras: int = 3, frames: int = 60) -> list[tuple[int, int]]:
    """Frames of several cameras at 10 Hz with jitter, some lost, arriving a little out of order."""
    chance = random.Random(seed)
    items = []
    for frame in range(frames):
        for camera in range(cameras):
            if chance.random() < 0.1:
                continue
            stamp = frame * 100 * MS + chance.randint(-20, 20) * MS + camera  # no two stamps are equal
            items.append((stamp + chance.randint(0, 40) * MS, camera, stamp))
    return [(camera, stamp) for _, camera, stamp in sorted(items)]


def test_one_stream_passes_through() -> None:
    assert run(1, [(0, 5), (0, 9)]) == [(5,), (9,)]


def test_sets_span_less_than_the_slop_and_items_are_used_once() -> None:
    for seed in range(5):
        sets = run(3, camera_stream(seed))
        assert len(sets) > 20
        used = [stamp for one in sets for stamp in one]
        assert len(used) == len(set(used))
        assert all(max(one) - min(one) < 30 * MS for one in sets)


def test_the_nearest_is_taken() -> None:
    assert run(2, [(1, 90 * MS), (1, 99 * MS), (1, 120 * MS), (0, 100 * MS)]) == [(100 * MS, 99 * MS)]


def test_a_full_queue_drops_its_oldest() -> None:
    assert run(2, [(1, 0), (1, 500 * MS), (1, 600 * MS), (0, 1 * MS)], queue=2) == []


def test_nonsense_is_refused() -> None:
    with pytest.raises(ConfigError, match="0 inputs"):
        StampMatcher(0, 1, 0.1)


@pytest.mark.ros
@pytest.mark.parametrize("seed", range(8))
def test_message_filters_gives_the_same_sets(seed: int) -> None:
    """The same stream through ROS's own matcher, where it is installed."""
    filters = pytest.importorskip("message_filters")
    from sensor_msgs.msg import Image

    stream = camera_stream(seed)
    expected: list[tuple[int, ...]] = []

    def stamp_of(message: Any) -> int:
        return int(message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec)

    inputs = [filters.SimpleFilter() for _ in range(3)]
    matcher = filters.ApproximateTimeSynchronizer(inputs, 5, 0.030)
    matcher.registerCallback(lambda *messages: expected.append(tuple(stamp_of(m) for m in messages)))
    shift = 1_000_000_000  # message stamps cannot be negative
    for index, stamp in stream:
        message = Image()
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp + shift, 1_000_000_000)
        inputs[index].signalMessage(message)
    assert len(expected) > 20
    assert run(3, [(index, stamp + shift) for index, stamp in stream]) == expected
