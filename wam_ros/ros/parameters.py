"""The parameters of the node `planner`: one table, from which declarations, schema and YAML are made.

Run `python -m wam_ros.ros.parameters` after a change of the table: it writes config/planner.param.yaml and
config/schema/planner.schema.json. A test holds the three equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wam_ros.core.errors import ConfigError
from wam_ros.planning.catalog import (
    COMPUTE_DTYPES,
    DECODE_ORDERS,
    DEFAULT_DRIVER,
    EARLY_COMMITS,
    ENGINE_BACKENDS,
    FALL_BACKS,
    PLANNER_NAMES,
    PRIVILEGED,
    QUANTISATIONS,
    SHIPPED_WEIGHTS,
    PlannerOptions,
)
from wam_ros.ros.parameter_table import Parameter, ParameterTable
from wam_ros.runtime.intake import IntakeLimits
from wam_ros.runtime.odometry_buffer import OdometryLimits
from wam_ros.runtime.tick import TimeBudget

_OPTIONS = PlannerOptions()

PARAMETERS = (
    Parameter(
        "planner",
        "route_follower",
        f"Which planner runs. wam drive and drive.launch.py name one themselves: {DEFAULT_DRIVER}.",
        choices=(*PLANNER_NAMES, PRIVILEGED),
    ),
    Parameter(
        "vehicle", "passenger_car", "Vehicle description: a name under config/vehicle or the path of a YAML file."
    ),
    Parameter("autostart", True, "Configure and activate at start; otherwise wait for lifecycle transitions."),
    Parameter(
        "base_frame", "base_link", "Frame of the rear axle's centre; the odometry's child frame must be this one."
    ),
    Parameter("budget_ms", 80.0, "Time from receipt of an image to its published plan [ms].", 15.0, 2000.0, (), True),
    Parameter(
        "guard_margin_ms",
        8.0,
        "The guard publishes a replacement this long before the budget ends [ms].",
        1.0,
        50.0,
        (),
        True,
    ),
    Parameter(
        "finish_margin_ms",
        4.0,
        "The planner is asked to end this long before the guard acts [ms].",
        0.0,
        50.0,
        (),
        True,
    ),
    Parameter(
        "cameras",
        ("front",),
        "Camera names; the first anchors the time and is read from ~/input/image, the others from ~/input/NAME/image.",
    ),
    Parameter("image_transport", "raw", "Type of the image topics.", choices=("raw", "compressed")),
    Parameter(
        "image_reliability", "best_effort", "QoS of the image subscriptions.", choices=("best_effort", "reliable")
    ),
    Parameter(
        "camera_tolerance_ms",
        30.0,
        "Greatest difference between stamps of images that belong together [ms].",
        0.0,
        1000.0,
    ),
    Parameter(
        "allow_uncalibrated", False, "Plan also without camera_info or without the camera's pose.", while_active=True
    ),
    Parameter(
        "min_coverage",
        0.9,
        "Share of the planner's canonical image that a camera must fill, else WARN.",
        0.0,
        1.0,
        (),
        True,
    ),
    Parameter("max_image_age_ms", 500.0, "Refuse older images, by the node's clock; 0 = any age [ms].", 0.0, 60000.0),
    Parameter("image_timeout_ms", 1000.0, "Without an image for this long, publish on; 0 = never [ms].", 0.0, 60000.0),
    Parameter("odometry_wait_ms", 20.0, "Wait this long for odometry at or after the image's stamp [ms].", 0.0, 500.0),
    Parameter(
        "max_odometry_age_ms",
        200.0,
        "Greatest distance of the nearest odometry sample from the image's stamp [ms].",
        1.0,
        5000.0,
    ),
    Parameter("max_reuse_age_ms", 1000.0, "A previous plan older than this is not published again [ms].", 0.0, 10000.0),
    Parameter("max_route_distance", 4.0, "The monitor refuses plans further than this from the route [m].", 0.5, 100.0),
    Parameter("target_speed", _OPTIONS.target_speed, "Speed that the route follower seeks [m/s].", 0.5, 60.0),
    Parameter(
        "checkpoint",
        _OPTIONS.checkpoint,
        "Of wam_diff and cnn: the folder of a checkpoint, or random:small for weights that nobody trained; empty = "
        f"wam_diff's that ship with the package ({SHIPPED_WEIGHTS}), random:small where none do.",
    ),
    Parameter(
        "backend",
        _OPTIONS.backend,
        "That runs wam_diff's network; what it falls back to is told at start and on /diagnostics.",
        choices=ENGINE_BACKENDS,
    ),
    Parameter(
        "engines", _OPTIONS.engines, "Folder of `wam engine build`, for another backend than eager; empty = none."
    ),
    Parameter(
        "fall_back",
        _OPTIONS.fall_back,
        "Where the backend cannot be had: run eagerly and say so, or none: refuse to start.",
        choices=FALL_BACKS,
    ),
    Parameter(
        "compute_dtype",
        _OPTIONS.compute_dtype,
        "Of wam_diff's network; auto = as suits the device.",
        choices=COMPUTE_DTYPES,
    ),
    Parameter("quantisation", _OPTIONS.quantisation, "Of the products of its layers.", choices=QUANTISATIONS),
    Parameter("device", _OPTIONS.device, "That wam_diff's network runs on: cpu, cuda or cuda:N."),
    Parameter("visual_stride", _OPTIONS.visual_stride, "wam_diff reads every so many-th visual token.", 1, 20),
    Parameter("torch_threads", _OPTIONS.threads, "Threads of torch; more than one makes late plans later.", 1, 64),
    Parameter("decode_order", _OPTIONS.order, "In which wam_diff commits waypoints.", choices=DECODE_ORDERS),
    Parameter("decode_steps", _OPTIONS.steps, "Decoding steps at most; 0 = one per waypoint.", 0, 32),
    Parameter("guidance", _OPTIONS.guidance, "Scale of wam_diff's classifier-free guidance; 0 = none.", 0.0, 20.0),
    Parameter(
        "guidance_floor",
        _OPTIONS.guidance_floor,
        "With guidance: numbers below so much of the greatest probability are out; 0 = as published.",
        0.0,
        1.0,
    ),
    Parameter(
        "early_commit",
        _OPTIONS.early_commit,
        "Whether a step of wam_diff commits more than is due where it is sure: fewer steps for nearly the same plans.",
        choices=EARLY_COMMITS,
    ),
    Parameter("early_level", _OPTIONS.early_level, "Of the rule of early_commit, see EarlyCommit.", 0.0, 100.0),
    Parameter(
        "start_level",
        _OPTIONS.start_level,
        "Probability of going at which wam_diff starts; 0 = no rule.",
        0.0,
        1.0,
    ),
    Parameter("candidates", _OPTIONS.candidates, "Plans that wam_diff makes of each image, the main one too.", 1, 16),
    Parameter("nice", 0, "Niceness of the process; -10 puts it before others and needs CAP_SYS_NICE.", -20, 19),
    Parameter(
        "switch_interval_ms",
        1.0,
        "How soon the interpreter takes turns between threads [ms]; short lets the guard in.",
        0.1,
        5.0,
    ),
)

_CAMERA_POSE = {
    "description": "x y z [m], roll pitch yaw [rad] of the camera's optical frame in base_link; else /tf_static.",
    "type": "array",
    "items": {"type": "number"},
    "minItems": 6,
    "maxItems": 6,
}

TABLE = ParameterTable("planner", PARAMETERS, {r"^camera_pose\.\w+$": _CAMERA_POSE})
defaults, schema, schema_json, param_yaml = TABLE.defaults, TABLE.schema, TABLE.schema_json, TABLE.param_yaml


@dataclass(frozen=True)
class NodeConfig:
    """The parameters of a configured node, checked, in SI units."""

    planner: str
    vehicle: str
    base_frame: str
    budget: TimeBudget
    cameras: tuple[str, ...]
    compressed: bool
    reliable_images: bool
    camera_tolerance_s: float
    allow_uncalibrated: bool
    min_coverage: float
    intake: IntakeLimits
    odometry: OdometryLimits
    max_reuse_age_s: float
    max_route_distance: float
    options: PlannerOptions

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> NodeConfig:
        """From the node's parameter values.

        Raises:
            ConfigError: Values that do not go together; the text names them and the remedy.

        """
        values = TABLE.checked(values)
        cameras = values["cameras"]
        if not cameras or len(set(cameras)) != len(cameras) or not all(name.isidentifier() for name in cameras):
            msg = f"cameras = {list(cameras)}, wanted one or more different names of letters, digits and _"
            raise ConfigError(msg)
        return cls(
            planner=values["planner"],
            vehicle=values["vehicle"],
            base_frame=values["base_frame"],
            budget=TimeBudget(
                values["budget_ms"] / 1e3, values["guard_margin_ms"] / 1e3, values["finish_margin_ms"] / 1e3
            ),
            cameras=cameras,
            compressed=values["image_transport"] == "compressed",
            reliable_images=values["image_reliability"] == "reliable",
            camera_tolerance_s=values["camera_tolerance_ms"] / 1e3,
            allow_uncalibrated=values["allow_uncalibrated"],
            min_coverage=values["min_coverage"],
            intake=IntakeLimits(
                max_image_age_s=values["max_image_age_ms"] / 1e3,
                odometry_wait_s=values["odometry_wait_ms"] / 1e3,
                image_timeout_s=values["image_timeout_ms"] / 1e3,
            ),
            odometry=OdometryLimits(max_age_s=values["max_odometry_age_ms"] / 1e3),
            max_reuse_age_s=values["max_reuse_age_ms"] / 1e3,
            max_route_distance=values["max_route_distance"],
            options=PlannerOptions(
                target_speed=values["target_speed"],
                checkpoint=values["checkpoint"],
                compute_dtype=values["compute_dtype"],
                quantisation=values["quantisation"],
                device=values["device"],
                backend=values["backend"],
                engines=values["engines"],
                fall_back=values["fall_back"],
                threads=values["torch_threads"],
                order=values["decode_order"],
                steps=values["decode_steps"],
                guidance=values["guidance"],
                guidance_floor=values["guidance_floor"],
                early_commit=values["early_commit"],
                early_level=values["early_level"],
                start_level=values["start_level"],
                visual_stride=values["visual_stride"],
                candidates=values["candidates"],
            ),
        )


if __name__ == "__main__":
    TABLE.write()
