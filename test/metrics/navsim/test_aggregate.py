from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wam_ros.core.errors import InputError
from wam_ros.metrics.navsim import (
    EpdmSubScores,
    PdmSubScores,
    SecondStageScene,
    TwoStageFrame,
    one_stage_mean,
    second_stage_weights,
    two_stage_epdms,
)

SHARES = st.floats(0.0, 1.0)
EPDM_FIELDS = [field.name for field in dataclasses.fields(EpdmSubScores)]


def epdm(**scores: float) -> EpdmSubScores:
    return EpdmSubScores(**{name: np.array([scores.get(name, 1.0)]) for name in EPDM_FIELDS})


@given(st.tuples(SHARES, SHARES, SHARES, SHARES, SHARES, SHARES))
def test_pdms_is_its_formula_and_ignores_the_driving_direction(values: tuple[float, ...]) -> None:
    nc, dac, ep, ttc, c, ddc = values
    scores = PdmSubScores(*(np.array([value]) for value in (nc, dac, ep, ttc, c, ddc)))
    assert scores.pdms()[0] == pytest.approx(nc * dac * (5 * ttc + 5 * ep + 2 * c) / 12, abs=1e-12)


@given(st.lists(SHARES, min_size=9, max_size=9))
def test_epdms_is_its_formula_with_and_without_extended_comfort(values: list[float]) -> None:
    nc, dac, ddc, tlc, ep, ttc, lk, hc, ec = values
    scores = EpdmSubScores(*(np.array([value]) for value in values[:8]))
    product, weighted = nc * dac * ddc * tlc, 5 * ep + 5 * ttc + 2 * lk + 2 * hc
    assert scores.epdms(np.array([ec]))[0] == pytest.approx(product * (weighted + 2 * ec) / 16, abs=1e-12)
    assert scores.epdms(None)[0] == pytest.approx(product * weighted / 14, abs=1e-12)


def test_full_marks_make_one_and_a_broken_rule_zero() -> None:
    assert epdm().epdms(np.ones(1))[0] == epdm().epdms(None)[0] == 1.0
    for rule in EPDM_FIELDS[:4]:
        assert epdm(**{rule: 0.0}).epdms(np.ones(1))[0] == 0.0


@pytest.mark.parametrize("name", EPDM_FIELDS)
def test_the_human_filter_forgives_what_the_human_broke_and_nothing_else(name: str) -> None:
    agent, human = epdm(**dict.fromkeys(EPDM_FIELDS, 0.0)), epdm(**{name: 0.0})
    forgiven = agent.forgiven(human)
    assert [field for field in EPDM_FIELDS if getattr(forgiven, field)[0] == 1.0] == [name]
    assert getattr(agent, name)[0] == 0.0


def test_a_half_score_of_the_human_forgives_nothing() -> None:
    agent = epdm(no_at_fault_collisions=0.0)
    assert agent.forgiven(epdm(no_at_fault_collisions=0.5)).no_at_fault_collisions[0] == 0.0


def test_second_stage_weights_fall_with_the_squared_distance() -> None:
    weights = second_stage_weights((1.0, 2.0), [(1.0, 2.0), (1.3, 2.4), (1.0, 2.3)])
    expected = np.exp(-np.array([0.0, 0.25, 0.09]) / 0.2)
    np.testing.assert_allclose(weights, expected / expected.sum(), atol=1e-15)


def test_second_stage_weights_are_equal_where_all_vanish() -> None:
    assert second_stage_weights((0.0, 0.0), [(50.0, 0.0), (90.0, 0.0)]).tolist() == [0.5, 0.5]


def test_two_stage_score_is_a_mean_of_products() -> None:
    def frame(score: float, *second: float) -> TwoStageFrame:
        return TwoStageFrame(score, (0.0, 0.0), tuple(SecondStageScene(value, (0.0, 0.0)) for value in second))

    groups = [(frame(1.0, 0.5, 1.0), frame(0.5, 0.5)), (frame(0.0, 1.0), frame(1.0, 1.0))]
    assert two_stage_epdms(groups) == pytest.approx(((0.75 + 0.25) / 2 + 0.5) / 2)
    alone = frame(1.0, 1.0)
    assert two_stage_epdms([(alone, alone)]) == 1.0
    with pytest.raises(InputError, match="no second-stage scene"):
        frame(1.0)
    with pytest.raises(InputError, match="no groups"):
        two_stage_epdms([])


def test_one_stage_mean_leaves_out_frames_without_a_score() -> None:
    assert one_stage_mean([1.0, math.nan, 0.5]) == 0.75
    with pytest.raises(InputError, match="no frame has a score"):
        one_stage_mean([math.nan])
