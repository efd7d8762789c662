"""The backends by name."""

from __future__ import annotations

from collections.abc import Callable

from wam_ros.core.config import unknown_key
from wam_ros.core.errors import ConfigError
from wam_ros.engines.eager import EagerEngine
from wam_ros.engines.engine import Engine
from wam_ros.engines.inductor import InductorEngine
from wam_ros.engines.network import Network
from wam_ros.engines.tensorrt import why_no_tensorrt


def _eager(network: Network, guided: bool, _answers: int) -> Engine:
    return EagerEngine(network, guided=guided)


def _inductor(network: Network, guided: bool, answers: int) -> Engine:
    return InductorEngine(network, guided=guided, answers=answers)


def _tensorrt(_network: Network, _guided: bool, _answers: int) -> Engine:
    msg = f"backend tensorrt: {why_no_tensorrt()}"
    raise ConfigError(msg)


BACKENDS: dict[str, Callable[[Network, bool, int], Engine]] = {
    "eager": _eager,
    "inductor": _inductor,
    "tensorrt": _tensorrt,
}


def make_engine(backend: str, network: Network, *, guided: bool = False, answers: int = 1) -> Engine:
    """The engine of that backend.

    Args:
        backend: A name of `BACKENDS`.
        network: In evaluation mode.
        guided: With the second context of classifier-free guidance.
        answers: Decoded side by side, the candidates.

    Raises:
        ConfigError: There is no such backend, or it cannot run here; the text says what is missing.

    """
    if backend not in BACKENDS:
        msg = f"backend: {unknown_key(backend, tuple(BACKENDS))}"
        raise ConfigError(msg)
    return BACKENDS[backend](network, guided, answers)
