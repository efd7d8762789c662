"""`wam carla-server` as a process of its own, and programs of its clients in theirs."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
_LINE = re.compile(r"carla-server: (\S+), port (\d+), streaming port (\d+)")
CLIENT_TIMEOUT_S = 150.0


@dataclass
class ServerProcess:
    process: subprocess.Popen[str]
    port: int
    streaming_port: int

    def client(self, program: str, *arguments: str) -> Any:
        """What a program of a client prints, which is JSON."""
        command = [sys.executable, str(HERE / program), str(self.port), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=CLIENT_TIMEOUT_S, check=False)
        assert done.returncode == 0, f"{program}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout.splitlines()[-1])

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Exit code and what was still printed."""
        self.process.send_signal(number)
        output, _ = self.process.communicate(timeout=60.0)
        return self.process.returncode, output


@contextmanager
def serving(*arguments: str) -> Iterator[ServerProcess]:
    """A server on free ports; ended with the block."""
    command = [sys.executable, "-m", "wam_ros.cli.main", "carla-server", "--port", "0", *arguments]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=ROOT, env=environment)
        try:
            assert process.stdout is not None
            found = _LINE.match(process.stdout.readline())
            if found is None:
                errors.seek(0)
                raise AssertionError(errors.read())
            yield ServerProcess(process, int(found[2]), int(found[3]))
        finally:
            process.kill()
            process.communicate()
