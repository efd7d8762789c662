"""The shape of an answer: x1,y1,...,x8,y8 and its end as 32 tokens, and numbers as bins. Knows no model and no text."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from wam_ros.core.errors import ConfigError

WAYPOINTS = 8
INTERVAL_S = 0.5
NUMBERS = 2 * WAYPOINTS  # x and y of each
ANSWER_LENGTH = 2 * NUMBERS  # each number is followed by a comma, the last by the end token
BINS = 20_001
BIN_SIZE = 0.01  # m
LOWEST = -100.0  # m, the value of bin 0

WAYPOINT_TIMES = tuple(INTERVAL_S * (index + 1) for index in range(WAYPOINTS))
"""When each waypoint is reached, after t0 [s]."""
NUMBER_POSITIONS = tuple(range(0, ANSWER_LENGTH, 2))
COMMA_POSITIONS = tuple(range(1, ANSWER_LENGTH - 1, 2))
END_POSITION = ANSWER_LENGTH - 1


@dataclass(frozen=True)
class AnswerLayout:
    """Where the tokens of an answer are in the vocabulary; positions are the same for every vocabulary.

    Fields:
        mask_id: The token of what is not decided yet.
        comma_id: The token between numbers.
        end_id: The token that ends the answer.
        number_base: The token of bin 0; the `BINS` numbers follow it in ascending order.
        vocabulary_size: Number of tokens.

    Raises:
        ConfigError: A token outside the vocabulary, or among the numbers, or used twice.

    """

    mask_id: int
    comma_id: int
    end_id: int
    number_base: int
    vocabulary_size: int

    def __post_init__(self) -> None:
        numbers = range(self.number_base, self.number_base + BINS)
        if not 0 <= self.number_base <= self.vocabulary_size - BINS:
            msg = f"numbers {numbers.start}..{numbers.stop - 1} in a vocabulary of {self.vocabulary_size} tokens"
            raise ConfigError(msg)
        special = {"mask_id": self.mask_id, "comma_id": self.comma_id, "end_id": self.end_id}
        for name, token in special.items():
            if not 0 <= token < self.vocabulary_size or token in numbers:
                msg = f"{name} = {token} is a number or outside the vocabulary of {self.vocabulary_size} tokens"
                raise ConfigError(msg)
        if len(set(special.values())) < len(special):
            msg = f"mask, comma and end need three tokens, got {special}"
            raise ConfigError(msg)

    def masked(self, rows: int, scaffold: bool, device: torch.device | None = None) -> Tensor:
        """Answers (rows, L) int64 before decoding: masks, with a scaffold commas and end in their places."""
        tokens = torch.full((rows, ANSWER_LENGTH), self.mask_id, dtype=torch.int64, device=device)
        if scaffold:
            tokens[:, 1::2] = self.comma_id
            tokens[:, END_POSITION] = self.end_id
        return tokens

    def is_number(self, tokens: Tensor) -> Tensor:
        """Which tokens are numbers, as bool of the same shape."""
        return (tokens >= self.number_base) & (tokens < self.number_base + BINS)

    def well_formed(self, tokens: Tensor) -> Tensor:
        """Which answers (..., L) have numbers, commas and end in their places, as bool (...)."""
        numbers = self.is_number(tokens[..., 0::2]).all(-1)
        commas = (tokens[..., 1:END_POSITION:2] == self.comma_id).all(-1)
        return numbers & commas & (tokens[..., END_POSITION] == self.end_id)


def metres_from_bins(bins: Tensor) -> Tensor:
    """Values of bins as float64 [m]."""
    # One division of whole numbers gives the float nearest to the decimal value; adding 0.01 often does not.
    return (bins.to(torch.float64) + round(LOWEST / BIN_SIZE)) / round(1.0 / BIN_SIZE)


def bins_from_metres(metres: Tensor) -> Tensor:
    """Nearest bins as int64, clipped to the ends of the range."""
    return torch.round((metres.to(torch.float64) - LOWEST) / BIN_SIZE).to(torch.int64).clamp(0, BINS - 1)
