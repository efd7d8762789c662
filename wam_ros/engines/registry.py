"""The backends by name."""

from __future__ import annotations

from pathlib import Path

from wam_ros.core.config import unknown_key
from wam_ros.core.errors import ConfigError
from wam_ros.engines import inductor, tensorrt
from wam_ros.engines.built import BuiltEngine
from wam_ros.engines.eager import EagerEngine
from wam_ros.engines.engine import Engine
from wam_ros.engines.network import Network
from wam_ros.engines.program_engine import FallBack

BACKENDS = ("eager", inductor.NAME, tensorrt.NAME)


def make_engine(
    backend: str,
    network: Network,
    *,
    guided: bool = False,
    answers: int = 1,
    engines: Path | None = None,
    weights_hash: str = "",
    fall_back: FallBack = "eager",
) -> Engine:
    """The engine of that backend.

    Args:
        backend: A name of `BACKENDS`.
        network: In evaluation mode.
        guided: With the second context of classifier-free guidance.
        answers: Decoded side by side, the candidates.
        engines: Folder of engines built ahead. None: inductor compiles at each start; tensorrt needs one.
        weights_hash: Of the network's checkpoint, which an engine must have been built for.
        fall_back: Where the backend cannot be had: eager, told in the engine's `fallbacks`, or an error.

    Raises:
        ConfigError: There is no such backend; or it cannot be had here and there is no fall-back: the text says what is
            missing.

    """
    if backend not in BACKENDS:
        msg = f"backend: {unknown_key(backend, BACKENDS)}"
        raise ConfigError(msg)
    if backend == "eager":
        return EagerEngine(network, guided=guided)
    if backend == inductor.NAME and engines is None:
        return inductor.InductorEngine(network, guided=guided, answers=answers, fall_back=fall_back)
    return BuiltEngine(backend, network, weights_hash, engines, guided=guided, answers=answers, fall_back=fall_back)
