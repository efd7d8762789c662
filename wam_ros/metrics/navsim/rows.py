"""Scores as plain rows, one for each proposal, with the field names that NAVSIM's own results are kept under."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from wam_ros.core.geometry import Array
from wam_ros.metrics.navsim.aggregate import as_row
from wam_ros.metrics.navsim.layout import Version
from wam_ros.metrics.navsim.scenario import Scenario
from wam_ros.metrics.navsim.scorer import EpdmScores, Internals, NavsimScorer, PdmScores


def score_rows(scenario: Scenario, version: Version, *, with_states: bool) -> Iterator[dict[str, Any]]:
    """A row for each proposal of a scenario; `with_states` adds the 41 simulated states."""
    scorer = NavsimScorer(scenario)
    rollout = scorer.rollout()
    if version == "v1":
        rows = _pdm_rows(scorer.pdms(rollout))
    else:
        rows = _epdm_rows(scorer.epdms(rollout, scorer.previous_states()))
    for row in rows:
        if with_states:
            row["simulated_states"] = rollout.states[row["proposal"]].tolist()
        yield row


def _pdm_rows(scores: PdmScores) -> Iterator[dict[str, Any]]:
    for i in range(len(scores.score)):
        sub_scores = as_row(scores.sub_scores, i)
        yield {"proposal": i, **sub_scores, "score": float(scores.score[i]), "internals": _internals(scores, i)}


def _epdm_rows(scores: EpdmScores) -> Iterator[dict[str, Any]]:
    for i in range(len(scores.epdms)):
        without_ec = float(scores.pdms_without_ec[i])
        yield {
            "proposal": i,
            "raw": {
                **as_row(scores.raw, i),
                "multiplicative_metrics_prod": float(scores.raw.product[i]),
                "pdm_score": without_ec,
            },
            "internals": _internals(scores, i),
            "filtered": {
                **as_row(scores.filtered, i),
                "multiplicative_metrics_prod": float(scores.filtered.product[i]),
            },
            "EC": None if scores.extended_comfort is None else float(scores.extended_comfort[i]),
            "EPDMS": float(scores.epdms[i]),
            "PDMS_without_EC": without_ec,
        }


def _internals(scores: PdmScores | EpdmScores, index: int) -> dict[str, Any]:
    """Counts stay whole numbers; "inf" is a word, because JSON has no such number."""

    def plain(values: Array) -> Any:
        value = values[index].item()
        return "inf" if isinstance(value, float) and math.isinf(value) else value

    return {field.name: plain(getattr(scores.internals, field.name)) for field in fields(Internals)}
