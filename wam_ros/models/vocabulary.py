"""The closed text vocabulary of the small models: special tokens, bytes and the words of prompts and questions.

Any text can be written with it, since every byte is a token; frequent words are one token. It knows nothing of numbers
(tokenizer.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Protocol

from wam_ros.core.errors import ConfigError, InputError

MASK = "<|mdm_mask|>"
START = "<|startoftext|>"
HEADER_START = "<|start_header_id|>"
HEADER_END = "<|end_header_id|>"
END_OF_TURN = "<|eot_id|>"
SPECIAL_TOKENS = (MASK, START, HEADER_START, HEADER_END, END_OF_TURN)

BYTES = 256

COMMANDS = ("unknown", "straight", "left", "right")
RATIONALES = (
    "keep-lane",
    "follow",
    "yield",
    "stop-for-red",
    "stop-for-lead",
    "slow-for-curve",
    "turn-left",
    "turn-right",
    "start",
    "wait",
)
_PROMPT_WORDS = """
    Here is front views of a driving vehicle The navigation information current position Current velocity and accelerate
    Predict the optimal action for next seconds with new waypoints system user assistant You are helpful language vision
    able to understand visual content that provides assist variety tasks using natural
"""
_QUESTION_WORDS = """
    What Why Which Who Where How Is Are Does Do Will Should many much far fast it there this you we he they in
    on at of or not no yes No Yes if when because ahead behind beside near far from toward away state color
    traffic light lights sign signal lead car cars truck bus bicycle pedestrian pedestrians crossing walking
    lane lanes road junction intersection turn turning go going start starting stop stopping stopped wait
    waiting slow slower faster brake braking accelerating speed distance meters metres second first third none
    red green yellow off clear blocked free open closed way must may can expert ego move moving keep keeping
    change changing merge exit enter left-hand right-hand same opposite direction safe danger collision risk gap
    time before after between than more less about
"""
_SEPARATORS = (": ", ", ", ". ", "? ", "\n\n", "),", "%")
_WORD = re.compile(r"[A-Za-z]")


def default_words() -> tuple[str, ...]:
    """The words of prompts, commands, rationales and driving questions, each once, with and without a space before."""
    listed = [*COMMANDS, *RATIONALES, *_PROMPT_WORDS.split(), *_QUESTION_WORDS.split()]
    spaced = [form for word in listed for form in (word, f" {word}")]
    return tuple(dict.fromkeys([*_SEPARATORS, *spaced]))


class Vocabulary(Protocol):
    """What HybridTokenizer needs of its text: the closed vocabulary below, or a released checkpoint's own."""

    def __len__(self) -> int:
        """Ids below the numbers."""
        ...

    def special(self, name: str) -> int:
        """The id of a special token."""
        ...

    def byte(self, character: str) -> int:
        """The id of a one-byte character."""
        ...

    def word(self, word: str) -> int:
        """The id of a word that is one token."""
        ...

    def encode(self, text: str) -> list[int]:
        """Ids of any text, none of them special."""
        ...

    def decode_bytes(self, token: int) -> bytes:
        """The UTF-8 bytes that one id stands for."""
        ...


@dataclass(frozen=True)
class TextVocabulary:
    """Ids in this order: special tokens, the 256 bytes, `words`.

    Special tokens are never read from text, so no instruction can smuggle one in.
    """

    words: tuple[str, ...] = field(default_factory=default_words)

    def __post_init__(self) -> None:
        if len(set(self.words)) != len(self.words) or "" in self.words:
            msg = "vocabulary words repeat or are empty: each must be a different text"
            raise ConfigError(msg)
        clash = sorted(set(self.words) & set(SPECIAL_TOKENS))
        if clash:
            msg = f"vocabulary words {clash} are special tokens: remove them from the words"
            raise ConfigError(msg)
        ids = {word: len(SPECIAL_TOKENS) + BYTES + index for index, word in enumerate(self.words)}
        # The longest word wins, and one of letters only where no letter follows or precedes it.
        longest_first = sorted(self.words, key=len, reverse=True)
        object.__setattr__(self, "_ids", ids)
        object.__setattr__(self, "_pattern", re.compile("|".join(map(_bounded, longest_first)) or "(?!)"))

    def __len__(self) -> int:
        return len(SPECIAL_TOKENS) + BYTES + len(self.words)

    def special(self, name: str) -> int:
        """The id of a special token."""
        return SPECIAL_TOKENS.index(name)

    def byte(self, character: str) -> int:
        """The id of a one-byte character."""
        return len(SPECIAL_TOKENS) + ord(character)

    def word(self, word: str) -> int:
        """The id of a word.

        Raises:
            ConfigError: It is not in the vocabulary.

        """
        ids: dict[str, int] = self._ids  # type: ignore[attr-defined]
        if word not in ids:
            msg = f"{word!r} is no word of this vocabulary of {len(self.words)} words"
            raise ConfigError(msg)
        return ids[word]

    def encode(self, text: str) -> list[int]:
        """Ids of any text: the longest words, bytes between them.

        Raises:
            InputError: The text holds a lone surrogate, which UTF-8 cannot write.

        """
        pattern: re.Pattern[str] = self._pattern  # type: ignore[attr-defined]
        tokens: list[int] = []
        done = 0
        for match in pattern.finditer(text):
            tokens += self._bytes(text[done : match.start()])
            tokens.append(self.word(match.group()))
            done = match.end()
        return tokens + self._bytes(text[done:])

    def decode_bytes(self, token: int) -> bytes:
        """The UTF-8 bytes that one id stands for; a special token gives its name."""
        if token < len(SPECIAL_TOKENS):
            return SPECIAL_TOKENS[token].encode()
        token -= len(SPECIAL_TOKENS)
        return bytes([token]) if token < BYTES else self.words[token - BYTES].encode()

    @staticmethod
    def _bytes(text: str) -> list[int]:
        try:
            return [len(SPECIAL_TOKENS) + value for value in text.encode()]
        except UnicodeEncodeError as err:
            msg = f"text {text!r} cannot be written in UTF-8: {err.reason}"
            raise InputError(msg) from err


def _bounded(word: str) -> str:
    before = r"(?<![A-Za-z])" if _WORD.match(word[0]) else ""
    after = r"(?![A-Za-z])" if _WORD.match(word[-1]) else ""
    return before + re.escape(word) + after
