"""Small real denoisers with known answers, and a clock that only moves when told to."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable

import torch
from torch import Tensor

from wam_ros.decoding.denoiser import Denoiser
from wam_ros.decoding.layout import ANSWER_LENGTH, BINS, AnswerLayout, metres_from_bins

LAYOUT = AnswerLayout(mask_id=0, comma_id=1, end_id=2, number_base=5, vocabulary_size=5 + BINS)
VALUES = metres_from_bins(torch.arange(BINS)).float()


class MixtureDenoiser:
    """Exact posteriors of a mixture of drives: what is committed tells which drive it is.

    Drive m has probability prior[m] and numbers means[m] with independent Gaussian errors sigmas[m].
    """

    contexts = 1

    def __init__(self, means: Tensor, sigmas: Tensor, prior: Tensor) -> None:
        self.means, self.sigmas, self.log_prior = means.double(), sigmas.double(), prior.double().log()
        self.passes: list[Tensor] = []

    def hidden(self, tokens: Tensor) -> Tensor:
        self.passes.append(tokens.clone())
        numbers = tokens[:, 0::2]
        known = LAYOUT.is_number(numbers)
        values = metres_from_bins(numbers - LAYOUT.number_base)
        error = (values[:, None, :] - self.means) / self.sigmas  # (K, drives, 16)
        log_density = -0.5 * error.square() - self.sigmas.log()
        log_weights = self.log_prior + (log_density * known[:, None, :]).sum(-1)  # (K, drives)
        weights = log_weights.log_softmax(-1)[:, None, :].expand(-1, ANSWER_LENGTH, -1)
        means = self.means.T.repeat_interleave(2, 0).expand(len(tokens), -1, -1)
        sigmas = self.sigmas.T.repeat_interleave(2, 0).expand(len(tokens), -1, -1)
        return torch.cat([weights, means, sigmas], dim=-1)  # (K, L, 3 drives)

    def number_logits(self, hidden: Tensor) -> Tensor:
        weights, means, sigmas = hidden.unsqueeze(-2).chunk(3, dim=-1)
        density = weights - 0.5 * ((VALUES[:, None] - means) / sigmas).square() - sigmas.log()
        return density.logsumexp(-1).float()

    def logits(self, hidden: Tensor) -> Tensor:
        raise AssertionError(hidden.shape)


def one_drive(speed: float = 8.0, sigma_at_4_s: float = 1.0) -> MixtureDenoiser:
    """Straight on; errors grow with time."""
    times = 0.5 * torch.arange(1, 9, dtype=torch.float64)
    means = torch.stack([speed * times, torch.zeros(8, dtype=torch.float64)], -1).flatten()
    sigmas = (sigma_at_4_s * times / 4.0).repeat_interleave(2)
    return MixtureDenoiser(means[None], sigmas[None], torch.ones(1))


def two_drives(left: float = 0.6) -> MixtureDenoiser:
    """A fork: left with some probability, else right, 6 m apart at the end."""
    times = 0.5 * torch.arange(1, 9, dtype=torch.float64)
    sides = [torch.stack([8.0 * times, sign * 3.0 * times.square() / 16.0], -1).flatten() for sign in (1, -1)]
    sigmas = (0.1 + 0.1 * times).repeat_interleave(2)
    return MixtureDenoiser(torch.stack(sides), torch.stack([sigmas, sigmas]), torch.tensor([left, 1.0 - left]))


class RandomTransformer:
    """One layer of attention with random weights; commas and the end are more or less likely in their places."""

    def __init__(self, seed: int, contexts: int = 1, width: int = 12, sharpness: float = 6.0) -> None:
        generator = torch.Generator().manual_seed(seed)

        def drawn(*shape: int) -> Tensor:
            return torch.randn(*shape, generator=generator)

        self.contexts = contexts
        self.embedding = drawn(LAYOUT.vocabulary_size, width)
        self.places = drawn(ANSWER_LENGTH, width)
        self.prompts = drawn(contexts, 1, width)
        self.weights = drawn(4, width, width) / math.sqrt(width)
        self.head = drawn(width, LAYOUT.vocabulary_size) * sharpness / math.sqrt(width)
        self.liking = 12.0 + 24.0 * torch.rand(ANSWER_LENGTH, generator=generator)
        self.passes: list[Tensor] = []

    def hidden(self, tokens: Tensor) -> Tensor:
        self.passes.append(tokens.clone())
        return torch.cat([self._hidden(tokens, prompt) for prompt in self.prompts])

    def _hidden(self, tokens: Tensor, prompt: Tensor) -> Tensor:
        x = self.embedding[tokens] + self.places + prompt
        query, key, value, out = (x @ weight for weight in self.weights)
        scores = query @ key.transpose(1, 2) / math.sqrt(x.shape[-1])
        x = out + scores.softmax(-1) @ value
        x = x / x.square().mean(-1, keepdim=True).sqrt()
        places = torch.arange(ANSWER_LENGTH)
        boost = torch.zeros(ANSWER_LENGTH, 2)
        boost[places % 2 == 1, 0] = self.liking[1::2]
        boost[-1] = torch.tensor([0.0, float(self.liking[-1])])
        return torch.cat([x, boost.expand(len(x), -1, -1)], dim=-1)

    def logits(self, hidden: Tensor) -> Tensor:
        logits = hidden[..., :-2] @ self.head
        logits[..., [LAYOUT.comma_id, LAYOUT.end_id]] += hidden[..., -2:]
        return logits

    def number_logits(self, hidden: Tensor) -> Tensor:
        return self.logits(hidden)[..., LAYOUT.number_base :]


class VirtualClock:
    """Nanoseconds that pass only by `advance`."""

    def __init__(self) -> None:
        self.now_ns = 1_000_000_000

    def __call__(self) -> int:
        return self.now_ns

    def advance(self, seconds: float) -> None:
        self.now_ns += round(seconds * 1e9)


class TimedDenoiser:
    """Another denoiser whose passes take given times on a virtual clock; the last one repeats."""

    def __init__(self, inner: Denoiser, clock: VirtualClock, durations: Iterable[float]) -> None:
        self._inner, self._clock = inner, clock
        durations = list(durations)
        self._durations = itertools.chain(durations, itertools.repeat(durations[-1]))
        self.passes = 0

    @property
    def contexts(self) -> int:
        return self._inner.contexts

    def hidden(self, tokens: Tensor) -> Tensor:
        self.passes += 1
        self._clock.advance(next(self._durations))
        return self._inner.hidden(tokens)

    def number_logits(self, hidden: Tensor) -> Tensor:
        return self._inner.number_logits(hidden)

    def logits(self, hidden: Tensor) -> Tensor:
        return self._inner.logits(hidden)
