from __future__ import annotations

import math

import pytest
import torch

from test.decoding.denoisers import LAYOUT, MixtureDenoiser, one_drive
from test.decoding.runs import straight
from wam_ros.core.timing import Deadline
from wam_ros.decoding import (
    Calibration,
    ConfidenceLevel,
    DecodeSettings,
    MonotoneMap,
    PlanMap,
    confidence_radius,
    decode,
    expected_calibration_error,
    plan_confidence,
    waypoint_confidence,
)
from wam_ros.decoding.confidence import RADII


def decoded(denoiser: MixtureDenoiser):
    return decode(denoiser, LAYOUT, DecodeSettings(), Deadline.unlimited())


def test_radii() -> None:
    assert [confidence_radius(time) for time in (0.5, 1.0, 2.5, 4.0)] == pytest.approx([0.5, 0.5, 1.0, 1.5])
    assert list(RADII) == sorted(RADII)


def test_it_is_the_share_of_drives_within_a_square_around_the_waypoint() -> None:
    denoiser = one_drive(sigma_at_4_s=1.5)
    answer = decoded(denoiser)
    confidence = waypoint_confidence(answer.first_pass, answer.waypoints[0])
    generator = torch.Generator().manual_seed(0)
    truth = denoiser.means + denoiser.sigmas * torch.randn(20_000, 16, generator=generator, dtype=torch.float64)
    inside = ((truth.unflatten(-1, (8, 2)) - answer.waypoints[0]).abs() <= torch.tensor(RADII)[:, None]).all(-1)
    assert (confidence - inside.double().mean(0)).abs().max() < 0.02


def test_it_comes_from_the_first_pass_and_not_from_what_was_committed() -> None:
    # Knowing the end tells the speed, so later passes are far surer than the first.
    times = torch.arange(1, 9, dtype=torch.float64) / 2
    speeds = torch.linspace(4, 12, 41, dtype=torch.float64)
    means = torch.stack([speeds[:, None] * times, torch.zeros(41, 8)], -1).flatten(1)
    denoiser = MixtureDenoiser(means, torch.full((41, 16), 0.1), torch.full((41,), 1 / 41))
    answer = decoded(denoiser)
    confidence = waypoint_confidence(answer.first_pass, answer.waypoints[0])
    share = [
        (abs(speeds * time - x) <= r).double().mean() for time, r, x in zip(times, RADII, answer.waypoints[0, :, 0])
    ]
    assert confidence.tolist() == pytest.approx([float(value) for value in share], abs=0.05)
    assert confidence[-1] < 0.15


def test_it_is_asked_about_the_published_waypoints() -> None:
    answer = decoded(one_drive(sigma_at_4_s=1.0))
    at = waypoint_confidence(answer.first_pass, answer.waypoints[0])
    beside = waypoint_confidence(answer.first_pass, answer.waypoints[0] + torch.tensor([0.0, 1.0]))
    far = waypoint_confidence(answer.first_pass, answer.waypoints[0] + 1e6)
    assert (beside < at).all()
    assert far.tolist() == [0.0] * 8


def test_raw_confidence_is_calibrated_where_the_model_is_right() -> None:
    generator = torch.Generator().manual_seed(5)
    believed, happened = [], []
    for sigma in torch.linspace(0.2, 6.0, 30).tolist():
        denoiser = one_drive(sigma_at_4_s=sigma)
        answer = decoded(denoiser)
        confidence = waypoint_confidence(answer.first_pass, answer.waypoints[0])
        truth = denoiser.means + denoiser.sigmas * torch.randn(40, 16, generator=generator, dtype=torch.float64)
        error = (truth.unflatten(-1, (8, 2)) - answer.waypoints[0]).abs()
        happened.append((error <= torch.tensor(RADII)[:, None]).all(-1).flatten())
        believed.append(confidence.repeat(40))
    assert expected_calibration_error(torch.cat(believed), torch.cat(happened)) < 0.02


def test_without_maps_confidence_says_so() -> None:
    answer = decoded(one_drive())
    raw = waypoint_confidence(answer.first_pass, answer.waypoints[0])
    plain = plan_confidence(answer.first_pass, answer.waypoints[0], straight(answer))
    assert torch.equal(plain.waypoints, raw)
    assert plain.overall == pytest.approx(float(raw.mean()))
    assert not plain.calibrated

    half = MonotoneMap((0.0, 1.0), (0.0, 0.5))
    only_waypoints = plan_confidence(answer.first_pass, answer.waypoints[0], straight(answer), Calibration((half,) * 8))
    assert not only_waypoints.calibrated
    assert only_waypoints.waypoints.tolist() == pytest.approx((0.5 * raw).tolist())
    assert only_waypoints.overall == pytest.approx(0.5 * float(raw.mean()))
    overall = PlanMap((0.0, -1.0, *[0.0] * 12))  # of the mean alone
    both = plan_confidence(answer.first_pass, answer.waypoints[0], straight(answer), Calibration((half,) * 8, overall))
    assert both.calibrated
    assert both.overall == pytest.approx(1.0 / (1.0 + math.exp(-0.5 * float(raw.mean()))))


@pytest.mark.parametrize(
    ("confidence", "level"),
    [(0.0, "LOW"), (0.499, "LOW"), (0.5, "MEDIUM"), (0.799, "MEDIUM"), (0.8, "HIGH"), (1.0, "HIGH")],
)
def test_levels(confidence: float, level: str) -> None:
    assert ConfidenceLevel.of(confidence).name == level


def test_a_sure_model_is_of_high_confidence_and_a_lost_one_of_low() -> None:
    levels = []
    for sigma in (0.3, 1.5, 20.0):
        answer = decoded(one_drive(sigma_at_4_s=sigma))
        levels.append(plan_confidence(answer.first_pass, answer.waypoints[0], straight(answer)).level)
    assert levels == [ConfidenceLevel.HIGH, ConfidenceLevel.MEDIUM, ConfidenceLevel.LOW]
