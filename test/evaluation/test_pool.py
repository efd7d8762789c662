from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wam_ros.core.errors import WorldError
from wam_ros.evaluation.pool import Crash, run_all

ROOT = Path(__file__).resolve().parents[2]


def _work(task: str) -> str:
    if task == "raises":
        raise ZeroDivisionError(task)
    if task == "refuses":
        raise WorldError(task)
    if task == "killed":
        print("last words", flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    if task == "leaves":
        os._exit(3)
    if task == "hangs":
        time.sleep(600.0)
    return task.upper()


def _pid(folder: str) -> int:
    Path(folder, str(os.getpid())).touch()
    time.sleep(600.0)
    return 0


def test_one_that_dies_takes_nobody_with_it() -> None:
    tasks = ["a", "raises", "b", "refuses", "killed", "leaves", "c"]
    found = dict(each for each in run_all(_work, tasks, 3, time_limit_s=60.0) if each is not None)
    assert {task: found[task] for task in "abc"} == {"a": "A", "b": "B", "c": "C"}
    assert set(found) == set(tasks)
    reasons = {task: answer.reason for task, answer in found.items() if isinstance(answer, Crash)}
    assert reasons["raises"].startswith("ZeroDivisionError: raises (test_pool.py:")
    assert reasons["refuses"] == "refuses"
    assert reasons["killed"] == "process died: SIGKILL; it said: last words"
    assert reasons["leaves"] == "process died: exit code 3"


def test_one_that_hangs_is_given_up() -> None:
    found = [each for each in run_all(_work, ["hangs"], 1, time_limit_s=0.5, beat_s=0.1) if each is not None]
    assert found == [("hangs", Crash("not finished within 0.5 s of wall time"))]


def test_leaving_early_ends_what_runs(tmp_path: Path) -> None:
    for _ in run_all(_pid, [str(tmp_path)], 1, time_limit_s=60.0, beat_s=0.05):
        if any(tmp_path.iterdir()):
            break
    pid = int(next(tmp_path.iterdir()).name)
    _gone(pid)


def test_children_end_when_the_parent_is_killed(tmp_path: Path) -> None:
    script = (
        "from test.evaluation.test_pool import _pid\nfrom wam_ros.evaluation.pool import run_all\n"
        f"for _ in run_all(_pid, [{str(tmp_path)!r}], 1, time_limit_s=60.0): pass\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT) as parent:
        end = time.monotonic() + 60.0
        while not any(tmp_path.iterdir()) and time.monotonic() < end:
            time.sleep(0.05)
        parent.kill()
    _gone(int(next(tmp_path.iterdir()).name))


def _gone(pid: int) -> None:
    end = time.monotonic() + 30.0
    while time.monotonic() < end:
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] == "Z":
            return
        time.sleep(0.05)
    pytest.fail(f"process {pid} still runs")
