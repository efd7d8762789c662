"""The backend `eager` on a CUDA device: both programs captured at fixed shapes, so that a step is one launch.

Written after torch's documentation of CUDA graphs. `captured` was never run: no GPU was at hand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

from wam_ros.engines.eager import EagerEngine
from wam_ros.engines.network import Layer, Network
from wam_ros.engines.program_engine import ProgramEngine, Programs

Result = TypeVar("Result")

_RUNS = 3  # before the capture: libraries choose their kernels and take their memory


def captured(device: torch.device, run: Callable[[], Result]) -> tuple[Callable[[], None], Result]:
    """What `run` does on a CUDA device, as a graph.

    Args:
        device: CUDA.
        run: Reads and writes memory that stays where it is, and never waits for the device.

    Returns:
        What does it again, and its result, in memory that each such call writes anew.

    Raises:
        RuntimeError: `run` does something that cannot be captured.

    """
    with torch.cuda.device(device):
        before, side = torch.cuda.current_stream(), torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(before)
        with torch.cuda.stream(side):  # around the capture, too: one that fails does not leave its stream
            for _ in range(_RUNS):
                run()
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, stream=side):
                result = run()
        before.wait_stream(side)
    return graph.replay, result


class CudaGraphEngine(ProgramEngine):
    """Eager's arithmetic, launched as graphs for the shapes that were prepared.

    Other shapes, and all where a capture fails, are launched kernel by kernel, which is told. Hidden rows hold until
    the next step: they lie in memory that it writes anew.

    Args:
        network: In evaluation mode, on a CUDA device; its weights stay where they are.
        guided: With the unconditional context of classifier-free guidance.
        answers: K of the steps; another K runs without a graph.

    """

    def __init__(self, network: Network, *, guided: bool = False, answers: int = 1) -> None:
        name = "eager with CUDA graphs"
        super().__init__(name, network, missing="", guided=guided, answers=answers, fall_back="eager")

    @property
    def backend(self) -> str:  # type: ignore[override]
        """`eager`, with or without graphs."""
        return EagerEngine.backend

    def _make(self, prompt_length: int, visual_tokens: int) -> Programs:
        network, config, device = self._network, self._network.config, self._network.device
        prompt = torch.full((1, prompt_length), config.mask_id, device=device)
        visual = torch.zeros(1, visual_tokens, config.width, dtype=network.compute_dtype, device=device)
        tokens = torch.full((self._answers, config.answer_length), config.mask_id, device=device)
        cache = self._cache(prompt_length, visual_tokens)
        read, read_layers = captured(device, lambda: self._prefill_program(prompt, visual))
        answer, hidden = captured(device, lambda: self._step_program(tokens, cache.layers))

        def run_read(new_prompt: Tensor, new_visual: Tensor) -> tuple[Layer, ...]:
            prompt.copy_(new_prompt)
            visual.copy_(new_visual)
            read()
            return read_layers  # type: ignore[no-any-return]

        def run_answer(new_tokens: Tensor, layers: tuple[Layer, ...]) -> Tensor:
            assert layers is cache.layers, "the graph reads the cache that it was captured with"
            tokens.copy_(new_tokens)
            answer()
            return hidden  # type: ignore[no-any-return]

        self._fill(cache, 0, run_read(prompt, visual))
        run_answer(tokens, cache.layers)
        return Programs(run_read, run_answer)
