from __future__ import annotations

import math

import pytest
import torch

from test.decoding.denoisers import (
    LAYOUT,
    MixtureDenoiser,
    RandomTransformer,
    one_drive,
    two_drives,
)
from test.decoding.runs import MODES, SCENARIO, assert_whole, timed, unlimited, with_mode
from wam_ros.core.errors import ConfigError, InputError
from wam_ros.core.timing import Deadline
from wam_ros.decoding import (
    DecodeOrder,
    DecodeSettings,
    EarlyCommit,
    MaskSchedule,
    OrderingConfidence,
    ReadOut,
    decode,
)
from wam_ros.decoding.orders import number_sequence


def test_commits_are_read_as_asked_and_late_infills_are_medians() -> None:
    # Three drives of which the likeliest is the slowest: argmax and median differ.
    times = torch.arange(1, 9, dtype=torch.float64) / 2
    means = torch.stack([torch.stack([v * times, 0 * times], -1).flatten() for v in (4.0, 8.0, 10.0)])
    denoiser = MixtureDenoiser(means, torch.full((3, 16), 0.2), torch.tensor([0.4, 0.35, 0.25]))
    assert unlimited(denoiser, DecodeSettings(read_out=ReadOut.ARGMAX)).numbers[0, 14] == pytest.approx(16.0)
    late, _ = timed(denoiser, DecodeSettings(read_out=ReadOut.ARGMAX), 0.0, [0.01])
    assert 31.0 < late.numbers[0, 14] < 33.0
    at_once = unlimited(denoiser, DecodeSettings(read_out=ReadOut.ARGMAX, steps=1))
    assert at_once.numbers[0, 14] == pytest.approx(16.0)  # planned so, not late
    mean = unlimited(denoiser, DecodeSettings(read_out=ReadOut.MEAN, steps=1))
    assert mean.numbers[0, 14] == pytest.approx(0.4 * 16 + 0.35 * 32 + 0.25 * 40, abs=0.05)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("order", list(DecodeOrder))
def test_unlimited_time_takes_every_unit_by_itself_in_its_order(mode: str, order: DecodeOrder) -> None:
    choices = with_mode(mode, order=order, seed=3)
    units = choices.units
    denoiser = RandomTransformer(3)
    answer = unlimited(denoiser, choices)
    assert_whole(answer)
    assert answer.steps_done == answer.steps_planned == units.count == len(denoiser.passes)
    assert answer.complete
    assert answer.units_per_step == (1,) * units.count
    sequence = number_sequence(order, units, 3, SCENARIO)
    if sequence is not None:
        numbers = [unit for unit in answer.commit_order[0].tolist() if unit in units.number_units]
        assert tuple(numbers) == sequence
    # What the model was shown: one more unit each time, and what was shown once stays.
    for done, (before, after) in enumerate(zip(denoiser.passes, denoiser.passes[1:])):
        unit = int(answer.commit_order[0, done])
        changed = (before != after)[0].nonzero().flatten().tolist()
        assert tuple(changed) == units.positions[unit]
        assert (before[0, changed] == LAYOUT.mask_id).all()
    last = denoiser.passes[-1]
    assert (last[last != LAYOUT.mask_id] == answer.tokens[last != LAYOUT.mask_id]).all()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("schedule", list(MaskSchedule))
@pytest.mark.parametrize("steps", [1, 3, 8])
def test_planned_steps_are_made(mode: str, schedule: MaskSchedule, steps: int) -> None:
    answer = unlimited(RandomTransformer(4), with_mode(mode, schedule=schedule, steps=steps))
    assert answer.steps_done == answer.steps_planned == steps == len(answer.units_per_step)
    assert sum(answer.units_per_step) == with_mode(mode).units.count


@pytest.mark.parametrize("confidence", list(OrderingConfidence))
def test_the_surest_are_committed_first(confidence: OrderingConfidence) -> None:
    choices = DecodeSettings(DecodeOrder.CONFIDENCE, confidence=confidence, window_m=0.02)
    assert unlimited(one_drive(), choices).commit_order[0].tolist() == list(range(8))
    backwards = one_drive()
    backwards.sigmas = backwards.sigmas.flip(-1)
    assert unlimited(backwards, choices).commit_order[0].tolist() == list(range(7, -1, -1))


def test_a_pair_is_as_sure_as_both_of_its_numbers_together() -> None:
    denoiser = one_drive()
    # Half widths in sigmas that hold 0.6 and 0.6, product 0.36; 0.5 and 0.9, product 0.45; and next to nothing.
    z = torch.full((16,), 0.01, dtype=torch.float64)
    z[:4] = torch.tensor([0.8416, 0.8416, 0.6745, 1.6449])
    denoiser.sigmas = 0.255 / z[None]
    assert unlimited(denoiser, DecodeSettings(DecodeOrder.CONFIDENCE)).commit_order[0, :2].tolist() == [1, 0]


class EqualFromSecondPass(MixtureDenoiser):
    """All units are alike, save that the first pass is the surer the later."""

    def hidden(self, tokens: torch.Tensor) -> torch.Tensor:
        self.sigmas = torch.full((1, 16), 0.5, dtype=torch.float64)
        if not self.passes:
            self.sigmas = torch.linspace(1.0, 0.1, 8, dtype=torch.float64).repeat_interleave(2)[None]
        return super().hidden(tokens)


def test_equally_sure_units_keep_the_order_of_time() -> None:
    denoiser = EqualFromSecondPass(torch.full((1, 16), 5.0), torch.ones(1, 16), torch.ones(1))
    answer = unlimited(denoiser, DecodeSettings(DecodeOrder.CONFIDENCE))
    assert answer.commit_order[0].tolist() == [7, *range(7)]


class LikesMasks(RandomTransformer):
    """Would put a mask, or else padding, everywhere."""

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        logits = super().logits(hidden)
        logits[..., LAYOUT.mask_id] += 1000.0
        logits[..., 3] += 500.0
        return logits


@pytest.mark.parametrize("steps", [1, 4, 32])
def test_the_mask_and_forbidden_tokens_are_never_committed(steps: int) -> None:
    padded = unlimited(LikesMasks(9), DecodeSettings.reference(steps))
    assert (padded.tokens == 3).all()
    assert not padded.well_formed.any()
    assert_whole(padded)  # numbers are there all the same
    plain = DecodeSettings(scaffold=False, pairs=False, steps=steps, forbidden=(3,))
    assert not (unlimited(LikesMasks(9), plain).tokens[..., None] == torch.tensor([LAYOUT.mask_id, 3])).any()


def test_committed_numbers_decide_for_the_rest() -> None:
    # First-pass medians of a fork lie at the inner rim of the likelier branch; after a commit the other is ruled out.
    fork = two_drives(left=0.6)
    for order in DecodeOrder:
        answer = unlimited(fork, DecodeSettings(order))
        error = (answer.waypoints[0] - fork.means[0].reshape(8, 2)).abs().amax(-1)
        assert error.max() < 0.6  # what is committed first is a median of both, at the inner rim of one
        assert error.median() < 0.01
    first_pass_only, _ = timed(two_drives(left=0.501), DecodeSettings(), 0.0, [0.01])
    assert abs(first_pass_only.waypoints[0, 7, 1]) < 2.9  # between the branches
    more = unlimited(two_drives(left=0.501), DecodeSettings())
    assert (more.waypoints[0, :7] - fork.means[0].reshape(8, 2)[:7]).abs().max() < 0.3


def test_same_seed_same_answer() -> None:
    choices = with_mode("single", order=DecodeOrder.RANDOM, seed=5, candidates=4)
    one, two = (unlimited(RandomTransformer(6), choices) for _ in range(2))
    assert torch.equal(one.tokens, two.tokens)
    assert torch.equal(one.scores, two.scores)
    assert torch.equal(one.commit_order, two.commit_order)
    other = unlimited(RandomTransformer(6), with_mode("single", order=DecodeOrder.RANDOM, seed=6))
    assert not torch.equal(one.commit_order[0], other.commit_order[0])


def test_guidance_needs_its_context() -> None:
    with pytest.raises(ConfigError, match="guidance = 2 needs a second context"):
        unlimited(RandomTransformer(7), DecodeSettings(guidance=2.0))


def test_guidance_goes_away_from_the_promptless_belief() -> None:
    plain = unlimited(RandomTransformer(7), DecodeSettings())
    unguided = unlimited(RandomTransformer(7, contexts=2), DecodeSettings())
    # Same seed, but the second context's prompt is drawn too: take the twin's weights.
    twin, two = RandomTransformer(7, contexts=2), RandomTransformer(7, contexts=2)
    twin.prompts, twin.contexts = twin.prompts[:1], 1
    assert torch.equal(unguided.tokens, unlimited(twin, DecodeSettings()).tokens)
    assert plain.tokens.shape == unguided.tokens.shape
    guided = unlimited(two, DecodeSettings(guidance=1.5, guidance_floor=0.0))
    hidden = two.hidden(LAYOUT.masked(1, scaffold=True))[:, 0::2]
    conditional, unconditional = two.number_logits(hidden)
    assert torch.equal(guided.first_pass.logits, unconditional + 2.5 * (conditional - unconditional))


@pytest.mark.parametrize("early", [EarlyCommit.FACTOR, EarlyCommit.THRESHOLD])
def test_early_commits_save_steps_where_the_model_is_sure(early: EarlyCommit) -> None:
    level = 0.9 if early is EarlyCommit.THRESHOLD else 1.0
    choices = DecodeSettings(DecodeOrder.CONFIDENCE, early_commit=early, early_level=level)
    sure = unlimited(one_drive(sigma_at_4_s=0.02), choices)
    assert_whole(sure)
    assert (sure.steps_done, sure.steps_planned, sure.units_per_step) == (1, 1, (8,))
    lost = unlimited(one_drive(sigma_at_4_s=30.0), choices)
    assert (lost.steps_done, lost.steps_planned) == (8, 8)


def test_the_factor_rule_takes_the_longest_run() -> None:
    # With one number a unit and confidence c each, n are accepted while c >= 1 - 1 / (n + 1), so n <= c / (1 - c).
    denoiser = one_drive()
    z = 1.0364  # half width in sigmas that holds 0.70
    denoiser.sigmas = torch.full((1, 16), 0.255 / z, dtype=torch.float64)  # the window is 51 bins wide
    choices = with_mode("single", order=DecodeOrder.CONFIDENCE, early_commit=EarlyCommit.FACTOR)
    assert unlimited(denoiser, choices).units_per_step == (2,) * 8
    assert math.floor(0.70 / 0.30) == 2


def test_the_scenario_order_needs_its_scenario() -> None:
    with pytest.raises(InputError, match="was given no scenario"):
        decode(two_drives(), LAYOUT, DecodeSettings(DecodeOrder.SCENARIO), Deadline.unlimited())


def test_the_mode_is_told() -> None:
    assert unlimited(two_drives(), DecodeSettings(steps=2)).mode == DecodeSettings(steps=2).mode


@pytest.mark.gpu
def test_on_a_gpu_as_on_the_cpu() -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    device = torch.device("cuda")

    class Moved:
        """The CPU's model behind tensors on the GPU, so that both see the same logits."""

        contexts = 1

        def __init__(self) -> None:
            self._inner = RandomTransformer(8)

        def hidden(self, tokens: torch.Tensor) -> torch.Tensor:
            assert tokens.is_cuda
            return self._inner.hidden(tokens.cpu()).to(device)

        def number_logits(self, hidden: torch.Tensor) -> torch.Tensor:
            return self._inner.number_logits(hidden.cpu()).to(device)

        def logits(self, hidden: torch.Tensor) -> torch.Tensor:
            return self._inner.logits(hidden.cpu()).to(device)

    for mode in MODES:
        for read_out in ReadOut:
            choices = with_mode(mode, read_out=read_out, order=DecodeOrder.CONFIDENCE)
            there = decode(Moved(), LAYOUT, choices, Deadline.unlimited(), scenario=SCENARIO, device=device)
            here = unlimited(RandomTransformer(8), choices)
            assert (there.numbers.cpu() - here.numbers).abs().max() < 0.02  # a median may fall on the next bin
