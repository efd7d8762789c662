from __future__ import annotations

from typing import get_args

import pytest

from wam_ros.metrics.driving_events import DrivingEvent, EventKind, events_of
from wam_ros.metrics.infractions import Infraction, Kind, LaneMetres

ON_LANES = LaneMetres(driven=100.0)


def infraction(kind: Kind, *, at_fault: bool = True) -> Infraction:
    return Infraction(kind, 0, (0.0, 0.0), None, at_fault, 1.0, "")


def test_collisions_count_whoever_is_at_fault() -> None:
    events = events_of([infraction("collision_vehicle", at_fault=fault) for fault in (True, False)], ON_LANES)
    assert events == (DrivingEvent(EventKind.COLLISION_VEHICLE),) * 2


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_infraction_has_its_event_or_none(kind: Kind) -> None:
    names = {event.kind.value for event in events_of([infraction(kind)], ON_LANES)}
    expected = {"blocked": {"vehicle_blocked"}, "off_lane": set(), "wrong_way": set(), "stopped_at_green": set()}
    assert names == expected.get(kind, {kind})


def test_metres_off_and_against_the_lanes_are_one_percentage() -> None:
    off_twice = [infraction("off_lane"), infraction("wrong_way")]
    metres = LaneMetres(driven=200.0, off_lane=30.0, wrong_way=10.0)
    assert events_of(off_twice, metres) == (DrivingEvent(EventKind.OUTSIDE_ROUTE_LANES, 20.0),)
    assert events_of([], LaneMetres()) == ()
