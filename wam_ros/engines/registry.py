"""The backends by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from wam_ros.core.config import unknown_key
from wam_ros.core.errors import ConfigError
from wam_ros.engines import inductor, tensorrt
from wam_ros.engines.built import BuiltEngine
from wam_ros.engines.cuda_graphs import CudaGraphEngine
from wam_ros.engines.eager import EagerEngine
from wam_ros.engines.engine import Engine
from wam_ros.engines.network import Network
from wam_ros.engines.program_engine import FallBack

BACKENDS = ("eager", inductor.NAME, tensorrt.NAME)


@dataclass(frozen=True)
class EngineChoice:
    """What is to run a network.

    Fields:
        backend: A name of `BACKENDS`.
        engines: Folder of engines built ahead. None: inductor compiles at each start; tensorrt needs one.
        fall_back: Where the backend cannot be had: eager, told in the engine's `fallbacks`, or none, an error.

    Raises:
        ConfigError: There is no such backend or fall-back.

    """

    backend: str = "eager"
    engines: Path | None = None
    fall_back: FallBack = "eager"

    def __post_init__(self) -> None:
        for name, value, known in (
            ("backend", self.backend, BACKENDS),
            ("fall_back", self.fall_back, get_args(FallBack)),
        ):
            if value not in known:
                msg = f"{name}: {unknown_key(value, known)}"
                raise ConfigError(msg)


def make_engine(
    choice: EngineChoice, network: Network, weights_hash: str = "", *, guided: bool = False, answers: int = 1
) -> Engine:
    """The engine of that choice.

    Args:
        choice: Backend and where it comes from.
        network: In evaluation mode.
        weights_hash: Of the network's checkpoint, which an engine must have been built for.
        guided: With the second context of classifier-free guidance.
        answers: Decoded side by side, the candidates.

    Raises:
        ConfigError: The backend cannot be had here and there is no fall-back: the text says what is missing.

    """
    if choice.backend == "eager" and network.device.type == "cuda":
        return CudaGraphEngine(network, guided=guided, answers=answers)
    if choice.backend == "eager":
        return EagerEngine(network, guided=guided)
    if choice.backend == inductor.NAME and choice.engines is None:
        return inductor.InductorEngine(network, guided=guided, answers=answers, fall_back=choice.fall_back)
    return BuiltEngine(
        choice.backend,
        network,
        weights_hash,
        choice.engines,
        guided=guided,
        answers=answers,
        fall_back=choice.fall_back,
    )
