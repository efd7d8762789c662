from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from test.control.closed_loop import ackermann, circle, drive, ego_of, fixed, ns, plan_of, straight, trajectory_of
from wam_ros.control import (
    CommandGuard,
    ControlOutput,
    ControlSession,
    EngagementEvent,
    EngagementState,
    PlanSchedule,
    SessionLimits,
    TrajectoryController,
)
from wam_ros.core import SE2, BicycleState, EgoState, KinematicBicycle, Plan, VehicleDescription

S, E = EngagementState, EngagementEvent


class Bench:
    """A session with a clock in hand: monotonic time and the stamps' time are the same."""

    def __init__(self, vehicle: VehicleDescription, delay: float = 0.0, **limits: Any) -> None:
        self.vehicle = vehicle
        self.outputs: list[ControlOutput] = []
        self.now_ns = 0
        self.session = ControlSession(
            TrajectoryController(vehicle),
            CommandGuard(vehicle),
            PlanSchedule(delay),
            SessionLimits(**limits),
            self.outputs.append,
            lambda: self.now_ns,
        )

    def plan(self, time: float) -> None:
        self.session.on_plan(plan_of(trajectory_of(straight(8.0), time)))

    def odometry(self, time: float) -> None:
        self.now_ns = ns(time)
        state = BicycleState(SE2(8.0 * time, 0.0, 0.0), 8.0)
        self.session.on_odometry(ego_of(state, time, self.vehicle), self.now_ns)

    def event(self, event: EngagementEvent, time: float) -> None:
        self.now_ns = ns(time)
        self.session.on_event(event, self.now_ns)

    def check(self, time: float) -> None:
        self.now_ns = ns(time)
        self.session.check(self.now_ns)

    @property
    def last(self) -> ControlOutput:
        return self.outputs[-1]

    def commands(self) -> bool:
        return self.last.command is not None

    def engage(self, time: float = 0.0) -> None:
        self.odometry(time)
        self.plan(time)
        self.event(E.ENGAGE, time)


def test_nothing_is_commanded_before_engage(vehicle: VehicleDescription) -> None:
    bench = Bench(vehicle)
    for tick in range(5):
        bench.odometry(0.05 * tick)
        bench.plan(0.05 * tick)
    assert [output.command for output in bench.outputs] == [None] * 5
    assert {output.engagement.state for output in bench.outputs} == {S.DISENGAGED}
    bench.event(E.ENGAGE, 0.2)
    assert not bench.commands(), "engaging alone commands nothing"
    bench.odometry(0.25)
    assert bench.last.command is not None
    assert bench.last.command.stamp_ns == bench.last.stamp_ns == ns(0.25)
    assert bench.last.engagement.state is S.ENGAGED


def test_engaging_needs_odometry_and_a_young_plan(vehicle: VehicleDescription) -> None:
    bench = Bench(vehicle)
    bench.event(E.ENGAGE, 0.0)
    assert bench.last.engagement.reason == "not engaged: no fresh odometry"
    assert bench.last.stamp_ns == 0
    bench.odometry(0.0)
    bench.event(E.ENGAGE, 0.0)
    assert bench.last.engagement.reason == "not engaged: no fresh plan"
    bench.plan(0.0)
    bench.event(E.ENGAGE, 0.6)
    assert bench.last.engagement.reason == "not engaged: no fresh odometry"
    bench.odometry(1.5)
    bench.event(E.ENGAGE, 1.5)
    assert bench.last.engagement.reason == "not engaged: no fresh plan"


def test_one_command_for_each_odometry(vehicle: VehicleDescription) -> None:
    bench = Bench(vehicle)
    bench.engage()
    bench.outputs.clear()
    for tick in range(1, 11):
        bench.odometry(0.05 * tick)
        bench.plan(0.05 * tick)
        bench.check(0.05 * tick + 0.02)
    assert [o.command.stamp_ns for o in bench.outputs if o.command] == [ns(0.05 * tick) for tick in range(1, 11)]
    assert len(bench.outputs) == 10


def test_when_plans_stop_the_brake_is_held(vehicle: VehicleDescription) -> None:
    bench = Bench(vehicle)
    bench.engage()
    for tick in range(1, 60):
        bench.odometry(0.05 * tick)
    assert bench.last.engagement.state is S.HOLDING
    assert "old" in bench.last.engagement.reason
    assert bench.last.command is not None
    assert bench.last.command.acceleration == -vehicle.comfort_deceleration
    bench.plan(2.95)
    bench.odometry(3.0)
    assert bench.last.engagement.state is S.ENGAGED


def test_when_odometry_stops_nothing_is_commanded_until_engaged_anew(vehicle: VehicleDescription) -> None:
    bench = Bench(vehicle, engage_on_start=True)
    bench.engage()
    bench.odometry(0.05)
    bench.check(0.5)
    assert bench.last.engagement.commanding
    bench.check(0.6)
    assert bench.last.engagement.state is S.DISENGAGED
    assert bench.last.engagement.reason == "no odometry for 0.5 s: nothing is commanded any more; engage anew"
    told = len(bench.outputs)
    bench.check(0.8)
    assert len(bench.outputs) == told, "once is enough"
    bench.odometry(0.85)
    assert not bench.commands(), "it does not engage by itself"
    assert bench.session.events["odometry_lost"] == 1


def test_override_ends_commands_at_once(vehicle: VehicleDescription) -> None:
    bench = Bench(vehicle)
    bench.engage()
    bench.event(E.TAKEN_OVER, 0.02)
    assert bench.last.engagement.state is S.OVERRIDDEN
    bench.odometry(0.05)
    assert not bench.commands()
    bench.event(E.HANDED_BACK, 0.06)
    bench.odometry(0.1)
    assert not bench.commands()
    bench.event(E.ENGAGE, 0.1)
    bench.odometry(0.15)
    assert bench.last.command is not None


def test_old_odometry_is_braked_for(vehicle: VehicleDescription) -> None:
    bench = Bench(vehicle)
    bench.engage()
    state = BicycleState(SE2(0.4, 0.0, 0.0), 8.0)
    bench.now_ns = ns(0.35)
    bench.session.on_odometry(ego_of(state, 0.05, vehicle), bench.now_ns)
    assert bench.last.command is not None
    assert bench.last.command.acceleration == -vehicle.comfort_deceleration
    assert bench.session.events["command_braked"] == 1
    assert "0.300 s old" in bench.session.last_event


def test_odometry_out_of_order_is_refused_and_a_new_time_begins_anew(vehicle: VehicleDescription) -> None:
    bench = Bench(vehicle)
    bench.engage(5.0)
    bench.odometry(4.9)
    bench.odometry(5.0)
    assert bench.session.events["odometry_refused"] == 2
    bench.odometry(1.0)
    assert bench.session.events["time_reset"] == 1
    assert bench.last.engagement.state is S.HOLDING, "the plans of the old time are forgotten"
    bench.plan(1.0)
    bench.odometry(1.05)
    assert bench.last.engagement.state is S.ENGAGED


# -- lockstep


def test_lockstep_waits_for_the_plan_that_is_due(vehicle: VehicleDescription) -> None:
    bench = Bench(vehicle, 0.1, lockstep=True, engage_on_start=True)
    bench.odometry(3.0)
    assert bench.last.engagement.state is S.HOLDING, "nothing is due yet: the brake, at once"
    bench.odometry(3.05)
    assert len(bench.outputs) == 2
    bench.odometry(3.1)
    assert len(bench.outputs) == 2, "the plan of 3.0 is due"
    bench.plan(3.05)
    assert len(bench.outputs) == 2, "that is another one"
    bench.plan(3.0)
    assert bench.last.stamp_ns == ns(3.1)
    assert bench.last.tracking is not None
    assert bench.last.tracking.plan_age == pytest.approx(0.1)
    assert bench.session.events["plan_missed"] == 0


def test_lockstep_goes_on_without_a_plan_that_does_not_come(vehicle: VehicleDescription) -> None:
    bench = Bench(vehicle, 0.1, lockstep=True, engage_on_start=True, plan_timeout=2.0)
    bench.odometry(3.0)
    bench.plan(3.0)
    bench.odometry(3.05)
    bench.odometry(3.1)
    assert bench.last.engagement.state is S.ENGAGED
    bench.odometry(3.15)
    bench.odometry(3.2)
    assert bench.last.stamp_ns == ns(3.15)
    bench.check(5.1)
    assert bench.last.stamp_ns == ns(3.15)
    bench.check(5.3)
    assert bench.last.stamp_ns == ns(3.2)
    assert bench.last.tracking is not None
    assert bench.last.tracking.plan_age == pytest.approx(0.2), "the older plan"
    assert bench.session.events["plan_missed"] == 1
    bench.check(30.0)
    assert bench.session.engagement.state is S.ENGAGED, "the world may stand still for as long as it likes"


def test_lockstep_waits_ever_shorter_for_a_planner_that_died(vehicle: VehicleDescription) -> None:
    """So that the car stands soon, on the wall clock too."""
    bench = Bench(vehicle, 0.1, lockstep=True, engage_on_start=True, plan_timeout=2.0)
    bench.odometry(3.0)
    bench.plan(3.0)
    now, waits = 3.2, []
    for _ in range(7):
        bench.odometry(now)
        asked = now
        while bench.last.stamp_ns != ns(asked):
            now += 0.01
            bench.check(now)
        waits.append(now - asked)
    assert waits == pytest.approx([2.0, 1.0, 0.5, 0.25, 0.125, 0.0625, 0.05], abs=0.011)
    bench.plan(now - 0.5)
    bench.odometry(now)
    bench.check(now + 1.9)
    assert bench.last.stamp_ns != ns(now), "a late plan shows that the planner lives"


def test_lockstep_answers_what_it_waited_with_when_the_world_goes_on(vehicle: VehicleDescription) -> None:
    bench = Bench(vehicle, 0.1, lockstep=True, engage_on_start=True)
    for time in (3.0, 3.05, 3.1, 3.15):
        bench.odometry(time)
    assert [output.stamp_ns for output in bench.outputs] == [ns(3.0), ns(3.05), ns(3.1)]
    assert bench.session.events["plan_missed"] == 1
    assert "the world went on" in bench.session.last_event


def test_lockstep_waits_for_nobody_while_not_engaged(vehicle: VehicleDescription) -> None:
    bench = Bench(vehicle, 0.1, lockstep=True)
    for time in (3.0, 3.05, 3.1, 3.15):
        bench.odometry(time)
    assert len(bench.outputs) == 4
    bench.plan(3.05)
    bench.event(E.ENGAGE, 3.15)
    bench.odometry(3.25)
    waiting = len(bench.outputs)
    bench.event(E.TAKEN_OVER, 3.26)
    assert len(bench.outputs) == waiting + 1
    bench.plan(3.15)
    assert len(bench.outputs) == waiting + 1, "what was waited for is commanded after the override"


@pytest.mark.parametrize("slow", [1, 2, 3])
def test_lockstep_drives_the_path_of_the_loop_in_process(vehicle: VehicleDescription, slow: int) -> None:
    """Plans that come `slow` deliveries late over a topic, and a world that waits."""
    pose_at = circle(20.0, 7.0)
    start = BicycleState(SE2(0.0, 0.0, 0.0), 7.0)
    loop = drive(TrajectoryController(vehicle), fixed(pose_at), 4.0, state=replace(start), delay=0.0)
    bench = Bench(vehicle, 0.0, lockstep=True, engage_on_start=True)
    bicycle, now = KinematicBicycle(vehicle), start
    for tick in range(80):
        time = 0.05 * tick
        ego: EgoState = ego_of(now, time, vehicle)
        deliveries: list[Plan] = []
        if tick % 2 == 0:
            deliveries = [plan_of(trajectory_of(pose_at, time))]
        bench.session.on_odometry(ego, ns(time))
        for _ in range(slow):
            bench.session.check(ns(time))
        for plan in deliveries:
            bench.session.on_plan(plan)
        command = bench.last.command
        assert command is not None
        assert command == loop.commands[tick]
        now = bicycle.step(now, command.steering_angle, ackermann(command, now.speed, vehicle), 0.05)
