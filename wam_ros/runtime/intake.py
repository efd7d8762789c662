"""Gathers what belongs to one image: its ticks are opened here, completed, and handed to the service or refused.

Anchored to the images of the first camera: the other cameras and the odometry are brought to its stamp. Knows nothing
of ROS: images come in as functions that decode them, on whatever thread calls.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from wam_ros.core.camera import CameraImage
from wam_ros.core.ego import EgoState
from wam_ros.core.errors import InputError
from wam_ros.core.geometry import SE2
from wam_ros.core.observation import Observation, Route
from wam_ros.core.timing import NS_PER_S
from wam_ros.runtime.odometry_buffer import OdometryBuffer
from wam_ros.runtime.service import PlanningService
from wam_ros.runtime.tick import Tick, TimeBudget

Decode = Callable[[], CameraImage]
TIMELINE_RESET_S = 1.0  # a stamp this far behind the newest means that the clock or the bag began anew


@dataclass(frozen=True)
class IntakeLimits:
    """What is accepted.

    Fields:
        max_image_age_s: An older image is refused; 0 = any age.
        max_image_lead_s: An image from further in the future is refused; 0 = any.
        odometry_wait_s: How long to wait for odometry at or after the image's stamp before the last sample is moved.
        image_timeout_s: Without an image for this long the service is told to go on by itself; 0 = never.

    """

    max_image_age_s: float = 0.5
    max_image_lead_s: float = 0.5
    odometry_wait_s: float = 0.020
    image_timeout_s: float = 1.0


@dataclass
class _Pending:
    tick: Tick
    images: dict[str, Decode] = field(default_factory=dict)
    complete: bool = False  # all cameras are there; only the odometry may be missing


class Intake:
    """Turns arriving data into observations for the service.

    Args:
        service: Plans.
        odometry: Filled here, read by others too.
        cameras: Names in order; the first is the anchor.
        limits: What is accepted.
        now_ns: The clock of the stamps.
        frame_from: (target, source) -> transform; raises InputError where it is not known.

    """

    def __init__(
        self,
        service: PlanningService,
        odometry: OdometryBuffer,
        cameras: tuple[str, ...],
        limits: IntakeLimits,
        now_ns: Callable[[], int],
        frame_from: Callable[[str, str], SE2],
    ) -> None:
        self._service = service
        self._odometry = odometry
        self._cameras = cameras
        self._limits = limits
        self._now_ns = now_ns
        self._frame_from = frame_from
        self._lock = threading.RLock()
        self._pending: dict[int, _Pending] = {}
        self._newest_ns: int | None = None  # of all stamps in this time line
        self._last_image_ns: int | None = None
        self._last_arrival_ns: int | None = None  # by the clock of the stamps
        self._route: Route | None = None
        self._route_problem = ""
        self._instruction: str | None = None
        self.events: Counter[str] = Counter()
        self.last_event = ""

    @property
    def route_problem(self) -> str:
        """Why the route that was given cannot be used; empty = it can, or there is none."""
        return self._route_problem

    @property
    def has_route(self) -> bool:
        """Whether there is a route."""
        return self._route is not None

    def image_age_s(self) -> float | None:
        """Since the last image arrived, by the clock of the stamps; None before the first."""
        return None if self._last_arrival_ns is None else (self._now_ns() - self._last_arrival_ns) / NS_PER_S

    def on_image(self, stamp_ns: int, decode: Decode, budget: TimeBudget, received_ns: int) -> None:
        """An image of the first camera: a tick begins."""
        now_ns = self._now_ns()
        age_s = (now_ns - stamp_ns) / NS_PER_S
        with self._lock:
            self._check_timeline(stamp_ns, "image")
            tick = self._service.open(stamp_ns, budget, age_s, received_ns)
            self._last_arrival_ns = now_ns
            problem = self._image_problem(stamp_ns, age_s)
            if problem:
                self._count("image_refused", problem)
                self._service.refuse(tick, problem)
                return
            self._last_image_ns = stamp_ns
            # What the guard has answered waits for nothing any more; each holds a whole image.
            self._pending = {at: waiting for at, waiting in self._pending.items() if not waiting.tick.settled}
            self._pending[stamp_ns] = pending = _Pending(tick, {self._cameras[0]: decode})
            tick.waiting_for = f"no image of {', '.join(self._cameras[1:])} near the first camera's"
            if len(self._cameras) == 1:
                self._images_complete(pending)

    def on_matched(self, stamp_ns: int, images: Mapping[str, Decode]) -> None:
        """The images of the other cameras that belong to the first camera's image of `stamp_ns`."""
        with self._lock:
            pending = self._pending.get(stamp_ns)
            if pending is not None:
                pending.images.update(images)
                self._images_complete(pending)

    def on_odometry(self, sample: EgoState) -> None:
        """A sample of the odometry; completes ticks that wait for it.

        Raises:
            InputError: Its stamp is out of order.

        """
        with self._lock:
            self._check_timeline(sample.stamp_ns, "odometry")
            jump = self._odometry.add(sample)
            if jump:
                self._count("odometry_jump", jump)
                self._service.forget()
            for pending in list(self._pending.values()):
                if pending.complete and self._odometry.covers(pending.tick.stamp_ns):
                    self._hand_over(pending)

    def on_route(self, route: Route | None, problem: str = "") -> None:
        """A new route, or None with the reason why what came cannot be used ("" = it was taken back)."""
        with self._lock:
            self._route, self._route_problem = route, problem
            if problem:
                self._count("route_refused", problem)

    def on_instruction(self, text: str) -> None:
        """A new instruction; empty takes it back."""
        self._instruction = text.strip() or None

    def refuse_input(self, kind: str, problem: str) -> None:
        """Count an input that could not be read at all."""
        with self._lock:
            self._count(kind, problem)

    def check_silence(self, budget: TimeBudget, received_ns: int) -> None:
        """Called now and then: if no image has come for too long, have a replacement published."""
        age_s = self.image_age_s()
        if age_s is None or self._limits.image_timeout_s <= 0.0 or age_s < self._limits.image_timeout_s:
            return
        reason = f"no image for {age_s:.1f} s"
        with self._lock:
            self._count("image_silence", reason)
        self._service.refuse(self._service.open(self._now_ns(), budget, None, received_ns), reason)

    def _count(self, kind: str, problem: str) -> None:
        self.events[kind] += 1
        self.last_event = problem

    def _check_timeline(self, stamp_ns: int, what: str) -> None:
        newest = self._newest_ns
        if newest is not None and stamp_ns < newest - TIMELINE_RESET_S * NS_PER_S:
            self._count("time_reset", f"time went back by {(newest - stamp_ns) / NS_PER_S:.1f} s, told by the {what}")
            self._odometry.clear()
            self._service.forget()
            self._pending.clear()
            self._last_image_ns = None
            newest = None
        self._newest_ns = stamp_ns if newest is None else max(newest, stamp_ns)

    def _image_problem(self, stamp_ns: int, age_s: float) -> str:
        limits = self._limits
        if 0.0 < limits.max_image_age_s < age_s:
            return f"stale image: {age_s:.3f} s old, allowed {limits.max_image_age_s:g} s"
        if 0.0 < limits.max_image_lead_s < -age_s:
            return f"image stamp is {-age_s:.3f} s in the future, allowed {limits.max_image_lead_s:g} s"
        if self._last_image_ns is not None and stamp_ns <= self._last_image_ns:
            behind = (self._last_image_ns - stamp_ns) / NS_PER_S
            return f"image stamp is {behind:.3f} s behind the one before"
        return ""

    def _images_complete(self, pending: _Pending) -> None:
        pending.complete = True
        tick = pending.tick
        if self._odometry.covers(tick.stamp_ns) or self._limits.odometry_wait_s <= 0.0:
            self._hand_over(pending)
            return
        tick.waiting_for = "no odometry at or after the image's stamp"
        until_ns = tick.received_ns + round(self._limits.odometry_wait_s * NS_PER_S)
        self._service.alarm(until_ns, lambda: self._hand_over(pending))

    def _hand_over(self, pending: _Pending) -> None:
        """Give the tick to the planner, or refuse it."""
        with self._lock:
            tick = pending.tick
            if self._pending.pop(tick.stamp_ns, None) is None:
                return
            for stamp_ns in [stamp for stamp in self._pending if stamp < tick.stamp_ns]:
                del self._pending[stamp_ns]  # the guard answers those
            try:
                ego = replace(self._odometry.at(tick.stamp_ns), stamp_ns=tick.stamp_ns)
                route = self._route_in(ego.frame_id)
            except InputError as err:
                self._count("tick_refused", str(err))
                self._service.refuse(tick, str(err))
                return
            tick.waiting_for = ""
            tick.situation = situation = Observation(tick.stamp_ns, ego, {}, route, self._instruction)
            images = dict(pending.images)
            self._service.submit(tick, lambda: _with_images(situation, images))

    def _route_in(self, frame_id: str) -> Route | None:
        if self._route_problem:
            raise InputError(self._route_problem)
        return None if self._route is None else self._route.in_frame(frame_id, self._frame_from)


def _with_images(situation: Observation, images: Mapping[str, Decode]) -> Observation:
    return replace(situation, images={name: decode() for name, decode in images.items()})
