"""Both programs of a network exported at fixed shapes, for builders to compile. It runs nothing."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.export import ExportedProgram

from wam_ros.core.errors import ConfigError
from wam_ros.engines.engine_key import EngineKey
from wam_ros.engines.network import Layer, Network
from wam_ros.engines.program_engine import BUILD_ERRORS, in_short
from wam_ros.engines.programs import PrefillProgram, StepProgram


@dataclass(frozen=True, eq=False)
class ExportedPrograms:
    """Prefill and step of one network, all shapes fixed, the cache as outputs of the one and inputs of the other."""

    prefill: ExportedProgram
    step: ExportedProgram


def prefill_inputs(network: Network, key: EngineKey) -> tuple[Tensor, Tensor]:
    """Ids (1, P) and visual tokens (1, V, d) of a key's shapes."""
    config = network.config
    prompt = torch.full((1, key.prompt_length), config.mask_id, device=network.device)
    visual = torch.zeros(1, key.visual_tokens, config.width, dtype=network.compute_dtype, device=network.device)
    return prompt, visual


def step_inputs(network: Network, key: EngineKey) -> tuple[Tensor, tuple[Layer, ...]]:
    """Ids (K, L) and keys and values (C, H, P, D) of each layer, of a key's shapes."""
    config = network.config
    tokens = torch.full((key.answers, config.answer_length), config.mask_id, device=network.device)
    size = (key.contexts, config.heads, key.prompt_length, config.head_width)
    zeros = [
        [torch.zeros(size, dtype=network.compute_dtype, device=network.device) for _ in range(2)]
        for _ in range(config.layers)
    ]
    return tokens, tuple((keys, values) for keys, values in zeros)


def export_programs(network: Network, key: EngineKey) -> ExportedPrograms:
    """Both programs at the shapes of a key.

    Raises:
        ConfigError: torch cannot export the network.

    """
    # Weights loaded in inference mode cannot be exported in it; torch warns of its own deprecated calls.
    with torch.inference_mode(mode=False), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return ExportedPrograms(
                torch.export.export(PrefillProgram(network).eval(), prefill_inputs(network, key)),
                torch.export.export(StepProgram(network).eval(), step_inputs(network, key)),
            )
        except BUILD_ERRORS as err:
            msg = f"torch.export failed: {in_short(err)}"
            raise ConfigError(msg) from err
