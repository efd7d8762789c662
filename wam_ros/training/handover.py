"""Who drives when, in a drive of a learner: stretches of the expert, and rescues where the learner gets no further.

It knows where the ego is and how far the expert would go; neither world nor network.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from wam_ros.core.ego import EgoState
from wam_ros.core.geometry import Array
from wam_ros.core.polyline import Polyline
from wam_ros.core.timing import NS_PER_S

_STRETCH = (3.0, 8.0)  # s that one of the two drives
_CREEPS = 1.0  # m/s
_WISH = 3.0  # m within 3 s that the expert would go
_BLOCKS = 6.0  # s that the learner may stand in the way of that
_CLEAR = 10.0  # m that the expert drives on then: moments from here on are other moments
_FAR_OFF = 5.0  # m from the route
_STRAYS = 2.0  # s
_BACK = 1.5  # m from the route
_GIVEN_UP = 60.0  # s of a rescue; a red light fits in


class _Lasting:
    """How long something has been so."""

    def __init__(self) -> None:
        self._since: float | None = None

    def seconds(self, now: float, holds: bool) -> float:
        if not holds:
            self._since = None
            return 0.0
        self._since = now if self._since is None else self._since
        return now - self._since


@dataclass(frozen=True, eq=False)
class _Rescue:
    """The expert drives until this is over."""

    begun: float
    place: Array
    strayed: bool

    def is_over(self, place: Array, off_route: float) -> bool:
        return off_route < _BACK if self.strayed else float(np.hypot(*(place - self.place))) > _CLEAR


class Handover:
    """Tells at each planning step who drives; the same for the same seed and the same drive.

    Args:
        expert_share: Of the time, in stretches of 3 to 8 s, that the expert drives for no other reason.
        seed: Of the stretches.
        route: In the frame of the ego [m].

    """

    def __init__(self, expert_share: float, seed: int, route: Polyline) -> None:
        self._share = expert_share
        self._seed = seed
        self._route = route
        self.reset()

    def reset(self) -> None:
        """A new drive begins."""
        self._rng = random.Random(f"handover {self._seed}")
        self._until: float | None = None
        self._experts_stretch = False
        self._blocks, self._strays = _Lasting(), _Lasting()
        self._rescue: _Rescue | None = None
        self._given_up = False

    @property
    def given_up(self) -> bool:
        """Whether a rescue did not succeed within a minute."""
        return self._given_up

    def learner_drives(self, ego: EgoState, expert_way: Callable[[], float]) -> bool:
        """Whether it is the learner's turn.

        Args:
            ego: Now; times must not go back.
            expert_way: How far the expert would go within 3 s [m]; asked where the ego hardly moves.

        """
        now, place = ego.stamp_ns / NS_PER_S, ego.pose.position
        self._draw(now)
        off_route = self._route.project(place).distance
        if self._rescue is not None and self._rescue.is_over(place, off_route):
            self._rescue = None
        if self._rescue is None:
            learners = not self._experts_stretch
            blocks = learners and ego.speed < _CREEPS and expert_way() > _WISH
            blocked_s = self._blocks.seconds(now, blocks)
            strayed_s = self._strays.seconds(now, off_route > _FAR_OFF)
            if blocked_s <= _BLOCKS and strayed_s <= _STRAYS:
                return learners
            self._rescue = _Rescue(now, place, strayed_s > _STRAYS)
            self._blocks, self._strays = _Lasting(), _Lasting()
        self._given_up = now - self._rescue.begun > _GIVEN_UP
        return False

    def _draw(self, now: float) -> None:
        """Whose stretch it is."""
        if self._until is None:
            self._until = now
        while self._until <= now:
            self._until += self._rng.uniform(*_STRETCH)
            self._experts_stretch = self._rng.random() < self._share
