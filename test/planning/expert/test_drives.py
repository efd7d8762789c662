"""A short drive through a town of the package with traffic, by the real world, loop and controller."""

from __future__ import annotations

import pytest

pytest.importorskip("carla")
pytest.importorskip("libsumo")

from test.planning.expert.drives import drive_town, summary
from wam_ros.carla_server.towns.town import Town


@pytest.mark.slow
@pytest.mark.parametrize(("name", "seed"), [("grid_small", 21), ("random_small", 22)])
def test_drives_through_traffic_without_fault(name, seed):
    (outcome,) = drive_town(Town.load(name), 1, seed, length=220.0, vehicles=20, pedestrians=12)
    assert outcome.completed, str(outcome)
    assert not outcome.at_fault
    assert not outcome.red
    assert not outcome.refused
    assert outcome.off_lane == pytest.approx(0.0)
    assert "1 of 1 completed" in summary([outcome])
