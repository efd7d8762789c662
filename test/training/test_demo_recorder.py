"""The recorder with a drive that a plain eye looks at: what is kept, what is drawn from seeds, what a shard holds."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

pytest.importorskip("carla")

import random

from wam_ros.carla_server.towns.town import Town
from wam_ros.core.camera import CanonicalCamera
from wam_ros.core.ego import EgoState
from wam_ros.core.geometry import SE2, SE3, wrap_angle
from wam_ros.core.observation import Observation
from wam_ros.core.scene import Actor, ActorKind, LightState, Scene, TrafficLight
from wam_ros.core.vehicle import VehicleCommand
from wam_ros.models.vocabulary import COMMANDS
from wam_ros.planning.catalog import load_vehicle
from wam_ros.planning.route_planner import RoutePlanner
from wam_ros.runtime.loop import DriveTick
from wam_ros.training.demo_labels import Labeller
from wam_ros.training.demo_recipe import DemoRecipe
from wam_ros.training.demo_recorder import FULL, NO_LIGHTS, DemoRecorder
from wam_ros.training.demo_sample import LIGHTS, SOURCES, Sample
from wam_ros.training.demo_semantics import DRAWN
from wam_ros.training.demo_shard import MAX_SAMPLES

VEHICLE = load_vehicle("passenger_car")
TOWN = Town.load("grid_small")
PLANNED = RoutePlanner(TOWN.lanes).random_route(random.Random(5), 400.0)
ALL = dict.fromkeys(("turn", "stop", "red light", "following", "start", "yield", "plain"), 1.0)
RECIPE = DemoRecipe(camera=CanonicalCamera(64, 36, 40.0, 32.0, 18.0, 1.5), kept=ALL)
TICK_NS = 50_000_000


@dataclass
class PlainEye:
    """Notes where it is asked to look from."""

    places: list[SE3] = field(default_factory=list)
    lights: list[Mapping[str, LightState]] = field(default_factory=list)

    def color(self, map_from_camera: SE3, lights: Mapping[str, LightState] = NO_LIGHTS) -> np.ndarray:
        self.places.append(map_from_camera)
        self.lights.append(lights)
        return np.full((36, 64, 3), len(self.places) % 200, np.uint8)

    def classes(self, _map_from_camera: SE3) -> np.ndarray:
        return np.ones(DRAWN, np.uint8)


def _record(
    recipe: DemoRecipe = RECIPE,
    ticks: int = 400,
    seed: int = 1,
    actors: tuple[Actor, ...] = (),
    shown: LightState = LightState.OFF,
) -> tuple[DemoRecorder, PlainEye, str | None]:
    """Along the route at 8 m/s."""
    eye = PlainEye()
    recorder = DemoRecorder(recipe, 2, seed, VEHICLE, PLANNED, Labeller(VEHICLE, TOWN.lanes, PLANNED), eye)
    reason = None
    line = PLANNED.route.line
    lights = tuple(TrafficLight(one.id, shown, one.controlled, one.stop_line) for one in TOWN.signals)
    for number in range(ticks):
        along = 5.0 + 8.0 * 0.05 * number
        x, y = line.position(along)
        pose = SE2(float(x), float(y), float(line.heading(along)))
        ego = EgoState(number * TICK_NS, "map", pose, 8.0)
        observation = Observation(ego.stamp_ns, ego, {}, PLANNED.route)
        command = VehicleCommand(ego.stamp_ns, 0.0, 8.0, 0.0)
        scene = Scene(ego.stamp_ns, ego, actors, lights)
        reason = recorder.on_tick(DriveTick(number, observation, scene, None, None, command))
        if reason is not None:
            break
    return recorder, eye, reason


def _of(samples: list[Sample], source: str) -> list[Sample]:
    return [sample for sample in samples if SOURCES[sample.source] == source]


def test_two_moments_a_second_are_looked_at() -> None:
    recorder, _, reason = _record(ticks=200)
    assert reason is None
    assert recorder.moments == 20
    assert [sample.time for sample in _of(recorder.samples, "drive")] == [0.5 * number for number in range(20)]


def test_the_same_seed_gives_the_same_samples_another_seed_others() -> None:
    (first, _, _), (second, _, _), (other, _, _) = _record(seed=3), _record(seed=3), _record(seed=4)
    assert [sample.jpeg for sample in first.samples] == [sample.jpeg for sample in second.samples]
    assert all(np.array_equal(a.plan, b.plan) for a, b in zip(first.samples, second.samples))
    assert [sample.source for sample in first.samples] != [sample.source for sample in other.samples]


def test_only_the_shares_of_the_recipe_are_kept() -> None:
    recorder, eye, _ = _record(replace(RECIPE, kept=dict.fromkeys(ALL, 0.0)))
    assert recorder.samples == []
    assert eye.places == []
    half, _, _ = _record(replace(RECIPE, kept=dict.fromkeys(ALL, 0.5)))
    assert 8 <= len(_of(half.samples, "drive")) <= 32


def test_a_moved_sample_is_seen_from_where_it_is_labelled() -> None:
    recorder, eye, _ = _record(replace(RECIPE, speed_share=0.0, moved_share=1.0), ticks=300)
    assert len(recorder.samples) == len(eye.places)
    driven, moved = _of(recorder.samples, "drive"), _of(recorder.samples, "moved")
    places = dict(zip(map(id, recorder.samples), eye.places))
    assert len(moved) > 20
    line = PLANNED.route.line
    for at, there in ((sample, one) for one in moved for sample in driven if sample.time == one.time):
        offset = places[id(there)].to_se2()
        base = places[id(at)].to_se2() @ SE2(-RECIPE.camera_x, 0.0, 0.0)
        gap = base.inverse() @ offset @ SE2(-RECIPE.camera_x, 0.0, 0.0)
        assert abs(gap.y - there.offset[0]) < 0.1
        assert abs(float(wrap_angle(gap.yaw - there.offset[1]))) < 2.0 * RECIPE.camera_yaw
        # Plan and route points, told from there, lie on the road as those told from the drive do.
        x, y = line.position(5.0 + 8.0 * there.time)
        pose = SE2(float(x), float(y), float(line.heading(5.0 + 8.0 * there.time)))
        ego = pose @ SE2(0.0, float(there.offset[0]), float(there.offset[1]))
        known = there.route[~np.isnan(there.route).any(axis=1)]
        assert line.distances(ego.apply(known)).max() < 0.02
        assert line.distances(ego.apply(there.plan[-1:, :2]))[0] < 0.6
    assert max(abs(sample.offset[0]) for sample in moved) <= RECIPE.moved_aside
    assert max(abs(sample.offset[1]) for sample in moved) > math.radians(4.0)


def test_at_another_speed_the_picture_stays_and_the_plan_changes() -> None:
    recorder, _, _ = _record(replace(RECIPE, speed_share=1.0, rest_share=0.5, moved_share=0.0))
    driven, other = _of(recorder.samples, "drive"), _of(recorder.samples, "speed")
    assert len(driven) == len(other)
    rests = 0
    for at, there in zip(driven, other):
        assert at.jpeg == there.jpeg
        assert np.array_equal(at.route, there.route, equal_nan=True)
        if there.velocity[0] == 0.0:
            rests += 1
            assert there.start_due == (float(np.hypot(*there.plan[5, :2])) > 1.0)
    assert 5 < rests < len(other) - 5
    assert any(sample.start_due for sample in other)


def test_nobody_is_put_into_another_body() -> None:
    line = PLANNED.route.line
    x, y = line.position(60.0)
    yaw = float(line.heading(60.0))
    wall = Actor(9, ActorKind.VEHICLE, SE2(float(x), float(y), yaw) @ SE2(0.0, 2.6, 0.0), 60.0, 1.8, 1.5, 0.0)
    recorder, _, _ = _record(replace(RECIPE, speed_share=0.0, moved_share=1.0), ticks=250, actors=(wall,))
    beside = [sample for sample in _of(recorder.samples, "moved") if 40.0 < 5.0 + 8.0 * sample.time < 75.0]
    free = [sample for sample in _of(recorder.samples, "moved") if 5.0 + 8.0 * sample.time < 20.0]
    assert beside
    assert free
    assert max(sample.offset[0] for sample in beside) < 0.6


def test_camera_noise_stays_within_the_recipe_and_partly_lasts() -> None:
    recorder, _, _ = _record()
    noise = np.array([sample.camera_offset for sample in recorder.samples])
    bounds = np.array([RECIPE.camera_pitch, RECIPE.camera_yaw, RECIPE.camera_height])
    assert (np.abs(noise) <= bounds + 1e-6).all()
    assert (noise.std(axis=0) > 0.05 * bounds).all()
    assert (noise.max(axis=0) - noise.min(axis=0) <= bounds + 1e-6).all()


def test_a_full_shard_ends_the_drive() -> None:
    recipe = replace(RECIPE, period=0.05, moved_share=1.0, speed_share=1.0)
    recorder, _, reason = _record(recipe, ticks=800)
    assert reason == FULL
    assert MAX_SAMPLES - 3 < len(recorder.samples) <= MAX_SAMPLES


HALTING = replace(RECIPE, halted_share=1.0, moved_share=0.0, speed_share=0.0)


@functools.cache
def _halts(shown: LightState, actors: tuple[Actor, ...] = ()) -> list[tuple[Sample, SE2]]:
    """Halts with the pose of base_link that each was seen from, but for the camera's noise."""
    recorder, eye, _ = _record(HALTING, ticks=500, actors=actors, shown=shown)
    places = [place.to_se2() @ SE2(-RECIPE.camera_x, 0.0, 0.0) for place in eye.places]
    return [pair for pair in zip(recorder.samples, places, strict=True) if SOURCES[pair[0].source] == "halted"]


@pytest.mark.parametrize("shown", [LightState.RED, LightState.GREEN])
def test_a_halt_is_at_rest_near_the_stop_line_and_labelled_from_there(shown: LightState) -> None:
    halts = _halts(shown)
    assert len(halts) > 10
    distances = np.array([sample.light_distance for sample, _ in halts])
    assert np.isfinite(distances).all()
    assert np.mean(distances < 3.1) > 0.5
    assert np.any(distances == 0.0)  # on the line
    assert 4.0 < distances.max() < 10.5
    for sample, place in halts:
        assert LIGHTS[sample.light] == shown.value
        assert not sample.velocity.any()
        assert PLANNED.route.line.distances(place.position[None])[0] < 0.6
        if shown is LightState.GREEN:
            assert sample.start_due
        elif sample.light_distance < 1.0:
            assert not sample.start_due
            assert np.hypot(*sample.plan[-1, :2]) < 1.0


def test_there_are_no_halts_where_somebody_stands() -> None:
    free = _halts(LightState.RED)
    here = free[0][1]
    waiting = Actor(5, ActorKind.VEHICLE, here @ SE2(1.5, 0.0, 0.0), 4.5, 1.9, 1.5, 0.0)
    kept = _halts(LightState.RED, (waiting,))
    assert len(kept) < len(free)
    assert all(math.hypot(*(place.position - waiting.pose.position)) > 2.5 for _, place in kept)


def test_halts_change_nothing_else() -> None:
    plain, _, _ = _record(replace(HALTING, halted_share=0.0), shown=LightState.RED)
    halting, _, _ = _record(HALTING, shown=LightState.RED)
    driven = [sample for sample in halting.samples if SOURCES[sample.source] != "halted"]
    assert len(driven) < len(halting.samples)
    assert [sample.time for sample in driven] == [sample.time for sample in plain.samples]
    assert all(np.array_equal(one.camera_offset, two.camera_offset) for one, two in zip(driven, plain.samples))
    assert "halted_share" not in RECIPE.as_dict()  # the hash of recipes without it stays
    assert HALTING.hash != replace(HALTING, halted_share=0.0).hash


def test_the_command_is_told_before_a_junction_only() -> None:
    recorder, _, _ = _record(ticks=800)
    for sample in _of(recorder.samples, "drive"):
        instruction = PLANNED.instruction_at(5.0 + 8.0 * sample.time)
        assert COMMANDS[sample.command] == ("unknown" if instruction == "follow" else instruction)


@pytest.mark.parametrize("shown", [LightState.RED, LightState.GREEN])
def test_a_relit_moment_shows_another_light_and_is_labelled_by_it(shown: LightState) -> None:
    recipe = replace(RECIPE, relit_share=1.0, moved_share=0.0, speed_share=0.0)
    recorder, eye, _ = _record(recipe, ticks=500, shown=shown)
    pairs = list(zip(recorder.samples, eye.lights, strict=True))
    other = [(sample, lights) for sample, lights in pairs if SOURCES[sample.source] == "relit"]
    driven = {sample.time: sample for sample in _of(recorder.samples, "drive")}
    states = {LIGHTS[sample.light] for sample, _ in other}
    assert states == {"red", "yellow", "green"} - {shown.value}
    assert all(not lights for sample, lights in pairs if SOURCES[sample.source] != "relit")
    assert np.mean([LIGHTS[sample.light] == "yellow" for sample, _ in other]) > 0.3
    changed = 0
    for sample, lights in other:
        before = driven[sample.time]
        assert sample.light_distance == before.light_distance
        assert set(lights.values()) >= {LightState(LIGHTS[sample.light])}
        assert sample.weight >= 2.0
        if LIGHTS[sample.light] == "red":  # not where nobody could stop any more
            assert np.hypot(*np.diff(sample.plan[:, :2], axis=0, prepend=0.0).T).sum() <= sample.light_distance
        reach, was = (float(np.hypot(*one.plan[-1, :2])) for one in (sample, before))
        if before.light_distance < 25.0:
            assert reach > was - 0.5 if shown is LightState.RED else reach < was + 0.5
        changed += abs(reach - was) > 3.0
    assert changed > 5
    plain, _, _ = _record(replace(recipe, relit_share=0.0), ticks=500, shown=shown)
    assert [one.time for one in plain.samples] == sorted(driven)
    assert "relit_share" not in RECIPE.as_dict()
