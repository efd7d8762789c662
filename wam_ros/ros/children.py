"""Child processes with names: started together, watched, ended by SIGINT. Knows nothing of what they do."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from typing_extensions import Self

from wam_ros.core.errors import WamError

END_TIMEOUT_S = 10.0


class ProcessFailedError(WamError):
    """A child process died or never came up; the text says which."""


class ChildProcess:
    """A module of python in a process of its own, ended at exit.

    Args:
        name: What to call it.
        arguments: Module, then its arguments.
        options: For subprocess.Popen.

    """

    def __init__(self, name: str, arguments: Sequence[str], **options: Any) -> None:
        self.name = name
        self.process = subprocess.Popen([sys.executable, "-m", *arguments], text=True, **options)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.process.poll() is None

    def require_alive(self) -> None:
        """Check that it runs or ended well.

        Raises:
            ProcessFailedError: It ended with another exit code than 0.

        """
        if self.process.poll() not in {None, 0}:
            raise ProcessFailedError(self.epitaph())

    def epitaph(self) -> str:
        """How it ended, in words."""
        code = self.process.returncode
        killed = f", killed by {signal.Signals(-code).name}" if code is not None and code < 0 else ""
        return f"process {self.name} ended with exit code {code}{killed}"

    def end(self) -> int:
        """Ask it to end, kill it if it does not; gives the exit code."""
        if self.alive:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(END_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return int(self.process.returncode)


def ros_arguments(
    module: str, remaps: dict[str, str], parameters: dict[str, Any], params_file: Any = None, log_level: str = "warn"
) -> list[str]:
    """Arguments that start a node's module with remaps (name -> topic) and parameters."""
    arguments = [module, "--ros-args", "--log-level", log_level]
    for name, topic in remaps.items():
        arguments += ["-r", f"{name}:={topic}"]
    if params_file is not None:
        arguments += ["--params-file", str(params_file)]
    for name, value in parameters.items():
        arguments += ["-p", f"{name}:={str(value).lower() if isinstance(value, bool) else value}"]
    return arguments
