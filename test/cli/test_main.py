from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from wam_ros import __version__
from wam_ros.cli.main import COMMANDS, main

ROOT = Path(__file__).resolve().parents[2]


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    output = capsys.readouterr().out
    assert all(command in output for command in COMMANDS)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert __version__ in capsys.readouterr().out


def test_errors_of_ours_are_one_line_and_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(tmp_path / "none"), "--step", "--out", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err == f"wam replay: {tmp_path / 'none'}: no such bag or folder\n"
    assert main(["replay", str(tmp_path), "--rate", "0"]) == 1
    assert "--rate 0.0, wanted more than 0" in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_crash(tmp_path: Path) -> None:
    command = f"{sys.executable} -m wam_ros.cli.main bag info {tmp_path} 2>&1 | true"
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S602
    assert "Traceback" not in done.stderr


def test_no_command_loads_ros_for_its_help() -> None:
    script = "import sys; from wam_ros.cli.main import build_parser; build_parser(None); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"rclpy", "torch", "cv2"} & set(done.stdout.split())
