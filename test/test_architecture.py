"""The layers hold: what import-linter says, and what loads where ROS, CARLA and SUMO are absent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BLOCKED = ("rclpy", "carla", "libsumo", "panda3d", "torch", "wam_ros.msg", "std_msgs", "sensor_msgs", "launch")
NEEDS_ROS = ("wam_ros.ros", "wam_ros.msg", "wam_ros.carla_bridge", "wam_ros.carla_server", "wam_ros.maps")
NEEDS_TORCH = (
    "wam_ros.models",
    "wam_ros.decoding",
    "wam_ros.engines",
    "wam_ros.training",
    "wam_ros.planning.wam_diff",
    "wam_ros.planning.decode_twins",
    "wam_ros.planning.cnn_planner",
)


def modules() -> list[str]:
    files = (ROOT / "wam_ros").rglob("*.py")
    names = [".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for file in files]
    return sorted(name for name in names if not name.startswith(NEEDS_ROS + NEEDS_TORCH))


def test_everything_but_the_edges_imports_without_ros_carla_and_sumo() -> None:
    script = (
        "import sys, importlib\n"
        f"for name in {BLOCKED!r}: sys.modules[name] = None\n"
        f"for name in {modules()!r}: importlib.import_module(name)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_importing_the_package_loads_nothing_else() -> None:
    script = "import sys, wam_ros; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "wam_ros" in loaded
    assert not loaded & {"numpy", "torch", "rclpy", "yaml", "cv2", "transforms3d"}


@pytest.mark.parametrize("file", sorted((ROOT / "wam_ros").rglob("*.py")), ids=lambda f: str(f.relative_to(ROOT)))
def test_no_file_is_long(file: Path) -> None:
    if "msg" not in file.parts:
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 350
