"""Reads a SUMO network file: lanes, and how they connect. It knows no other kind of map and no simulation."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

from wam_ros.core.errors import WorldError
from wam_ros.core.polyline import Polyline


@dataclass(frozen=True, eq=False)
class SumoLane:
    """A lane for vehicles.

    Fields:
        id: "<edge>_<index>"; inside junctions it starts with ":".
        edge: Id of its edge.
        shape: Centreline, map frame [m].
        length: By which SUMO counts positions [m]; in bends it is not that of the shape.

    """

    id: str
    edge: str
    shape: Polyline
    length: float

    @property
    def internal(self) -> bool:
        """Whether it lies inside a junction."""
        return self.id.startswith(":")


@dataclass(frozen=True)
class Connection:
    """A way over a junction: from one lane over lanes inside the junction, in order, to another lane."""

    start: str
    through: tuple[str, ...]
    end: str


@dataclass(frozen=True, eq=False)
class SumoNet:
    """Lanes for vehicles by id, and the ways over junctions."""

    lanes: dict[str, SumoLane]
    connections: tuple[Connection, ...]

    @classmethod
    def load(cls, path: Path) -> SumoNet:
        """Read a .net.xml.

        Raises:
            WorldError: The file is missing or no network of SUMO.

        """
        try:
            root = ET.parse(path).getroot()  # noqa: S314  # a town's own file
        except (OSError, ET.ParseError) as err:
            msg = f"{path}: not a readable network of SUMO: {err}"
            raise WorldError(msg) from err
        lanes: dict[str, SumoLane] = {}
        for edge in root.iter("edge"):
            if edge.get("function", "internal") != "internal":
                continue  # crossings and waiting areas of pedestrians
            for lane in edge.iter("lane"):
                if lane.get("allow") != "pedestrian":
                    name, shape = lane.get("id", ""), lane.get("shape", "")
                    points = [[float(value) for value in point.split(",")[:2]] for point in shape.split()]
                    lanes[name] = SumoLane(name, edge.get("id", ""), Polyline(points), float(lane.get("length", "0")))  # type: ignore[arg-type]
        return cls(lanes, tuple(_connections(root, lanes)))


def _connections(root: ET.Element, lanes: dict[str, SumoLane]) -> list[Connection]:
    links = [
        (f"{link.get('from')}_{link.get('fromLane')}", link.get("via"), f"{link.get('to')}_{link.get('toLane')}")
        for link in root.iter("connection")
    ]
    onward = {start: via for start, via, _ in links if start.startswith(":")}
    found = []
    for start, first, end in links:
        if start.startswith(":") or start not in lanes or end not in lanes:
            continue
        through: list[str] = []
        via = first
        while via is not None and via not in through:
            through.append(via)
            via = onward.get(via)
        found.append(Connection(start, tuple(through), end))
    return found
