"""The backend `inductor`, compiled in this process: at fixed shapes, before the first deadline and never after."""

from __future__ import annotations

import shutil
from typing import Any

import torch
from torch import Tensor

from wam_ros.engines.network import Layer, Network
from wam_ros.engines.program_engine import FallBack, ProgramEngine, Programs
from wam_ros.engines.programs import PrefillProgram, StepProgram

NAME = "inductor"
_RUNS = 2  # the first builds, the second shows that it need not build again
_COMPILERS = ("g++", "clang++", "c++")


def why_no_compiler(device: torch.device) -> str:
    """What inductor lacks here, with the remedy; empty if nothing."""
    if device.type == "cuda":
        return ""  # Triton brings its own
    if any(shutil.which(name) for name in _COMPILERS):
        return ""
    return f"no C++ compiler ({', '.join(_COMPILERS)}) on PATH: install g++, or take the backend eager"


class InductorEngine(ProgramEngine):
    """`torch.compile` of both programs, at each start anew; see ProgramEngine for the arguments."""

    def __init__(
        self, network: Network, *, guided: bool = False, answers: int = 1, fall_back: FallBack = "eager"
    ) -> None:
        missing = why_no_compiler(network.device)
        super().__init__(NAME, network, missing=missing, guided=guided, answers=answers, fall_back=fall_back)

    def _make(self, prompt_length: int, visual_tokens: int) -> Programs:
        network, config, device = self._network, self._network.config, self._network.device
        read = torch.compile(PrefillProgram(network), fullgraph=True, dynamic=False)
        answer = torch.compile(StepProgram(network), fullgraph=True, dynamic=False)
        # What goes in lies where it lay when they were built. Placeholders of the image among the ids: only their
        # number would matter, and it is no part of the program.
        prompt = torch.full((1, prompt_length), config.mask_id, device=device)
        visual = torch.zeros(1, visual_tokens, config.width, dtype=network.compute_dtype, device=device)
        tokens = torch.full((self._answers, config.answer_length), config.mask_id, device=device)
        cache = self._cache(prompt_length, visual_tokens)
        for _ in range(_RUNS):
            self._fill(cache, 0, read(prompt, visual))
            answer(tokens, cache.layers)

        def run_read(new_prompt: Tensor, new_visual: Tensor) -> tuple[Layer, ...]:
            prompt.copy_(new_prompt)
            visual.copy_(new_visual)
            found: tuple[Layer, ...] = _run(read, prompt, visual)
            return found

        def run_answer(new_tokens: Tensor, layers: tuple[Layer, ...]) -> Tensor:
            tokens.copy_(new_tokens)
            hidden: Tensor = _run(answer, tokens, layers)
            return hidden

        return Programs(run_read, run_answer)


def _run(program: Any, *inputs: Any) -> Any:
    """Never build while driving: an input that is unlike those at the start runs eagerly."""
    with torch.compiler.set_stance("eager_on_recompile"):
        return program(*inputs)
