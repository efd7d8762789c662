"""Questions and reasons are words of the vocabulary, one token each."""

from __future__ import annotations

import pytest

from wam_ros.models.tokenizer import HybridTokenizer
from wam_ros.training.questions import LEAD, LEAD_BANDS, QUESTIONS, Question, lead_band, rationale_tokens

TOKENIZER = HybridTokenizer()


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_a_question_and_its_answers_can_be_written(question: Question) -> None:
    tokens = question.answer_tokens(TOKENIZER)
    assert len(set(tokens)) == len(question.answers)
    assert [TOKENIZER.decode([token]) for token in tokens] == list(question.answers)
    assert TOKENIZER.decode(question.tokens(TOKENIZER)) == question.text
    assert [question.number(answer) for answer in question.answers] == list(range(len(tokens)))


def test_a_question_is_words_not_bytes() -> None:
    for question in QUESTIONS:
        assert len(question.tokens(TOKENIZER)) <= len(question.text.split()) + 3


def test_reasons_have_different_tokens() -> None:
    tokens = rationale_tokens(TOKENIZER)
    assert len(set(tokens)) == len(tokens)
    assert max(tokens) < TOKENIZER.number_base


def test_bands_of_the_lead_grow_with_distance() -> None:
    near, ahead = LEAD_BANDS
    told = [LEAD.answers[lead_band(distance)] for distance in (None, 0.0, near - 0.1, near, ahead - 0.1, ahead, 59.0)]
    assert told == ["none", "near", "near", "ahead", "ahead", "far", "far"]
