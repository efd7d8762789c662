from __future__ import annotations

import math

import pytest
import torch

from test.models.parts import TOKENIZER
from wam_ros.models.config import NumberKind
from wam_ros.models.numbers import NumberBasis, NumberTable, angular_frequencies, number_features
from wam_ros.models.vocabulary_head import HybridVocabulary

WIDTH = 24


def basis(seed: int = 0) -> NumberBasis:
    torch.manual_seed(seed)
    return NumberBasis(WIDTH)


def test_the_basis_has_the_stated_wavelengths() -> None:
    wavelengths = 2.0 * math.pi / angular_frequencies()
    assert wavelengths[[0, -1]].tolist() == pytest.approx([400.0, 0.4])
    assert (wavelengths[1:] / wavelengths[:-1]).std() < 1e-12
    assert number_features(torch.tensor(0.0)).tolist() == [1.0] * 32 + [0.0] * 32
    assert basis().features.shape == (20_001, 64)


def test_likeness_of_two_values_depends_on_their_distance_and_falls_with_it() -> None:
    phi = basis().features.double()
    likeness = phi @ phi[10_000] / 32.0
    assert likeness[10_000] == pytest.approx(1.0)
    near = likeness[10_000:10_011]  # up to 0.1 m
    assert (near.diff() < 0.0).all()
    assert likeness[10_001] > 0.998
    assert (phi @ phi[3_000] / 32.0)[3_000:3_011].tolist() == pytest.approx(near.tolist(), abs=1e-5)
    # Beyond a few metres nothing looks nearly the same again.
    assert likeness[10_000 + 500 :].max() < 0.5


def test_neighbouring_numbers_embed_and_score_alike() -> None:
    numbers = basis()
    with torch.no_grad():
        rows = numbers.embed(torch.arange(20_001))
        logits = numbers.logits(torch.randn(5, WIDTH))
    assert rows.diff(dim=0).norm(dim=1).max() < 0.1 * rows.norm(dim=1).mean()
    assert logits.diff(dim=-1).abs().max() < 0.2 * logits.std(dim=-1).max()


def test_the_head_equals_the_matrix_that_it_never_builds() -> None:
    numbers = basis()
    hidden = torch.randn(3, 7, WIDTH)
    values = (torch.arange(20_001) - 10_000).double() / 100.0
    matrix = number_features(values) @ numbers.outward.weight.double()  # (20001, WIDTH)
    wanted = hidden.double() @ matrix.T
    with torch.no_grad():
        torch.testing.assert_close(numbers.logits(hidden).double(), wanted, atol=1e-4, rtol=0.0)
        by_coefficients = numbers.coefficients(hidden) @ numbers.features.T
        torch.testing.assert_close(by_coefficients.double(), wanted, atol=1e-4, rtol=0.0)
        rows = numbers.embed(torch.tensor([0, 12_345]))
    inward = number_features(values[[0, 12_345]]) @ numbers.inward.weight.double().T
    torch.testing.assert_close(rows.double(), inward, atol=1e-4, rtol=0.0)


def test_the_basis_saves_no_row_per_number_and_the_table_does() -> None:
    assert {name: tuple(value.shape) for name, value in basis().state_dict().items()} == {
        "inward.weight": (WIDTH, 64),
        "outward.weight": (64, WIDTH),
    }
    assert {tuple(value.shape) for value in NumberTable(WIDTH).state_dict().values()} == {(20_001, WIDTH)}


@pytest.mark.parametrize("kind", ["basis", "table"])
def test_text_and_numbers_share_one_vocabulary(kind: NumberKind) -> None:
    torch.manual_seed(0)
    base = TOKENIZER.number_base
    vocabulary = HybridVocabulary(base, WIDTH, kind)
    tokens = torch.tensor([[0, base - 1, base], [base + 20_000, 5, 7]])
    hidden = torch.randn(2, 3, WIDTH)
    with torch.no_grad():
        rows, logits = vocabulary.embed(tokens), vocabulary.logits(hidden)
        assert torch.equal(rows[0, 1], vocabulary.text.weight[base - 1])
        torch.testing.assert_close(rows[0, 2], vocabulary.numbers.embed(torch.tensor(0)))
        torch.testing.assert_close(rows[1, 0], vocabulary.numbers.embed(torch.tensor(20_000)))
        assert logits.shape == (2, 3, TOKENIZER.vocabulary_size)
        assert torch.equal(logits[..., base:], vocabulary.number_logits(hidden))
