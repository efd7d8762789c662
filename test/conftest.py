"""Shared fixtures: the example vehicle, real data where it is at hand, one ROS domain per test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from wam_ros.core import VehicleDescription
from wam_ros.core.resources import resource

# A busy machine is no bug.
settings.register_profile("wam_ros", deadline=None)
settings.load_profile("wam_ros")

# No packet of a test leaves this machine.
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def vehicle() -> VehicleDescription:
    return VehicleDescription.load(resource("config/vehicle/passenger_car.yaml"))


@pytest.fixture(scope="session")
def kitti_folder() -> Path:
    folder = SHARED_DATA / "kitti_straight"
    if not folder.is_dir():
        pytest.skip("the KITTI excerpt is not at hand")
    return folder
