"""The decoder against the published LLaDA loop of low-confidence remasking, written here from its description."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from test.decoding.denoisers import LAYOUT, RandomTransformer
from wam_ros.core.timing import Deadline
from wam_ros.decoding import DecodeOrder, DecodeSettings, decode
from wam_ros.decoding.layout import ANSWER_LENGTH

FORBIDDEN = (3,)
RAMP = torch.linspace(0.1, 0.99, 16, dtype=torch.float64)


def published_loop(
    denoiser: RandomTransformer, steps: int, guidance: float = 0.0, ramp: Tensor | None = None
) -> tuple[Tensor, list[set[int]]]:
    """One block of 32 masks. `ramp` (16,) takes the place of the numbers' confidence."""
    x = torch.full((1, ANSWER_LENGTH), LAYOUT.mask_id)
    masks = ANSWER_LENGTH
    commits = []
    for step in range(steps):
        count = masks // steps + (1 if step < masks % steps else 0)
        masked = x == LAYOUT.mask_id
        logits = denoiser.logits(denoiser.hidden(x))
        if denoiser.contexts == 2:
            conditional, unconditional = logits[:1], logits[1:]
            logits = unconditional + (guidance + 1) * (conditional - unconditional)
        logits[..., [LAYOUT.mask_id, *FORBIDDEN]] = -torch.inf
        x0 = logits.argmax(-1)
        probabilities = torch.softmax(logits.to(torch.float64), dim=-1)
        confidence = probabilities.gather(-1, x0[..., None])[..., 0]
        if ramp is not None:
            confidence[:, 0::2] = ramp
        confidence = torch.where(masked, confidence, -torch.inf)
        chosen = confidence[0].topk(count).indices
        x[0, chosen] = x0[0, chosen]
        commits.append(set(chosen.tolist()))
    return x, commits


def ours(denoiser: RandomTransformer, settings: DecodeSettings) -> tuple[Tensor, list[set[int]]]:
    answer = decode(denoiser, LAYOUT, settings, Deadline.unlimited())
    assert answer.steps_done == answer.steps_planned == settings.steps
    units = iter(answer.commit_order[0].tolist())
    return answer.tokens, [{next(units) for _ in range(count)} for count in answer.units_per_step]


def settings_of(steps: int, order: DecodeOrder, guidance: float = 0.0) -> DecodeSettings:
    plain = DecodeSettings.reference(steps, order)
    return DecodeSettings(
        order=plain.order,
        scaffold=plain.scaffold,
        pairs=plain.pairs,
        steps=steps,
        read_out=plain.read_out,
        confidence=plain.confidence,
        guidance=guidance,
        guidance_floor=0.0,
        forbidden=FORBIDDEN,
    )


@pytest.mark.parametrize("steps", [1, 2, 5, 8, 31, 32])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_low_confidence_remasking(seed: int, steps: int) -> None:
    want, want_commits = published_loop(RandomTransformer(seed), steps)
    got, commits = ours(RandomTransformer(seed), settings_of(steps, DecodeOrder.CONFIDENCE))
    assert torch.equal(got, want)
    assert commits == want_commits


@pytest.mark.parametrize("order", [DecodeOrder.REVERSE_CAUSAL, DecodeOrder.CAUSAL])
@pytest.mark.parametrize(("seed", "steps"), [(3, 32), (4, 7), (5, 12)])
def test_the_released_ramp(order: DecodeOrder, seed: int, steps: int) -> None:
    ramp = RAMP if order is DecodeOrder.REVERSE_CAUSAL else RAMP.flip(0)
    want, want_commits = published_loop(RandomTransformer(seed), steps, ramp=ramp)
    got, commits = ours(RandomTransformer(seed), settings_of(steps, order))
    assert torch.equal(got, want)
    assert commits == want_commits


@pytest.mark.parametrize("guidance", [1.0, 4.0])
@pytest.mark.parametrize("steps", [4, 16])
def test_with_guidance(guidance: float, steps: int) -> None:
    want, want_commits = published_loop(RandomTransformer(6, contexts=2), steps, guidance)
    got, commits = ours(RandomTransformer(6, contexts=2), settings_of(steps, DecodeOrder.CONFIDENCE, guidance))
    assert torch.equal(got, want)
    assert commits == want_commits
    unguided, _ = published_loop(RandomTransformer(6), steps)
    assert not torch.equal(got, unguided)


def test_the_loops_are_put_to_the_test() -> None:
    """The random models make answers of several kinds of tokens, and steps matter."""
    answers = [published_loop(RandomTransformer(0), steps)[0] for steps in (1, 5, 32)]
    assert not torch.equal(answers[0], answers[1])
    assert not torch.equal(answers[1], answers[2])
    for answer in answers:
        assert LAYOUT.is_number(answer).any()
        assert (answer == LAYOUT.comma_id).any()
