from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from test.decoding.denoisers import VirtualClock
from wam_ros.core.timing import Deadline
from wam_ros.decoding import MaskSchedule, StepController, StepTimes
from wam_ros.decoding.step_times import WINDOW


class Run:
    """One answer under given step times; what a loop would do, without a model."""

    def __init__(
        self,
        budget: float,
        durations: list[float],
        units: int = 8,
        steps: int | None = None,
        schedule: MaskSchedule = MaskSchedule.LINEAR,
        known: StepTimes | None = None,
    ) -> None:
        clock = VirtualClock()
        deadline = Deadline.unlimited(clock) if math.isinf(budget) else Deadline.after(budget, clock)
        self.controller = StepController(units, steps or units, schedule, deadline, known or StepTimes())
        self.controller.start()
        self.commits: list[int] = []
        self.late = False
        self.estimate = math.nan  # p99 as known when the last pass began
        self.left_before = math.nan
        while self.controller.open_units:
            self.left_before = deadline.remaining_s()
            self.estimate = self.controller.step_times.p99
            self.duration = durations[min(len(self.commits), len(durations) - 1)]
            clock.advance(self.duration)
            decision = self.controller.decide()
            self.commits.append(decision.commit)
            self.late = decision.late
        self.overrun = -deadline.remaining_s()

    @property
    def steps(self) -> int:
        return self.controller.steps_done


step_seconds = st.floats(1e-5, 0.5)
jitter = st.lists(step_seconds, min_size=1, max_size=33)
adversarial = st.lists(
    st.one_of(st.just(0.0), st.just(1e-9), step_seconds, st.floats(1.0, 1e4)), min_size=1, max_size=33
)
budgets = st.one_of(st.floats(-1.0, 3.0), st.floats(-1e3, 1e5))
unit_counts = st.sampled_from([8, 16, 32])
schedules = st.sampled_from(list(MaskSchedule))
pasts = st.lists(step_seconds, max_size=300).map(lambda seen: StepTimes(tuple(seen)))


@settings(deadline=None)
@given(budgets, adversarial, unit_counts, schedules, pasts, st.data())
def test_everything_is_committed_once_and_never_more_steps_than_planned(
    budget: float, durations: list[float], units: int, schedule: MaskSchedule, known: StepTimes, data: st.DataObject
) -> None:
    steps = data.draw(st.integers(1, units))
    run = Run(budget, durations, units, steps, schedule, known)
    assert sum(run.commits) == units
    assert min(run.commits) >= 1
    assert 1 <= run.steps <= run.controller.steps_planned == steps


@settings(deadline=None)
@given(budgets, adversarial, unit_counts, pasts)
def test_a_pass_begins_only_if_its_p99_fits(
    budget: float, durations: list[float], units: int, known: StepTimes
) -> None:
    run = Run(budget, durations, units, known=known)
    if run.steps > 1:  # the first is made whatever the time
        assert run.estimate <= run.left_before
        assert run.overrun <= max(0.0, run.duration - run.estimate) + 1e-6


@settings(deadline=None)
@given(st.floats(0.0, 3.0), st.lists(st.floats(0.004, 0.02), min_size=33, max_size=33), unit_counts)
def test_under_jitter_the_deadline_is_passed_by_less_than_a_p99(
    budget: float, durations: list[float], units: int
) -> None:
    run = Run(budget, durations, units, known=StepTimes((0.01, 0.02)))
    if run.steps > 1:
        assert run.overrun <= 0.0  # no step is longer than the p99 here
    assert run.overrun <= max(0.0, durations[0] - budget) + 1e-9


@given(budgets, budgets, adversarial, unit_counts, schedules, pasts, st.data())
@settings(max_examples=300, deadline=None)
def test_more_budget_never_fewer_steps(
    one: float,
    other: float,
    durations: list[float],
    units: int,
    schedule: MaskSchedule,
    known: StepTimes,
    data: st.DataObject,
) -> None:
    steps = data.draw(st.integers(1, units))
    less, more = (Run(budget, durations, units, steps, schedule, known).steps for budget in sorted((one, other)))
    assert less <= more <= Run(math.inf, durations, units, steps, schedule, known).steps == steps


def test_hiccups_do_not_add_up() -> None:
    """The bug that it is for: plans of usual steps ended after 4 of 8 with time left for 4 more."""
    known = StepTimes((*[0.005] * 95, *[0.018] * 5))
    assert (known.p50, known.p99) == (0.005, 0.018)
    assert Run(0.060, [0.005], known=known).commits == [1] * 8
    assert Run(0.030, [0.005], known=known).steps == 3  # the last of them begins with a p99 left
    slow = Run(0.060, [0.018], known=known)
    assert slow.steps == 3
    assert slow.overrun <= 0.0


@settings(deadline=None)
@given(jitter, unit_counts, schedules, pasts, st.data())
def test_time_enough_for_all_steps_is_used(
    durations: list[float], units: int, schedule: MaskSchedule, known: StepTimes, data: st.DataObject
) -> None:
    steps = data.draw(st.integers(1, units))
    budget = 1.25 * steps * max(*durations, *known.seconds, 1e-6) + 1e-6
    run = Run(budget, durations, units, steps, schedule, known)
    assert run.steps == steps
    assert not run.late


@settings(deadline=None)
@given(st.floats(-5.0, 0.0), adversarial, unit_counts)
def test_with_no_time_the_first_pass_is_the_answer(budget: float, durations: list[float], units: int) -> None:
    run = Run(budget, durations, units)
    assert (run.commits, run.late) == ([units], True)


def test_steps_and_units_follow_from_the_time_left() -> None:
    known = StepTimes((0.01,) * 200)
    assert Run(0.080, [0.01], known=known).commits == [1] * 8
    assert Run(0.055, [0.01], known=known).commits == [2, 2, 2, 1, 1]
    assert Run(0.031, [0.01], known=known).commits == [3, 3, 2]
    assert Run(0.015, [0.01], known=known).commits == [8]


def test_a_slow_step_makes_the_rest_larger_and_a_fast_one_smaller() -> None:
    known = StepTimes((0.01,) * 200)
    assert Run(0.0801, [0.01, 0.04, 0.01], known=known).commits == [1, 2, 2, 2, 1]
    assert Run(0.055, [0.01, 0.001], known=known).commits == [2, 2, 1, 1, 1, 1]


def test_one_answer_that_is_not_late_has_no_late_decision() -> None:
    assert not Run(math.inf, [1.0], steps=1).late
    assert not Run(1.0, [0.01], steps=3).late
    assert Run(0.03, [0.01], steps=3).late  # 3 steps of 12.5 ms, by the first one


def test_early_commits_shorten_the_plan_but_not_one_that_time_has_cut() -> None:
    clock = VirtualClock()
    controller = StepController(8, 8, MaskSchedule.LINEAR, Deadline.unlimited(clock), StepTimes())
    controller.start()
    assert controller.decide().commit == 1
    controller.commit_early(5)
    assert (controller.open_units, controller.steps_planned) == (2, 3)

    controller = StepController(8, 8, MaskSchedule.LINEAR, Deadline.after(0.03, clock), StepTimes((0.01,) * 200))
    controller.start()
    clock.advance(0.01)
    assert controller.decide().commit == 3
    controller.commit_early(5)
    assert (controller.open_units, controller.steps_done, controller.steps_planned) == (0, 1, 8)


def test_nothing_measured_means_nothing_fits() -> None:
    assert StepTimes().p99 == math.inf


@settings(deadline=None)
@given(st.lists(step_seconds, min_size=1, max_size=99))
def test_few_samples_give_their_longest_and_a_margin(seen: list[float]) -> None:
    assert StepTimes(tuple(seen)).p99 == 1.25 * max(seen)


@settings(deadline=None)
@given(st.lists(step_seconds, min_size=100, max_size=600))
def test_p99_of_the_latest(seen: list[float]) -> None:
    times = StepTimes()
    for duration in seen:
        times = times.observed(duration)
    latest = seen[-WINDOW:]
    assert list(times.seconds) == latest
    assert sum(duration <= times.p99 for duration in latest) >= 0.99 * len(latest)
    assert sum(duration < times.p99 for duration in latest) < 0.99 * len(latest)


def test_two_hiccups_are_forgiven_and_a_load_is_noticed() -> None:
    calm = StepTimes((0.005,) * WINDOW)
    assert calm.observed(0.1).observed(0.1).p99 == 0.005
    assert calm.observed(0.1).observed(0.1).observed(0.1).p99 == 0.1
    recovered = calm.observed(0.1).observed(0.1).observed(0.1)
    for _ in range(WINDOW):
        recovered = recovered.observed(0.005)
    assert recovered.p99 == 0.005
