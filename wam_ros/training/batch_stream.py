"""The batches of a training, made ready by threads: batch n is the same whenever and wherever it is made."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from wam_ros.core.errors import ConfigError
from wam_ros.training.replicas import ALONE, Replicas
from wam_ros.training.training_batch import BatchMaker, TrainingBatch


class BatchStream:
    """Batches without end; the position in the data is the number of the batch and nothing else.

    Args:
        maker: Makes them.
        size: Samples of a batch.
        seed: Of order and changes.
        workers: Threads that make batches ready: pictures are decoded outside of the interpreter's lock.
        replicas: Each of several processes makes its share of every batch.

    Raises:
        ConfigError: Fewer samples than a batch, or a batch that cannot be shared evenly.

    """

    def __init__(self, maker: BatchMaker, size: int, seed: int, workers: int = 1, replicas: Replicas = ALONE) -> None:
        if not 0 < size <= len(maker):
            msg = f"batch of {size} out of {len(maker)} samples: record more or take smaller batches"
            raise ConfigError(msg)
        replicas.check_batch(size)
        self._maker = maker
        self._replicas = replicas
        self._size = size
        self._seed = seed
        self._workers = workers
        self._per_epoch = len(maker) // size
        self._order: tuple[int, NDArray[np.int64]] = (-1, np.empty(0, np.int64))

    def starting_at(self, number: int) -> Iterator[TrainingBatch]:
        """Batches from that number on."""
        own = () if self._replicas.first else (self._replicas.rank,)  # the first draws what one alone would draw
        with ThreadPoolExecutor(self._workers) as pool:
            coming: deque[Future[TrainingBatch]] = deque()
            while True:
                while len(coming) <= self._workers:
                    coming.append(pool.submit(self._maker.make, self._indices(number), (self._seed, number, *own)))
                    number += 1
                yield coming.popleft().result()

    def _indices(self, number: int) -> NDArray[np.int64]:
        epoch, place = divmod(number, self._per_epoch)
        if self._order[0] != epoch:
            self._order = (epoch, self._maker.order(self._seed, epoch))
        whole = self._order[1][place * self._size : (place + 1) * self._size]
        return whole[self._replicas.rank :: self._replicas.count]
