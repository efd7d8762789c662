from __future__ import annotations

import pytest
import torch

from test.decoding.denoisers import LAYOUT
from wam_ros.core.errors import ConfigError
from wam_ros.decoding import AnswerLayout, bins_from_metres, metres_from_bins
from wam_ros.decoding.layout import (
    ANSWER_LENGTH,
    BINS,
    COMMA_POSITIONS,
    END_POSITION,
    NUMBER_POSITIONS,
    WAYPOINT_TIMES,
)


def test_positions_cover_the_answer_once() -> None:
    assert sorted((*NUMBER_POSITIONS, *COMMA_POSITIONS, END_POSITION)) == list(range(ANSWER_LENGTH)) == list(range(32))
    assert (len(NUMBER_POSITIONS), len(COMMA_POSITIONS), END_POSITION) == (16, 15, 31)
    assert WAYPOINT_TIMES == (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0)


def test_every_bin_is_its_decimal_value_and_comes_back() -> None:
    bins = torch.arange(BINS)
    metres = metres_from_bins(bins)
    assert metres.tolist() == [float(f"{(index - 10000) / 100:.2f}") for index in range(BINS)]
    assert torch.equal(bins_from_metres(metres), bins)


def test_rounding_and_clipping() -> None:
    metres = torch.linspace(-100, 100, 12345, dtype=torch.float64)
    assert (metres_from_bins(bins_from_metres(metres)) - metres).abs().max() <= 0.005 + 1e-12
    assert bins_from_metres(torch.tensor([-1e9, -100.004, 100.01, 1e9])).tolist() == [0, 0, BINS - 1, BINS - 1]


@pytest.mark.parametrize("scaffold", [True, False])
def test_masked_answers(scaffold: bool) -> None:
    tokens = LAYOUT.masked(3, scaffold)
    assert tokens.shape == (3, 32)
    assert (tokens[:, ::2] == LAYOUT.mask_id).all()
    assert not LAYOUT.well_formed(tokens).any()
    tokens[:, ::2] = LAYOUT.number_base + torch.randint(BINS, (3, 16))
    assert LAYOUT.well_formed(tokens).tolist() == [scaffold] * 3


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((0, 1, 2, 6, 5 + BINS), "numbers 6..20006 in a vocabulary of 20006 tokens"),
        ((0, 7, 2, 5, 5 + BINS), "comma_id = 7 is a number or outside"),
        ((0, 1, -1, 5, 5 + BINS), "end_id = -1 is a number or outside"),
        ((1, 1, 2, 5, 5 + BINS), "need three tokens"),
    ],
)
def test_impossible_vocabularies(values: tuple[int, int, int, int, int], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        AnswerLayout(*values)
