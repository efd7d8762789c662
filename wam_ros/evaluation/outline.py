"""Lines of a map with as few points as a page needs. Knows lanes and routes, no pictures."""

from __future__ import annotations

from typing import Any

import shapely
from numpy.typing import ArrayLike

from wam_ros.core.lane_graph import LaneGraph

_TOLERANCE = 0.2  # m


def simplified(points: ArrayLike) -> list[list[float]]:
    """Points (N, 2) thinned out so that the line stays within 0.2 m; rounded to centimetres."""
    line = shapely.simplify(shapely.linestrings(points), _TOLERANCE)
    return [[round(float(x), 2), round(float(y), 2)] for x, y in shapely.get_coordinates(line)]


def outline(lanes: LaneGraph) -> dict[str, Any]:
    """The lanes of a town, as they lie in a result file under "map"."""
    return {
        "lanes": [
            {"points": simplified(lane.centerline.points), "width": round(lane.width, 2), "junction": lane.in_junction}
            for lane in lanes.lanes.values()
        ]
    }
