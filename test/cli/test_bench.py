"""The benchmarks run and tell what they promise to tell; how fast a machine is, is not tested."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from wam_ros.cli.main import main

ROOT = Path(__file__).resolve().parents[2]


def bench(out: Path, *arguments: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "wam_ros.cli.main", "bench", *arguments, "--json", str(out)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    content: dict[str, Any] = json.loads(out.read_text())
    assert content["machine"] in done.stdout
    rows: list[dict[str, Any]] = content["rows"]
    return rows


@pytest.mark.ros
def test_bench_deadline(tmp_path: Path) -> None:
    pytest.importorskip("rclpy")
    (row,) = bench(tmp_path / "rows.json", "deadline", "--plans", "5", "--budgets-ms", "80", "--stall-every", "2")
    assert (row["budget_ms"], row["plans"], row["incomplete"]) == (80.0, 5, 0)
    assert row["planned"] <= 3  # a stall of 100 ms cannot be in time
    assert 0 <= row["steps_p50"] <= 32  # 0 where the machine is so busy that the guard answers most
    assert row["worst_overrun_ms"] > -80.0
    assert 0 <= row["late"] <= 5


@pytest.mark.ros
@pytest.mark.slow
def test_bench_node(tmp_path: Path) -> None:
    pytest.importorskip("rclpy")
    rows = bench(tmp_path / "rows.json", "node", "--frames", "5", "--busy-cores", "0")
    assert [(row["resolution"], row["way"]) for row in rows] == [
        (resolution, way) for resolution in ("1280x720", "1920x1080") for way in ("usual", "ours")
    ]
    assert all(row["sent"] == 5 for row in rows)
    ours = [row for row in rows if row["way"] == "ours"]
    assert all(row["received"] == 5 for row in ours)
    assert all(row["overhead_ms_p99"] >= row["overhead_ms_p50"] > 0.0 for row in ours)


def test_bench_score(tmp_path: Path) -> None:
    (row,) = bench(tmp_path / "rows.json", "score", "--proposals", "8", "--repeats", "1", "--singles", "2")
    assert row["proposals_per_s"] > 0.0
    assert row["ratio"] == pytest.approx(row["single_ms_per_proposal"] / row["batch_ms_per_proposal"])


def test_bench_decode(tmp_path: Path) -> None:
    rows = bench(tmp_path / "rows.json", "decode", "--preset", "tiny", "--repeats", "2")
    assert [row["compute_dtype"] for row in rows] == ["bfloat16", "float32"]
    exact = rows[1]
    assert (exact["tokens_equal"], exact["agreement_full"], exact["steps"]) == (True, 1.0, 8)
    assert exact["plan_ms_p99"] >= exact["plan_ms_p50"] > exact["prefill_ms_p50"] > 0.0
    assert set(exact["steps_at_ms"]) == {"20", "40", "50", "80", "100", "160", "200"}
    for program in ("prefill", "step"):
        assert exact[f"{program}_program_ms_p50"] > 0.0
        assert exact[f"{program}_share_of_peak"] >= 0.0
    assert rows[0]["step_mb"] < exact["step_mb"]  # shorter numbers
    assert rows[0]["step_gflop"] == exact["step_gflop"]
    assert rows[0]["weights_mb"] < exact["weights_mb"]


def test_bench_decode_of_the_papers_network_made_narrow(tmp_path: Path) -> None:
    """What runs at full size on a GPU, on the CPU."""
    options = ["--compute-dtypes", "float32", "--steps", "2", "--repeats", "1", "--device", "cpu"]
    (row,) = bench(tmp_path / "rows.json", "decode", "--preset", "tiny_8b", *options)
    assert (row["preset"], row["attention"], row["steps"]) == ("tiny_8b", "full", 2)
    assert 2300 <= row["positions"] <= 2500  # 2,185 of the image, as in the paper, and another vocabulary's text
    assert (row["device"], row["load_peak_mb"], row["tokens_equal"]) == ("cpu", None, True)
    assert row["device_name"].startswith("cpu")
    assert row["prefill_gflop"] > 10.0 * row["step_gflop"] > 0.0


def test_bench_decode_refuses_a_device_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "decode", "--device", "cuda:99", "--preset", "wam_diff_8b"]) != 0
    assert "device 'cuda:99': torch" in capsys.readouterr().err


@pytest.mark.gpu
def test_bench_decode_on_a_gpu(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    options = ["--compute-dtypes", "float32", "--steps", "2", "--repeats", "2", "--device", "cuda"]
    (row,) = bench(tmp_path / "rows.json", "decode", "--preset", "tiny_8b", *options)
    assert (row["device"], row["fallbacks"], row["backend"]) == ("cuda", [], "eager")
    assert row["weights_mb"] <= row["load_peak_mb"] <= 1.15 * row["weights_mb"] + 50.0
