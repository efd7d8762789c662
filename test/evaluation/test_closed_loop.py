"""`wam evaluate closed-loop` as a user runs it: the same for any number of processes, and through kill -9."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from wam_ros.evaluation.result import read_result, without_wall_times

pytest.importorskip("carla")
pytest.importorskip("libsumo")

if not Path(f"/proc/self/task/{os.getpid()}/children").exists():
    pytest.skip("the kernel does not tell children of processes", allow_module_level=True)

ROOT = Path(__file__).resolve().parents[2]
_ROUTES = 4
_WAIT_S = 120.0


def command(out: Path, processes: int, routes: int = _ROUTES, length: int = 60) -> list[str]:
    options = ["--town", "grid_small", "--routes", str(routes), "--route-length", str(length), "--seed", "5"]
    options += ["--vehicles", "2", "--pedestrians", "1", "--planner", "route_follower", "--json", str(out)]
    return [
        *(sys.executable, "-m", "wam_ros.cli.main", "evaluate", "closed-loop"),
        *(*options, "--processes", str(processes)),
    ]


def run(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False, timeout=_WAIT_S)


def start(arguments: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.DEVNULL)


def wait_for(found: Any) -> Any:
    end = time.monotonic() + _WAIT_S
    while time.monotonic() < end:
        if what := found():
            return what
        time.sleep(0.02)
    pytest.fail("it did not come about in time")


def lines(journal: Path) -> list[bytes]:
    """Whole ones."""
    content = journal.read_bytes() if journal.exists() else b""
    return content[: content.rfind(b"\n") + 1].splitlines(keepends=True)


def children(pid: int) -> list[int]:
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()]
    except OSError:
        return []


def grandchildren(pid: int) -> list[int]:
    """The workers: children of the process that forks them."""
    return [each for child in children(pid) for each in children(child)]


@pytest.mark.slow
def test_one_process_or_two_or_a_kill_in_the_middle_give_the_same_routes(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole.json", tmp_path / "killed.json"
    done = run(command(whole, 1))
    assert done.returncode == 0, done.stderr
    assert f"{_ROUTES} of {_ROUTES} routes" in done.stdout
    with start(command(killed, 2)) as first:
        journal = killed.with_suffix(".jsonl")
        wait_for(lambda: len(lines(journal)) >= 2)  # the header and a route
        first.kill()
    before = lines(journal)
    assert 2 <= len(before) <= _ROUTES, "killed in the middle"
    assert not killed.exists()
    with journal.open("ab") as file:
        file.write(b'{"route": {"id": "grid_s')  # as a kill in the middle of a write leaves it
    done = run(command(killed, 2))
    assert done.returncode == 0, done.stderr
    assert f"{len(before) - 1} were driven before" in done.stdout
    after = lines(journal)
    assert after[: len(before)] == before, "what was driven is not driven again"
    ids = [json.loads(line)["route"]["id"] for line in after[1:]]
    assert sorted(ids) == [f"grid_small/{index}" for index in range(_ROUTES)], "none lost, none doubled"
    one, other = read_result(whole), read_result(killed)
    assert [without_wall_times(row) for row in one["routes"]] == [without_wall_times(row) for row in other["routes"]]
    for result in (one, other):
        del result["summary"]["plan_ms"]
    assert one["summary"] == other["summary"]
    assert one["stamp"]["identity"] == other["stamp"]["identity"]


def test_a_worker_that_is_killed_costs_its_route_only(tmp_path: Path) -> None:
    out = tmp_path / "result.json"
    with start(command(out, 1, routes=2, length=80)) as evaluation:
        worker = wait_for(lambda: grandchildren(evaluation.pid))[0]
        os.kill(worker, signal.SIGKILL)
        assert evaluation.wait(_WAIT_S) == 1
    result = read_result(out)
    crashed, driven = result["routes"]
    assert (crashed["outcome"], crashed["error"]) == ("crashed", "process died: SIGKILL")
    assert crashed["scores"]["2.0"] == 0.0
    assert driven["outcome"] == "goal"
    assert result["summary"]["crashed"] == 1
    assert len(lines(out.with_suffix(".jsonl"))) == 3


def test_ctrl_c_ends_at_once_and_the_same_command_goes_on(tmp_path: Path) -> None:
    arguments = command(tmp_path / "result.json", 1, routes=1)[3:]
    # A shell may have had us ignore SIGINT, which children inherit.
    script = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"from wam_ros.cli.main import main; sys.exit(main({arguments!r}))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as evaluation:
        worker = wait_for(lambda: grandchildren(evaluation.pid))[0]
        os.killpg(evaluation.pid, signal.SIGINT)
        told, wrong = evaluation.communicate(timeout=_WAIT_S)
    assert evaluation.returncode == 130
    assert b"stopped: 0 of 1 routes are in" in told
    assert b"Traceback" not in wrong
    assert wait_for(lambda: not Path(f"/proc/{worker}").exists())
    assert len(lines(tmp_path / "result.jsonl")) == 1, "the header only"
