from __future__ import annotations

import pytest
import torch

from test.decoding.denoisers import LAYOUT, RandomTransformer, one_drive, two_drives
from wam_ros.core.timing import Deadline
from wam_ros.decoding import (
    AnytimeDecoder,
    CandidateRow,
    CandidateSource,
    DecodedAnswer,
    DecodeOrder,
    DecodeSettings,
    Denoiser,
    Scenario,
    candidate_rows,
    decode,
    waypoint_confidence,
)

SOURCES = list(CandidateSource)


def decoded(denoiser: Denoiser, choices: DecodeSettings, rows: tuple[CandidateRow, ...] | None = None) -> DecodedAnswer:
    decoder = AnytimeDecoder(denoiser, LAYOUT, choices, Deadline.unlimited(), rows or candidate_rows(choices))
    while decoder.step():
        pass
    return decoder.answer()


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("order", [DecodeOrder.REVERSE_CAUSAL, DecodeOrder.CONFIDENCE])
@pytest.mark.parametrize("pairs", [True, False])
def test_a_batch_equals_its_candidates_one_by_one(source: CandidateSource, order: DecodeOrder, pairs: bool) -> None:
    choices = DecodeSettings(order, pairs=pairs, steps=4, candidates=7, candidate_source=source, seed=2)
    rows = candidate_rows(choices)
    together = decoded(RandomTransformer(1), choices)
    for index, number in enumerate(together.candidates):
        alone = decoded(RandomTransformer(1), choices, (rows[number],))
        assert alone.candidates == (number,)
        assert torch.equal(alone.tokens[0], together.tokens[index])
        assert torch.equal(alone.commit_order[0], together.commit_order[index])
        assert alone.scores[0] == together.scores[index]


@pytest.mark.parametrize("source", SOURCES)
def test_the_main_plan_is_first_and_the_same_as_without_others(source: CandidateSource) -> None:
    choices = DecodeSettings(candidates=6, candidate_source=source)
    together = decoded(two_drives(), choices)
    alone = decoded(two_drives(), DecodeSettings())
    assert together.candidates[0] == 0
    assert sorted(together.candidates) == list(range(6))
    assert torch.equal(together.tokens[0], alone.tokens[0])
    assert together.scores[1:].tolist() == sorted(together.scores[1:].tolist(), reverse=True)
    assert ((together.scores >= 0.0) & (together.scores <= 1.0)).all()


def test_the_score_is_the_mean_of_the_first_pass_confidences() -> None:
    answer = decoded(two_drives(), DecodeSettings(candidates=5))
    for waypoints, score in zip(answer.waypoints, answer.scores):
        assert score == waypoint_confidence(answer.first_pass, waypoints).mean()


def test_more_candidates_keep_the_earlier_ones() -> None:
    for source in SOURCES:
        few = candidate_rows(DecodeSettings(candidates=3, candidate_source=source, seed=4))
        many = candidate_rows(DecodeSettings(candidates=9, candidate_source=source, seed=4))
        assert many[:3] == few


def test_samples_find_the_other_branch_and_stay_on_it() -> None:
    fork = two_drives(left=0.6)
    answer = decoded(fork, DecodeSettings(candidates=12))
    branches = fork.means.reshape(2, 8, 2)
    distances = (answer.waypoints[:, None] - branches).abs().amax((-1, -2))  # (K, 2)
    assert (distances.amin(-1) < 1.5).all()  # sigma is 0.5 m at the end, the branches are 6 m apart
    assert {0, 1} == set(distances.argmin(-1).tolist())
    nearest = distances.argmin(-1)
    assert nearest[0] == 0  # the likelier
    assert answer.scores[nearest == 0].min() > answer.scores[nearest == 1].max()


def test_samples_cut_at_the_first_pass_are_smooth() -> None:
    # All waypoints at one quantile: second differences stay those of a smooth drive.
    answer = decoded(one_drive(), DecodeSettings(candidates=8, steps=1))
    assert len(set(answer.numbers[:, 14].tolist())) == 8
    assert answer.waypoints.diff(n=2, dim=1).abs().max() < 0.05


def test_samples_depend_on_the_seed_only() -> None:
    one, same, other = (candidate_rows(DecodeSettings(candidates=4, seed=seed)) for seed in (1, 1, 2))
    assert one == same
    assert all(a.levels != b.levels for a, b in zip(one[1:], other[1:]))
    assert one[0].levels is None
    assert len({row.levels for row in one}) == 4
    assert all(0.05 <= level <= 0.95 for row in one[1:] for level in row.levels or ())


def test_other_orders_are_all_different_and_not_the_main_one() -> None:
    for order in DecodeOrder:
        choices = DecodeSettings(order, candidates=8, candidate_source=CandidateSource.ORDERS)
        sequences = [row.sequence for row in candidate_rows(choices, Scenario(speed=1.0))]
        assert len(set(sequences)) == 8


def test_candidates_from_decode() -> None:
    answer = decode(two_drives(), LAYOUT, DecodeSettings(candidates=3), Deadline.unlimited())
    assert answer.numbers.shape == (3, 16)
    assert answer.first_pass.logits.shape[0] == 16
