"""NAVSIM's PDMS (v1.1) and EPDMS (v2.2), batched over proposals; equal to NAVSIM's own scorer, quirks included."""

from wam_ros.metrics.navsim.aggregate import (
    EpdmSubScores,
    PdmSubScores,
    SecondStageScene,
    TwoStageFrame,
    one_stage_mean,
    second_stage_weights,
    two_stage_epdms,
)
from wam_ros.metrics.navsim.layout import Version
from wam_ros.metrics.navsim.rollout import Rollout
from wam_ros.metrics.navsim.rows import score_rows
from wam_ros.metrics.navsim.scenario import (
    Agent,
    MapArea,
    PreviousFrame,
    Scenario,
    SignalledConnector,
    StartState,
)
from wam_ros.metrics.navsim.scenario_file import parse_scenario, read_scenario
from wam_ros.metrics.navsim.scorer import EpdmScores, Internals, NavsimScorer, PdmScores

__all__ = [
    "Agent",
    "EpdmScores",
    "EpdmSubScores",
    "Internals",
    "MapArea",
    "NavsimScorer",
    "PdmScores",
    "PdmSubScores",
    "PreviousFrame",
    "Rollout",
    "Scenario",
    "SecondStageScene",
    "SignalledConnector",
    "StartState",
    "TwoStageFrame",
    "Version",
    "one_stage_mean",
    "parse_scenario",
    "read_scenario",
    "score_rows",
    "second_stage_weights",
    "two_stage_epdms",
]
