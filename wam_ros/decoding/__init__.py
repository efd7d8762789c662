"""The anytime decoder of masked-diffusion answers: tensors and a clock in, complete numbers out. Knows no model."""

from wam_ros.decoding.answer import DecodedAnswer
from wam_ros.decoding.calibration import Calibration
from wam_ros.decoding.candidates import CandidateRow, candidate_rows
from wam_ros.decoding.confidence import (
    ConfidenceLevel,
    PlanConfidence,
    confidence_radius,
    plan_confidence,
    waypoint_confidence,
)
from wam_ros.decoding.controller import StepController, StepDecision
from wam_ros.decoding.decode import AnytimeDecoder, decode
from wam_ros.decoding.denoiser import Denoiser
from wam_ros.decoding.layout import AnswerLayout, bins_from_metres, metres_from_bins
from wam_ros.decoding.monotone_map import MonotoneMap, expected_calibration_error
from wam_ros.decoding.orders import DecodeOrder
from wam_ros.decoding.plan_map import PlanMap
from wam_ros.decoding.posterior import NumberPosterior
from wam_ros.decoding.scenario import Scenario
from wam_ros.decoding.schedule import MaskSchedule
from wam_ros.decoding.settings import CandidateSource, DecodeSettings, EarlyCommit, OrderingConfidence, ReadOut
from wam_ros.decoding.step_times import StepTimes
from wam_ros.decoding.units import CommitUnits

__all__ = [
    "AnswerLayout",
    "AnytimeDecoder",
    "Calibration",
    "CandidateRow",
    "CandidateSource",
    "CommitUnits",
    "ConfidenceLevel",
    "DecodeOrder",
    "DecodeSettings",
    "DecodedAnswer",
    "Denoiser",
    "EarlyCommit",
    "MaskSchedule",
    "MonotoneMap",
    "NumberPosterior",
    "OrderingConfidence",
    "PlanConfidence",
    "PlanMap",
    "ReadOut",
    "Scenario",
    "StepController",
    "StepDecision",
    "StepTimes",
    "bins_from_metres",
    "candidate_rows",
    "confidence_radius",
    "decode",
    "expected_calibration_error",
    "metres_from_bins",
    "plan_confidence",
    "waypoint_confidence",
]
