"""Decoding runs that the tests share, with and without a virtual clock."""

from __future__ import annotations

import torch

from test.decoding.denoisers import (
    LAYOUT,
    TimedDenoiser,
    VirtualClock,
)
from wam_ros.core import SE2, EgoState, Trajectory
from wam_ros.core.timing import Deadline
from wam_ros.decoding import (
    DecodedAnswer,
    DecodeSettings,
    Denoiser,
    Scenario,
    StepTimes,
    decode,
    metres_from_bins,
)
from wam_ros.decoding.layout import WAYPOINT_TIMES

MODES = {"pairs": (True, True), "single": (True, False), "free": (False, False)}
SCENARIO = Scenario(speed=8.0, route_curvature=0.0)


def with_mode(mode: str, **choices: object) -> DecodeSettings:
    scaffold, pairs = MODES[mode]
    return DecodeSettings(scaffold=scaffold, pairs=pairs, **choices)  # type: ignore[arg-type]


def unlimited(denoiser: Denoiser, choices: DecodeSettings) -> DecodedAnswer:
    return decode(denoiser, LAYOUT, choices, Deadline.unlimited(), scenario=SCENARIO)


def straight(answer: DecodedAnswer, speed: float = 5.0) -> Trajectory:
    """The trajectory of an answer's main plan, headings by chords."""
    ego = EgoState(0, "odom", SE2(0.0, 0.0, 0.0), speed)
    return Trajectory.from_waypoints(ego, WAYPOINT_TIMES, answer.waypoints[0].cpu().numpy())


def timed(
    denoiser: Denoiser, choices: DecodeSettings, budget: float, durations: list[float], known: StepTimes | None = None
) -> tuple[DecodedAnswer, float]:
    """The answer and by how much the deadline was passed [s]."""
    clock = VirtualClock()
    deadline = Deadline.after(budget, clock)
    slow = TimedDenoiser(denoiser, clock, durations)
    answer = decode(slow, LAYOUT, choices, deadline, known or StepTimes(), SCENARIO)
    assert slow.passes == answer.steps_done
    return answer, -deadline.remaining_s()


def assert_whole(answer: DecodedAnswer) -> None:
    assert not (answer.tokens == LAYOUT.mask_id).any()
    assert torch.isfinite(answer.numbers).all()
    assert answer.numbers.shape == (len(answer.tokens), 16)
    assert answer.numbers.dtype == torch.float64
    is_number = LAYOUT.is_number(answer.tokens[:, ::2])
    told = metres_from_bins(answer.tokens[:, ::2] - LAYOUT.number_base)
    assert torch.equal(answer.numbers[is_number], told[is_number])
    assert sum(answer.units_per_step) <= answer.commit_order.shape[1]
    assert torch.equal(answer.commit_order.sort(1).values[0], torch.arange(answer.commit_order.shape[1]))
