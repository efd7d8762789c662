"""Where and when own boxes meet those of others, now or when moved ahead at constant velocity: sparse events."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wam_ros.core.geometry import Array
from wam_ros.metrics.navsim.boxes import BoolArray, Boxes, boxes_meet
from wam_ros.metrics.navsim.layout import DT, HALF_LENGTH, HALF_WIDTH, STATES
from wam_ros.metrics.navsim.traffic import Tracks

IntArray = NDArray[np.intp]

LOOKAHEADS = (0, 3, 6, 9)
"""Steps by which own boxes are moved ahead: 0, 0.3, 0.6, 0.9 s."""

_BEHIND = math.cos(math.radians(150.0))
_AHEAD = math.cos(math.radians(30.0))
_EGO_RADIUS = math.hypot(HALF_LENGTH, HALF_WIDTH)


@dataclass(frozen=True, eq=False)
class Encounters:
    """E events; each is one own box that meets one other box.

    Fields:
        proposal, step, agent: (E,) which proposal, at which own state, which agent.
        lookahead: (E,) steps by which the own box was moved ahead; the other box is that of step + lookahead.
        ahead, behind: (E,) whether the agent's centre is within 30 degrees of the heading, seen from the rear axle,
            or beyond 150 degrees.

    """

    proposal: IntArray
    step: IntArray
    agent: IntArray
    lookahead: IntArray
    ahead: BoolArray
    behind: BoolArray

    def among(self, mask: BoolArray) -> Encounters:
        """The events that a mask (E,) selects."""
        return Encounters(
            self.proposal[mask],
            self.step[mask],
            self.agent[mask],
            self.lookahead[mask],
            self.ahead[mask],
            self.behind[mask],
        )

    @classmethod
    def joined(cls, parts: Sequence[Encounters]) -> Encounters:
        """The events of several sets, one set after the other."""
        return cls(
            np.concatenate([part.proposal for part in parts]),
            np.concatenate([part.step for part in parts]),
            np.concatenate([part.agent for part in parts]),
            np.concatenate([part.lookahead for part in parts]),
            np.concatenate([part.ahead for part in parts]),
            np.concatenate([part.behind for part in parts]),
        )


def find_encounters(own: Boxes, speeds: Array, rear_axles: Array, tracks: Tracks) -> Encounters:
    """All events of own boxes (N, 41) with speeds (N, 41) and rear axles (N, 41, 2), as far as the tracks reach."""
    return Encounters.joined([_meetings(own, speeds, rear_axles, tracks, lookahead) for lookahead in LOOKAHEADS])


def _meetings(own: Boxes, speeds: Array, rear_axles: Array, tracks: Tracks, lookahead: int) -> Encounters:
    steps = min(STATES, len(tracks.present) - lookahead)
    others = tracks.boxes
    shift = own.axis * (speeds * (lookahead * DT))[..., None] if lookahead else None
    middle = own.center if shift is None else own.center + shift
    own_x, own_y = np.ascontiguousarray(middle[:, :steps].transpose(2, 1, 0))  # each (K, N)
    other_x, other_y = others.center[lookahead : lookahead + steps].transpose(2, 0, 1)  # each (K, A)
    reach = _EGO_RADIUS + np.hypot(others.half_length, others.half_width)  # (A,)

    # First whom any proposal can reach, then which proposal can; few pairs are left for the exact test.
    near = tracks.present[lookahead : lookahead + steps].copy()
    for mine, theirs in ((own_x, other_x), (own_y, other_y)):
        near &= (theirs > mine.min(axis=1)[:, None] - reach) & (theirs < mine.max(axis=1)[:, None] + reach)
    step, agent = np.nonzero(near)
    distance, across = own_x[step], own_y[step]  # (R, N), to be squared in place
    distance -= other_x[step, agent, None]
    distance *= distance
    across -= other_y[step, agent, None]
    across *= across
    distance += across
    pair, proposal = np.nonzero(distance <= np.square(reach[agent])[:, None])
    step, agent = step[pair], agent[pair]

    mine = own.pick(proposal, step, None if shift is None else shift[proposal, step])
    theirs = others.pick(step + lookahead, agent)
    meet = boxes_meet(mine, theirs)
    proposal, step, agent = proposal[meet], step[meet], agent[meet]
    offset = theirs.center[meet] - rear_axles[proposal, step]
    along = (offset * mine.axis[meet]).sum(axis=-1)
    radius = np.hypot(offset[:, 0], offset[:, 1])
    return Encounters(
        proposal, step, agent, np.full_like(step, lookahead), along > _AHEAD * radius, along < _BEHIND * radius
    )


def valid_faults(events: Encounters, fault: BoolArray, proposals: int, agents: int) -> BoolArray:
    """(E,) the faults that count: from the first event without fault on, a proposal's events with that agent do not.

    NAVSIM looks at events by own state, then by look-ahead.

    Args:
        events: All that are to be looked at.
        fault: (E,) which of them are faults.
        proposals: Their number.
        agents: Their number.

    """
    order = events.step * (max(LOOKAHEADS) + 1) + events.lookahead
    ignored_from = np.full((proposals, agents), np.iinfo(np.intp).max)
    harmless = ~fault
    np.minimum.at(ignored_from, (events.proposal[harmless], events.agent[harmless]), order[harmless])
    counts: BoolArray = fault & (order < ignored_from[events.proposal, events.agent])
    return counts
