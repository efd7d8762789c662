"""OpenDRIVE to a LaneGraph through carla.Map, so that lanes are where CARLA has them. Needs no server."""

from __future__ import annotations

import re

import carla
import numpy as np
import shapely

from wam_ros.core.errors import InputError
from wam_ros.core.geometry import Array, wrap_angle
from wam_ros.core.lane_graph import Lane, LaneGraph
from wam_ros.core.polyline import Polyline
from wam_ros.maps.handedness import flip_y, yaw_from_carla
from wam_ros.maps.opendrive_xml import LaneSection, Road, read_roads

_STEP = 0.5  # m between samples of a centreline
_TOLERANCE = 1e-3  # m; samples that leave the line by less are dropped, so straights keep their ends only
_EDGE = 1e-3  # m; this near to its ends a lane section is sampled: at the ends themselves rounding would decide
_SHORTEST = 0.02  # m; shorter sections are passed over, their neighbours are joined
_GEO_REFERENCE = re.compile(r"<geoReference>.*?</geoReference>|<geoReference\s*/>", re.DOTALL)
_SOLID = (carla.LaneMarkingType.Solid, carla.LaneMarkingType.SolidSolid)


def lane_id_of(waypoint: carla.Waypoint) -> str:
    """Id in the LaneGraph of the lane that a waypoint is on: road_section_lane."""
    return f"{waypoint.road_id}_{waypoint.section_id}_{waypoint.lane_id}"


def read_lane_graph(xodr: str, frame_id: str = "map") -> LaneGraph:
    """The driving lanes of an OpenDRIVE text, in our axes (y north).

    A lane is one lane of one lane section. Its width is the mean along it; its neighbours are those that the lane mark
    in its middle allows to change to, never inside a junction.

    Raises:
        InputError: The text is no OpenDRIVE map, or has no driving lane.

    """
    roads = read_roads(xodr)
    try:
        world_map = carla.Map("map", _with_geo_reference(xodr))
    except RuntimeError as err:
        msg = f"carla.Map refuses the OpenDRIVE map: {err}"
        raise InputError(msg) from err
    places = [
        _LanePlace(world_map, road, section, lane)
        for road in roads
        for section in road.sections
        if section.end - section.start >= _SHORTEST
        for lane in section.speed_limits
    ]
    if not places:
        msg = "OpenDRIVE map: no road has a lane of type driving"
        raise InputError(msg)
    known = {place.id for place in places}
    return LaneGraph(frame_id, {place.id: place.lane(known) for place in places})


class _LanePlace:
    """One lane in carla.Map."""

    def __init__(self, world_map: carla.Map, road: Road, section: LaneSection, lane: int) -> None:
        self._speed_limit = section.speed_limits[lane]
        count = max(round((section.end - section.start) / _STEP), 2) + 1
        along = np.linspace(section.start + _EDGE, section.end - _EDGE, count)
        found = [world_map.get_waypoint_xodr(road.id, lane, float(s)) for s in along]
        if None in found:
            msg = f"OpenDRIVE map: carla.Map does not find lane {lane} of road {road.id} at {section.start} m"
            raise InputError(msg)
        points = _points(found)
        middle = found[count // 2]
        chord = points[count // 2 + 1] - points[count // 2 - 1]
        turned = wrap_angle(np.arctan2(chord[1], chord[0]) - yaw_from_carla(middle.transform.rotation.yaw))
        if abs(float(turned)) > np.pi / 2.0:  # lanes to the left of the reference line run against it
            points, found = points[::-1], found[::-1]
        self._points, self._middle, self._end = points, middle, found[-1]
        self._width = float(np.mean([waypoint.lane_width for waypoint in found]))
        self.id = lane_id_of(middle)

    def lane(self, known: set[str]) -> Lane:
        middle = self._middle
        left = right = None
        if not middle.is_junction:
            left = _neighbour(middle, middle.get_left_lane(), middle.left_lane_marking, carla.LaneChange.Left)
            right = _neighbour(middle, middle.get_right_lane(), middle.right_lane_marking, carla.LaneChange.Right)
        line = np.array(shapely.simplify(shapely.linestrings(self._points), _TOLERANCE).coords)
        return Lane(
            self.id,
            Polyline(line),
            self._width,
            self._speed_limit,
            tuple(dict.fromkeys(_successors(self._end, known))),
            left if left in known else None,
            right if right in known else None,
            middle.is_junction,
        )


def _points(waypoints: list[carla.Waypoint]) -> Array:
    places = [waypoint.transform.location for waypoint in waypoints]
    return flip_y([[place.x, place.y] for place in places])


def _successors(end: carla.Waypoint, known: set[str]) -> list[str]:
    """The lanes that the end of a lane leads into; sections that are passed over are followed through."""
    found = []
    for ahead in end.next(2.0 * _EDGE):
        if ahead.lane_type != carla.LaneType.Driving or lane_id_of(ahead) == lane_id_of(end):
            continue
        if lane_id_of(ahead) in known:
            found.append(lane_id_of(ahead))
        else:
            found += [lane_id_of(further) for further in ahead.next(_SHORTEST) if lane_id_of(further) in known]
    return found


def _neighbour(
    middle: carla.Waypoint, other: carla.Waypoint | None, mark: carla.LaneMarking, side: carla.LaneChange
) -> str | None:
    """Id of the lane beside, if it runs the same way and the mark between may be crossed."""
    if other is None or other.lane_type != carla.LaneType.Driving or other.lane_id * middle.lane_id < 0:
        return None
    # Files that do not tell `laneChange` have CARLA allow it everywhere; then the kind of the line decides.
    if not middle.lane_change & side or mark.type in _SOLID:
        return None
    return lane_id_of(other)


def _with_geo_reference(xodr: str) -> str:
    """The text with a place on the globe that CARLA can read: it warns on stdout otherwise, and lanes do not use it."""
    place = "<geoReference><![CDATA[+proj=tmerc +lat_0=0 +lon_0=0]]></geoReference>"
    if _GEO_REFERENCE.search(xodr):
        return _GEO_REFERENCE.sub(place, xodr, count=1)
    return re.sub(
        r"(<header\b[^>]*?)(/>|>)", lambda h: h[1] + ">" + place + ("</header>" if h[2] == "/>" else ""), xodr, count=1
    )
