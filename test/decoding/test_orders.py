from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wam_ros.core.errors import ConfigError, InputError
from wam_ros.decoding import CommitUnits, DecodeOrder, MaskSchedule, Scenario
from wam_ros.decoding.orders import fixed_priorities, number_sequence, order_for

PAIRS = CommitUnits(scaffold=True, pairs=True)
SINGLE = CommitUnits(scaffold=True, pairs=False)
FREE = CommitUnits(scaffold=False, pairs=False)
MODES = [PAIRS, SINGLE, FREE]
FIXED = [order for order in DecodeOrder if order is not DecodeOrder.CONFIDENCE]
DRIVING = Scenario(speed=10.0)


def sequence(order: DecodeOrder, units: CommitUnits, seed: int = 0) -> tuple[int, ...]:
    found = number_sequence(order, units, seed, DRIVING)
    assert found is not None
    return found


def test_units_of_each_mode() -> None:
    assert [(units.count, units.text) for units in MODES] == [
        (8, "scaffold, pairs: 8 units"),
        (16, "scaffold, single: 16 units"),
        (32, "no scaffold: 32 units"),
    ]
    for units, expected in zip(MODES, (range(0, 32, 2), range(0, 32, 2), range(32))):
        assert [position for unit in units.positions for position in unit] == list(expected)
    assert PAIRS.positions[3] == (12, 14)  # x4, y4


def test_pairs_need_the_scaffold() -> None:
    with pytest.raises(ConfigError, match="pairs = true needs scaffold = true"):
        CommitUnits(scaffold=False, pairs=True)


@pytest.mark.parametrize("units", MODES, ids=lambda units: units.text)
@pytest.mark.parametrize("order", FIXED)
@pytest.mark.parametrize("seed", [0, 1, 7])
def test_every_order_is_a_permutation_of_the_numbers(order: DecodeOrder, units: CommitUnits, seed: int) -> None:
    assert sorted(sequence(order, units, seed)) == list(units.number_units)


def test_the_orders_themselves() -> None:
    assert sequence(DecodeOrder.CAUSAL, PAIRS) == tuple(range(8))
    assert sequence(DecodeOrder.REVERSE_CAUSAL, PAIRS) == tuple(range(7, -1, -1))
    assert sequence(DecodeOrder.REVERSE_CAUSAL, FREE) == tuple(range(30, -1, -2))
    assert sequence(DecodeOrder.BISECT, PAIRS) == (7, 3, 5, 1, 6, 4, 2, 0)  # 4, 2, 3, 1, 3.5, 2.5, 1.5, 0.5 s
    assert sequence(DecodeOrder.BISECT, SINGLE)[:4] == (14, 15, 6, 7)  # x8, y8, x4, y4
    assert number_sequence(DecodeOrder.CONFIDENCE, PAIRS) is None


def test_random_is_drawn_from_the_seed() -> None:
    drawn = {sequence(DecodeOrder.RANDOM, SINGLE, seed) for seed in range(20)}
    assert len(drawn) == 20
    assert sequence(DecodeOrder.RANDOM, SINGLE, 3) == sequence(DecodeOrder.RANDOM, SINGLE, 3)


@pytest.mark.parametrize("units", MODES, ids=lambda units: units.text)
@pytest.mark.parametrize("order", FIXED)
def test_priorities_fall_along_the_order(order: DecodeOrder, units: CommitUnits) -> None:
    wanted = sequence(order, units)
    priorities, fixed = fixed_priorities(wanted, units)
    assert [int(unit) for unit in priorities.argsort(descending=True, stable=True)[: len(wanted)]] == list(wanted)
    assert [index for index in range(units.count) if fixed[index]] == sorted(wanted)
    assert priorities[fixed].min() == pytest.approx(0.1)
    assert priorities[fixed].max() == pytest.approx(0.99)


@pytest.mark.parametrize(
    ("scenario", "order"),
    [
        (Scenario(10.0, 0.0, "left"), DecodeOrder.CAUSAL),
        (Scenario(0.0, None, " Turn Right "), DecodeOrder.CAUSAL),
        (Scenario(2.0, -1 / 15), DecodeOrder.CAUSAL),
        (Scenario(20.0, 1 / 200), DecodeOrder.CAUSAL),  # 2 m/s^2
        (Scenario(5.0, 1 / 200), DecodeOrder.REVERSE_CAUSAL),
        (Scenario(10.0, None, "keep the left lane"), DecodeOrder.REVERSE_CAUSAL),
        (Scenario(10.0), DecodeOrder.REVERSE_CAUSAL),
        (Scenario(1.0, 0.0, "straight"), DecodeOrder.BISECT),
        (Scenario(-1.0), DecodeOrder.BISECT),
    ],
)
def test_the_scenario_rule(scenario: Scenario, order: DecodeOrder) -> None:
    assert order_for(scenario) is order
    assert number_sequence(DecodeOrder.SCENARIO, PAIRS, 0, scenario) == number_sequence(order, PAIRS)


def test_what_the_scenario_order_refuses() -> None:
    with pytest.raises(InputError, match="order 'scenario' was given no scenario"):
        number_sequence(DecodeOrder.SCENARIO, PAIRS)
    with pytest.raises(InputError, match="route_curvature = nan"):
        Scenario(1.0, float("nan"))


schedules = st.sampled_from(list(MaskSchedule))
unit_counts = st.sampled_from([8, 16, 32])


@settings(deadline=None)
@given(schedules, unit_counts, st.data())
def test_a_schedule_takes_exactly_its_steps(schedule: MaskSchedule, units: int, data: st.DataObject) -> None:
    steps = data.draw(st.integers(1, units))
    left = units
    for remaining in range(steps, 0, -1):
        count = schedule.commits(left, units, remaining)
        assert 1 <= count <= left
        left -= count
        assert left >= remaining - 1
    assert left == 0


@settings(deadline=None)
@given(unit_counts, st.data())
def test_linear_is_the_published_split(units: int, data: st.DataObject) -> None:
    steps = data.draw(st.integers(1, units))
    left, counts = units, []
    for remaining in range(steps, 0, -1):
        counts.append(MaskSchedule.LINEAR.commits(left, units, remaining))
        left -= counts[-1]
    assert counts == [units // steps + (index < units % steps) for index in range(steps)]


@pytest.mark.parametrize("units", [8, 16, 32])
@pytest.mark.parametrize("schedule", list(MaskSchedule))
def test_what_is_left_never_falls_with_more_open_units_or_more_steps(schedule: MaskSchedule, units: int) -> None:
    left = [[open_ - schedule.commits(open_, units, steps) for steps in range(1, 34)] for open_ in range(1, units + 1)]
    for row in left:
        assert row == sorted(row)
        assert row[0] == 0  # one step: all at once
    for column in zip(*left):
        assert list(column) == sorted(column)


def test_the_curves_differ() -> None:
    first = {schedule: schedule.commits(32, 32, 4) for schedule in MaskSchedule}
    assert first == {MaskSchedule.LINEAR: 8, MaskSchedule.COSINE: 3, MaskSchedule.SQUARE_ROOT: 16}
