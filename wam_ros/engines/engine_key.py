"""What a built engine is good for: one that differs in anything here is stale. It holds no program."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import inspect
import json
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import torch

from wam_ros.core.errors import ConfigError
from wam_ros.core.processor import cpu_flags
from wam_ros.engines.network import Network

# What runs a backend's programs besides torch.
_LIBRARIES = {"tensorrt": ("torch_tensorrt", "tensorrt"), "onnx": ("onnx", "onnxscript")}
_DIGITS = 16  # of a hash, in hexadecimal


@dataclass(frozen=True)
class EngineKey:
    """Everything that programs built from a network depend on.

    Fields:
        backend: By the registry's name, or `onnx`.
        weights_hash: Of the checkpoint.
        network: Hash of the network's configuration.
        source: Hash of the python files that the programs were made from.
        device: In words: a GPU's name and architecture, or "cpu" with its instruction set.
        threads: Of torch, which a CPU's programs are cut for; 0 on a GPU.
        torch_version: That built it.
        libraries: With their versions, what else built it and runs it; TensorRT's, where it does.
        precision: Of the layers: the type that they compute in.
        attention: `prefix` or `full`.
        prompt_length, visual_tokens, answers, contexts: The fixed shapes.

    """

    backend: str
    weights_hash: str
    network: str
    source: str
    device: str
    threads: int
    torch_version: str
    libraries: str
    precision: str
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
            _hash(repr(network.config).encode()),
            source_hash(type(network)),
            device_in_words(network.device),
            threads_of(network.device),
            str(torch.__version__),
            libraries_of(backend),
            str(network.compute_dtype).removeprefix("torch."),
            network.config.attention,
            prompt_length,
            visual_tokens,
            answers,
            contexts,
        )

    @property
    def digest(self) -> str:
        """16 hex digits, for a folder's name."""
        return _hash(json.dumps(dataclasses.asdict(self), sort_keys=True).encode())

    def differences(self, built: EngineKey) -> list[str]:
        """What an engine was built for and is not wanted, by field."""
        return [
            f"{field.name} {getattr(built, field.name)!r}, wanted {getattr(self, field.name)!r}"
            for field in dataclasses.fields(self)
            if getattr(built, field.name) != getattr(self, field.name)
        ]

    def require(self, built: EngineKey) -> None:
        """Refuse an engine that was built for something else.

        Raises:
            ConfigError: The text names each difference.

        """
        differences = self.differences(built)
        if differences:
            msg = f"engine is for {'; '.join(differences)}: build it anew for this checkpoint and machine"
            raise ConfigError(msg)


def device_in_words(device: torch.device) -> str:
    """A GPU's name and compute capability, or the CPU's instruction set with a hash of its flags."""
    if device.type == "cuda":
        major, minor = torch.cuda.get_device_capability(device)
        return f"{torch.cuda.get_device_name(device)} sm_{major}{minor}"
    if device.type != "cpu":
        return device.type
    # Compilers are told to use all that this CPU has, which is more than torch's own word for it says.
    flags = cpu_flags()
    return f"cpu {torch.backends.cpu.get_cpu_capability()}" + (f" flags {_hash(flags.encode())}" if flags else "")


def threads_of(device: torch.device) -> int:
    """Of torch in this process on a CPU; 0 elsewhere."""
    return torch.get_num_threads() if device.type == "cpu" else 0


def libraries_of(backend: str) -> str:
    """Names and installed versions of what a backend needs besides torch; empty if nothing."""
    return ", ".join(f"{name} {_version(name)}" for name in _LIBRARIES.get(backend, ()))


@functools.cache
def source_hash(network: type) -> str:
    """Of the python files beside a network's class and in this package, which make its programs."""
    folders = (Path(inspect.getfile(network)).parent, Path(__file__).parent)
    files = sorted(path for folder in folders for path in folder.rglob("*.py"))
    return _hash(b"".join(path.read_bytes() for path in files))


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "none"


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGITS]
