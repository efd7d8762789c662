"""Embedded servers in processes of their own, as users start them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

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
