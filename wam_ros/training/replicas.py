"""Processes that train one network together: each takes its share of every batch, all take the mean of the gradients.

On CPUs this scales where threads do not: a step is many small operations, which two threads cannot share well. The
processes of one machine meet over loopback (gloo), find each other by a file, and hold equal weights at every step.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed

from wam_ros.core.errors import ConfigError

_PATIENCE = timedelta(hours=1)  # the others wait while the first one measures on held-out towns
_END_S = 30.0


@dataclass(frozen=True)
class Replicas:
    """Which of how many processes this is; by default the only one, and then nothing is exchanged.

    Fields:
        rank: Of this process, from 0 on; the first one tells, saves and measures.
        count: Of all.

    """

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the one that tells, saves and measures."""
        return self.rank == 0

    def check_batch(self, batch: int) -> None:
        """Refuse a batch that these processes cannot share evenly: a mean of means would weigh some samples more.

        Raises:
            ConfigError: It is not a multiple of their number.

        """
        if batch % self.count:
            msg = f"batch of {batch} for {self.count} processes: take a multiple"
            raise ConfigError(msg)

    def mean(self, tensors: Sequence[Tensor]) -> None:
        """Put into each tensor its mean over all processes.

        Raises:
            ConfigError: Another process has ended.

        """
        if self.count == 1:
            return
        flat = torch.cat([tensor.detach().reshape(-1).float() for tensor in tensors])
        self._exchange(lambda: distributed.all_reduce(flat))
        parts = torch.split(flat.div_(self.count), [tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.detach().copy_(part.view_as(tensor))

    def agreed(self, value: float) -> float:
        """The first one's value, for all.

        Raises:
            ConfigError: Another process has ended.

        """
        if self.count == 1:
            return value
        told = torch.tensor([value], dtype=torch.float64)
        self._exchange(lambda: distributed.broadcast(told, 0))
        return float(told)

    def _exchange(self, act: Callable[[], Any]) -> None:
        try:
            act()
        except RuntimeError as err:
            msg = f"process {self.rank} of {self.count}: another one has ended ({err})"
            raise ConfigError(msg) from err


ALONE = Replicas()


@contextmanager
def replicas(count: int, work: Callable[[Replicas], Any]) -> Iterator[Replicas]:
    """The first of `count` processes; the others do `work` meanwhile, and end when they have done it.

    Args:
        count: 1 = no others.
        work: What each of the others does with its own Replicas; a picklable call.

    Raises:
        ConfigError: The processes do not come together.

    """
    if count == 1:
        yield ALONE
        return
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="wam_train_") as folder:
        meeting = Path(folder) / "meeting"
        others = [
            context.Process(target=_other, args=(meeting, Replicas(rank, count), work), daemon=True)
            for rank in range(1, count)
        ]
        for other in others:
            other.start()
        try:
            _meet(meeting, Replicas(0, count))
            yield Replicas(0, count)
            for other in others:
                other.join(_END_S)
        finally:
            for other in others:
                other.terminate()
                other.join()
            if distributed.is_initialized():
                distributed.destroy_process_group()


def _other(meeting: Path, replica: Replicas, work: Callable[[Replicas], Any]) -> None:
    _meet(meeting, replica)
    try:
        work(replica)
    except (ConfigError, KeyboardInterrupt) as err:
        raise SystemExit(1) from err  # the first one tells it
    finally:
        distributed.destroy_process_group()


def _meet(meeting: Path, replica: Replicas) -> None:
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    try:
        distributed.init_process_group(
            "gloo", f"file://{meeting}", rank=replica.rank, world_size=replica.count, timeout=_PATIENCE
        )
    except RuntimeError as err:
        msg = f"{replica.count} processes do not come together: {err}"
        raise ConfigError(msg) from err
