"""Questions as further copies of an answer: beside an image's masked plans stand questions with masked answers.

A copy has the length of a plan: the question, end tokens, and at the places of the last two numbers the answer and the
reason for what the expert does. As every copy it sees the prompt and itself, and no other sees it: a plan is the same
whether questions were asked or not, and is asked for as before. It knows no network.

Shapes: B samples, K questions to each of the Q there are, L = 32 tokens, two of them words to be found.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from wam_ros.decoding.layout import ANSWER_LENGTH, NUMBERS
from wam_ros.models.tokenizer import HybridTokenizer
from wam_ros.training.copies import MaskedCopies, draw_copies
from wam_ros.training.questions import QUESTIONS, Question, rationale_tokens

WORDS = 2  # the answer, the reason


@dataclass(frozen=True, eq=False)
class QuestionCopies:
    """Written questions.

    Fields:
        tokens: (B, K, L) ids, mask tokens where words are hidden.
        asked: (B, K, L / 2) bool, the hidden words, by places of numbers.
        words: (M,) ids of the M hidden words in order.
        weights: (M,) see MaskedCopies.

    """

    tokens: Tensor
    asked: Tensor
    words: Tensor
    weights: Tensor


class QuestionWriter:
    """Writes questions with their answers in a vocabulary."""

    def __init__(self, tokenizer: HybridTokenizer) -> None:
        self._mask_id = tokenizer.mask_id
        self._blank = torch.tensor([_blank(question, tokenizer) for question in QUESTIONS])  # (Q, L)
        most = max(len(question.answers) for question in QUESTIONS)
        answers = [question.answer_tokens(tokenizer) for question in QUESTIONS]
        self._answers = torch.tensor([ids + [-1] * (most - len(ids)) for ids in answers])
        self._reasons = torch.tensor(rationale_tokens(tokenizer))

    def draw(self, answers: Tensor, rationale: Tensor, count: int, generator: torch.Generator) -> QuestionCopies:
        """Different questions to each sample; of the first both words are hidden, of the others as Eq. 2 draws it.

        Args:
            answers: (B, Q) the number of each true answer.
            rationale: (B,) the number of the true reason.
            count: Questions to a sample.
            generator: Of the CPU.

        """
        which = torch.rand(answers.shape, generator=generator).argsort(dim=-1)[:, :count]
        return self._written(answers, rationale, which, draw_copies(len(answers), count, WORDS, generator))

    def ask_all(self, answers: Tensor, rationale: Tensor) -> QuestionCopies:
        """All questions in their order, all words hidden; arguments as for `draw`."""
        which = torch.arange(len(QUESTIONS)).expand(answers.shape)
        hidden = torch.ones(*answers.shape, WORDS, dtype=torch.bool)
        return self._written(answers, rationale, which, MaskedCopies(hidden, torch.ones(answers.shape)))

    def _written(self, answers: Tensor, rationale: Tensor, which: Tensor, copies: MaskedCopies) -> QuestionCopies:
        device = answers.device
        which, hidden = which.to(device), copies.hidden.to(device)
        answered = self._answers.to(device)[which, answers.gather(1, which)]  # (B, K)
        reasons = self._reasons.to(device)[rationale][:, None].expand_as(answered)
        words = torch.stack([answered, reasons], dim=-1)
        tokens = self._blank.to(device)[which]
        tokens[..., 0::2][..., -WORDS:] = words.masked_fill(hidden, self._mask_id)
        asked = torch.zeros(*which.shape, NUMBERS, dtype=torch.bool, device=device)
        asked[..., -WORDS:] = hidden
        return QuestionCopies(tokens, asked, words[hidden], copies.weights().to(device))


def _blank(question: Question, tokenizer: HybridTokenizer) -> list[int]:
    tokens = question.tokens(tokenizer)
    assert len(tokens) <= ANSWER_LENGTH - 2 * WORDS, f"question {question.name!r} takes {len(tokens)} tokens"
    return tokens + [tokenizer.end_id] * (ANSWER_LENGTH - len(tokens))
