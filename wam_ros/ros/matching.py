"""Brings images of several cameras together: with message_filters where it is installed, else with our own matcher."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from wam_ros.core.from_messages import stamp_to_ns
from wam_ros.runtime import StampMatcher

_QUEUE_SIZE = 5


class ImageMatching(Protocol):
    """Takes messages of several streams, calls back with sets of them."""

    def add(self, index: int, message: Any) -> None:
        """A message with a header, of stream `index`."""


class MessageFiltersMatching:
    """By message_filters.ApproximateTimeSynchronizer."""

    def __init__(self, inputs: int, slop_s: float, on_set: Callable[..., None]) -> None:
        import message_filters

        self._filters = [message_filters.SimpleFilter() for _ in range(inputs)]
        self._synchronizer = message_filters.ApproximateTimeSynchronizer(self._filters, _QUEUE_SIZE, slop_s)
        self._synchronizer.registerCallback(on_set)

    def add(self, index: int, message: Any) -> None:
        """A message of stream `index`."""
        self._filters[index].signalMessage(message)


class OwnMatching:
    """By StampMatcher, which keeps the same contract."""

    def __init__(self, inputs: int, slop_s: float, on_set: Callable[..., None]) -> None:
        self._matcher: StampMatcher[Any] = StampMatcher(inputs, _QUEUE_SIZE, slop_s)
        self._on_set = on_set

    def add(self, index: int, message: Any) -> None:
        """A message of stream `index`."""
        matched = self._matcher.add(index, stamp_to_ns(message.header.stamp), message)
        if matched is not None:
            self._on_set(*matched)


def image_matching(inputs: int, slop_s: float, on_set: Callable[..., None]) -> ImageMatching:
    """The matcher that this machine has; `on_set` gets one message of each stream, in order."""
    try:
        return MessageFiltersMatching(inputs, slop_s, on_set)
    except ImportError:
        return OwnMatching(inputs, slop_s, on_set)
