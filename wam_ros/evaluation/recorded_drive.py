"""A drive of which the truth is known: scenes in order of time, on a map, along a route. Knows no bag."""

from __future__ import annotations

import bisect
from collections.abc import Iterable

from wam_ros.core.ego import EgoState, interpolate_ego
from wam_ros.core.errors import InputError
from wam_ros.core.lane_graph import LaneGraph
from wam_ros.core.observation import Route
from wam_ros.core.scene import Scene
from wam_ros.core.timing import NS_PER_S, Deadline

MAX_GAP_S = 0.25  # between two scenes; nothing is known of the time in a longer gap
_FASTEST = 60.0  # m/s; a drive that moves faster between two scenes has jumped
_SAME_TIME_S = 0.03


class RecordedDrive:
    """Scenes by time.

    Args:
        scenes: In any order; of those with one stamp the last counts.
        lanes: The map.
        route: That was to be driven.

    Raises:
        InputError: Scenes, map and route are in different frames.

    """

    def __init__(self, scenes: Iterable[Scene], lanes: LaneGraph, route: Route) -> None:
        self.lanes: LaneGraph | None = lanes  # as the expert's planner wants it
        self.map = lanes
        self.route = route
        self._scenes = {scene.stamp_ns: scene for scene in scenes}
        self._stamps = sorted(self._scenes)
        frames = {lanes.frame_id, route.frame_id, *(scene.ego.frame_id for scene in self._scenes.values())}
        if len(frames) > 1:
            msg = f"scenes, map and route are in different frames: {', '.join(sorted(frames))}"
            raise InputError(msg)

    @property
    def stamps(self) -> tuple[int, ...]:
        """Of the scenes, in order [ns]."""
        return tuple(self._stamps)

    def scene_at(self, stamp_ns: int, deadline: Deadline | None = None) -> Scene | None:  # noqa: ARG002
        """The scene of a stamp [ns]; None = there is none. Makes the drive the truth that an ExpertPlanner asks."""
        return self._scenes.get(stamp_ns)

    def near(self, stamp_ns: int) -> Scene | None:
        """The scene within 0.03 s of a time [ns]; None = there is none."""
        at = bisect.bisect_left(self._stamps, stamp_ns)
        nearest = min(self._stamps[max(at - 1, 0) : at + 1], key=lambda stamp: abs(stamp - stamp_ns), default=None)
        if nearest is None or abs(nearest - stamp_ns) > _SAME_TIME_S * NS_PER_S:
            return None
        return self._scenes[nearest]

    def ego_at(self, stamp_ns: int) -> EgoState | None:
        """The ego state at a time [ns], between scenes interpolated; None = outside the drive or in a gap."""
        known = self._scenes.get(stamp_ns)
        if known is not None:
            return known.ego
        at = bisect.bisect_left(self._stamps, stamp_ns)
        if not 0 < at < len(self._stamps) or not self._joined(at):
            return None
        before, after = (self._scenes[self._stamps[index]].ego for index in (at - 1, at))
        return interpolate_ego(before, after, stamp_ns)

    def unbroken(self, first_ns: int, last_ns: int) -> bool:
        """Whether the whole time from `first_ns` to `last_ns` was driven on end."""
        if self.ego_at(first_ns) is None or self.ego_at(last_ns) is None:
            return False
        begin, end = bisect.bisect_right(self._stamps, first_ns), bisect.bisect_left(self._stamps, last_ns)
        return all(self._joined(index) for index in range(max(begin, 1), min(end + 1, len(self._stamps))))

    def _joined(self, index: int) -> bool:
        """Whether a scene follows the one before it without a gap or a jump."""
        before, after = (self._scenes[self._stamps[i]] for i in (index - 1, index))
        elapsed = (after.stamp_ns - before.stamp_ns) / NS_PER_S
        a, b = before.ego.pose, after.ego.pose
        moved_square = (a.x - b.x) ** 2 + (a.y - b.y) ** 2
        return elapsed <= MAX_GAP_S and moved_square <= (_FASTEST * elapsed) ** 2
