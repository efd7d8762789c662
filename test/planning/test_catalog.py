from __future__ import annotations

from pathlib import Path

import pytest

from wam_ros.core import ConfigError, VehicleDescription
from wam_ros.core.resources import resource
from wam_ros.planning.catalog import PLANNER_NAMES, load_vehicle, make_planner


@pytest.mark.parametrize("name", PLANNER_NAMES)
def test_planners_bear_their_names(name: str, vehicle: VehicleDescription) -> None:
    assert make_planner(name, vehicle).name == name


def test_unknown_names_are_refused_with_the_nearest(vehicle: VehicleDescription) -> None:
    with pytest.raises(ConfigError, match="did you mean 'constant_velocity'"):
        make_planner("constant_velocty", vehicle)
    with pytest.raises(ConfigError, match=r"unknown 'passengercar'; did you mean 'passenger_car'\?; or give the path"):
        load_vehicle("passengercar")


def test_a_vehicle_may_be_a_file(tmp_path: Path, vehicle: VehicleDescription) -> None:
    path = tmp_path / "truck.yaml"
    path.write_text(resource("config/vehicle/passenger_car.yaml").read_text().replace("passenger_car", "truck"))
    assert load_vehicle(str(path)).name == "truck"
    assert load_vehicle("passenger_car") == vehicle
