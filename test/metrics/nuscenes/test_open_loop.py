from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wam_ros.core.errors import InputError
from wam_ros.core.geometry import Array
from wam_ros.metrics.nuscenes import Obstacles, Sample, format_table, score_open_loop
from wam_ros.metrics.nuscenes.sample import STEPS

STANDING = np.zeros((STEPS, 2))
ALWAYS = np.ones(STEPS, dtype=np.bool_)
OPEN_ROAD = Sample(STANDING, ALWAYS, Obstacles.none())


def ahead(*distances: float) -> Array:
    return np.stack([np.zeros(STEPS), np.array(distances)], axis=1)


def parked_ahead() -> Obstacles:
    """A bus of 12 x 3 m across the road, from 8.5 to 11.5 m ahead."""
    boxes = np.tile([0.0, 10.0, 0.0, 12.0, 3.0], (1, STEPS + 1, 1))
    present = np.ones((1, STEPS + 1), dtype=np.bool_)
    return Obstacles(("vehicle.bus.rigid",), boxes, present, present[:, 0], present[:, 0])


def test_the_columns_are_means_up_to_a_step_or_values_at_it() -> None:
    stp3, vad, uniad = score_open_loop([ahead(1, 2, 3, 4, 5, 6)], [OPEN_ROAD])
    assert [score.protocol for score in (stp3, vad, uniad)] == ["ST-P3", "VAD", "UniAD"]
    assert (uniad.l2.at_1s, uniad.l2.at_2s, uniad.l2.at_3s, uniad.l2.average) == (2.0, 4.0, 6.0, 4.0)
    assert (vad.l2.at_1s, vad.l2.at_2s, vad.l2.at_3s, vad.l2.average) == pytest.approx((1.5, 2.5, 3.5, 2.5))
    assert stp3.l2 == vad.l2


def test_collisions_are_shares_of_steps() -> None:
    sample = Sample(STANDING, ALWAYS, parked_ahead())
    through, before = ahead(0, 10, 10, 10, 20, 30), ahead(0, 1, 2, 3, 3, 3)
    _, vad, uniad = score_open_loop([through, before], [sample, sample])
    box = uniad.box_collision
    assert (box.at_1s, box.at_2s, box.at_3s) == (0.5, 0.5, 0.0)
    assert box == uniad.point_collision
    box = vad.box_collision
    assert (box.at_1s, box.at_2s, box.at_3s) == pytest.approx((1 / 4, 3 / 8, 3 / 12))
    assert box.average == pytest.approx((1 / 4 + 3 / 8 + 1 / 4) / 3)


def test_samples_that_a_protocol_drops_are_not_in_its_mean() -> None:
    short = Sample(STANDING, np.arange(STEPS) < 2, Obstacles.none())
    fresh = Sample(STANDING, ALWAYS, Obstacles.none(), has_past=False)
    plans = [ahead(*[1.0] * 6), ahead(*[2.0] * 6), ahead(*[6.0] * 6)]
    stp3, vad, uniad = score_open_loop(plans, [OPEN_ROAD, fresh, short])
    assert [score.samples for score in (stp3, vad, uniad)] == [1, 2, 3]
    assert (stp3.l2.at_3s, vad.l2.at_3s) == (1.0, 1.5)
    # UniAD divides by all samples where one has ended.
    assert (uniad.l2.at_1s, uniad.l2.at_3s) == (3.0, 1.0)


def test_a_protocol_without_samples_has_no_rows() -> None:
    short = Sample(STANDING, np.arange(STEPS) < 2, Obstacles.none())
    assert [score.protocol for score in score_open_loop([STANDING], [short])] == ["UniAD"]
    assert score_open_loop(np.zeros((0, STEPS, 2)), []) == ()


@given(arrays(np.float64, (3, STEPS, 2), elements=st.floats(-60.0, 60.0)))
def test_protocols_that_keep_the_same_agree_on_the_same_steps(plans: Array) -> None:
    stp3, vad, uniad = score_open_loop(plans, [OPEN_ROAD] * 3)
    assert stp3.l2 == vad.l2
    by_step = np.linalg.norm(plans, axis=2).mean(axis=0)
    assert (uniad.l2.at_1s, uniad.l2.at_2s, uniad.l2.at_3s) == pytest.approx(tuple(by_step[1::2]))
    means = np.cumsum(by_step)[1::2] / [2, 4, 6]
    assert (vad.l2.at_1s, vad.l2.at_2s, vad.l2.at_3s) == pytest.approx(tuple(means))
    # Two ends of the cumulative mean give back what UniAD and the step before it see.
    assert 4 * vad.l2.at_2s - 2 * vad.l2.at_1s == pytest.approx(by_step[2] + uniad.l2.at_2s, abs=1e-9)


@given(arrays(np.float64, STEPS, elements=st.floats(-20.0, 30.0)))
def test_a_plan_that_is_the_truth_never_errs(distances: Array) -> None:
    truth = ahead(*distances)
    for score in score_open_loop([truth], [Sample(truth, ALWAYS, parked_ahead())]):
        assert score.l2.average == score.box_collision.average == score.point_collision.average == 0.0


def test_a_batch_is_the_mean_of_singles() -> None:
    rng = np.random.default_rng(5)
    plans = np.cumsum(rng.normal(0.0, 2.0, (8, STEPS, 2)), axis=1) + np.array([0.0, 8.0])
    samples = [Sample(STANDING, ALWAYS, parked_ahead())] * 8
    batch = score_open_loop(plans, samples)
    singles = [score_open_loop([plan], [sample]) for plan, sample in zip(plans, samples)]
    for i, score in enumerate(batch):
        rows = [single[i] for single in singles]
        assert score.box_collision.average == pytest.approx(np.mean([row.box_collision.average for row in rows]))
        assert score.l2.average == pytest.approx(np.mean([row.l2.average for row in rows]))
        assert 0.0 < score.box_collision.average < 1.0


def test_the_table_shows_every_row() -> None:
    scores = score_open_loop([ahead(0, 10, 10, 10, 20, 30)], [Sample(STANDING, ALWAYS, parked_ahead())])
    lines = format_table(scores).splitlines()
    assert lines[0].split() == ["protocol", "1", "s", "2", "s", "3", "s", "avg"]
    assert lines[7].split() == ["UniAD", "L2", "[m]", "10.000", "10.000", "30.000", "16.667"]
    assert lines[8].split() == ["UniAD", "box", "collision", "[%]", "100.000", "100.000", "0.000", "66.667"]
    assert len(lines) == 10


def test_plans_of_another_shape_are_refused() -> None:
    with pytest.raises(InputError, match="plans: shape"):
        score_open_loop([STANDING], [OPEN_ROAD] * 2)
    with pytest.raises(InputError, match="not all waypoints are finite"):
        score_open_loop([STANDING + math.nan], [OPEN_ROAD])
