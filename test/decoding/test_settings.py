from __future__ import annotations

from typing import Any

import pytest

from wam_ros.core.config import from_mapping
from wam_ros.core.errors import ConfigError
from wam_ros.decoding import DecodeOrder, DecodeSettings, MaskSchedule, ReadOut


def test_plain_values_make_settings() -> None:
    values = {"order": "bisect", "schedule": "cosine", "read_out": "argmax", "steps": 4, "forbidden": [3]}
    settings = from_mapping(DecodeSettings, values, "decoder.yaml")
    assert settings == DecodeSettings(
        DecodeOrder.BISECT, steps=4, schedule=MaskSchedule.COSINE, read_out=ReadOut.ARGMAX, forbidden=(3,)
    )


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (
            DecodeSettings(start_level=0.0),
            "scaffold, pairs: 8 units; 8 steps linear; order reverse-causal; read median; no guidance",
        ),
        (
            DecodeSettings.reference(16),
            "no scaffold: 32 units; 16 steps linear; order confidence; read argmax; no guidance; confidence top1",
        ),
        (
            DecodeSettings(DecodeOrder.CONFIDENCE, pairs=False, guidance=3.0, candidates=4),
            (
                "scaffold, single: 16 units; 16 steps linear; order confidence; read median; guidance 3 floor 0.001; "
                "confidence window 0.25 m; start from 0.5; 4 candidates by samples"
            ),
        ),
    ],
)
def test_settings_tell_their_mode(settings: DecodeSettings, text: str) -> None:
    assert settings.mode == text


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"steps": 9}, r"steps = 9, wanted 1..8: .* \(scaffold, pairs: 8 units\)"),
        ({"steps": 17, "pairs": False}, r"steps = 17, wanted 1..16"),
        ({"steps": 33, "pairs": False, "scaffold": False}, r"steps = 33, wanted 1..32"),
        ({"steps": 0}, "steps = 0, wanted 1..8"),
        ({"order": "revers-causal"}, "order: unknown 'revers-causal'; did you mean 'reverse-causal'"),
        ({"read_out": "mode"}, "read_out: unknown 'mode'"),
        ({"guidance": -1.0}, "guidance = -1.0, wanted 0..100"),
        ({"guidance_floor": 2.0}, "guidance_floor = 2.0, wanted 0..1"),
        ({"window_m": float("nan")}, "window_m = nan"),
        ({"start_level": 1.5}, "start_level = 1.5, wanted 0..1"),
        ({"early_commit": "threshold", "early_level": 1.5}, "early_level = 1.5, wanted 0..1"),
        ({"candidates": 0}, "candidates = 0"),
        ({"candidates": 2, "scaffold": False, "pairs": False}, "candidates = 2 needs scaffold"),
        ({"candidates": 2, "early_commit": "factor"}, "candidates = 2 with early_commit = factor"),
    ],
)
def test_what_settings_refuse(values: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        DecodeSettings(**values)
