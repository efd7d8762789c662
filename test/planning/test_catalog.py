from __future__ import annotations

from pathlib import Path

import pytest

from wam_ros.core import ConfigError, VehicleDescription
from wam_ros.core.resources import resource
from wam_ros.models import preset, random_checkpoint, save_checkpoint
from wam_ros.planning import catalog
from wam_ros.planning.catalog import (
    PLANNER_NAMES,
    PlannerOptions,
    load_vehicle,
    make_planner,
    weights_of,
)
from wam_ros.planning.wam_diff_weights import default_camera


@pytest.mark.parametrize("name", PLANNER_NAMES)
def test_planners_bear_their_names(name: str, vehicle: VehicleDescription) -> None:
    assert make_planner(name, vehicle).name == name


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The hash of tiny weights that ship."""
    config = preset("tiny")
    monkeypatch.setattr(catalog, "SHIPPED_WEIGHTS", str(tmp_path / "weights"))
    return save_checkpoint(tmp_path / "weights", random_checkpoint(config, default_camera(config), seed=3))


@pytest.fixture
def nothing_shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "SHIPPED_WEIGHTS", "config/weights/none")


def test_shipped_weights_are_taken(shipped: str, vehicle: VehicleDescription, tmp_path: Path) -> None:
    assert make_planner("wam_diff", vehicle).weights_hash == shipped
    assert weights_of("wam_diff", "") == str(tmp_path / "weights")
    asked = PlannerOptions(checkpoint="random:tiny")
    assert make_planner("wam_diff", vehicle, asked).weights_hash == "random-0", "what is asked for goes before"
    assert weights_of("cnn", "") == "random:small", "they are no weights of the baseline"


@pytest.mark.usefixtures("nothing_shipped")
def test_without_shipped_weights_random_ones_say_so(vehicle: VehicleDescription) -> None:
    told = make_planner("wam_diff", vehicle, PlannerOptions(compute_dtype="float32")).provenance
    assert told == "random weights, seed 0: not trained; computes in float32"
    assert weights_of("wam_diff", "elsewhere") == "elsewhere"
    assert weights_of("route_follower", "elsewhere") == ""


@pytest.mark.usefixtures("shipped")
def test_broken_shipped_weights_are_told_and_never_replaced(vehicle: VehicleDescription, tmp_path: Path) -> None:
    (tmp_path / "weights" / "config.json").unlink()
    with pytest.raises(ConfigError, match=r"config.json is missing"):
        make_planner("wam_diff", vehicle)


def test_noise_on_the_weights_is_told(vehicle: VehicleDescription, shipped: str) -> None:
    noisy = make_planner("wam_diff", vehicle, PlannerOptions(weight_noise=0.1))
    assert noisy.weights_hash.startswith(shipped)
    assert noisy.weights_hash != shipped
    with pytest.raises(ConfigError, match="wanted more than 0"):
        make_planner("wam_diff", vehicle, PlannerOptions(weight_noise=-0.1))


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
