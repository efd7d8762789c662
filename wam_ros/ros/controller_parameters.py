"""The parameters of the node `controller`: one table, from which declarations, schema and YAML are made.

Run `python -m wam_ros.ros.controller_parameters` after a change of the table; a test holds the files equal to it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wam_ros.control import ControllerSettings, SessionLimits
from wam_ros.ros.parameter_table import Parameter, ParameterTable

_SETTINGS, _LIMITS = ControllerSettings(), SessionLimits()

TABLE = ParameterTable(
    "controller",
    (
        Parameter(
            "vehicle", "passenger_car", "Vehicle description: a name under config/vehicle or the path of a YAML file."
        ),
        Parameter(
            "base_frame", "base_link", "Frame of the rear axle's centre; the odometry's child frame must be this one."
        ),
        Parameter(
            "engage_on_start",
            _LIMITS.engage_on_start,
            "The first odometry engages; otherwise nothing is commanded before ~/input/engage.",
        ),
        Parameter(
            "lockstep",
            _LIMITS.lockstep,
            "For a world that waits for each command: answer the odometry of t with the plan of the image in "
            "(t - plan_delay - planning_period, t - plan_delay], and wait for that plan.",
        ),
        Parameter(
            "plan_delay",
            0.1,
            "In lockstep: from an image to the moment its plan is followed [s].",
            0.0,
            5.0,
        ),
        Parameter("planning_period", 0.1, "In lockstep: between images that are planned for [s].", 0.001, 5.0),
        Parameter(
            "plan_timeout_s",
            _LIMITS.plan_timeout,
            "In lockstep: go on with an older plan when the one that is due has not come for this long [s].",
            0.01,
            600.0,
        ),
        Parameter(
            "live_plan_delay",
            0.0,
            "Without lockstep: a plan is not followed before its image is this old; 0 = as soon as it comes [s].",
            0.0,
            5.0,
        ),
        Parameter(
            "odometry_timeout_ms",
            _LIMITS.odometry_timeout * 1e3,
            "Without lockstep: silence of the odometry that disengages [ms].",
            10.0,
            60000.0,
        ),
        Parameter(
            "max_command_age_ms",
            200.0,
            "Without lockstep: brake where the odometry is older than this by the node's clock; 0 = any age [ms].",
            0.0,
            60000.0,
        ),
        Parameter(
            "max_plan_age_ms",
            _SETTINGS.max_plan_age * 1e3,
            "A plan whose image is older than this is not followed [ms].",
            1.0,
            60000.0,
        ),
        Parameter(
            "max_plan_distance",
            _SETTINGS.max_plan_distance,
            "A plan whose path is further away from the vehicle than this is not followed [m].",
            0.1,
            100.0,
        ),
        Parameter(
            "start_distance",
            _SETTINGS.start_distance,
            "A standing vehicle starts only for a plan that goes at least this far [m].",
            0.01,
            10.0,
        ),
        Parameter(
            "actuation_delay_ms",
            _SETTINGS.actuation_delay * 1e3,
            "From the stamp of the odometry until a command reaches the actuators, their lags not counted [ms].",
            0.0,
            1000.0,
        ),
        Parameter(
            "position_gain", _SETTINGS.position_gain, "Of the position error along the path [1/s^2].", 0.01, 10.0
        ),
        Parameter("speed_gain", _SETTINGS.speed_gain, "Of the speed error [1/s].", 0.01, 10.0),
        Parameter(
            "convergence_time",
            _SETTINGS.convergence_time,
            "Errors across the path fade over about this time of driving [s].",
            0.1,
            10.0,
        ),
        Parameter(
            "convergence_length",
            _SETTINGS.convergence_length,
            "Errors across the path fade over at least this distance [m].",
            0.5,
            50.0,
        ),
        Parameter("publish_ackermann", False, "Publish commands as ackermann_msgs/AckermannDriveStamped, too."),
        Parameter("publish_carla_control", False, "Publish commands as carla_msgs/CarlaEgoVehicleControl, too."),
    ),
)


@dataclass(frozen=True)
class ControllerConfig:
    """The node's parameters, checked, in SI units."""

    vehicle: str
    base_frame: str
    settings: ControllerSettings
    limits: SessionLimits
    plan_delay: float
    planning_period: float
    max_command_age: float
    publish_ackermann: bool
    publish_carla_control: bool

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> ControllerConfig:
        """From the node's parameter values.

        Raises:
            ConfigError: A value is out of range; the text names it.

        """
        values = TABLE.checked(values)
        lockstep, oldest_ms = values["lockstep"], values["max_command_age_ms"]
        return cls(
            vehicle=values["vehicle"],
            base_frame=values["base_frame"],
            settings=ControllerSettings(
                max_plan_age=values["max_plan_age_ms"] / 1e3,
                actuation_delay=values["actuation_delay_ms"] / 1e3,
                **{
                    name: values[name]
                    for name in (
                        "max_plan_distance",
                        "start_distance",
                        "position_gain",
                        "speed_gain",
                        "convergence_time",
                        "convergence_length",
                    )
                },
            ),
            limits=SessionLimits(
                lockstep=lockstep,
                plan_timeout=values["plan_timeout_s"],
                odometry_timeout=values["odometry_timeout_ms"] / 1e3,
                engage_on_start=values["engage_on_start"],
            ),
            plan_delay=values["plan_delay" if lockstep else "live_plan_delay"],
            planning_period=values["planning_period"],
            max_command_age=oldest_ms / 1e3 if oldest_ms > 0.0 else math.inf,
            publish_ackermann=values["publish_ackermann"],
            publish_carla_control=values["publish_carla_control"],
        )


if __name__ == "__main__":
    TABLE.write()
