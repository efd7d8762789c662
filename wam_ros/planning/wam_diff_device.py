"""The device that a network runs on: its name, checked, and a clock that waits for it. It holds no network."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from wam_ros.core.errors import ConfigError

_KINDS = ("cpu", "cuda")


def network_device(name: str) -> torch.device:
    """The device of a name: cpu, cuda or cuda:N.

    Raises:
        ConfigError: Another name, or torch does not have that device here.

    """
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    if device is None or device.type not in _KINDS:
        msg = f"device {name!r}, wanted cpu, cuda or cuda:N"
        raise ConfigError(msg)
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (device.index or 0) >= count:
            msg = (
                f"device {name!r}: torch {torch.__version__} sees {count} CUDA devices here: take another or cpu, or "
                f"install NVIDIA's driver and torch's build with CUDA"
            )
            raise ConfigError(msg)
    return device


def device_clock(device: torch.device) -> Callable[[], float]:
    """`time.perf_counter` [s], read once the device has done all that was asked of it; a CPU always has."""
    if device.type != "cuda":
        return time.perf_counter

    def clock() -> float:
        torch.cuda.synchronize(device)
        return time.perf_counter()

    return clock
