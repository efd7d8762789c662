"""Embedded servers in processes of their own, as users start them."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from wam_ros.planning.route_planner import PlannedRoute

ROOT = Path(__file__).resolve().parents[2]
_PORT = re.compile(r"(?:127\.0\.0\.1:|port )(\d+)")


class ServerProcess:
    """`wam carla-server` on a port of its own."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "wam_ros.cli.main", "carla-server", "--port", "0", "--synchronous", *arguments]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        told = ""
        while line := self.process.stdout.readline():
            told += line
            if found := _PORT.search(line):
                self.port = int(found.group(1))
                return
        self.kill()
        pytest.fail(f"the server did not start:\n{told}")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def server(*arguments: str) -> Iterator[ServerProcess]:
    started = ServerProcess(*arguments)
    try:
        yield started
    finally:
        started.kill()


@pytest.fixture(scope="session")
def empty_town() -> Iterator[ServerProcess]:
    """The small grid town without traffic."""
    pytest.importorskip("carla")
    pytest.importorskip("libsumo")
    with server("--town", "grid_small", "--vehicles", "0", "--pedestrians", "0") as started:
        yield started


@pytest.fixture(scope="session")
def planned() -> PlannedRoute:
    """A short route through that town."""
    pytest.importorskip("carla")
    from wam_ros.core.resources import resource
    from wam_ros.maps.opendrive import read_lane_graph
    from wam_ros.planning.route_planner import RoutePlanner

    lanes = read_lane_graph(resource("config/towns/grid_small/town.xodr").read_text(encoding="utf-8"))
    return RoutePlanner(lanes).random_route(random.Random(1), 100.0)
