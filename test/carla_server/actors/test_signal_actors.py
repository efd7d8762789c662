from __future__ import annotations

from collections.abc import Iterator

import pytest

from test.carla_server.worlds import small_world
from wam_ros.carla_server.actors.signal_actors import STATE_NUMBER, SignalActor, SignalActors
from wam_ros.carla_server.world.world import World
from wam_ros.core.errors import WorldError
from wam_ros.core.scene import LightState

RED, GREEN = STATE_NUMBER[LightState.RED], STATE_NUMBER[LightState.GREEN]


class Lights:
    def __init__(self, world: World) -> None:
        self.world = world
        self.actors = SignalActors(world, 5000)

    def step(self, ticks: int = 1) -> None:
        for _ in range(ticks):
            self.world.step(0.05)
            self.actors.update(0.05)

    def showing(self, state: LightState) -> SignalActor:
        return next(light for light in self.actors.actors.values() if light.state is state)


@pytest.fixture
def lights() -> Iterator[Lights]:
    with small_world(vehicles=0, pedestrians=0, warm_up_s=0.0) as world:
        yield Lights(world)


def test_each_signal_of_the_map_is_one_actor(lights: Lights) -> None:
    signs = [light.sign_id for light in lights.actors.actors.values()]
    assert sorted(signs) == sorted({signal.id for signal in lights.world.town.signals})
    assert [light.id for light in lights.actors.actors.values()] == list(range(5000, 5000 + len(signs)))


def test_actors_show_what_the_world_shows_and_for_how_long(lights: Lights) -> None:
    light = lights.showing(LightState.GREEN)
    changes = 0
    for _ in range(1200):
        before, elapsed = light.state, light.elapsed
        lights.step()
        assert light.state is lights.world.lights[light.sign_id]
        if light.state is before:
            assert light.elapsed == pytest.approx(elapsed + 0.05)
        else:
            changes += 1
            assert light.elapsed == 0.0
            assert elapsed == pytest.approx(light.times[before], abs=0.11) or changes == 1
    assert changes >= 3


def test_a_state_set_by_hand_lasts_as_long_as_it_is_told_to(lights: Lights) -> None:
    light = lights.showing(LightState.RED)
    lights.actors.set_time(light.id, LightState.GREEN, 2.0)
    lights.actors.set_state(light.id, GREEN)
    lights.step(38)
    assert lights.world.lights[light.sign_id] is LightState.GREEN
    lights.step(4)
    assert lights.world.lights[light.sign_id] is not LightState.GREEN


def test_frozen_lights_stay(lights: Lights) -> None:
    lights.actors.freeze(True)
    light = lights.showing(LightState.RED)
    lights.actors.set_state(light.id, GREEN)
    before = dict(lights.world.lights)
    lights.step(800)
    assert dict(lights.world.lights) == before
    assert lights.actors.frozen
    lights.actors.freeze(False)
    lights.step(800)
    assert dict(lights.world.lights) != before


def test_reset_gives_lights_back_to_their_programs(lights: Lights) -> None:
    light = lights.showing(LightState.GREEN)
    times = dict(light.times)
    lights.actors.set_time(light.id, LightState.RED, 500.0)
    lights.actors.set_state(light.id, RED)
    lights.actors.reset(light.id)
    lights.step()
    assert light.state is LightState.GREEN
    assert light.times == times


def test_groups_are_junctions(lights: Lights) -> None:
    groups = {tuple(lights.actors.group(number)) for number in lights.actors.actors}
    assert sum(map(len, groups)) == len(lights.actors.actors)
    assert all(len(group) > 1 for group in groups)


def test_the_trigger_volume_lies_on_the_lane_before_the_stop_line(lights: Lights) -> None:
    lanes = lights.world.town.lanes.lanes
    for approach, found in lights.actors.by_approach.items():
        lane = lanes[approach]
        for light in found:
            x, y, _ = light.transform.location
            assert lane.centerline.points[-1] == pytest.approx([x, -y], abs=0.01)
            assert light.trigger[0][0] < 0.0
            assert light.trigger[1][1] == lane.width


def test_what_is_no_light_or_no_state(lights: Lights) -> None:
    with pytest.raises(WorldError, match="actor 77 is no traffic light"):
        lights.actors.set_state(77, RED)
    with pytest.raises(WorldError, match="state 4, wanted"):
        lights.actors.set_state(5000, 4)
    with pytest.raises(WorldError, match="time of -1"):
        lights.actors.set_time(5000, LightState.RED, -1.0)
