from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from wam_ros.core.errors import ConfigError, InputError
from wam_ros.core.plan_features import PlanFeatures
from wam_ros.decoding import PlanMap, expected_calibration_error
from wam_ros.decoding.plan_map import TERMS, as_rows
from wam_ros.evaluation.ranking import auroc


def drives(plans: int, seed: int, recklessness: float = 1.0) -> tuple[torch.Tensor, torch.Tensor]:
    """Plans whose risk is that of starting, however sure they are, and a little that of doubt."""
    rng = np.random.default_rng(seed)
    mean = rng.uniform(0.4, 1.0, plans)
    speed, gain = rng.uniform(0.0, 12.0, plans), rng.uniform(-4.0, 8.0, plans)
    distance = np.clip(4.0 * speed + 2.0 * gain, 0.0, None)
    turn = rng.uniform(0.0, 1.0, plans)
    risk = 1.0 / (1.0 + np.exp(5.5 - recklessness - 0.5 * gain * (speed < 4.0) + 2.0 * (mean - 0.7)))
    features = as_rows(np.column_stack([mean, mean - 0.2, speed, gain, distance, turn]))
    return features, torch.tensor(rng.random(plans) < risk)


def test_what_a_plan_does_tells_more_of_its_risk_than_how_sure_it_is() -> None:
    good, bad = drives(6000, 0), drives(6000, 1, 2.5)
    features, infraction = (torch.cat(parts) for parts in zip(good, bad))
    fitted = PlanMap.fit(features, infraction, torch.arange(12_000) < 6000)
    unseen, followed = drives(6000, 2)
    alone, found = (auroc(sure.numpy(), followed.numpy()) for sure in (unseen[:, 0], fitted(unseen)))
    assert alone is not None
    assert found is not None
    assert alone < 0.65
    assert found > 0.75
    # The probabilities are those of the planner's own drives, not of all that the order was learnt from.
    assert expected_calibration_error(fitted(unseen), ~followed) < 0.01
    of_all = PlanMap.fit(features, infraction, torch.ones(12_000, dtype=torch.bool))
    assert expected_calibration_error(of_all(unseen), ~followed) > 0.02


def test_few_or_contrary_infractions_of_its_own_leave_the_order_of_all() -> None:
    features, infraction = drives(6000, 5)
    own, (mine, _) = torch.arange(6000) < 600, drives(600, 6)
    features[:600], infraction[:600] = mine, False
    order = PlanMap.fit(features[600:], infraction[600:], torch.ones(5400, dtype=torch.bool))(mine).argsort()
    infraction[order[-3:]] = True  # three of its own, of plans that seemed to be the safest
    fitted = PlanMap.fit(features, infraction, own)(mine)
    assert float(fitted.mean()) == pytest.approx(1.0 - 3.0 / 600.0, abs=0.005)
    safest = fitted.argsort(descending=True)[:200]
    assert len(set(safest.tolist()) & set(order[-200:].tolist())) > 190


def test_the_fit_does_not_depend_on_order_or_repetition() -> None:
    features, infraction = drives(3000, 3)
    own = torch.ones(3000, dtype=torch.bool)
    one = PlanMap.fit(features, infraction, own)
    assert PlanMap.fit(features, infraction, own) == one
    back = PlanMap.fit(features.flip(0), infraction.flip(0), own)
    torch.testing.assert_close(back(features), one(features), atol=2e-3, rtol=0.0)


def test_a_plan_by_its_features() -> None:
    weights = [0.0] * (TERMS + 1)
    weights[1] = -math.log(3.0)  # of the mean confidence
    plan = PlanFeatures(1.0, 0.5, 3.0, 1.0, 12.0, 0.2)
    fitted = PlanMap(tuple(weights))
    assert fitted(as_rows([plan, plan._replace(mean=0.0)])).tolist() == pytest.approx([0.75, 0.5])
    assert PlanMap.from_mapping(fitted.to_mapping()) == fitted


def test_what_cannot_be_fitted_or_made() -> None:
    features, infraction = drives(200, 4)
    own = torch.ones(200, dtype=torch.bool)
    for outcomes in (torch.zeros(200, dtype=torch.bool), own):
        with pytest.raises(InputError, match="nothing to learn from"):
            PlanMap.fit(features, outcomes, own)
    with pytest.raises(InputError, match="from 10 plans of its own"):
        PlanMap.fit(features, infraction, torch.arange(200) < 10)
    for weights in ((0.0,) * TERMS, (math.nan,) * (TERMS + 1)):
        with pytest.raises(ConfigError, match="weights, wanted 14"):
            PlanMap(weights)
