from __future__ import annotations

import math
from typing import Any

import pytest

from wam_ros.carla_server.wire import wire_types
from wam_ros.carla_server.wire.wire_types import EpisodeSettings
from wam_ros.core.errors import InputError


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e30, True, "1", None, (), b"1", 2**64])
def test_what_is_no_number(value: Any) -> None:
    with pytest.raises(InputError, match="wanted a"):
        wire_types.number(value)


@pytest.mark.parametrize(
    ("parser", "value"),
    [
        (wire_types.uint8, 256),
        (wire_types.uint32, -1),
        (wire_types.uint32, 2**32),
        (wire_types.uint32, 1.0),
        (wire_types.flag, 1),
        (wire_types.text, b"x"),
        (wire_types.text, "x" * 5000),
        (wire_types.vector, (1.0, 2.0)),
        (wire_types.vector, [1.0, 2.0, 3.0]),
        (wire_types.location, (1e6, 0.0, 0.0)),
        (wire_types.transform, ((0.0, 0.0, 0.0), (0.0, math.nan, 0.0))),
        (wire_types.vehicle_control, (0.5, 0.0, 0.0, False, False, False)),
        (wire_types.vehicle_control, (math.nan, 0.0, 0.0, False, False, False, 0)),
        (wire_types.optional(wire_types.number), (True,)),
        (wire_types.optional(wire_types.number), 0.05),
        (wire_types.listing(wire_types.uint8), (1, 2, 300)),
        (wire_types.description, (1, "x", ((1, 2, 3),))),
    ],
)
def test_what_is_refused(parser: Any, value: Any) -> None:
    with pytest.raises(InputError):
        parser(value)


def test_settings_there_and_back() -> None:
    settings = EpisodeSettings(synchronous_mode=True, fixed_delta_seconds=0.05)
    for made in (settings, EpisodeSettings()):
        form = tuple(tuple(each) if isinstance(each, list) else each for each in made.form())
        assert wire_types.episode_settings(form) == made


def test_a_control_is_read_field_by_field() -> None:
    control = wire_types.vehicle_control((0.5, -0.25, 0.125, True, False, True, -1))
    assert (control.throttle, control.steer, control.brake) == (0.5, -0.25, 0.125)
    assert (control.hand_brake, control.reverse, control.manual_gear_shift, control.gear) == (True, False, True, -1)


def test_a_box_has_half_sides() -> None:
    assert wire_types.box_form((0.0, 0.0, 0.75), (4.0, 2.0, 1.5), 7) == [
        [0.0, 0.0, 0.75],
        [2.0, 1.0, 0.75],
        [0.0] * 3,
        7,
    ]
