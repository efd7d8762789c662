"""What carla.Map does not tell of an OpenDRIVE map: lane sections, speed limits, signals. Plain XML, no geometry."""

from __future__ import annotations

import bisect
import xml.etree.ElementTree as ET
from dataclasses import dataclass

from wam_ros.core.errors import InputError

DEFAULT_SPEED_LIMIT = 13.89
"""[m/s] 50 km/h, the limit in towns of most countries; for lanes of which the map says nothing."""

_TRAFFIC_LIGHTS = frozenset({"1000001", "1000011"})  # OpenDRIVE: three lamps, and three lamps with arrows
_UNITS = {"m/s": 1.0, "km/h": 1.0 / 3.6, "mph": 0.44704}


@dataclass(frozen=True)
class LaneSection:
    """The driving lanes of a road between two of its arc lengths.

    Fields:
        start, end: Along the road's reference line [m].
        speed_limits: By OpenDRIVE lane id [m/s].

    """

    start: float
    end: float
    speed_limits: dict[int, float]


@dataclass(frozen=True)
class SignalPlace:
    """Where a traffic light holds.

    Fields:
        signal: Id of the light.
        s: Along the road's reference line [m].
        lanes: Ids of the driving lanes that it holds for.

    """

    signal: str
    s: float
    lanes: tuple[int, ...]


@dataclass(frozen=True)
class Road:
    """One road of the file."""

    id: int
    sections: tuple[LaneSection, ...]
    lights: tuple[SignalPlace, ...]

    def section_at(self, s: float) -> int:
        """Index of the lane section at an arc length [m]."""
        return max(bisect.bisect_right([section.start for section in self.sections], s) - 1, 0)


def read_roads(xodr: str) -> tuple[Road, ...]:
    """The roads of an OpenDRIVE text.

    Raises:
        InputError: The text is not XML, or a value that is needed is missing or no number.

    """
    try:
        document = ET.fromstring(xodr)  # noqa: S314  # expat bounds the expansion of entities
        lights = {
            signal.attrib["id"]
            for signal in document.iterfind("road/signals/signal")
            if signal.get("type") in _TRAFFIC_LIGHTS
        }
        return tuple(_road(road, lights) for road in document.iterfind("road"))
    except (ET.ParseError, KeyError, ValueError) as err:
        msg = f"OpenDRIVE map: {type(err).__name__}: {err}"
        raise InputError(msg) from err


def _road(road: ET.Element, lights: set[str]) -> Road:
    found = road.findall("lanes/laneSection")
    starts = [float(section.attrib["s"]) for section in found]
    ends = [*starts[1:], float(road.attrib["length"])]
    limits = [(float(kind.attrib["s"]), kind.find("speed")) for kind in road.iterfind("type")]
    sections = []
    for section, start, end in zip(found, starts, ends):
        of_road = [speed for s, speed in limits if s <= start + 1e-6]
        default = _speed(of_road[-1] if of_road else None, DEFAULT_SPEED_LIMIT)
        lanes = [lane for side in ("left", "right") for lane in section.iterfind(f"{side}/lane")]
        driving = {
            int(lane.attrib["id"]): _speed(lane.find("speed"), default)
            for lane in lanes
            if lane.get("type") == "driving"
        }
        sections.append(LaneSection(start, end, driving))
    bare = Road(int(road.attrib["id"]), tuple(sections), ())
    places = [
        _place(signal, bare)
        for name in ("signal", "signalReference")
        for signal in road.iterfind(f"signals/{name}")
        if signal.attrib["id"] in lights
    ]
    return Road(bare.id, bare.sections, tuple(places))


def _place(signal: ET.Element, road: Road) -> SignalPlace:
    s = float(signal.attrib["s"])
    lanes = road.sections[road.section_at(s)].speed_limits
    # Without validity the light holds for all lanes that its orientation faces; "+" is for traffic along the road.
    facing = {"+": (-1,), "-": (1,)}.get(signal.get("orientation", "none"), (-1, 1))
    ranges = [
        sorted((int(validity.attrib["fromLane"]), int(validity.attrib["toLane"])))
        for validity in signal.iterfind("validity")
    ]
    valid = [
        lane
        for lane in lanes
        if (any(low <= lane <= high for low, high in ranges) if ranges else (1 if lane > 0 else -1) in facing)
    ]
    return SignalPlace(signal.attrib["id"], s, tuple(valid))


def _speed(speed: ET.Element | None, default: float) -> float:
    """Limit [m/s]; texts such as "no limit" and zeros count as not told."""
    try:
        limit = float(speed.attrib["max"]) if speed is not None else 0.0
    except ValueError:
        limit = 0.0
    if speed is None or limit <= 0.0:
        return default
    return limit * _UNITS[speed.get("unit", "m/s")]
