"""What one sensor sends, sorted by the frame it was measured in. Knows no server: anything with `.frame` will do."""

from __future__ import annotations

import queue
import time
from typing import Any

from wam_ros.core.errors import WorldError

_TOLERATED_LOSSES = 3


class SensorStream:
    """Readings of one sensor by frame.

    A sensor that measures every n-th frame tells by its first reading which frames those are. Only frames that are due
    are waited for and given out. When one does not come it is counted, and the next reading, whichever frame it is of,
    sets the phase anew.

    Args:
        name: Id and type, for messages.
        period: Frames between two readings, at least 1.
        timeout_s: The longest wait for a reading that is due [s].

    """

    def __init__(self, name: str, period: int, timeout_s: float) -> None:
        self.name = name
        self.period = period
        self.lost = 0  # frames in which a reading was due and did not come in time
        self._timeout_s = timeout_s
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._pending: dict[int, Any] = {}
        self._newest: int | None = None  # frame of the last reading that came
        self._anchor: int | None = None  # a frame of the present phase; None = not known
        self._lost_in_a_row = 0

    def put(self, reading: Any) -> None:
        """Take a reading; called from carla's threads."""
        self._queue.put(reading)

    @property
    def seen(self) -> bool:
        """Whether a reading has ever come."""
        self._drain()
        return self._newest is not None

    def wait_seen(self, deadline: float) -> bool:
        """Wait for the first reading until a time of time.monotonic()."""
        while not self.seen:
            if not self._receive(deadline - time.monotonic()):
                return self.seen
        return True

    def is_due(self, frame: int) -> bool:
        """Whether a reading of this frame is to be expected: while the phase is not known, each could be it."""
        self._drain()
        return self._anchor is None or (frame - self._anchor) % self.period == 0

    def take(self, frame: int) -> Any | None:
        """The reading of a frame that is due, waited for; None if there is none. Older readings are dropped.

        Raises:
            WorldError: The sensor has been silent for several due frames in a row.

        """
        due = self.is_due(frame)
        deadline = time.monotonic() + self._timeout_s
        while due and frame not in self._pending and not self._is_past(frame):
            if not self._receive(deadline - time.monotonic()):
                break
        reading = self._pending.get(frame) if due else None
        self._pending = {number: other for number, other in self._pending.items() if number > frame}
        if reading is not None:
            self._anchor, self._lost_in_a_row = frame, 0
        elif due:
            self._count_loss(frame)
        return reading

    def _is_past(self, frame: int) -> bool:
        """Whether a later frame has come already: this one never will."""
        return self._newest is not None and self._newest > frame

    def _count_loss(self, frame: int) -> None:
        self.lost += 1
        self._lost_in_a_row += 1
        self._anchor = min(self._pending, default=None)
        if self._lost_in_a_row > _TOLERATED_LOSSES * self.period:
            msg = (
                f"sensor {self.name} is silent: nothing in {self._lost_in_a_row} frames up to {frame}, waited "
                f"{self._timeout_s:g} s for each, its last reading is of frame {self._newest}; "
                "look at the server's log, or allow it more time (sensor_timeout_s)"
            )
            raise WorldError(msg)

    def _drain(self) -> None:
        while not self._queue.empty():
            self._store(self._queue.get())

    def _receive(self, timeout_s: float) -> bool:
        if timeout_s <= 0.0:
            return False
        try:
            self._store(self._queue.get(timeout=timeout_s))
        except queue.Empty:
            return False
        return True

    def _store(self, reading: Any) -> None:
        frame = int(reading.frame)
        self._pending[frame] = reading
        if self._newest is None:
            self._anchor = frame
        self._newest = frame


class EventStream:
    """What a sensor sends only when something happens, such as a collision: in order, nothing is waited for."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._pending: list[Any] = []

    def put(self, event: Any) -> None:
        """Take an event; called from carla's threads."""
        self._queue.put(event)

    def take(self, frame: int) -> tuple[Any, ...]:
        """All events up to and including a frame that have not been taken yet."""
        while not self._queue.empty():
            self._pending.append(self._queue.get())
        taken = tuple(event for event in self._pending if event.frame <= frame)
        self._pending = [event for event in self._pending if event.frame > frame]
        return taken
