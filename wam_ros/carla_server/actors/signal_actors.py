"""The town's signals as CARLA's traffic light actors: one for each OpenDRIVE signal, which it names as its sign_id.

An actor stands in the middle of its stop line; its trigger volume is the last metres of the lane before it. A state
that a client sets is held for that state's time and then gives way to the program, or for as long as lights are frozen.
The times that clients set are for states set by hand; the junction's program keeps its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from wam_ros.carla_server.actors.carla_poses import planar_transform
from wam_ros.carla_server.wire.layouts import Triple, WireTransform
from wam_ros.carla_server.world.world import World
from wam_ros.core.errors import WorldError
from wam_ros.core.geometry import SE2
from wam_ros.core.scene import LightState

STATE_NUMBER: Mapping[LightState, int] = MappingProxyType(
    {LightState.RED: 0, LightState.YELLOW: 1, LightState.GREEN: 2, LightState.OFF: 3}
)
_STATE_OF = {number: state for state, number in STATE_NUMBER.items()}
_TRIGGER_LENGTH = 4.0  # m before the stop line


@dataclass
class SignalActor:
    """One light.

    Fields:
        id: CARLA's actor id.
        sign_id: Of the OpenDRIVE signal.
        pole: Its place in its junction's group.
        transform: Middle of its stop line, heading into the junction; in CARLA's axes.
        width: Of the lane [m].
        state: What it shows.
        elapsed: For how long [s].
        times: How long a state set by hand lasts [s].
        by_hand: Whether a client set the state.

    """

    id: int
    sign_id: str
    pole: int
    transform: WireTransform
    width: float
    state: LightState
    times: dict[LightState, float]
    elapsed: float = 0.0
    by_hand: bool = False

    @property
    def trigger(self) -> tuple[Triple, Triple]:
        """Middle and size of the trigger volume, in the actor."""
        return (-_TRIGGER_LENGTH / 2.0, 0.0, 1.0), (_TRIGGER_LENGTH, self.width, 2.0)


class SignalActors:
    """All lights of a world, by actor id from `first_id` up."""

    def __init__(self, world: World, first_id: int) -> None:
        self._world = world
        self._frozen = False
        self.actors: dict[int, SignalActor] = {}
        self.by_approach: dict[str, list[SignalActor]] = {}  # the lane before the stop line
        made: dict[str, SignalActor] = {}
        groups: dict[str, int] = {}
        for signal in world.town.signals:
            actor = made.get(signal.id)
            if actor is None:
                pole = groups.setdefault(_group(signal.id), 0)
                groups[_group(signal.id)] += 1
                lane = world.town.lanes.lanes[signal.approach]
                x, y = (float(value) for value in signal.stop_line.mean(axis=0))
                pose = SE2(x, y, float(lane.centerline.heading(lane.centerline.length)))
                state = world.lights[signal.id]
                actor = SignalActor(
                    first_id + len(made), signal.id, pole, planar_transform(pose, 0.0), lane.width, state, {}
                )
                actor.times = self._program_times(signal.id)
                made[signal.id] = actor
                self.actors[actor.id] = actor
            self.by_approach.setdefault(signal.approach, []).append(actor)

    @property
    def frozen(self) -> bool:
        """Whether all lights stay as they are."""
        return self._frozen

    def update(self, dt: float) -> None:
        """After a step of `dt` [s]: take over what the world shows, and release what was held long enough."""
        for actor in self.actors.values():
            state = self._world.lights[actor.sign_id]
            if state is not actor.state:
                actor.state, actor.elapsed = state, 0.0
            elif not self._frozen:
                actor.elapsed += dt
            if actor.by_hand and not self._frozen and actor.elapsed >= actor.times.get(state, math.inf):
                self._release(actor)

    def set_state(self, actor_id: int, number: int) -> None:
        """Show a state, by CARLA's number.

        Raises:
            WorldError: There is no such light or state.

        """
        actor = self.find(actor_id)
        state = _STATE_OF.get(number)
        if state is None:
            msg = f"traffic light {actor_id}: state {number}, wanted {sorted(_STATE_OF)} (red, yellow, green, off)"
            raise WorldError(msg)
        self._world.set_light(actor.sign_id, state)
        actor.state, actor.elapsed, actor.by_hand = state, 0.0, True

    def set_time(self, actor_id: int, state: LightState, seconds: float) -> None:
        """How long a state lasts when it was set by hand [s].

        Raises:
            WorldError: There is no such light, or the time is negative.

        """
        actor = self.find(actor_id)
        if seconds < 0.0:
            msg = f"traffic light {actor_id}: time of {seconds} s, wanted 0 or more"
            raise WorldError(msg)
        actor.times[state] = seconds

    def freeze(self, frozen: bool) -> None:
        """Stop or go on with all lights."""
        self._frozen = frozen
        self._world.freeze_lights(frozen)

    def reset(self, actor_id: int | None = None) -> None:
        """Back to the programs and their times: one junction, or all.

        Raises:
            WorldError: There is no such light.

        """
        for number in self.actors if actor_id is None else self.group(actor_id):
            actor = self.actors[number]
            actor.times = self._program_times(actor.sign_id)
            self._release(actor)

    def group(self, actor_id: int) -> list[int]:
        """Actor ids of all lights of the junction.

        Raises:
            WorldError: There is no such light.

        """
        name = _group(self.find(actor_id).sign_id)
        return [actor.id for actor in self.actors.values() if _group(actor.sign_id) == name]

    def find(self, actor_id: int) -> SignalActor:
        """The light of an actor id.

        Raises:
            WorldError: There is none.

        """
        actor = self.actors.get(actor_id)
        if actor is None:
            msg = f"actor {actor_id} is no traffic light"
            raise WorldError(msg)
        return actor

    def _release(self, actor: SignalActor) -> None:
        if actor.by_hand:
            self._world.release_light(actor.sign_id)
            actor.by_hand = False

    def _program_times(self, sign_id: str) -> dict[LightState, float]:
        green, yellow, red = self._world.light_times(sign_id)
        return {LightState.GREEN: green, LightState.YELLOW: yellow, LightState.RED: red}


def _group(sign_id: str) -> str:
    """SUMO's signals are <junction>_<number>."""
    return sign_id.rpartition("_")[0]
