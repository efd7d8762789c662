"""Driving questions with small sets of answers, and the reasons of what the expert does. It answers nothing.

The words are those of the models' vocabulary, each one token, so that a network can be asked and can answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from wam_ros.models.tokenizer import HybridTokenizer
from wam_ros.models.vocabulary import RATIONALES

RATIONALE_NAMES = RATIONALES
"""What the expert does, by number."""


@dataclass(frozen=True)
class Question:
    """A question that has one of a few answers.

    Fields:
        name: Short.
        text: As it is asked.
        answers: By number; each one word.

    """

    name: str
    text: str
    answers: tuple[str, ...]

    def tokens(self, tokenizer: HybridTokenizer) -> list[int]:
        """Ids of the question."""
        return tokenizer.encode(self.text)

    def answer_tokens(self, tokenizer: HybridTokenizer) -> list[int]:
        """The id of each answer, by number."""
        return [tokenizer.text.word(answer) for answer in self.answers]

    def number(self, answer: str) -> int:
        """Of an answer."""
        return self.answers.index(answer)


LIGHT = Question("light", "What color is the traffic light ahead?", ("none", "red", "yellow", "green"))
LEAD = Question("lead", "Is the lead near, ahead or far?", ("none", "near", "ahead", "far"))
YIELD_TO = Question("yield_to", "Who must you wait for?", ("none", "pedestrian", "car"))
SLOW_FOR = Question("slow_for", "Why are you slow?", ("none", "light", "lead", "pedestrian", "car", "turn"))
TURN = Question("turn", "Which way are you turning?", ("none", "left", "right"))
QUESTIONS = (LIGHT, LEAD, YIELD_TO, SLOW_FOR, TURN)
"""In the order in which a sample has their answers."""

LEAD_BANDS = (10.0, 25.0)
"""Distances of the lead [m] below which it is "near" and "ahead"; beyond, "far"."""


def lead_band(distance: float | None) -> int:
    """The answer to LEAD."""
    if distance is None:
        return LEAD.number("none")
    near, ahead = LEAD_BANDS
    return LEAD.number("near" if distance < near else "ahead" if distance < ahead else "far")


def rationale_tokens(tokenizer: HybridTokenizer) -> list[int]:
    """The id of each reason, by number."""
    return [tokenizer.text.word(name) for name in RATIONALE_NAMES]
