from __future__ import annotations

import time

import pytest
import torch

from wam_ros.core import ConfigError
from wam_ros.planning.wam_diff_device import device_clock, network_device


def test_devices_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert network_device("cpu") == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert network_device("cuda") == torch.device("cuda")
    assert network_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(ConfigError, match=r"device 'cuda:2': torch .* sees 2 CUDA devices here: take another or cpu"):
        network_device("cuda:2")


@pytest.mark.parametrize("name", ["gpu", "", "meta", "cuda:x"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=f"device '{name}', wanted cpu, cuda or cuda:N"):
        network_device(name)


def test_a_device_that_torch_lacks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match=r"device 'cuda': .* sees 0 CUDA devices here: .* or install NVIDIA's driver"):
        network_device("cuda")


def test_the_clock_waits_for_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    assert device_clock(torch.device("cpu")) is time.perf_counter
    waited: list[tuple[torch.device, float]] = []
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: waited.append((device, time.perf_counter())))
    read = device_clock(torch.device("cuda:1"))()
    ((device, before),) = waited
    assert device == torch.device("cuda:1")
    assert read >= before
