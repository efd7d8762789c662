"""The loop works where the denoiser is: nothing is made on the default device."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from test.decoding.denoisers import LAYOUT, RandomTransformer
from test.decoding.runs import straight
from wam_ros.core.timing import Deadline
from wam_ros.decoding import Calibration, DecodeSettings, MonotoneMap, PlanMap, Scenario, plan_confidence
from wam_ros.decoding.candidates import candidate_rows
from wam_ros.decoding.decode import AnytimeDecoder
from wam_ros.decoding.settings import EarlyCommit, OrderingConfidence, ReadOut

CHOICES = (
    DecodeSettings(candidates=3),
    DecodeSettings(read_out=ReadOut.MEAN, confidence=OrderingConfidence.TOP1),
    DecodeSettings(early_commit=EarlyCommit.FACTOR),
    DecodeSettings(scaffold=False, pairs=False, forbidden=(3,)),
)


class OnCpu(RandomTransformer):
    """It is not what is tested, and makes its own tensors."""

    def hidden(self, tokens: Tensor) -> Tensor:
        with torch.device("cpu"):
            return super().hidden(tokens)


@pytest.mark.parametrize("settings", CHOICES, ids=range(len(CHOICES)))
def test_steps_and_answer(settings: DecodeSettings) -> None:
    """Tensors of the default device, here one without memory, would not mix with the denoiser's on a GPU either."""
    at_rest = Scenario(0.0, None, None)
    rows = candidate_rows(settings, at_rest)
    device = torch.device("cpu")
    rising = MonotoneMap((0.2, 0.8), (0.1, 0.9))
    decoder = AnytimeDecoder(OnCpu(8), LAYOUT, settings, Deadline.unlimited(), rows, scenario=at_rest, device=device)
    with torch.device("meta"):
        while decoder.step():
            pass
        answer = decoder.answer()
        confidence = plan_confidence(
            answer.first_pass,
            answer.waypoints[0],
            straight(answer),
            Calibration((rising,) * 8, PlanMap((0.1,) * 14)),
        )
    assert answer.numbers.isfinite().all()
    assert confidence.waypoints.isfinite().all()
