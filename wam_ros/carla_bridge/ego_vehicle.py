"""The vehicle to drive: found by its role name, or spawned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wam_ros.carla_bridge.clock import WorldClock
from wam_ros.carla_bridge.connection import ServerGoneError, calling
from wam_ros.carla_bridge.settings import BridgeSettings
from wam_ros.core.config import unknown_key
from wam_ros.core.errors import WorldError


@dataclass(frozen=True)
class EgoVehicle:
    """A carla.Vehicle, and whether we put it there."""

    actor: Any
    is_ours: bool

    @property
    def id(self) -> int:
        """CARLA's actor id."""
        return int(self.actor.id)

    def destroy(self) -> None:
        """Take it out of the world, if we put it there.

        Raises:
            WorldError: The server does not answer.

        """
        if self.is_ours:
            with calling("destroying the vehicle"):
                self.actor.destroy()


def find_vehicle(world: Any, role_name: str) -> EgoVehicle | None:
    """The vehicle of a role that is in the world already.

    Raises:
        WorldError: There are several: nobody could say which one is driven.

    """
    with calling("looking for the vehicle"):
        vehicles = world.get_actors().filter("vehicle.*")
        found = [actor for actor in vehicles if actor.attributes.get("role_name") == role_name]
    if len(found) > 1:
        msg = f"{len(found)} vehicles have the role {role_name!r}: {sorted(a.id for a in found)}; destroy all but one"
        raise WorldError(msg)
    return EgoVehicle(found[0], is_ours=False) if found else None


def wait_for_vehicle(world: Any, clock: WorldClock, settings: BridgeSettings) -> EgoVehicle:
    """The vehicle that another process spawns, waited for `timeout_s` of the world's time.

    Raises:
        WorldError: None came.

    """
    for _ in range(max(1, round(settings.timeout_s / clock.tick_s))):
        clock.tick()
        found = find_vehicle(world, settings.role_name)
        if found is not None:
            return found
    msg = (
        f"no vehicle of role {settings.role_name!r} in the world after {settings.timeout_s:g} s; spawn one there, "
        "or let the bridge do it (spawn: true)"
    )
    raise WorldError(msg)


def spawn_vehicle(world: Any, settings: BridgeSettings, transform: Any) -> EgoVehicle:
    """Put the vehicle of the settings' blueprint at a carla.Transform of its origin.

    Raises:
        WorldError: The blueprint is unknown, or the server refuses, as it does where something stands in the way.

    """
    with calling("reading the blueprints"):
        library = world.get_blueprint_library()
        known = {blueprint.id: blueprint for blueprint in library.filter("vehicle.*")}
    blueprint = known.get(settings.blueprint)
    if blueprint is None:
        msg = f"blueprint: {unknown_key(settings.blueprint, set(known))}"
        raise WorldError(msg)
    blueprint.set_attribute("role_name", settings.role_name)
    where = f"x = {transform.location.x:.1f}, y = {transform.location.y:.1f} (CARLA's axes)"
    try:
        with calling("spawn refused"):
            return EgoVehicle(world.spawn_actor(blueprint, transform), is_ours=True)
    except ServerGoneError:
        raise
    except WorldError as err:
        msg = (
            f"{err} at {where}; move what stands there, choose another spawn_index or route, "
            "or allow more spawn_attempts"
        )
        raise WorldError(msg) from err
