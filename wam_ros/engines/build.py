"""`wam engine build`: a network's programs compiled ahead of driving into an engine store."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.export import ExportedProgram

from wam_ros.core.config import unknown_key
from wam_ros.core.errors import ConfigError
from wam_ros.engines import inductor, onnx_export, package, tensorrt
from wam_ros.engines.engine_key import EngineKey
from wam_ros.engines.engine_store import StoredEngine, write_engine
from wam_ros.engines.export import export_programs
from wam_ros.engines.network import Network
from wam_ros.engines.program_engine import BUILD_ERRORS, in_short

PREFILL, STEP = "prefill", "step"
"""Names of the files of the two programs, before the suffix."""


@dataclass(frozen=True)
class _Builder:
    missing: Callable[[torch.device], str]
    write: Callable[[ExportedProgram, Path], None]
    suffix: str


_BUILDERS = {
    "inductor": _Builder(inductor.why_no_compiler, package.write_package, package.SUFFIX),
    "tensorrt": _Builder(lambda _: tensorrt.why_no_tensorrt(), tensorrt.write_engine, tensorrt.SUFFIX),
    "onnx": _Builder(lambda _: onnx_export.why_no_onnx(), onnx_export.write_onnx, onnx_export.SUFFIX),
}


def build_engine(network: Network, key: EngineKey, out: Path) -> StoredEngine:
    """Export, compile and store both programs of a network at the shapes of a key.

    Raises:
        ConfigError: Nobody builds that backend, it lacks something here, or the build failed; nothing is left in `out`.

    """
    if key.backend not in _BUILDERS:
        msg = f"backend: {unknown_key(key.backend, tuple(_BUILDERS))}"
        raise ConfigError(msg)
    builder = _BUILDERS[key.backend]
    missing = builder.missing(network.device)
    if missing:
        msg = f"backend {key.backend}: {missing}"
        raise ConfigError(msg)
    exported = export_programs(network, key)

    def write(folder: Path) -> None:
        builder.write(exported.prefill, folder / f"{PREFILL}{builder.suffix}")
        builder.write(exported.step, folder / f"{STEP}{builder.suffix}")

    try:
        with torch.inference_mode(mode=False), torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # torch's own deprecated calls
            warnings.simplefilter("ignore", DeprecationWarning)
            return write_engine(out, key, write)
    except BUILD_ERRORS as err:
        msg = f"backend {key.backend}: its build failed: {in_short(err)}"
        raise ConfigError(msg) from err
