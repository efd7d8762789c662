"""Turns a pass's hidden states into tokens, with and without scaffold. Knows no order and no time."""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from wam_ros.decoding.denoiser import Denoiser, guided
from wam_ros.decoding.layout import BIN_SIZE, BINS, AnswerLayout
from wam_ros.decoding.posterior import NumberPosterior
from wam_ros.decoding.reach import ReachableBins
from wam_ros.decoding.settings import DecodeSettings, OrderingConfidence, ReadOut
from wam_ros.decoding.start_rule import StartRule


class Reading(NamedTuple):
    """What one pass says about M positions of K answers.

    Fields:
        tokens: (K, M) what a commit takes.
        late_tokens: (K, M) what an infill takes: numbers are medians.
        bins: (K, M) a bin for each position, also where the token is no number; nothing where none can be.
        confidence: (K, M) float64 for the order.
        posterior: Of the numbers, (K, M, BINS).
        finite: Whether all logits were usable, bool of no dimension.
        first: (K, M) bool, positions that are to be committed before all others; None = none.

    """

    tokens: Tensor
    late_tokens: Tensor
    bins: Tensor
    confidence: Tensor
    posterior: NumberPosterior
    finite: Tensor
    first: Tensor | None = None


class Reader(Protocol):
    """Reads hidden states of the answer positions (K, M): (K, M, d), or (2 * K, M, d) with guidance."""

    def read(
        self, hidden: Tensor, positions: Tensor, levels: Tensor | None = None, start: StartRule | None = None
    ) -> Reading:
        """Read all: numbers at quantiles `levels` (K, M) where they are not NaN, at rest by the start rule."""


class NumberReader:
    """With a scaffold: every position is a number, and only the numbers' logits are computed."""

    def __init__(
        self, denoiser: Denoiser, layout: AnswerLayout, settings: DecodeSettings, reach: ReachableBins
    ) -> None:
        self._denoiser = denoiser
        self._base = layout.number_base
        self._settings = settings
        self._reach = reach

    def read(
        self, hidden: Tensor, positions: Tensor, levels: Tensor | None = None, start: StartRule | None = None
    ) -> Reading:
        """See `Reader`."""
        denoiser, settings = self._denoiser, self._settings
        posterior = NumberPosterior(guided(denoiser.number_logits(hidden), settings.guidance, settings.guidance_floor))
        first = None
        if start is not None:
            levels, first = start.read(posterior, positions, levels)
        medians = posterior.median_bins()
        bins = read_bins(posterior, settings.read_out, positions, medians, self._reach)
        if levels is not None:
            sampled = ~levels.isnan()
            quantiles = posterior.quantile_bins(levels.nan_to_num(0.5))
            bins = torch.where(sampled, quantiles, bins)
            medians = torch.where(sampled, quantiles, medians)
        if settings.confidence is OrderingConfidence.TOP1:
            confidence = posterior.top_mass()
        else:
            confidence = posterior.bin_window_mass(bins, round(settings.window_m / BIN_SIZE))
        return Reading(
            bins + self._base, medians + self._base, medians, confidence.double(), posterior, posterior.finite(), first
        )


class TokenReader:
    """Without a scaffold: any token may stand anywhere, save the forbidden ones; probabilities are of all tokens."""

    def __init__(
        self, denoiser: Denoiser, layout: AnswerLayout, settings: DecodeSettings, reach: ReachableBins
    ) -> None:
        self._denoiser = denoiser
        self._layout = layout
        self._settings = settings
        self._reach = reach
        self._forbidden = sorted({layout.mask_id, *settings.forbidden})

    def read(
        self, hidden: Tensor, positions: Tensor, levels: Tensor | None = None, start: StartRule | None = None
    ) -> Reading:
        """See `Reader`; quantile levels and the start rule belong to the scaffold."""
        assert levels is None, "candidates need the scaffold"
        assert start is None, "the start rule needs the scaffold"
        denoiser, settings, base = self._denoiser, self._settings, self._layout.number_base
        logits = guided(denoiser.logits(hidden), settings.guidance, settings.guidance_floor).clone()
        for token in self._forbidden:  # a list of them would be sent to the device, which the host waits for
            logits[..., token] = -math.inf
        # float64 as in the published loop: float32 gives ties near 1
        confidence, tokens = logits.double().softmax(-1).max(-1)
        finite = torch.isfinite(confidence).all()
        posterior = NumberPosterior(logits[..., base : base + BINS])
        medians = posterior.median_bins()
        is_number = self._layout.is_number(tokens) & (positions % 2 == 0)
        bins = read_bins(posterior, settings.read_out, positions, medians, self._reach)
        if settings.confidence is OrderingConfidence.WINDOW:
            # Numbers' share of the whole vocabulary, so that numbers, commas and the end compare.
            share = (logits[..., base : base + BINS].logsumexp(-1) - logits.logsumexp(-1)).exp()
            window = posterior.bin_window_mass(bins, round(settings.window_m / BIN_SIZE)) * share
            confidence = torch.where(is_number, window.double(), confidence)
        return Reading(
            torch.where(is_number, bins + base, tokens) if settings.read_out is not ReadOut.ARGMAX else tokens,
            torch.where(is_number, medians + base, tokens),
            medians,
            confidence,
            posterior,
            finite,
        )


def read_bins(
    posterior: NumberPosterior, read_out: ReadOut, positions: Tensor, medians: Tensor, reach: ReachableBins
) -> Tensor:
    """Bins (K, M) of a posterior (K, M, BINS) at answer positions (K, M), whose medians are known."""
    match read_out:
        case ReadOut.MEDIAN:
            return medians
        case ReadOut.ARGMAX:
            return posterior.argmax_bins()
        case ReadOut.MEAN:
            return posterior.mean_bins(*reach.window(positions // 2, medians))
