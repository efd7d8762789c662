"""One sample of a demonstration: what the planner would see, what the expert would do, and what was true around it.

The one table of all values, their shapes and types: shards and batches have the same names. Frames: base_link of the
pose that the image was taken from (x forward, y left), [m], [rad], [s].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import DTypeLike, NDArray

from wam_ros.core.errors import InputError
from wam_ros.models.config import ROUTE_DISTANCES
from wam_ros.models.prompt import Situation
from wam_ros.models.vocabulary import COMMANDS
from wam_ros.planning.horizon import Horizon
from wam_ros.training.questions import QUESTIONS, RATIONALE_NAMES

WAYPOINTS = len(Horizon().times)
GRID = (23, 40)
"""Rows and columns of the semantics: cells of 16 px of an image of 640 x 360; the last row is half outside."""

SEMANTICS = ("background", "road", "road line", "sidewalk", "vehicle", "pedestrian", "two-wheeler", "traffic light")
"""Classes of the semantics, by number; "background" is sky, houses, plants, poles and things."""

LIGHTS = ("none", "red", "yellow", "green")
"""States of the light ahead, by number; one that is off counts as none."""

SOURCES = ("drive", "moved", "speed", "learner", "halted", "relit")
"""Where the ego of a sample comes from, by number: as the expert drove; the pose moved aside and turned; another speed;
as a learner drove; at rest near the stop line ahead; the light ahead in another state. Shards hold the numbers: new
ones come at the end."""

CATEGORIES = ("turn", "stop", "red light", "following", "start", "yield", "plain")
"""What a sample is counted as; all that hold, as bits 1 << number."""


class FieldSpec(NamedTuple):
    """Shape and type of one value of one sample."""

    shape: tuple[int, ...]
    dtype: DTypeLike


FIELDS: Mapping[str, FieldSpec] = MappingProxyType(
    {
        "command": FieldSpec((), np.uint8),
        "velocity": FieldSpec((2,), np.float32),
        "acceleration": FieldSpec((2,), np.float32),
        "yaw_rate": FieldSpec((), np.float32),
        "route": FieldSpec((len(ROUTE_DISTANCES), 2), np.float32),
        "plan": FieldSpec((WAYPOINTS, 3), np.float32),
        "semantics": FieldSpec(GRID, np.uint8),
        "light": FieldSpec((), np.uint8),
        "light_distance": FieldSpec((), np.float32),
        "lead_distance": FieldSpec((), np.float32),
        "lead_speed": FieldSpec((), np.float32),
        "start_due": FieldSpec((), np.bool_),
        "rationale": FieldSpec((), np.uint8),
        "answers": FieldSpec((len(QUESTIONS),), np.uint8),
        "categories": FieldSpec((), np.uint8),
        "weight": FieldSpec((), np.float32),
        "source": FieldSpec((), np.uint8),
        "offset": FieldSpec((2,), np.float32),
        "camera_offset": FieldSpec((3,), np.float32),
        "drive": FieldSpec((), np.int32),
        "time": FieldSpec((), np.float32),
    }
)
"""All values but the image, in the order in which they are stored."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One moment, seen from one pose.

    Fields:
        jpeg: The image of the canonical camera of the data (see the manifest).
        command: Index into models.vocabulary.COMMANDS.
        velocity, acceleration: (2,) along base_link x and y [m/s], [m/s^2].
        yaw_rate: [rad/s], left positive.
        route: (8, 2) points of the route ahead, at models.config.ROUTE_DISTANCES [m]; NaN beyond its end.
        plan: (8, 3) the expert's x, y [m] and heading [rad] at 0.5, 1.0 .. 4.0 s.
        semantics: (23, 40) index into SEMANTICS.
        light: Index into LIGHTS: what the light that matters on the route within 60 m shows.
        light_distance: From the front bumper to its stop line [m], at least 0; NaN where there is none.
        lead_distance: From the front bumper to whoever is ahead on the route within 60 m [m]; NaN: nobody.
        lead_speed: Of that one along the route [m/s]; NaN: nobody.
        start_due: Whether the ego stands and the expert moves off now.
        rationale: Index into RATIONALE_NAMES: what the expert does, and why.
        answers: (Q,) indices into the answers of each of QUESTIONS.
        categories: Bits of CATEGORIES.
        weight: How often to draw it, over the mean of its kind; see the data card.
        source: Index into SOURCES.
        offset: (2,) how far to the left [m] and turned left [rad] of where the drive was.
        camera_offset: (3,) pitch down [rad], yaw left [rad], height [m] of the camera, off the canonical one.
        drive: Number of the drive.
        time: Since the drive began [s].

    """

    jpeg: bytes
    command: int
    velocity: NDArray[np.float32]
    acceleration: NDArray[np.float32]
    yaw_rate: float
    route: NDArray[np.float32]
    plan: NDArray[np.float32]
    semantics: NDArray[np.uint8]
    light: int
    light_distance: float
    lead_distance: float
    lead_speed: float
    start_due: bool
    rationale: int
    answers: NDArray[np.uint8]
    categories: int
    weight: float
    source: int
    offset: NDArray[np.float32]
    camera_offset: NDArray[np.float32]
    drive: int
    time: float

    def __post_init__(self) -> None:
        for name, spec in FIELDS.items():
            value = np.asarray(getattr(self, name), dtype=spec.dtype)
            if value.shape != spec.shape:
                msg = f"sample: {name} of shape {value.shape}, wanted {spec.shape}"
                raise InputError(msg)
        if not np.isfinite(self.plan).all():
            msg = f"sample: plan {self.plan.tolist()}, wanted finite numbers"
            raise InputError(msg)

    def image(self) -> NDArray[np.uint8]:
        """(H, W, 3) red, green, blue."""
        return decoded(self.jpeg)

    def situation(self) -> Situation:
        """What the prompt tells of it."""
        return situation(self.command, self.velocity, self.acceleration, self.yaw_rate, self.route)

    @property
    def rationale_name(self) -> str:
        """In words."""
        return RATIONALE_NAMES[self.rationale]

    @property
    def category_names(self) -> tuple[str, ...]:
        """In words."""
        return tuple(name for number, name in enumerate(CATEGORIES) if self.categories >> number & 1)

    @classmethod
    def from_row(cls, jpeg: bytes, row: Mapping[str, Any]) -> Sample:
        """From values by name, as arrays of a shard hold them."""
        values = {name: row[name] if FIELDS[name].shape else row[name].item() for name in FIELDS}
        return cls(jpeg, **values)


assert [field.name for field in fields(Sample)] == ["jpeg", *FIELDS]


def situation(command: int, velocity: Any, acceleration: Any, yaw_rate: float, route: Any) -> Situation:
    """The prompt's values of stored ones; route points that are NaN lie beyond its end."""
    points = [None if np.isnan(x) else (float(x), float(y)) for x, y in route]
    return Situation(
        COMMANDS[command],
        (float(velocity[0]), float(velocity[1])),
        (float(acceleration[0]), float(acceleration[1])),
        float(yaw_rate),
        points,
    )


def decoded(jpeg: bytes) -> NDArray[np.uint8]:
    """(H, W, 3) red, green, blue.

    Raises:
        InputError: It is no JPEG.

    """
    pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        msg = f"{len(jpeg)} bytes are no JPEG image: the shard is damaged; record it anew"
        raise InputError(msg)
    image: NDArray[np.uint8] = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
    return image


def encoded(image: NDArray[np.uint8], quality: int) -> bytes:
    """The JPEG of (H, W, 3) red, green, blue."""
    done, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done, "an image of uint8 can always be written"
    return data.tobytes()
