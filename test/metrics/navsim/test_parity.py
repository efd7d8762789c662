from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from wam_ros.metrics.navsim import Version, read_scenario, score_rows

PARITY = Path(__file__).resolve().parents[4] / "shared" / "data" / "navsim_parity"
NAMES = sorted(path.stem for path in (PARITY / "scenarios").glob("*.json"))

SCORE_TOLERANCE = 1e-8
STATE_TOLERANCE = 1e-9


def differences(golden: Any, row: Any, name: str) -> list[str]:
    """What differs, in words; numbers may by the tolerance of scores, states by that of states."""
    if isinstance(golden, dict):
        if set(golden) != set(row):
            return [f"{name}: fields {sorted(set(golden) ^ set(row))}"]
        return [text for key in golden for text in differences(golden[key], row[key], f"{name}.{key}")]
    if isinstance(golden, list):
        worst = np.abs(np.array(golden) - np.array(row)).max()
        return [] if worst <= STATE_TOLERANCE else [f"{name}: {worst}"]
    if isinstance(golden, str) or golden is None:
        return [] if golden == row else [f"{name}: {golden!r}, got {row!r}"]
    return [] if abs(golden - row) <= SCORE_TOLERANCE else [f"{name}: {golden}, got {row}"]


@pytest.mark.skipif(not NAMES, reason="the NAVSIM parity set is not at hand")
@pytest.mark.parametrize("version", get_args(Version))
@pytest.mark.parametrize("name", NAMES)
def test_every_number_equals_navsims_own(name: str, version: Version) -> None:
    goldens = [json.loads(line) for line in (PARITY / f"golden/{name}.{version}.jsonl").read_text().splitlines()]
    rows = list(score_rows(read_scenario(PARITY / f"scenarios/{name}.json"), version, with_states=True))
    assert len(rows) == len(goldens) > 0
    wrong = [text for golden, row in zip(goldens, rows) for text in differences(golden, row, f"{golden['proposal']}")]
    assert wrong == []
