from __future__ import annotations

import dataclasses
from typing import Any, get_args

import numpy as np
import pytest

from test.metrics.navsim.scenes import AREAS, SPEED, agent, moved, path, rectangle, scene
from wam_ros.cli.bench_score import made_up_scene
from wam_ros.core.errors import InputError
from wam_ros.core.geometry import SE2
from wam_ros.metrics.navsim import (
    NavsimScorer,
    PreviousFrame,
    Scenario,
    SignalledConnector,
    StartState,
    Version,
    score_rows,
)

HEADINGS = [0.7, 2.9, -1.6]


def busy(proposals: int = 24) -> Scenario:
    """The bench's scene with a human who leaves the road and a light."""
    made = made_up_scene(proposals=proposals, agents=12, seed=1)
    red = SignalledConnector("connector", rectangle("", "LANE", (30.0, 50.0), (-1.75, 1.75)).polygon, ((2.0, 2.5),))
    return dataclasses.replace(made, lights=(red,), human=path(10.0, side=-9.0))


def numbers(row: Any) -> list[float]:
    if isinstance(row, dict):
        return [number for value in row.values() for number in numbers(value)]
    if isinstance(row, list):
        return [number for value in row for number in numbers(value)]
    return [float(row)]


@pytest.mark.parametrize("version", get_args(Version))
def test_a_batch_equals_a_loop_of_singles(version: Version) -> None:
    scenario = busy()
    assert scenario.previous is not None
    rows = list(score_rows(scenario, version, with_states=True))
    for i, row in enumerate(rows):
        single = dataclasses.replace(
            scenario,
            proposals=scenario.proposals[i : i + 1],
            previous=PreviousFrame(scenario.previous.ego, scenario.previous.proposals[i : i + 1]),
        )
        (alone,) = score_rows(single, version, with_states=True)
        assert row.pop("proposal") == i
        assert alone.pop("proposal") == 0
        np.testing.assert_allclose(numbers(row), numbers(alone), atol=1e-10)


@pytest.mark.parametrize("version", get_args(Version))
@pytest.mark.parametrize("heading", HEADINGS)
def test_scores_do_not_depend_on_the_frame(version: Version, heading: float) -> None:
    # Off the grid by a little: contacts that are exact in one frame only would be decided by rounding.
    scenario = dataclasses.replace(busy(), ego=StartState(0.013, 0.017, 0.0, 10.0))
    there = moved(scenario, SE2(331.2, -127.7, heading))
    rows, others = (list(score_rows(one, version, with_states=False)) for one in (scenario, there))
    for row, other in zip(rows, others, strict=True):
        np.testing.assert_allclose(numbers(row), numbers(other), atol=1e-8)


def test_the_scenes_of_these_tests_are_not_trivial() -> None:
    scorer = NavsimScorer(busy(64))
    rollout = scorer.rollout()
    v1, v2 = scorer.pdms(rollout), scorer.epdms(rollout, scorer.previous_states())
    for scores in (v1.sub_scores, v2.raw):
        varied = {name for name, values in vars(scores).items() if len(np.unique(values)) > 1}
        assert len(varied) == len(vars(scores)), sorted(set(vars(scores)) - varied)
    assert v2.extended_comfort is not None
    assert len(np.unique(v2.extended_comfort)) == 2


def test_progress_does_not_depend_on_the_neighbours() -> None:
    slow, fast = path(5.0), path(14.0)
    together = NavsimScorer(scene(slow, fast))
    alone = NavsimScorer(scene(slow))
    assert together.pdms(together.rollout()).sub_scores.ego_progress[0] == pytest.approx(
        alone.pdms(alone.rollout()).sub_scores.ego_progress[0], abs=1e-12
    )


def test_the_human_filter_forgives_what_the_human_broke() -> None:
    off_road = path(side=-9.0)
    with_human = NavsimScorer(scene(off_road, human=off_road))
    scores = with_human.epdms(with_human.rollout())
    assert scores.raw.drivable_area_compliance[0] == 0.0
    assert scores.filtered.drivable_area_compliance[0] == 1.0
    assert scores.pdms_without_ec[0] == 0.0 < scores.epdms[0]
    without = NavsimScorer(scene(off_road))
    plain = without.epdms(without.rollout())
    assert plain.filtered is plain.raw
    assert plain.epdms[0] == 0.0


def test_the_human_is_judged_without_history_and_progress() -> None:
    # A human who stands still has HC = EP = 1, so nothing is forgiven to a slow and rough proposal.
    rough_past = np.array([[t, SPEED * t, 0.0, 0.0, SPEED, 0.0, 9.0] for t in (-1.5, -1.0, -0.5, 0.0)])
    scorer = NavsimScorer(scene(path(2.0), human=np.zeros((8, 3)), ego_past=rough_past))
    scores = scorer.epdms(scorer.rollout())
    assert scores.raw.history_comfort[0] == scores.filtered.history_comfort[0] == 0.0
    assert scores.filtered.ego_progress[0] == scores.raw.ego_progress[0] < 1.0


def test_a_reference_that_collides_is_no_yardstick() -> None:
    blocked = scene(path(4.0), agents=(agent(26.0, 0.0),))
    free = scene(path(4.0))
    for scenario, full in ((blocked, True), (free, False)):
        scorer = NavsimScorer(scenario)
        progress = scorer.epdms(scorer.rollout()).raw.ego_progress[0]
        assert bool(progress == 1.0) == full


def test_without_a_previous_frame_extended_comfort_is_none() -> None:
    (row,) = score_rows(scene(), "v2", with_states=False)
    assert row["EC"] is None
    assert row["EPDMS"] == row["PDMS_without_EC"] == 1.0


def test_the_age_of_the_previous_frame_follows_the_times() -> None:
    def aged(now: float | None, then: float | None) -> Scenario:
        before = PreviousFrame(StartState(-4.0, 0.0, 0.0, SPEED, time_s=then), path()[None])
        return scene(ego=StartState(0.0, 0.0, 0.0, SPEED, time_s=now), previous=before)

    assert aged(None, None).previous_age_steps() == aged(2.0, None).previous_age_steps() == 5
    assert aged(10.0, 9.7).previous_age_steps() == 3
    for now, then in ((1.0, 1.0), (1.0, 0.4), (1.0, 1.5), (1.0, 0.99)):
        with pytest.raises(InputError, match=r"previous.ego.time_s: the previous frame is .* s old"):
            aged(now, then)


def test_rollouts_refuse_bad_proposals() -> None:
    scorer = NavsimScorer(scene())
    with pytest.raises(InputError, match="not finite"):
        scorer.rollout(np.full((1, 8, 3), np.nan))
    with pytest.raises(InputError, match=r"shape \(8, 3\), wanted"):
        scorer.rollout(path())
    with pytest.raises(InputError, match="proposal_dt = 0"):
        scorer.rollout(path()[None], 0.0)
    with pytest.raises(InputError, match="previous states of shape"):
        scorer.epdms(scorer.rollout(), np.zeros((2, 41, 11)))


def test_a_map_without_areas_is_nowhere_drivable() -> None:
    (row,) = score_rows(scene(areas=()), "v2", with_states=False)
    assert row["raw"]["drivable_area_compliance"] == 0.0
    assert row["internals"]["steps_nondrivable"] == row["internals"]["steps_oncoming"] == 41
    assert len(AREAS) == 5
