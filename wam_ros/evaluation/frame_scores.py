"""NAVSIM's scores of one planned frame, and what they say of "no infraction within 4 s"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wam_ros.core.geometry import Array
from wam_ros.evaluation.scenario_export import ScenarioExporter
from wam_ros.metrics.navsim import NavsimScorer
from wam_ros.metrics.navsim.aggregate import as_row


@dataclass(frozen=True)
class FrameScores:
    """Of one plan.

    Fields:
        pdms: v1.1.
        epdms: v2.2 with the human filter; the driven path is the human's.
        epdms_unfiltered: v2.2 without it.
        v1: Sub-scores of v1.1 by name.
        v2: Sub-scores of v2.2 by name, unfiltered; `extended_comfort` only where there is a frame before.
        infraction: Whether the plan, simulated for 4 s, collides at fault, leaves the road, drives against the traffic
            or runs a red light (NC, DAC, DDC or TLC of v2 below 1, unfiltered).

    """

    pdms: float
    epdms: float
    epdms_unfiltered: float
    v1: Mapping[str, float]
    v2: Mapping[str, float]
    infraction: bool


class FrameScorer:
    """Scores plans on the frames of one drive."""

    def __init__(self, exporter: ScenarioExporter) -> None:
        self._exporter = exporter

    def scores(self, stamp_ns: int, proposal: Array, before: tuple[int, Array] | None) -> FrameScores | None:
        """The scores of a proposal (8, 3); `before` are stamp [ns] and proposal of the frame half a second earlier.

        None where the drive is not known long enough around the frame.
        """
        if not self._exporter.can_export(stamp_ns):
            return None
        previous = None if before is None else self._exporter.previous(before[0], before[1][None])
        scenario = self._exporter.scenario(stamp_ns, proposal[None], previous)
        scorer = NavsimScorer(scenario)
        rollout = scorer.rollout()
        pdm, epdm = scorer.pdms(rollout), scorer.epdms(rollout, scorer.previous_states())
        raw = as_row(epdm.raw, 0)
        if epdm.extended_comfort is not None:
            raw["extended_comfort"] = float(epdm.extended_comfort[0])
        return FrameScores(
            pdms=float(pdm.score[0]),
            epdms=float(epdm.epdms[0]),
            epdms_unfiltered=float(epdm.raw.epdms(epdm.extended_comfort)[0]),
            v1=as_row(pdm.sub_scores, 0),
            v2=raw,
            infraction=bool(epdm.raw.product[0] < 1.0),
        )
