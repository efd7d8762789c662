from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wam_ros.core.errors import InputError
from wam_ros.decoding import expected_calibration_error
from wam_ros.evaluation.calibration import OutcomeSamples, WaypointSamples, calibration_figures, hit_radii
from wam_ros.evaluation.drive_bootstrap import drive_interval
from wam_ros.evaluation.ranking import auroc, sparsification
from wam_ros.evaluation.reliability import BINS, calibration_error, reliability

TIMES = 0.5 * np.arange(1, 9, dtype=np.float64)
COARSE = st.integers(0, 4).map(lambda value: value / 4.0)  # many ties
LABELLED = st.lists(st.tuples(COARSE, st.booleans()), min_size=1, max_size=30)


def waypoints(plans: int = 200, seed: int = 0, *, honest: bool = True) -> WaypointSamples:
    """Plans of 10 drives that are within their radii as often as they believe, or half as often."""
    rng = np.random.default_rng(seed)
    believed = rng.uniform(size=(plans, 8))
    hit = rng.uniform(size=believed.shape) < (believed if honest else believed / 2.0)
    radii = hit_radii(TIMES)
    errors = np.where(hit, 0.5, 1.5) * radii
    return WaypointSamples(TIMES, radii, believed, errors, np.ones_like(hit), np.arange(plans) % 10)


def test_a_diagram_by_hand() -> None:
    bins = reliability([0.05, 0.0, 0.95, 1.0, 0.95], [False, True, True, True, False])
    assert [one.count for one in bins] == [2, 0, 0, 0, 0, 0, 0, 0, 0, 3]
    assert bins[0].believed == pytest.approx(0.025)
    assert (bins[0].happened, bins[1].believed, bins[1].happened) == (0.5, None, None)
    assert bins[-1].happened == pytest.approx(2.0 / 3.0)
    gap = 2 * abs(0.025 - 0.5) + 3 * abs(2.9 / 3.0 - 2.0 / 3.0)
    assert calibration_error(bins) == pytest.approx(gap / 5.0)
    assert calibration_error(reliability([], [])) is None


@given(st.lists(st.tuples(st.floats(0.0, 1.0), st.booleans()), min_size=1, max_size=40))
def test_the_error_is_that_of_the_decoder(samples: list[tuple[float, bool]]) -> None:
    believed, happened = (list(column) for column in zip(*samples))
    bins = reliability(believed, happened)
    assert sum(one.count for one in bins) == len(samples)
    assert len(bins) == BINS
    assert calibration_error(bins) == pytest.approx(expected_calibration_error(believed, happened), abs=1e-9)


def test_beliefs_must_be_probabilities() -> None:
    with pytest.raises(InputError, match=r"outside \[0, 1\]"):
        reliability([0.5, 1.2], [True, False])
    with pytest.raises(InputError, match="outcomes"):
        reliability([0.5], [True, False])


@given(LABELLED)
def test_auroc_is_the_share_of_pairs_in_the_right_order(samples: list[tuple[float, bool]]) -> None:
    sure, bad = (np.array(column) for column in zip(*samples))
    pairs = list(itertools.product(sure[bad], sure[~bad]))
    expected = np.mean([(low < high) + 0.5 * (low == high) for low, high in pairs]) if pairs else None
    result = auroc(sure, bad)
    assert result is None if expected is None else result == pytest.approx(expected)


def test_auroc_of_a_perfect_warning_and_of_none() -> None:
    assert auroc([0.1, 0.2, 0.8, 0.9], [True, True, False, False]) == 1.0
    assert auroc([0.1, 0.2, 0.8, 0.9], [False, False, True, True]) == 0.0
    assert auroc([0.5] * 4, [True, True, False, False]) == 0.5
    assert auroc([0.1, 0.9], [True, True]) is None
    assert auroc([], []) is None


def test_sparsification_by_hand() -> None:
    curves = sparsification([0.9, 0.1], [4.0, 2.0])
    assert curves is not None
    assert curves.by_confidence == pytest.approx([1.0, 4.0 / 3.0])
    assert curves.oracle == pytest.approx([1.0, 2.0 / 3.0])
    assert curves.ause == pytest.approx(1.0 / 6.0)
    assert sparsification([0.5, 0.6], [0.0, 0.0]) is None


@given(st.lists(st.floats(0.01, 9.0), min_size=1, max_size=20))
def test_the_order_of_the_errors_has_no_area(errors: list[float]) -> None:
    oracle = sparsification(-np.array(errors), errors)
    worst = sparsification(errors, errors)
    assert oracle is not None
    assert worst is not None
    assert oracle.ause == pytest.approx(0.0, abs=1e-12)
    assert worst.ause >= -1e-12


@given(st.lists(st.tuples(st.integers(0, 1), st.floats(0.1, 9.0)), min_size=1, max_size=6))
def test_ties_count_as_removed_in_random_order(samples: list[tuple[int, float]]) -> None:
    sure, errors = zip(*samples)
    curves = sparsification(sure, errors)
    assert curves is not None
    orders = [
        order
        for order in itertools.permutations(range(len(errors)))
        if all(sure[a] <= sure[b] for a, b in itertools.pairwise(order))
    ]
    means = [[np.mean([errors[i] for i in order[k:]]) for k in range(len(errors))] for order in orders]
    assert curves.by_confidence == pytest.approx(np.mean(means, axis=0) / np.mean(errors))


def test_honest_beliefs_have_a_small_error_and_others_are_found_out() -> None:
    honest, boastful = waypoints(4000), waypoints(4000, honest=False)
    assert honest.ece() == pytest.approx(0.0, abs=0.02)
    assert boastful.ece() == pytest.approx(0.25, abs=0.02)
    sparse = honest.sparsification()
    assert sparse is not None
    assert 0.0 < sparse.ause < 0.5


def test_what_is_not_known_does_not_count() -> None:
    all_known = waypoints(50)
    known = all_known.known.copy()
    known[:, -1] = False
    errors = np.where(known, all_known.errors, np.nan)
    partly = WaypointSamples(TIMES, all_known.radii, all_known.believed, errors, known, all_known.drives)
    assert partly.diagram(0) == all_known.diagram(0)
    assert sum(one.count for one in partly.diagram(7)) == 0
    assert partly.ause() is None
    figures = calibration_figures(partly, None)
    assert figures is not None
    assert figures.as_dict()["waypoints"]["by_horizon"][7]["ece"] is None


def test_radii_are_those_of_the_promise() -> None:
    assert hit_radii([0.5, 1.0, 2.5, 4.0]) == pytest.approx([0.5, 0.5, 1.0, 1.5])


def test_figures_for_people_and_machines_agree() -> None:
    rng = np.random.default_rng(3)
    believed = rng.uniform(size=300)
    outcomes = OutcomeSamples(believed, rng.uniform(size=300) > believed, np.arange(300) // 30)
    figures = calibration_figures(waypoints(), outcomes, seed=1)
    assert figures is not None
    told = json.loads(json.dumps(figures.as_dict(), allow_nan=False))
    assert (told["plans"], told["overall"]["n"]) == (200, 300)
    assert told["overall"]["infractions"] == int(outcomes.infraction.sum())
    curves = told["sparsification"]
    assert [curves["by_confidence"][0], curves["oracle"][0]] == pytest.approx([1.0, 1.0])
    assert [row["time_s"] for row in told["waypoints"]["by_horizon"]] == TIMES.tolist()
    values = {
        "waypoint_ece": told["waypoints"]["ece"],
        "ause": told["ause"],
        "overall_ece": told["overall"]["ece"],
        "auroc": told["overall"]["auroc"],
    }
    assert set(told["ci95"]) == set(values)
    assert values["auroc"] > 0.7
    table = figures.table()
    for name, value in values.items():
        low, high = told["ci95"][name]
        assert low <= value <= high
        assert f"{value:.3f}" in table
    again = calibration_figures(waypoints(), outcomes, seed=1)
    assert again is not None
    assert again.as_dict() == figures.as_dict()


def test_closed_loop_routes_tell_the_same_way() -> None:
    routes: list[dict[str, Any]] = [
        {"confidence": [[0.0, 0.9, 0], [0.5, 0.2, 1]]},
        {"confidence": []},
        {"confidence": [[1.0, 0.6, 0]]},
    ]
    outcomes = OutcomeSamples.from_routes(routes)
    assert outcomes is not None
    assert outcomes.drives.tolist() == [0, 0, 2]
    assert outcomes.infraction.tolist() == [False, True, False]
    assert outcomes.auroc() == 1.0
    assert OutcomeSamples.from_routes([{"confidence": []}]) is None
    assert calibration_figures(None, None) is None


def test_one_drive_says_nothing_of_the_spread() -> None:
    assert drive_interval(np.zeros(50), lambda chosen: float(len(chosen) > 0)) is None
    few_values = drive_interval(np.arange(50), lambda chosen: 0.5 if len(np.unique(chosen)) == 50 else None)
    assert few_values is None


def test_whole_drives_are_drawn() -> None:
    values = np.repeat([0.0, 1.0], 500)
    wide = drive_interval(values, lambda chosen: float(values[chosen].mean()))
    narrow = drive_interval(np.arange(1000), lambda chosen: float(values[chosen].mean()))
    assert wide == (0.0, 1.0)
    assert narrow is not None
    assert 0.45 < narrow[0] < 0.5 < narrow[1] < 0.55
