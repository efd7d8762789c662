"""The backend `tensorrt`: says what it lacks here. It builds nothing yet."""

from __future__ import annotations

import importlib.util

import torch

MODULE = "torch_tensorrt"


def why_no_tensorrt() -> str:
    """What is missing for TensorRT here, with the remedy."""
    if importlib.util.find_spec(MODULE) is None:
        return f"the package {MODULE} is not installed: install it with TensorRT's libraries, or take eager or inductor"
    if not torch.cuda.is_available():
        return "torch sees no CUDA device: run on a machine with an NVIDIA GPU, or take eager or inductor"
    return "its programs are not written yet in this version: take eager or inductor"
