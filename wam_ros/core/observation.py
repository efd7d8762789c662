"""What a planner is given: images, ego state, route and instruction of one moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from numpy.typing import ArrayLike

from wam_ros.core.camera import CameraImage
from wam_ros.core.ego import EgoState
from wam_ros.core.errors import InputError
from wam_ros.core.geometry import SE2
from wam_ros.core.polyline import Polyline


@dataclass(frozen=True, eq=False)
class Route:
    """The way to go: a polyline in a named frame, in order of travel.

    Raises:
        InputError: An empty frame, or points that make no polyline.

    """

    frame_id: str
    line: Polyline

    def __post_init__(self) -> None:
        if not self.frame_id:
            msg = "route has an empty frame_id"
            raise InputError(msg)

    @classmethod
    def from_points(cls, frame_id: str, points: ArrayLike) -> Route:
        """From points (N, 2) [m]."""
        return cls(frame_id, Polyline(points))  # type: ignore[arg-type]  # checked and copied there

    def transformed(self, frame_id: str, frame_from_route: SE2) -> Route:
        """The same route told in another frame."""
        return Route(frame_id, Polyline(frame_from_route.apply(self.line.points)))

    def in_frame(self, frame_id: str, frame_from: Callable[[str, str], SE2]) -> Route:
        """The same route told in a frame; `frame_from(target, source)` gives the transform.

        Raises:
            InputError: There is no transform; the text names the frames.

        """
        if self.frame_id == frame_id:
            return self
        try:
            return self.transformed(frame_id, frame_from(frame_id, self.frame_id))
        except InputError as err:
            msg = f"route refused: it is in frame {self.frame_id!r} and {err}"
            raise InputError(msg) from err


@dataclass(frozen=True, eq=False)
class Observation:
    """One moment, anchored to the time of the first camera's image.

    Fields:
        stamp_ns: That time [ns]; `ego` holds for it.
        ego: State of the vehicle; its frame is the frame of the plan.
        images: By camera name, in the order of the node's parameter; may be empty for planners that need none.
        route: In the frame of `ego`, or None.
        instruction: Free text such as "left", or None.

    """

    stamp_ns: int
    ego: EgoState
    images: Mapping[str, CameraImage] = field(default_factory=dict)
    route: Route | None = None
    instruction: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "images", MappingProxyType(dict(self.images)))
        if self.ego.stamp_ns != self.stamp_ns:
            msg = f"ego state of {self.ego.stamp_ns} ns in an observation of {self.stamp_ns} ns"
            raise InputError(msg)
        if self.route is not None and self.route.frame_id != self.ego.frame_id:
            msg = f"route in frame {self.route.frame_id!r}, ego state in {self.ego.frame_id!r}"
            raise InputError(msg)
