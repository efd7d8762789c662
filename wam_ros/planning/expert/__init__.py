"""The privileged expert: it sees the simulator's truth, drives by it, and labels all that is trained later."""

from wam_ros.planning.expert.expert import PrivilegedExpert
from wam_ros.planning.expert.settings import ExpertSettings

__all__ = ["ExpertSettings", "PrivilegedExpert"]
