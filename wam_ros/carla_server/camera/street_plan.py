"""What SUMO's network knows of a town and OpenDRIVE does not: sidewalks, crossings, junctions, signal plans.

Shapes only; heights and colours are the mesh's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from wam_ros.carla_server.camera.road_mesh import simplified
from wam_ros.core.geometry import Array


@dataclass(frozen=True, eq=False)
class StreetPlan:
    """Shapes in the map frame [m].

    Fields:
        junctions: Outlines.
        sidewalks: Everything made for walking, except crossings.
        crossings: Middle line (N, 2) and width of each.
        signal_plans: For each signal id the colours of its phases in order, one letter each (r, y, g).

    """

    junctions: tuple[list[tuple[float, float]], ...]
    sidewalks: shapely.Geometry
    crossings: tuple[tuple[Array, float], ...]
    signal_plans: Mapping[str, str]

    @classmethod
    def read(cls, net_path: Path) -> StreetPlan:
        """From a town's SUMO network."""
        from sumolib.net import readNet

        net = readNet(str(net_path), withInternal=True, withPrograms=True)
        walks: list[Any] = []
        crossings = []
        for edge in net.getEdges(withInternal=True):
            for lane in edge.getLanes():
                line = np.array(lane.getShape(), dtype=np.float64)[:, :2]
                if edge.getFunction() == "walkingarea":
                    if len(line) > 2:
                        walks.append(shapely.Polygon(line).buffer(0.0))
                elif edge.getFunction() == "crossing":
                    crossings.append((line, float(lane.getWidth())))
                elif edge.getFunction() == "" and not lane.allows("passenger") and lane.allows("pedestrian"):
                    walks.append(simplified(line).buffer(lane.getWidth() / 2.0 + 0.01, cap_style="flat"))
        junctions = tuple([(float(p[0]), float(p[1])) for p in node.getShape()] for node in net.getNodes())
        return cls(
            tuple(ring for ring in junctions if len(ring) > 2),
            shapely.unary_union(walks),
            tuple(crossings),
            _plans(net),
        )


def _plans(net: Any) -> dict[str, str]:
    colors = {"G": "g", "g": "g", "y": "y", "Y": "y"}
    plans = {}
    for light in net.getTrafficLights():
        phases = [phase.state for program in light.getPrograms().values() for phase in program.getPhases()]
        for index in range(len(phases[0]) if phases else 0):
            plans[f"{light.getID()}_{index}"] = "".join(colors.get(state[index], "r") for state in phases)
    return plans
