"""The values of CARLA's calls, read out of msgpack with every number checked, and made for answers. No world."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from wam_ros.carla_server.wire.layouts import Triple, VehicleControl, WireTransform
from wam_ros.core.errors import InputError

T = TypeVar("T")
Parser = Callable[[Any], T]

_LARGEST = 1e9  # of any number
_FARTHEST = 1e5  # m from the origin
_LONGEST_TEXT = 4096
_SHOWN = 60  # characters of a wrong value in a message


def number(value: Any) -> float:
    """A finite number.

    Raises:
        InputError: It is something else.

    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong(value, "a number")
    if abs(value) > _LARGEST or not math.isfinite(value):
        raise _wrong(value, f"a finite number of at most {_LARGEST:g}")
    return float(value)


def flag(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise _wrong(value, "true or false")
    return value


def integer(lowest: int, highest: int) -> Parser[int]:
    """Reads integers in a range."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            raise _wrong(value, f"an integer in {lowest}..{highest}")
        return value

    return read


uint8, uint16, uint32 = integer(0, 2**8 - 1), integer(0, 2**16 - 1), integer(0, 2**32 - 1)
int32 = integer(-(2**31), 2**31 - 1)


def text(value: Any) -> str:
    """A short text."""
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        raise _wrong(value, f"a text of at most {_LONGEST_TEXT} characters")
    return value


def anything(value: Any) -> Any:
    """Whatever it is; for what the server does not look at."""
    return value


def listing(entry: Parser[T]) -> Parser[tuple[T, ...]]:
    """Reads lists."""

    def read(value: Any) -> tuple[T, ...]:
        if not isinstance(value, tuple):
            raise _wrong(value, "a list")
        return tuple(entry(each) for each in value)

    return read


def optional(entry: Parser[T]) -> Parser[T | None]:
    """Reads [false] or [true, value]."""

    def read(value: Any) -> T | None:
        if isinstance(value, tuple) and len(value) in {1, 2} and isinstance(value[0], bool):
            if not value[0]:
                return None
            if len(value) == 2:
                return entry(value[1])
        raise _wrong(value, "[false] or [true, value]")

    return read


def record(make: Callable[..., T], *fields: Parser[Any]) -> Parser[T]:
    """Reads lists of fixed length into an object."""

    def read(value: Any) -> T:
        if not isinstance(value, tuple) or len(value) != len(fields):
            raise _wrong(value, f"a list of {len(fields)}")
        return make(*(field(each) for field, each in zip(fields, value)))

    return read


def _coordinate(value: Any) -> float:
    found = number(value)
    if abs(found) > _FARTHEST:
        raise _wrong(value, f"at most {_FARTHEST:g} m from the origin")
    return found


def _triple(x: float, y: float, z: float) -> Triple:
    return x, y, z


class EpisodeSettings(NamedTuple):
    """How the world is ticked; the rest is kept for who asks."""

    synchronous_mode: bool = False
    no_rendering_mode: bool = False
    fixed_delta_seconds: float | None = None
    substepping: bool = True
    max_substep_delta_time: float = 0.01
    max_substeps: int = 10
    max_culling_distance: float = 0.0
    deterministic_ragdolls: bool = True
    tile_stream_distance: float = 3000.0
    actor_active_distance: float = 2000.0
    spectator_as_ego: bool = True

    def form(self) -> list[Any]:
        """For the wire."""
        return [*self[:2], [False] if self[2] is None else [True, self[2]], *self[3:]]


class AckermannControl(NamedTuple):
    """CARLA's VehicleAckermannControl: steer [rad], right positive, speed [m/s], acceleration [m/s^2]."""

    steer: float
    steer_speed: float
    speed: float
    acceleration: float
    jerk: float


class WalkerControl(NamedTuple):
    """Where to and how fast: direction in CARLA's axes, speed [m/s]."""

    direction: Triple
    speed: float
    jump: bool


class AttributeValue(NamedTuple):
    """One attribute of an actor that is to be made."""

    id: str
    type: int
    value: str


class Description(NamedTuple):
    """What kind of actor is to be made."""

    uid: int
    id: str
    attributes: tuple[AttributeValue, ...]

    def form(self) -> list[Any]:
        """For the wire."""
        return [self.uid, self.id, [list(attribute) for attribute in self.attributes]]


vector = record(_triple, number, number, number)
location = record(_triple, _coordinate, _coordinate, _coordinate)
transform = record(WireTransform, location, vector)
vehicle_control = record(VehicleControl, number, number, number, flag, flag, flag, int32)
ackermann_control = record(AckermannControl, number, number, number, number, number)
walker_control = record(WalkerControl, vector, number, flag)
weather = record(lambda *values: values, *[number] * 14)
episode_settings = record(
    EpisodeSettings,
    *(flag, flag, optional(number), flag, number, int32, number, flag, number, number, flag),
)
description = record(Description, uint32, text, listing(record(AttributeValue, text, uint8, text)))


def transform_form(value: WireTransform) -> list[Any]:
    """For the wire."""
    return [list(value.location), list(value.rotation)]


def box_form(middle: Triple, size: Triple, actor_id: int = 0, yaw_deg: float = 0.0) -> list[Any]:
    """A BoundingBox: its middle, and length, width, height [m]."""
    return [list(middle), [side / 2.0 for side in size], [0.0, yaw_deg, 0.0], actor_id]


def _wrong(value: Any, wanted: str) -> InputError:
    shown = repr(value) if isinstance(value, (int, float, bool, str)) else type(value).__name__
    return InputError(f"{shown[:_SHOWN]}: wanted {wanted}")
