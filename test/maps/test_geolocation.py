from __future__ import annotations

import pytest

pytest.importorskip("carla")

from wam_ros.core.resources import resource
from wam_ros.maps.geolocation import Geolocation


def test_directions_and_distances() -> None:
    geolocation = Geolocation((resource("config/towns/grid_small") / "town.xodr").read_text(encoding="utf-8"))
    here = geolocation.at(0.0, 0.0, 5.0)
    assert here == pytest.approx((42.0, 2.0, 5.0))
    assert geolocation.at(100.0, 0.0, 0.0).longitude > here.longitude
    metres_per_degree = 111_000.0
    north = geolocation.at(0.0, 1000.0, 0.0).latitude - here.latitude
    assert abs(north) * metres_per_degree == pytest.approx(1000.0, rel=0.01)
    assert north < 0.0  # mirrored, as carla 0.9.16 has it
