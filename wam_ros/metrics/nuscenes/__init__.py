"""Open-loop scores of nuScenes: L2 and collisions under the protocols of ST-P3, VAD and UniAD."""

from wam_ros.metrics.nuscenes.open_loop import Columns, ProtocolScores, format_table, score_open_loop
from wam_ros.metrics.nuscenes.protocols import PROTOCOLS, Errors, plan_errors
from wam_ros.metrics.nuscenes.raster import Raster
from wam_ros.metrics.nuscenes.sample import Obstacles, Sample

__all__ = [
    "PROTOCOLS",
    "Columns",
    "Errors",
    "Obstacles",
    "ProtocolScores",
    "Raster",
    "Sample",
    "format_table",
    "plan_errors",
    "score_open_loop",
]
