"""One thread that calls functions at given times of the monotonic clock. Knows nothing of planning or ROS."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable

from wam_ros.core.timing import NS_PER_S


class AlarmThread:
    """Calls functions at their times, in order of time, on a thread of its own.

    The functions must be quick. One that raises is told to `on_error`, and the thread goes on: a guarantee rests on it.
    """

    def __init__(self, name: str, on_error: Callable[[Exception], None]) -> None:
        self._on_error = on_error
        self._wake = threading.Condition()
        self._order = itertools.count()
        self._alarms: list[tuple[int, int, Callable[[], None]]] = []
        self._running = True
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether alarms still go off."""
        return self._thread.is_alive()

    def at(self, when_ns: int, function: Callable[[], None]) -> None:
        """Call `function` at `when_ns` of time.monotonic_ns(), or at once if that has passed."""
        with self._wake:
            heapq.heappush(self._alarms, (when_ns, next(self._order), function))
            self._wake.notify()

    def stop(self, timeout_s: float = 1.0) -> None:
        """Forget what is to come and end the thread."""
        with self._wake:
            self._running = False
            self._alarms.clear()
            self._wake.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while (function := self._next()) is not None:
            try:
                function()
            except Exception as err:  # noqa: BLE001, PERF203  # the edge of a thread: the next alarm must go off all the same
                self._on_error(err)

    def _next(self) -> Callable[[], None] | None:
        """Wait for the next alarm that is due; None once stopped."""
        with self._wake:
            while self._running:
                if not self._alarms:
                    self._wake.wait()
                    continue
                left_ns = self._alarms[0][0] - time.monotonic_ns()
                if left_ns <= 0:
                    return heapq.heappop(self._alarms)[2]
                self._wake.wait(left_ns / NS_PER_S)
        return None
