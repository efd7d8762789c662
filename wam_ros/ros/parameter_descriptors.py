"""A parameter table's entries as ROS declares them."""

from __future__ import annotations

from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor

from wam_ros.ros.parameter_table import Parameter


def descriptor(parameter: Parameter, *, read_only: bool = False) -> Any:
    """Description, range and choices of a parameter as rcl_interfaces/ParameterDescriptor; read_only = set at start."""
    # `-p budget_ms:=80` is an integer to ROS: numbers are typed dynamically, and checked by the table.
    is_number = isinstance(parameter.default, float)
    found = ParameterDescriptor(description=parameter.text, dynamic_typing=is_number, read_only=read_only)
    if parameter.choices:
        found.additional_constraints = f"one of {', '.join(parameter.choices)}"
    low, high = parameter.minimum, parameter.maximum
    if low is not None and high is not None and is_number:
        found.floating_point_range = [FloatingPointRange(from_value=low, to_value=high, step=0.0)]
    elif low is not None and high is not None:
        found.integer_range = [IntegerRange(from_value=int(low), to_value=int(high), step=0)]
    return found


def default_of(parameter: Parameter) -> Any:
    """The default as rclpy takes it."""
    return list(parameter.default) if isinstance(parameter.default, tuple) else parameter.default
