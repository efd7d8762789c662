"""Matches items of several inputs whose stamps are near each other.

The contract is that of message_filters' ApproximateTimeSynchronizer, which is used where ROS has it installed: a set is
given as soon as the item that completes it comes, each item is used once, the sets nearest to the newest item are
tried first, and a set is good if its stamps span less than the slop. A queue that is full drops its oldest item.
"""

from __future__ import annotations

import itertools
from typing import Generic, TypeVar

from wam_ros.core.errors import ConfigError
from wam_ros.core.timing import NS_PER_S

T = TypeVar("T")


class StampMatcher(Generic[T]):
    """Approximate-time matching of `inputs` streams.

    Args:
        inputs: Number of streams.
        queue_size: Items kept per stream.
        slop_s: Greatest difference between stamps of one set [s].

    """

    def __init__(self, inputs: int, queue_size: int, slop_s: float) -> None:
        if inputs < 1 or queue_size < 1 or not slop_s >= 0.0:
            msg = f"matcher of {inputs} inputs, queue {queue_size}, slop {slop_s} s: wanted at least 1, 1 and 0"
            raise ConfigError(msg)
        self._queues: list[dict[int, T]] = [{} for _ in range(inputs)]
        self._queue_size = queue_size
        self._slop_ns = round(slop_s * NS_PER_S)

    def clear(self) -> None:
        """Forget everything."""
        for queue in self._queues:
            queue.clear()

    def add(self, index: int, stamp_ns: int, item: T) -> tuple[T, ...] | None:
        """Take in an item of stream `index`; gives the set, in order of the streams, that it completes."""
        queue = self._queues[index]
        queue[stamp_ns] = item
        while len(queue) > self._queue_size:
            del queue[min(queue)]
        if stamp_ns not in queue:
            return None
        near = [
            [stamp_ns]
            if other == index
            else sorted(
                (stamp for stamp in stamps if abs(stamp - stamp_ns) <= self._slop_ns),
                key=lambda stamp: abs(stamp - stamp_ns),
            )
            for other, stamps in enumerate(self._queues)
        ]
        for stamps in itertools.product(*near):
            if len(stamps) == 1 or max(stamps) - min(stamps) < self._slop_ns:
                return tuple(queue.pop(stamp) for queue, stamp in zip(self._queues, stamps))
        return None
