"""How long to wait for the next message of somebody who may have died. Knows no clock and no topic."""

from __future__ import annotations

import math

LEAST_S = 0.05


class Patience:
    """Each miss halves the wait for the next, down to `LEAST_S`: whoever waits for the dead is soon done waiting.

    Any message restores it, a late one too: its sender is slow, not dead.

    Args:
        full_s: The wait for somebody who was heard [s].

    """

    def __init__(self, full_s: float) -> None:
        self._full_s = full_s
        self._misses_in_a_row = 0

    @property
    def wait_s(self) -> float:
        """How long to wait for the next message [s]."""
        return max(math.ldexp(self._full_s, -self._misses_in_a_row), min(LEAST_S, self._full_s))

    def missed(self) -> None:
        """A message did not come in time."""
        self._misses_in_a_row += 1

    def heard(self) -> None:
        """A message came."""
        self._misses_in_a_row = 0
