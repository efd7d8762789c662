"""Starts the launch files of this source tree on a domain of their own, where ROS's launch is installed."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def pytest_configure(config: pytest.Config) -> None:
    """Load launch_pytest for these tests; pyproject.toml keeps its entry point from all others."""
    if find_spec("launch_pytest") is not None:
        config.pluginmanager.import_plugin("launch_pytest.plugin")


@pytest.fixture
def domain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """The ROS domain of the test; what is launched comes from this source tree, not from an older installation."""
    from test.ros.harness import next_domain

    prefix = tmp_path / "prefix"
    markers = prefix / "share" / "ament_index" / "resource_index" / "packages"
    markers.mkdir(parents=True)
    (markers / "wam_ros").touch()
    (prefix / "lib").mkdir()
    (prefix / "lib" / "wam_ros").symlink_to(ROOT / "scripts")
    (prefix / "share" / "wam_ros").symlink_to(ROOT)
    # `#!/usr/bin/env python3` of the scripts shall find the interpreter that runs the tests.
    for name, first in (("AMENT_PREFIX_PATH", prefix), ("PATH", Path(sys.executable).parent)):
        monkeypatch.setenv(name, os.pathsep.join(filter(None, [str(first), os.environ.get(name)])))
    number = next_domain()
    monkeypatch.setenv("ROS_DOMAIN_ID", str(number))
    monkeypatch.setenv("ROS_LOG_DIR", str(tmp_path / "log"))
    return number
