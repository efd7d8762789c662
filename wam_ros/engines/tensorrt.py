"""The backend `tensorrt`: what it lacks here, and its programs built and loaded by torch_tensorrt.

Written after torch_tensorrt's documentation. `write_engine` and `load_engine` were never run: its libraries were not
at hand.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.export import ExportedProgram

NAME = "tensorrt"
MODULE = "torch_tensorrt"
SUFFIX = ".ep"


def why_no_tensorrt() -> str:
    """What is missing for TensorRT here, with the remedy; empty if nothing."""
    if importlib.util.find_spec(MODULE) is None:
        return f"the package {MODULE} is not installed: install it with TensorRT's libraries, or take eager or inductor"
    if not torch.cuda.is_available():
        return "torch sees no CUDA device: run on a machine with an NVIDIA GPU, or take eager or inductor"
    return ""


def write_engine(exported: ExportedProgram, path: Path) -> None:
    """Build for this GPU, in the types that the network has (strongly typed); operators it lacks stay torch's."""
    inputs, _ = exported.example_inputs
    torch_tensorrt: Any = importlib.import_module(MODULE)
    built = torch_tensorrt.dynamo.compile(exported, arg_inputs=inputs, min_block_size=1, truncate_double=True)
    torch_tensorrt.save(built, str(path), output_format="exported_program", arg_inputs=inputs)


def load_engine(path: Path) -> Callable[..., Any]:
    """The program, with its weights. Loading runs what the file says: load only what you built."""
    importlib.import_module(MODULE)  # registers the operator that runs an engine
    run: Callable[..., Any] = torch.export.load(str(path)).module()
    return run
