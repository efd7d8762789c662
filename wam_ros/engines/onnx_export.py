"""Programs as ONNX files, for TensorRT's own tools and other runtimes. No engine here runs them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch
from torch.export import ExportedProgram

SUFFIX = ".onnx"
_NEEDED = ("onnx", "onnxscript")
_ONE_FILE_LIMIT = 1_800_000_000  # bytes of weights; protobuf ends at 2 GiB


def why_no_onnx() -> str:
    """What is missing for the export, with the remedy; empty if nothing."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    return f"{' and '.join(missing)} not installed: pip install -r requirements/onnx.txt" if missing else ""


def write_onnx(exported: ExportedProgram, path: Path) -> None:
    """With the weights in it, or beside it as .onnx.data where they are large.

    Inputs are `prompt` and `visual`, or `tokens` and `layers_0_0` (keys), `layers_0_1` (values), ...; outputs are in
    the order of the program's.
    """
    size = sum(weight.nbytes for weight in (*exported.state_dict.values(), *exported.constants.values()))
    program = torch.onnx.export(exported, (), dynamo=True, verbose=False)
    assert program is not None
    program.save(path, external_data=size > _ONE_FILE_LIMIT)
