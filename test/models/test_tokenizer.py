from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wam_ros.core.errors import ConfigError, InputError
from wam_ros.models.tokenizer import NUMBER_COUNT, HybridTokenizer
from wam_ros.models.vocabulary import COMMANDS, SPECIAL_TOKENS, TextVocabulary

TOKENIZER = HybridTokenizer()
untimed = settings(deadline=None)


def test_all_numbers_are_tokens_in_ascending_order() -> None:
    ids = torch.arange(TOKENIZER.number_base, TOKENIZER.vocabulary_size)
    values = TOKENIZER.number_values(ids)
    assert len(ids) == NUMBER_COUNT == 20_001
    assert (values[0], values[10_000], values[-1]) == (-100.0, 0.0, 100.0)
    assert torch.equal(TOKENIZER.number_ids(values).ids, ids)
    assert (values.diff() - 0.01).abs().max() < 1e-9


@untimed
@given(st.floats(-100.0, 100.0))
def test_a_value_comes_back_within_half_a_bin(value: float) -> None:
    token, clipped = TOKENIZER.number_id(value)
    assert not clipped
    assert abs(float(TOKENIZER.number_values(torch.tensor(token))) - value) <= 0.005 + 1e-12
    assert int(TOKENIZER.number_ids(torch.tensor(value, dtype=torch.float64)).ids) == token


@untimed
@given(st.floats(100.0, 1e9, exclude_min=True), st.sampled_from([-1.0, 1.0]))
def test_a_value_out_of_range_is_clipped_and_told(size: float, sign: float) -> None:
    token, clipped = TOKENIZER.number_id(sign * size)
    assert clipped
    assert TOKENIZER.decode([token]) == f"{sign * 100.0:.2f}"
    ids, told = TOKENIZER.number_ids(torch.tensor([0.5, sign * size, -100.0], dtype=torch.float64))
    assert told.tolist() == [False, True, False]
    assert int(ids[1]) == token


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(InputError, match="has no token"):
        TOKENIZER.number_id(value)
    with pytest.raises(InputError, match="1 of 2 numbers are not finite"):
        TOKENIZER.number_ids(torch.tensor([1.0, value]))


@untimed
@given(st.text())
def test_any_text_comes_back(text: str) -> None:
    assert TOKENIZER.decode(TOKENIZER.encode(text)) == text


@untimed
@given(
    st.lists(st.sampled_from(["-0.00", "1.50", "100.01", "left", " turn", "7", ".", "-", "007.00", *SPECIAL_TOKENS]))
)
def test_text_with_numbers_and_special_names_comes_back_and_names_stay_text(parts: list[str]) -> None:
    tokens = TOKENIZER.encode("".join(parts))
    assert TOKENIZER.decode(tokens) == "".join(parts)
    assert not set(tokens) & set(range(len(SPECIAL_TOKENS)))


@untimed
@given(st.integers(-10_000, 10_000))
def test_a_printed_decimal_is_one_token(hundredths: int) -> None:
    text = TOKENIZER.number_text(hundredths / 100.0)
    assert TOKENIZER.encode(text) == [TOKENIZER.number_base + 10_000 + hundredths]


def test_decimals_in_a_sentence_are_single_tokens_and_others_are_not() -> None:
    tokens = TOKENIZER.encode("Current velocity is: (8.92,-0.15)")
    numbers = [token for token in tokens if token >= TOKENIZER.number_base]
    assert TOKENIZER.number_values(torch.tensor(numbers)).tolist() == [8.92, -0.15]
    for text in ("1.5", "1.234", "192.168.10.25", "-0.00", "100.01", "01.00"):
        assert max(TOKENIZER.encode(text)) < TOKENIZER.number_base, text
    assert TOKENIZER.number_text(-0.001) == "0.00"


def test_words_are_one_token_where_they_stand_alone() -> None:
    for command in COMMANDS:
        assert TOKENIZER.encode(command) == [TOKENIZER.text.word(command)]
        assert len(TOKENIZER.encode(f" {command}")) == 1
    assert TOKENIZER.text.word("left") not in TOKENIZER.encode("leftover cleft")


def test_the_five_names_that_an_answer_needs_are_different_ids() -> None:
    ids = {TOKENIZER.mask_id, TOKENIZER.comma_id, TOKENIZER.end_id}
    assert len(ids) == 3
    assert max(ids) < TOKENIZER.number_base < TOKENIZER.vocabulary_size
    assert TOKENIZER.decode([TOKENIZER.comma_id]) == ","


def test_ids_outside_the_vocabulary_are_refused() -> None:
    with pytest.raises(InputError, match="outside the vocabulary"):
        TOKENIZER.decode([TOKENIZER.vocabulary_size])
    with pytest.raises(InputError, match="numbers are"):
        TOKENIZER.number_values(torch.tensor([TOKENIZER.comma_id]))
    with pytest.raises(InputError, match="UTF-8"):
        TOKENIZER.encode("\ud800")


def test_vocabularies_that_are_not_are_refused() -> None:
    with pytest.raises(ConfigError, match="repeat"):
        TextVocabulary(("left", "left"))
    with pytest.raises(ConfigError, match="special tokens"):
        TextVocabulary((SPECIAL_TOKENS[0],))
    assert TextVocabulary(()).encode("é") == [len(SPECIAL_TOKENS) + value for value in "é".encode()]
