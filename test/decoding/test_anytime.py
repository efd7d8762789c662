from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from test.decoding.denoisers import (
    LAYOUT,
    RandomTransformer,
    two_drives,
)
from test.decoding.runs import MODES, assert_whole, timed, unlimited, with_mode
from wam_ros.core.errors import PlannerError
from wam_ros.core.timing import Deadline
from wam_ros.decoding import (
    AnytimeDecoder,
    DecodeOrder,
    DecodeSettings,
    NumberPosterior,
    ReadOut,
    StepTimes,
    candidate_rows,
    metres_from_bins,
)
from wam_ros.decoding.denoiser import guided


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("order", list(DecodeOrder))
@pytest.mark.parametrize("budget", [-1.0, 0.0, 0.035])
def test_never_a_mask_whatever_the_time(mode: str, order: DecodeOrder, budget: float) -> None:
    answer, _ = timed(RandomTransformer(1), with_mode(mode, order=order), budget, [0.01])
    assert_whole(answer)
    assert answer.steps_done == (1 if budget <= 0.0 else 3)  # 12.5 ms a step, by the first one
    assert not answer.complete
    assert answer.well_formed.all() or mode == "free"


def test_past_its_deadline_the_answer_is_the_first_pass_median() -> None:
    denoiser = RandomTransformer(2)
    answer, _ = timed(denoiser, DecodeSettings(read_out=ReadOut.ARGMAX), -5.0, [0.01])
    assert (answer.steps_done, answer.steps_planned, answer.units_per_step) == (1, 8, (8,))
    hidden = denoiser.hidden(LAYOUT.masked(1, scaffold=True))
    posterior = NumberPosterior(denoiser.number_logits(hidden[0, 0::2]))
    assert torch.equal(answer.numbers[0], metres_from_bins(posterior.median_bins()))
    assert torch.equal(answer.first_pass.logits, posterior.logits)


@pytest.mark.parametrize("mode", MODES)
def test_a_whole_answer_stands_ready_after_each_pass(mode: str) -> None:
    choices = with_mode(mode, order=DecodeOrder.BISECT)
    decoder = AnytimeDecoder(RandomTransformer(5), LAYOUT, choices, Deadline.unlimited(), candidate_rows(choices))
    more, committed, answers = True, 0, []
    while more:
        more = decoder.step()
        answers.append(decoder.answer())
        assert_whole(answers[-1])
        assert answers[-1].steps_done == len(answers)
        committed += answers[-1].units_per_step[-1]
        # Committed units are what they will stay.
        for earlier in answers:
            units = earlier.commit_order[0, : sum(earlier.units_per_step)].tolist()
            positions = [position for unit in units for position in choices.units.positions[unit]]
            assert torch.equal(earlier.tokens[0, positions], answers[-1].tokens[0, positions])
    assert committed == choices.units.count
    final = unlimited(RandomTransformer(5), choices)
    assert torch.equal(final.tokens, answers[-1].tokens)
    with pytest.raises(AssertionError, match="every unit is committed"):
        decoder.step()


class Counting:
    """Counts the numbers that are read."""

    def __init__(self, inner: RandomTransformer) -> None:
        self._inner = inner
        self.contexts = inner.contexts
        self.read: list[int] = []

    def hidden(self, tokens: torch.Tensor) -> torch.Tensor:
        return self._inner.hidden(tokens)

    def number_logits(self, hidden: torch.Tensor) -> torch.Tensor:
        self.read.append(hidden.shape[0] * hidden.shape[1])
        return self._inner.number_logits(hidden)

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        raise AssertionError(hidden.shape)


def test_in_a_known_order_only_what_is_committed_is_read() -> None:
    known, confident = Counting(RandomTransformer(6)), Counting(RandomTransformer(6))
    unlimited(known, DecodeSettings())
    assert known.read == [16] + [2] * 7
    unlimited(confident, DecodeSettings(DecodeOrder.CONFIDENCE))
    assert confident.read == list(range(16, 0, -2))
    with_guidance = Counting(RandomTransformer(6, contexts=2))
    unlimited(with_guidance, DecodeSettings(guidance=1.0, candidates=3))
    assert with_guidance.read == [96] + [12] * 7
    hung = Counting(RandomTransformer(6))
    timed(hung, DecodeSettings(), 0.2, [0.01, 0.01, 5.0])
    assert hung.read == [16, 2, 12]  # no time for more: all the rest at once


@pytest.mark.parametrize("order", [DecodeOrder.REVERSE_CAUSAL, DecodeOrder.CONFIDENCE])
@pytest.mark.parametrize("contexts", [1, 2])
def test_what_is_open_is_read_from_the_latest_pass(order: DecodeOrder, contexts: int) -> None:
    choices = DecodeSettings(order, guidance=1.0 if contexts == 2 else 0.0, read_out=ReadOut.ARGMAX, candidates=3)
    denoiser = RandomTransformer(7, contexts)
    decoder = AnytimeDecoder(denoiser, LAYOUT, choices, Deadline.unlimited(), candidate_rows(choices))
    more = True
    while more:
        more = decoder.step()
        answer = decoder.answer()
        hidden = denoiser.hidden(denoiser.passes[-1])[:, 0::2]
        medians = NumberPosterior(guided(denoiser.number_logits(hidden), choices.guidance, 1e-3)).median_bins()
        committed = sum(answer.units_per_step)
        for row, candidate in enumerate(answer.candidates):
            still_open = answer.commit_order[row, committed:]
            numbers = torch.stack([2 * still_open, 2 * still_open + 1], -1).flatten()
            told = answer.tokens[row, 2 * numbers] - LAYOUT.number_base
            if answer.steps_done > 1 or candidate == 0:  # the first pass reads other candidates at other quantiles
                assert torch.equal(told, medians[candidate, numbers])


durations = st.lists(st.floats(1e-4, 0.3), min_size=1, max_size=9)


@settings(max_examples=40, deadline=None)
@given(st.floats(-0.1, 1.0), st.floats(-0.1, 1.0), durations, st.sampled_from(["pairs", "single"]))
def test_more_budget_never_fewer_steps(one: float, other: float, seconds: list[float], mode: str) -> None:
    denoiser = two_drives()
    counts = [timed(denoiser, with_mode(mode), budget, seconds)[0].steps_done for budget in sorted((one, other))]
    assert counts[0] <= counts[1]


@settings(max_examples=40, deadline=None)
@given(st.floats(0.0, 0.2), st.lists(st.floats(0.003, 0.015), min_size=8, max_size=8))
def test_the_deadline_holds_under_jitter(budget: float, seconds: list[float]) -> None:
    answer, overrun = timed(two_drives(), DecodeSettings(), budget, seconds, StepTimes((0.015,) * 3))
    assert_whole(answer)
    assert overrun <= max(0.0, seconds[0] - budget) + 1e-6  # only the first pass may be late
    assert answer.step_times.seconds[3:] == pytest.approx(seconds[: answer.steps_done])


def test_a_step_that_hangs_is_the_last() -> None:
    answer, overrun = timed(two_drives(), DecodeSettings(), 0.2, [0.01, 0.01, 5.0, 0.01])
    assert_whole(answer)
    assert answer.steps_done == 3
    assert overrun == pytest.approx(5.02 - 0.2)


class Broken:
    """A model whose weights go bad after some passes."""

    contexts = 1

    def __init__(self, good_passes: int) -> None:
        self._inner, self._left = two_drives(), good_passes

    def hidden(self, tokens: torch.Tensor) -> torch.Tensor:
        self._left -= 1
        hidden = self._inner.hidden(tokens)
        return hidden if self._left >= 0 else hidden * math.nan

    def number_logits(self, hidden: torch.Tensor) -> torch.Tensor:
        return self._inner.number_logits(hidden)

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        return self._inner.logits(hidden)


def test_logits_that_are_not_finite() -> None:
    with pytest.raises(PlannerError, match="pass 1 gave logits that are not finite"):
        unlimited(Broken(0), DecodeSettings())
    answer = unlimited(Broken(3), DecodeSettings())
    assert_whole(answer)
    assert answer.steps_done == 3
    assert not answer.complete
    assert answer.fault == "pass 4 gave logits that are not finite"
    assert (answer.waypoints[0] - two_drives().means[0].reshape(8, 2)).abs().median() < 0.01
