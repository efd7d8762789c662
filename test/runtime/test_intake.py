from __future__ import annotations

import gc
import time
import weakref
from typing import Any

import numpy as np
import pytest

from test.runtime.parts import MS, SECOND, Desk, ScriptedPlanner, ego_at
from wam_ros.core import SE2, CameraImage, InputError, Observation, PlanStatus, Route
from wam_ros.runtime import Intake, IntakeLimits, OdometryBuffer, TimeBudget

BUDGET = TimeBudget(0.2)


class Bench:
    """An intake on a service, with a clock of the test's own."""

    def __init__(self, cameras: tuple[str, ...] = ("front",), **limits: float) -> None:
        self.observations: list[Observation] = []
        self.planner = ScriptedPlanner(self.observations.append)
        self.odometry = OdometryBuffer()
        self.desk = Desk(self.planner)
        self.now_ns = 10 * SECOND
        self.frames: dict[tuple[str, str], SE2] = {}
        self.intake = Intake(
            self.desk.service, self.odometry, cameras, IntakeLimits(**limits), lambda: self.now_ns, self.frame_from
        )

    def frame_from(self, target: str, source: str) -> SE2:
        try:
            return self.frames[target, source]
        except KeyError:
            msg = f"/tf has no transform from {source!r} to {target!r}"
            raise InputError(msg) from None

    def odometry_at(self, stamp_ns: int, x: float = 0.0) -> None:
        self.intake.on_odometry(ego_at(stamp_ns, x))

    def image(self, stamp_ns: int) -> None:
        pixels = np.zeros((4, 6, 3), np.uint8)
        self.intake.on_image(stamp_ns, lambda: CameraImage(stamp_ns, pixels, "rgb8"), BUDGET, time.monotonic_ns())

    def drive(self, count: int) -> list[Any]:
        """Odometry and an image at the same stamp, `count` times 0.1 s apart; the results."""
        done = len(self.desk.results)
        for index in range(count):
            stamp = self.now_ns
            self.odometry_at(stamp, x=0.5 * (stamp / SECOND / 0.1))
            self.image(stamp)
            self.desk.wait_for(done + index + 1)
            self.now_ns += 100 * MS
        return [result for result, _ in self.desk.results[done:]]


@pytest.fixture
def bench() -> Any:
    made = Bench()
    yield made
    made.desk.service.stop()


def only(bench: Bench) -> Any:
    return bench.desk.wait_for(1)[-1]


def test_images_become_observations_at_their_stamp(bench: Bench) -> None:
    bench.intake.on_route(Route.from_points("odom", [[0, 0], [100, 0]]))
    bench.intake.on_instruction(" left ")
    results = bench.drive(3)
    assert [r.plan.status for r in results] == [PlanStatus.FULL] * 3
    seen = bench.observations[-1]
    assert seen.stamp_ns == seen.ego.stamp_ns == seen.images["front"].stamp_ns == results[-1].tick.stamp_ns
    assert seen.route is not None
    assert seen.instruction == "left"


def test_odometry_is_interpolated_to_the_image(bench: Bench) -> None:
    bench.odometry_at(bench.now_ns, x=1.0)
    bench.image(bench.now_ns + 50 * MS)
    bench.odometry_at(bench.now_ns + 100 * MS, x=1.5)
    assert only(bench).plan.status is PlanStatus.FULL
    assert bench.observations[0].ego.pose.x == pytest.approx(1.25)


def test_without_newer_odometry_the_last_sample_is_moved(bench: Bench) -> None:
    bench.odometry_at(bench.now_ns - 50 * MS, x=1.0)
    bench.image(bench.now_ns)
    assert only(bench).plan.status is PlanStatus.FULL
    assert bench.observations[0].ego.pose.x == pytest.approx(1.25)


def test_no_odometry_is_told(bench: Bench) -> None:
    bench.image(bench.now_ns)
    result = only(bench)
    assert (result.plan.status, result.plan.reason) == (PlanStatus.STOP, "no odometry")
    assert (result.plan.planner, result.plan.trajectory.frame_id) == ("standstill", "base_link")
    assert bench.intake.events["tick_refused"] == 1


def test_a_stale_image_is_refused(bench: Bench) -> None:
    bench.odometry_at(bench.now_ns)
    bench.image(bench.now_ns - 800 * MS)
    assert only(bench).plan.reason == "stale image: 0.800 s old, allowed 0.5 s"
    assert bench.intake.events["image_refused"] == 1
    assert bench.observations == []


def test_an_image_from_the_future_is_refused(bench: Bench) -> None:
    bench.image(bench.now_ns + 5 * SECOND)
    assert "5.000 s in the future" in only(bench).plan.reason


def test_a_repeated_or_older_stamp_is_refused(bench: Bench) -> None:
    bench.drive(1)
    bench.image(bench.now_ns - 150 * MS)
    assert "image stamp is 0.050 s behind" in bench.desk.wait_for(2)[-1].plan.reason


def test_time_that_goes_back_begins_a_new_time_line(bench: Bench) -> None:
    bench.drive(3)
    bench.now_ns = 2 * SECOND
    results = bench.drive(2)
    assert [r.plan.status for r in results] == [PlanStatus.FULL] * 2
    assert bench.intake.events["time_reset"] == 1
    assert bench.desk.replacements.resets == 1
    assert bench.planner.resets == 1


def test_an_odometry_jump_forgets_the_past(bench: Bench) -> None:
    bench.drive(3)
    bench.odometry_at(bench.now_ns, x=500.0)
    bench.image(bench.now_ns)
    result = bench.desk.wait_for(4)[-1]
    assert result.plan.status is PlanStatus.FULL
    assert bench.intake.events["odometry_jump"] == 1
    assert bench.desk.replacements.resets == 1


def test_a_route_in_another_frame_is_transformed_or_refused_by_name(bench: Bench) -> None:
    bench.intake.on_route(Route.from_points("map", [[0, 0], [100, 0]]))
    (refused,) = bench.drive(1)
    assert refused.plan.status is PlanStatus.STOP
    assert refused.plan.reason == ("route refused: it is in frame 'map' and /tf has no transform from 'map' to 'odom'")
    bench.frames["odom", "map"] = SE2(0.0, 5.0, 0.0)
    (planned,) = bench.drive(1)
    assert planned.plan.status is PlanStatus.FULL
    route = bench.observations[0].route
    assert route is not None
    assert route.line.points[0] == pytest.approx([0.0, 5.0])


def test_a_route_that_cannot_be_read_stops_until_a_good_one_comes(bench: Bench) -> None:
    bench.intake.on_route(None, "route refused: polyline: 1 distinct point(s)")
    (result,) = bench.drive(1)
    assert "1 distinct point" in result.plan.reason
    bench.intake.on_route(None)
    (result,) = bench.drive(1)
    assert result.plan.status is PlanStatus.FULL


def test_silence_is_answered(bench: Bench) -> None:
    bench.intake.check_silence(BUDGET, time.monotonic_ns())
    assert bench.desk.results == []  # not before the first image
    bench.drive(1)
    bench.now_ns += 2 * SECOND
    bench.intake.check_silence(BUDGET, time.monotonic_ns())
    result = bench.desk.wait_for(2)[-1]
    assert result.plan.reason == "no image for 2.1 s"
    assert result.tick.input_age_s is None


def test_several_cameras_go_together_or_not_at_all() -> None:
    bench = Bench(("front", "left"))
    stamp = bench.now_ns
    bench.odometry_at(stamp)
    bench.image(stamp)
    left = CameraImage(stamp + 3 * MS, np.ones((4, 6, 3), np.uint8), "rgb8")
    bench.intake.on_matched(stamp, {"left": lambda: left})
    assert only(bench).plan.status is PlanStatus.FULL
    assert list(bench.observations[0].images) == ["front", "left"]
    bench.odometry_at(stamp + 100 * MS)
    bench.now_ns += 100 * MS
    bench.image(stamp + 100 * MS)
    result = bench.desk.wait_for(2)[-1]
    assert result.plan.reason == "deadline: no image of left near the first camera's"
    bench.desk.service.stop()


def test_an_image_that_cannot_be_decoded_is_told(bench: Bench) -> None:
    def broken() -> CameraImage:
        msg = "image has no pixels: 0x0"
        raise InputError(msg)

    bench.odometry_at(bench.now_ns)
    bench.intake.on_image(bench.now_ns, broken, BUDGET, time.monotonic_ns())
    assert "image has no pixels: 0x0" in only(bench).plan.reason


def test_images_that_wait_for_a_silent_camera_are_let_go() -> None:
    """Each holds a whole message: a camera that never comes must not fill the memory."""
    bench = Bench(("front", "left"))
    pixels = np.zeros((4, 6, 3), np.uint8)
    held: list[weakref.ref[Any]] = []
    for index in range(5):
        stamp = bench.now_ns

        def decode(at: int = stamp) -> CameraImage:
            return CameraImage(at, pixels, "rgb8")

        held.append(weakref.ref(decode))
        bench.intake.on_image(stamp, decode, TimeBudget(0.03), time.monotonic_ns())
        del decode
        bench.desk.wait_for(index + 1)
        bench.now_ns += 100 * MS
    gc.collect()
    assert sum(reference() is not None for reference in held) <= 1
    bench.desk.service.stop()
