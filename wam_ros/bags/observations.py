"""A bag as observations: step-driven, in order, the same every time, with no ROS graph and no clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from numpy.typing import ArrayLike
from typing_extensions import Self

from wam_ros.bags.calibration import Calibration
from wam_ros.bags.ground_truth import GroundTruth, TruePoses
from wam_ros.bags.reader import BagReader
from wam_ros.bags.topics import BagTopics, pick_topics
from wam_ros.core import from_messages
from wam_ros.core.camera import CameraImage
from wam_ros.core.ego import EgoState
from wam_ros.core.errors import BagError, InputError
from wam_ros.core.observation import Observation, Route
from wam_ros.core.transform_tree import TransformTree
from wam_ros.runtime.odometry_buffer import OdometryBuffer, OdometryLimits


@dataclass(frozen=True, eq=False)
class BagFrame:
    """One image of a bag and what belongs to it.

    Fields:
        stamp_ns: Stamp of the image [ns].
        recorded_ns: When it was recorded [ns].
        observation: What a planner is given, or None where that cannot be.
        ego: The best guess of the state at the stamp; None before the first odometry.
        reason: Why there is no observation; empty where there is one.
        new_drive: The odometry jumped since the frame before: earlier plans do not hold any more.

    """

    stamp_ns: int
    recorded_ns: int
    observation: Observation | None
    ego: EgoState | None
    reason: str = ""
    new_drive: bool = False


@dataclass
class _Inputs:
    """What has come so far."""

    tree: TransformTree
    route: Route | None = None
    route_problem: str = ""
    instruction: str | None = None


class BagObservations:
    """The images of one camera of a bag, each with ego state, route, calibration and instruction.

    The ego state is interpolated to the image's stamp and its acceleration is made from the speeds by the same filter
    as in the node. Route, instruction and /tf hold from when they were recorded; calibration and /tf_static hold for
    the whole bag.

    Args:
        path: The bag.
        topics: Which topic plays which part; None = found by `pick_topics`.
        camera: Name of the camera in the observations.
        base_frame: The odometry's child frame.
        limits: When odometry is good enough.
        allow_uncalibrated: Whether images without calibration are given to the planner as they are.

    Raises:
        BagError: The bag cannot be read, has no image or no odometry topic, or odometry that cannot be used.

    """

    def __init__(
        self,
        path: Path,
        topics: BagTopics | None = None,
        *,
        camera: str = "front",
        base_frame: str = "base_link",
        limits: OdometryLimits | None = None,
        allow_uncalibrated: bool = False,
    ) -> None:
        self.path = path
        self.camera = camera
        self.base_frame = base_frame
        self._limits = limits
        self._allow_uncalibrated = allow_uncalibrated
        self._reader = BagReader(path)
        try:
            self.topics = topics if topics is not None else pick_topics(self._reader.topics)
            self._image = self._required("image")
            self._odometry = self._required("odometry")
            self._calibration = Calibration(base_frame)
            self._states = self._read_ahead()
        except BaseException:
            self._reader.close()
            raise
        self.truth = self._ground_truth()

    def __iter__(self) -> Iterator[Observation]:
        """The observations alone."""
        return (frame.observation for frame in self.frames() if frame.observation is not None)

    def frames(self) -> Iterator[BagFrame]:
        """Every image of the bag in the order of recording, with or without an observation."""
        inputs = _Inputs(TransformTree())
        buffer = OdometryBuffer(self._limits)
        pending = iter(self._states)
        for topic, recorded_ns, message in self._reader.messages(self._wanted()):
            if topic != self._image:
                with self._located(topic, recorded_ns):
                    self._take(inputs, topic, message)
                continue
            stamp_ns = from_messages.stamp_to_ns(message.header.stamp)
            jumped = False
            while not buffer.covers(stamp_ns) and (state := next(pending, None)) is not None:
                jumped |= bool(buffer.add(state))
            frame = BagFrame(stamp_ns, recorded_ns, None, buffer.estimate(stamp_ns), new_drive=jumped)
            try:
                observation = self._observation(stamp_ns, message, buffer, inputs)
            except InputError as err:
                yield replace(frame, reason=str(err))
            else:
                yield replace(frame, observation=observation, ego=observation.ego)

    def image_stamps(self) -> list[int]:
        """Stamps of the images in the order of recording [ns]."""
        return [from_messages.header_stamp_ns(raw) for _, _, raw in self._reader.raw([self._image])]

    @property
    def odometry_frame(self) -> str | None:
        """Frame of the first odometry; None without any."""
        return self._states[0].frame_id if self._states else None

    def ground_truth(self, stamp_ns: int, times: ArrayLike) -> TruePoses:
        """Where base_link was at `times` (N,) [s] after a stamp; see `GroundTruth.at`."""
        return self.truth.at(stamp_ns, times)

    def close(self) -> None:
        """Close the bag; once more is no error."""
        self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _located(self, topic: str, recorded_ns: int) -> Iterator[None]:
        """Say of an error which message it is about."""
        try:
            yield
        except InputError as err:
            msg = f"{self.path}: {topic} at {recorded_ns} ns: {err}"
            raise BagError(msg) from err

    def _required(self, part: str) -> str:
        name: str | None = getattr(self.topics, part)
        if name is None or name not in self._reader.topics:
            has = ", ".join(f"{topic.name} ({topic.type_name})" for topic in self._reader.topics.values())
            msg = f"{self.path}: no {part} topic{'' if name is None else ' ' + name}; it has {has or 'none'}"
            raise BagError(msg)
        return name

    def _present(self, *names: str | None) -> list[str]:
        return [name for name in names if name is not None and name in self._reader.topics]

    def _wanted(self) -> list[str]:
        t = self.topics
        return self._present(self._image, t.route, t.tf, t.tf_static, t.instruction)

    def _read_ahead(self) -> list[EgoState]:
        """Take in the calibration, and give the ego states in order of their stamps."""
        t = self.topics
        states: dict[int, EgoState] = {}
        for topic, recorded_ns, message in self._reader.messages(
            self._present(self._odometry, t.camera_info, t.tf_static)
        ):
            with self._located(topic, recorded_ns):
                if topic == self._odometry:
                    state = from_messages.ego_from_odometry(message, self.base_frame)
                    states.setdefault(state.stamp_ns, state)
                elif topic == t.camera_info:
                    self._calibration.add_info(message)
                else:
                    self._calibration.tree.add(message)
        return [states[stamp] for stamp in sorted(states)]

    def _ground_truth(self) -> GroundTruth:
        buffer = OdometryBuffer(self._limits)
        drives, drive = [], 0
        for state in self._states:
            drive += bool(buffer.add(state))
            drives.append(drive)
        return GroundTruth.from_states(self._states, drives)

    def _take(self, inputs: _Inputs, topic: str, message: Any) -> None:
        if topic in {self.topics.tf, self.topics.tf_static}:
            inputs.tree.add(message)
        elif topic == self.topics.instruction:
            inputs.instruction = message.data.strip() or None
        else:
            try:
                inputs.route, inputs.route_problem = from_messages.route_from_path(message), ""
            except InputError as err:
                inputs.route, inputs.route_problem = None, f"route refused: {err}"

    def _observation(self, stamp_ns: int, message: Any, buffer: OdometryBuffer, inputs: _Inputs) -> Observation:
        ego = replace(buffer.at(stamp_ns), stamp_ns=stamp_ns)
        image = self._calibrated(from_messages.image_from_message(message), message.header.frame_id.lstrip("/"))
        route = self._route_in(ego.frame_id, inputs)
        return Observation(stamp_ns, ego, {self.camera: image}, route, inputs.instruction)

    def _calibrated(self, image: CameraImage, frame_id: str) -> CameraImage:
        try:
            return self._calibration.applied(image, frame_id)
        except InputError as err:
            if self._allow_uncalibrated:
                return image
            msg = f"camera {self.camera}: {err}"
            raise InputError(msg) from err

    def _route_in(self, frame_id: str, inputs: _Inputs) -> Route | None:
        if inputs.route_problem:
            raise InputError(inputs.route_problem)
        if inputs.route is None:
            return None
        return inputs.route.in_frame(frame_id, lambda target, source: inputs.tree.lookup(target, source).to_se2())
