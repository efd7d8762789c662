"""Pictures of what went wrong, the worst few of a drive. Who draws them is handed in."""

from __future__ import annotations

import base64
from collections.abc import Callable

from wam_ros.evaluation.result import Moment, RouteEvent
from wam_ros.runtime.loop import DriveTick

MOST = 3
"""Pictures of a drive."""

Picture = Callable[[DriveTick, DriveTick | None], bytes]
"""Draws the moment of a tick as JPEG; the second tick is the latest with an image, or None where none is drawn."""

_WORST_FIRST = (
    "collision_pedestrian",
    "collision_vehicle",
    "collision_static",
    "red_light",
    "route_deviation",
    "wrong_way",
    "off_lane",
    "blocked",
    "stopped_at_green",
)


class Moments:
    """Keeps the worst; of equals the earlier. Collisions that are not our fault come after those that are."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._kept: list[tuple[tuple[bool, int, float], Moment]] = []
        self._seen: DriveTick | None = None

    def on_tick(self, tick: DriveTick) -> None:
        """Remember what the camera saw last."""
        if tick.observation.images:
            self._seen = tick

    def offer(self, event: RouteEvent, tick: DriveTick) -> None:
        """An event of this tick; it is drawn only if it is kept."""
        rank = (not event.at_fault, _WORST_FIRST.index(event.kind), event.time_s)
        if len(self._kept) >= MOST and rank >= self._kept[-1][0]:
            return
        url = "data:image/jpeg;base64," + base64.b64encode(self._picture(tick, self._seen)).decode()
        self._kept.append((rank, Moment(event.time_s, event.kind, event.detail, url)))
        self._kept.sort(key=lambda entry: entry[0])
        del self._kept[MOST:]

    @property
    def moments(self) -> tuple[Moment, ...]:
        """In order of time."""
        return tuple(sorted((moment for _, moment in self._kept), key=lambda moment: moment.time_s))
