"""Processes of a benchmark over ROS: started on a domain of their own, ended by signal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from wam_ros.core.errors import WamError

PARTS = "wam_ros.ros.bench_parts"
_DRIVER_LIMIT_S = 60.0  # to find the planner and to end, besides its images


class BenchFailedError(WamError):
    """A process of the benchmark failed."""


@contextmanager
def process(arguments: list[str], env: dict[str, str]) -> Iterator[None]:
    """`python -m ARGUMENTS`, ended by SIGINT.

    Raises:
        BenchFailedError: It ended by itself.

    """
    child = subprocess.Popen([sys.executable, "-m", *arguments], env=env)
    try:
        yield
        if child.poll() is not None:
            msg = f"process {arguments[0]} ended early with exit code {child.returncode}"
            raise BenchFailedError(msg)
    finally:
        child.send_signal(signal.SIGINT)
        try:
            child.wait(5.0)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@contextmanager
def meter(env: dict[str, str]) -> Iterator[list[tuple[int, int]]]:
    """Note meanwhile when the machine itself stood still; the list [from, to] in ns is filled at the end."""
    stalls: list[tuple[int, int]] = []
    child = subprocess.Popen([sys.executable, "-m", PARTS, "meter", "{}"], env=env, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        child.stdout.readline()  # it meters
        yield stalls
    finally:
        child.send_signal(signal.SIGINT)
        output = child.communicate(timeout=10.0)[0]
        stalls += [(begin, end) for begin, end in json.loads(output)]


def drive(options: dict[str, Any], env: dict[str, str]) -> dict[str, Any]:
    """Run the driver process to its end; what it printed.

    Raises:
        BenchFailedError: It failed, or printed nothing in time.

    """
    limit_s = _DRIVER_LIMIT_S + 2.0 * options["frames"] * options["period_s"]
    printed = output_of([sys.executable, "-m", PARTS, "driver", json.dumps(options)], env, limit_s)
    result: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return result


def output_of(command: list[str], env: dict[str, str], limit_s: float) -> str:
    """What a process printed, at least one line; whether it also ends in time is no matter, it is killed then.

    Raises:
        BenchFailedError: It failed, or printed no line within the limit.

    """
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=limit_s)
    except subprocess.TimeoutExpired as err:
        printed = (err.stdout or b"").decode()
        if "\n" not in printed:
            msg = f"the driver process printed nothing in {limit_s:.0f} s"
            raise BenchFailedError(msg) from err
        return printed
    if done.returncode != 0 or not done.stdout.strip():
        msg = f"the driver process ended with exit code {done.returncode}:\n{done.stderr[-2000:]}"
        raise BenchFailedError(msg)
    return done.stdout


def own_domain() -> dict[str, str]:
    """An environment on a ROS domain of its own, on this machine only, with Fast DDS as it comes."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("FASTDDS_", "FASTRTPS_"))}
    return {**env, "ROS_DOMAIN_ID": str(50 + os.getpid() % 50), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
