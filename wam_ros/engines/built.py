"""Programs that were built ahead: loaded at the start if they are for this network and machine, never rebuilt."""

from __future__ import annotations

from pathlib import Path

from wam_ros.core.errors import ConfigError
from wam_ros.engines import package, tensorrt
from wam_ros.engines.build import PREFILL, STEP
from wam_ros.engines.engine_key import EngineKey
from wam_ros.engines.engine_store import find_engine
from wam_ros.engines.export import prefill_inputs, step_inputs
from wam_ros.engines.network import Network
from wam_ros.engines.program_engine import BUILD_ERRORS, FallBack, ProgramEngine, Programs, in_short


class BuiltEngine(ProgramEngine):
    """Programs of `inductor` or `tensorrt` from an engine store; a wrong or stale one is refused by name.

    Args:
        backend: Of those two.
        network: In evaluation mode; its weights stay where they are.
        weights_hash: Of its checkpoint.
        engines: A folder that `wam engine build` wrote, or one engine in it; None = nothing was built.
        guided, answers, fall_back: See ProgramEngine.

    """

    def __init__(
        self,
        backend: str,
        network: Network,
        weights_hash: str,
        engines: Path | None,
        *,
        guided: bool = False,
        answers: int = 1,
        fall_back: FallBack = "eager",
    ) -> None:
        missing = tensorrt.why_no_tensorrt() if backend == tensorrt.NAME else ""
        if not missing and engines is None:
            missing = "no folder of built engines given: make one with `wam engine build`"
        super().__init__(backend, network, missing=missing, guided=guided, answers=answers, fall_back=fall_back)
        self._weights_hash, self._engines = weights_hash, engines

    def _make(self, prompt_length: int, visual_tokens: int) -> Programs:
        assert self._engines is not None
        network = self._network
        cache = self._cache(prompt_length, visual_tokens)
        key = EngineKey.here(
            self._name,
            network,
            self._weights_hash,
            prompt_length=prompt_length,
            visual_tokens=visual_tokens,
            answers=self._answers,
            contexts=cache.contexts,
        )
        folder = find_engine(self._engines, key).folder
        try:
            programs = self._load(folder)
            self._fill(cache, 0, programs.read(*prefill_inputs(network, key)))
            programs.answer(step_inputs(network, key)[0], cache.layers)
        except BUILD_ERRORS as err:
            msg = f"{folder}: cannot be loaded: {in_short(err)}"
            raise ConfigError(msg) from err
        return programs

    def _load(self, folder: Path) -> Programs:
        if self._name == tensorrt.NAME:
            prefill, step = (folder / f"{name}{tensorrt.SUFFIX}" for name in (PREFILL, STEP))
            return Programs(tensorrt.load_engine(prefill), tensorrt.load_engine(step))
        prefill, step = (folder / f"{name}{package.SUFFIX}" for name in (PREFILL, STEP))
        return Programs(package.load_package(prefill, self._network), package.load_package(step, self._network))
