"""The hybrid tokenizer: 20,001 numbers beside text, in one vocabulary (WAM-Diff paper, 3.2).

Ids below `number_base` are text, `number_base + bin` is the number -100 + 0.01 bin [m or the unit of the field]. It
knows nothing of what the numbers mean (prompt.py) nor of where they stand in an answer.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from torch import Tensor

from wam_ros.core.errors import InputError
from wam_ros.models.vocabulary import END_OF_TURN, MASK, TextVocabulary, Vocabulary

NUMBER_LIMIT = 100.0  # numbers reach from -limit to limit
NUMBER_COUNT = 20_001
BINS_PER_UNIT = 100  # a bin is 0.01 wide
ZERO_BIN = NUMBER_COUNT // 2

IMAGE_PLACEHOLDER = -1
"""Stands in a prompt where a visual token goes; no id of the vocabulary."""

# A number as this tokenizer prints it; "1.5" and "007.00" are text, so that decoding gives back the same characters.
_NUMBER = re.compile(r"(?<![\d.])-?(?:0|[1-9]\d{0,2})\.\d\d(?!\d|\.\d)")


class NumberIds(NamedTuple):
    """Token ids of numbers, int64, and where the value was out of range and clipped, bool; the shape of the values."""

    ids: Tensor
    clipped: Tensor


@dataclass(frozen=True)
class HybridTokenizer:
    """Text and numbers to ids and back; `text` gives the ids below `number_base`."""

    text: Vocabulary = field(default_factory=TextVocabulary)

    @property
    def number_base(self) -> int:
        """Id of the number -100.00."""
        return len(self.text)

    @property
    def vocabulary_size(self) -> int:
        """Text tokens and numbers together."""
        return self.number_base + NUMBER_COUNT

    @property
    def mask_id(self) -> int:
        """Id of the mask: a token not known yet, or a prompt value that is missing."""
        return self.text.special(MASK)

    @property
    def end_id(self) -> int:
        """Id of the end of an answer."""
        return self.text.special(END_OF_TURN)

    @property
    def comma_id(self) -> int:
        """Id of the comma between numbers."""
        return self.text.byte(",")

    def number_id(self, value: float) -> tuple[int, bool]:
        """The id of the nearest number, and whether the value was out of range and clipped.

        Raises:
            InputError: The value is not finite.

        """
        if not math.isfinite(value):
            msg = f"number {value} has no token: wanted a finite value, or a mask where it is missing"
            raise InputError(msg)
        clipped = abs(value) > NUMBER_LIMIT
        inside = min(max(value, -NUMBER_LIMIT), NUMBER_LIMIT)
        return self.number_base + ZERO_BIN + round(inside * BINS_PER_UNIT), clipped

    def number_ids(self, values: Tensor) -> NumberIds:
        """The ids of the nearest numbers of values of any shape.

        Raises:
            InputError: A value is not finite.

        """
        values = values.double()
        if not bool(values.isfinite().all()):
            msg = f"{int((~values.isfinite()).sum())} of {values.numel()} numbers are not finite: they have no token"
            raise InputError(msg)
        bins = (values.clamp(-NUMBER_LIMIT, NUMBER_LIMIT) * BINS_PER_UNIT).round().long() + ZERO_BIN
        return NumberIds(bins + self.number_base, values.abs() > NUMBER_LIMIT)

    def number_values(self, ids: Tensor) -> Tensor:
        """The values of number ids, float64.

        Raises:
            InputError: An id is no number.

        """
        bins = ids - self.number_base
        if bool(((bins < 0) | (bins >= NUMBER_COUNT)).any()):
            msg = f"ids from {int(ids.min())} to {int(ids.max())}: numbers are {self.number_base} and above"
            raise InputError(msg)
        return (bins - ZERO_BIN).double() / BINS_PER_UNIT

    def number_text(self, value: float) -> str:
        """The nearest number as it is printed: two decimals, never "-0.00"."""
        return printed(self.number_id(value)[0] - self.number_base)

    def encode(self, text: str) -> list[int]:
        """Ids of any text; decimal numbers of two places within the range become one token each."""
        tokens: list[int] = []
        done = 0
        for match in _NUMBER.finditer(text):
            token, clipped = self.number_id(float(match.group()))
            if clipped or printed(token - self.number_base) != match.group():
                continue
            tokens += [*self.text.encode(text[done : match.start()]), token]
            done = match.end()
        return tokens + self.text.encode(text[done:])

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of ids; special tokens give their names.

        Raises:
            InputError: An id is outside the vocabulary.

        """
        parts: list[bytes] = []
        for token in tokens:
            if not 0 <= token < self.vocabulary_size:
                msg = f"token {token} is outside the vocabulary of {self.vocabulary_size}"
                raise InputError(msg)
            is_number = token >= self.number_base
            parts.append(printed(token - self.number_base).encode() if is_number else self.text.decode_bytes(token))
        return b"".join(parts).decode(errors="replace")


def printed(number_bin: int) -> str:
    """A number's text by its bin, 0 to 20000."""
    return f"{(number_bin - ZERO_BIN) / BINS_PER_UNIT:.2f}"
