from __future__ import annotations

import json

import pytest
import torch

from test.decoding.test_monotone_map import overconfident
from wam_ros.core.errors import ConfigError
from wam_ros.decoding import Calibration, MonotoneMap, PlanMap


def test_a_calibration_survives_json() -> None:
    believed, happened = overconfident(800, 3)
    overall = PlanMap(tuple(0.1 * number for number in range(14)))
    fitted = Calibration.fit_waypoints(believed.reshape(100, 8), happened.reshape(100, 8), overall)
    assert fitted.complete
    assert Calibration.from_mapping(json.loads(json.dumps(fitted.to_mapping()))) == fitted
    assert Calibration.from_mapping(json.loads(json.dumps(Calibration().to_mapping()))) == Calibration()


def test_each_waypoint_has_its_own_map() -> None:
    believed, happened = overconfident(16_000, 4)
    believed, happened = believed.reshape(-1, 8), happened.reshape(-1, 8)
    happened[:, 3] = True
    fitted = Calibration.fit_waypoints(believed, happened)
    assert not fitted.complete  # nothing is known of infractions
    calibrated = fitted.of_waypoints(torch.full((2, 8), 0.5))
    assert calibrated[:, 3].tolist() == [1.0, 1.0]
    assert calibrated[0, [0, 1, 2, 4, 5, 6, 7]].tolist() == pytest.approx([0.25] * 7, abs=0.08)


def test_what_is_no_calibration() -> None:
    with pytest.raises(ConfigError, match="7 waypoint maps, wanted 8"):
        Calibration((MonotoneMap((0.5,), (0.5,)),) * 7)
    with pytest.raises(ConfigError, match="wanted 'waypoints' and 'overall'"):
        Calibration.from_mapping({"waypoints": None})
    with pytest.raises(ConfigError, match="'believed'"):
        Calibration.from_mapping({"waypoints": [{"happened": [0.1]}], "overall": None})
    with pytest.raises(ConfigError, match="'weights'"):
        Calibration.from_mapping({"waypoints": None, "overall": {"believed": [0.1], "happened": [0.1]}})
