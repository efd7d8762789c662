"""What can happen on a route, as CARLA's leaderboards count it. Knows neither how events are found nor their price."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from wam_ros.core.errors import InputError
from wam_ros.core.geometry import require_finite
from wam_ros.metrics.infractions import Infraction, Kind, LaneMetres


class EventKind(Enum):
    """The events of CARLA's leaderboards."""

    COLLISION_PEDESTRIAN = "collision_pedestrian"
    COLLISION_VEHICLE = "collision_vehicle"
    COLLISION_STATIC = "collision_static"
    RED_LIGHT = "red_light"
    STOP_SIGN = "stop_sign"
    SCENARIO_TIMEOUT = "scenario_timeout"
    YIELD_TO_EMERGENCY_VEHICLE = "yield_to_emergency_vehicle"
    MIN_SPEED = "min_speed"
    """Once per checkpoint of the route: the ego's mean speed in percent of the traffic's."""
    OUTSIDE_ROUTE_LANES = "outside_route_lanes"
    """At most once per route: the metres outside the lanes in percent of the metres driven."""
    ROUTE_TIMEOUT = "route_timeout"
    ROUTE_DEVIATION = "route_deviation"
    VEHICLE_BLOCKED = "vehicle_blocked"


_WITH_PERCENTAGE = frozenset({EventKind.MIN_SPEED, EventKind.OUTSIDE_ROUTE_LANES})


@dataclass(frozen=True)
class DrivingEvent:
    """One event.

    Fields:
        kind: What happened.
        percentage: How far, at least 0 (outside lanes: at most 100); None for events that merely happen.

    """

    kind: EventKind
    percentage: float | None = None

    def __post_init__(self) -> None:
        if (self.percentage is not None) != (self.kind in _WITH_PERCENTAGE):
            wanted = "a percentage" if self.kind in _WITH_PERCENTAGE else "no percentage"
            msg = f"event {self.kind.value}: percentage {self.percentage}, wanted {wanted}"
            raise InputError(msg)
        if self.percentage is None:
            return
        require_finite(percentage=self.percentage)
        if self.percentage < 0.0 or (self.kind is EventKind.OUTSIDE_ROUTE_LANES and self.percentage > 100.0):
            msg = f"event {self.kind.value}: percentage {self.percentage} is out of range"
            raise InputError(msg)


@dataclass(frozen=True)
class RouteRecord:
    """How one route went.

    Fields:
        route_id: Its name, unique in a set of routes.
        completion: How much of the route was driven, in percent, 100 = the goal was reached.
        events: All that happened, in order.
        failure: Why the route ended early, where no event says so (a crash of the planner, a limit on the steps).

    """

    route_id: str
    completion: float
    events: tuple[DrivingEvent, ...] = ()
    failure: str | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.completion <= 100.0:
            msg = f"route {self.route_id}: completion {self.completion}, wanted 0 to 100 percent"
            raise InputError(msg)
        if sum(event.kind is EventKind.OUTSIDE_ROUTE_LANES for event in self.events) > 1:
            msg = f"route {self.route_id}: several events outside_route_lanes, wanted one for the whole route"
            raise InputError(msg)


# Excursions from the lanes count by their metres; a stop at a green light is an event of ours, without a price.
_KINDS: MappingProxyType[Kind, EventKind] = MappingProxyType(
    {
        "collision_pedestrian": EventKind.COLLISION_PEDESTRIAN,
        "collision_vehicle": EventKind.COLLISION_VEHICLE,
        "collision_static": EventKind.COLLISION_STATIC,
        "red_light": EventKind.RED_LIGHT,
        "route_deviation": EventKind.ROUTE_DEVIATION,
        "blocked": EventKind.VEHICLE_BLOCKED,
    }
)


def events_of(infractions: Iterable[Infraction], metres: LaneMetres) -> tuple[DrivingEvent, ...]:
    """What the leaderboards make of a drive's infractions: every collision counts, whoever's fault it was.

    Timeouts and minimum speeds are for the caller to add: infractions know no clock and no traffic.
    """
    events = [DrivingEvent(_KINDS[infraction.kind]) for infraction in infractions if infraction.kind in _KINDS]
    if metres.outside > 0.0:
        events.append(DrivingEvent(EventKind.OUTSIDE_ROUTE_LANES, min(100.0 * metres.outside / metres.driven, 100.0)))
    return tuple(events)
