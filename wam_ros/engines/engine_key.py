"""What a built engine is good for: one that differs in anything here is stale. It holds no program."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass

import torch

from wam_ros.core.errors import ConfigError
from wam_ros.engines.network import Network


@dataclass(frozen=True)
class EngineKey:
    """Everything that programs built from a network depend on.

    Fields:
        backend: By the registry's name.
        weights_hash: Of the checkpoint.
        device: In words: a GPU's name and architecture, or "cpu" with its instruction set.
        torch_version: That built it.
        dtype: Of the layers.
        attention: `prefix` or `full`.
        prompt_length, visual_tokens, answers, contexts: The fixed shapes.

    """

    backend: str
    weights_hash: str
    device: str
    torch_version: str
    dtype: str
    attention: str
    prompt_length: int
    visual_tokens: int
    answers: int
    contexts: int

    @classmethod
    def here(
        cls,
        backend: str,
        network: Network,
        weights_hash: str,
        *,
        prompt_length: int,
        visual_tokens: int,
        answers: int = 1,
        contexts: int = 1,
    ) -> EngineKey:
        """The key of a network on this machine."""
        return cls(
            backend,
            weights_hash,
            device_in_words(network.device),
            str(torch.__version__),
            str(network.compute_dtype).removeprefix("torch."),
            network.config.attention,
            prompt_length,
            visual_tokens,
            answers,
            contexts,
        )

    @property
    def digest(self) -> str:
        """16 hex digits, for a file's name."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def require(self, built: EngineKey) -> None:
        """Refuse an engine that was built for something else.

        Raises:
            ConfigError: The text names each difference.

        """
        differences = [
            f"{field.name} {getattr(built, field.name)!r}, wanted {getattr(self, field.name)!r}"
            for field in dataclasses.fields(self)
            if getattr(built, field.name) != getattr(self, field.name)
        ]
        if differences:
            msg = f"engine is for {'; '.join(differences)}: build it anew for this checkpoint and machine"
            raise ConfigError(msg)


def device_in_words(device: torch.device) -> str:
    """A GPU's name and compute capability, or the CPU's instruction set."""
    if device.type == "cuda":
        major, minor = torch.cuda.get_device_capability(device)
        return f"{torch.cuda.get_device_name(device)} sm_{major}{minor}"
    return f"{device.type} {torch.backends.cpu.get_cpu_capability()}" if device.type == "cpu" else device.type
