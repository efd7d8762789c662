"""A folder of the regression baseline: config.json and model.safetensors, strict; nothing is unpickled."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from wam_ros.core.camera import CanonicalCamera
from wam_ros.core.config import from_mapping
from wam_ros.core.errors import ConfigError, InputError
from wam_ros.models.config import WamDiffConfig
from wam_ros.models.regression_cnn import RegressionCnn

KIND = "regression_cnn"
CONFIG_FILE, WEIGHTS_FILE = "config.json", "model.safetensors"


@dataclass(frozen=True, eq=False)
class CnnCheckpoint:
    """The baseline with what is needed to drive with it."""

    network: RegressionCnn
    camera: CanonicalCamera
    provenance: str
    weights_hash: str = ""


def save_cnn(folder: Path, checkpoint: CnnCheckpoint) -> None:
    """Write a folder, in float16.

    Raises:
        ConfigError: It cannot be written.

    """
    tensors = {
        name: value.detach().to("cpu", torch.float16).contiguous()
        for name, value in checkpoint.network.state_dict().items()
    }
    model = checkpoint.network.config.as_dict()
    told = {
        "kind": KIND,
        "provenance": checkpoint.provenance,
        "model": model,
        "canonical_camera": checkpoint.camera.as_dict(),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        save_file(tensors, folder / WEIGHTS_FILE)
        (folder / WEIGHTS_FILE).chmod(0o644)  # safetensors leaves it to its writer alone; a node may run as another
        (folder / CONFIG_FILE).write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    except OSError as err:
        msg = f"{folder}: cannot be written: {err.strerror}"
        raise ConfigError(msg) from err


def load_cnn(folder: Path) -> CnnCheckpoint:
    """Read a folder; the network is in evaluation mode and float32.

    Raises:
        ConfigError: A file is missing, broken or of another network.

    """
    where = str(folder / CONFIG_FILE)
    try:
        told = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
        if told.get("kind") != KIND:
            msg = f"{where}: kind {told.get('kind')!r}, wanted {KIND!r}: name the folder `cnn` of a stem's training"
            raise ConfigError(msg)
        network = RegressionCnn(WamDiffConfig.from_dict(told["model"], where))
        network.load_state_dict(
            {name: value.float() for name, value in load_file(folder / WEIGHTS_FILE).items()}, strict=True
        )
        digest = hashlib.sha256((folder / WEIGHTS_FILE).read_bytes()).hexdigest()
        camera = from_mapping(CanonicalCamera, told["canonical_camera"], where)
        return CnnCheckpoint(network.eval(), camera, str(told["provenance"]), digest)
    except (OSError, ValueError, KeyError, AttributeError, RuntimeError, SafetensorError, InputError) as err:
        if isinstance(err, ConfigError):
            raise
        msg = f"{folder}: no weights of the baseline: {err}"
        raise ConfigError(msg) from err
