"""The file that the leaderboard hands to the agent: which planner drives, what it sees."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wam_ros.core.config import from_mapping, read_yaml
from wam_ros.core.errors import ConfigError
from wam_ros.core.resources import resource
from wam_ros.core.sensor_rig import SensorRig
from wam_ros.planning.catalog import PRIVILEGED, PlannerOptions


@dataclass(frozen=True)
class AgentConfig:
    """A YAML file's keys; all have defaults.

    Fields:
        planner: Name of the planner; none that needs the simulator's truth.
        vehicle: A name under config/vehicle, or the path of a YAML file; the one that the leaderboard spawns.
        rig: Path of the sensor rig, of which the colour cameras count; empty = the one front camera of the package.
        checkpoint: Of wam_diff.
        decode_steps: Of wam_diff at most; 0 = one per waypoint.
        target_speed: Of the route follower [m/s].
        planning_period: Between two plans [s].
        budget: For one plan [s]; the leaderboard waits.
        max_steering_deg: Angle of the front wheels at full steering; 70 for the leaderboard's vehicle.

    Raises:
        ConfigError: A value is out of range.

    """

    planner: str = "route_follower"
    vehicle: str = "passenger_car"
    rig: str = ""
    checkpoint: str = PlannerOptions().checkpoint
    decode_steps: int = 0
    target_speed: float = 8.0
    planning_period: float = 0.1
    budget: float = 1.0
    max_steering_deg: float = 70.0

    def __post_init__(self) -> None:
        if self.planner == PRIVILEGED:
            msg = f"planner = {self.planner!r} needs the simulator's truth, which the leaderboard does not give"
            raise ConfigError(msg)
        if not (self.planning_period > 0.0 and self.budget > 0.0 and 0.0 < self.max_steering_deg < 90.0):
            msg = (
                f"planning_period = {self.planning_period} s, budget = {self.budget} s, max_steering_deg = "
                f"{self.max_steering_deg}: wanted positive, and an angle below 90 degrees"
            )
            raise ConfigError(msg)

    @classmethod
    def load(cls, path: str) -> AgentConfig:
        """Read a file; an empty path gives the defaults.

        Raises:
            ConfigError: The file is missing, or a key is unknown or of another type.

        """
        return from_mapping(cls, read_yaml(Path(path)), path) if path else cls()

    def load_rig(self) -> SensorRig:
        """The sensor rig."""
        return SensorRig.load(Path(self.rig) if self.rig else resource("config/sensors/front_camera.yaml"))
