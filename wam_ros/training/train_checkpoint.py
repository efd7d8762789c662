"""A training that can go on: weights, optimiser and position in one safetensors file, replaced as a whole.

Random numbers need no state of their own: those of a step follow from the seed and the number of the step.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from wam_ros.core.errors import ConfigError
from wam_ros.models.checkpoint import CONFIG_FILE, load_checkpoint
from wam_ros.training.training_config import TrainingConfig

STATE_FILE = "state.safetensors"
_WEIGHT, _MOMENTS = "weight.", ("exp_avg.", "exp_avg_sq.")
_WRAPPERS = ("network.", "rows.model.")  # of the same network in the modules of the stages
_LENGTHS = ("steps", "minutes")  # what may differ when a training goes on


@dataclass(frozen=True)
class Progress:
    """Where a training stands: steps done, and seconds that they took."""

    step: int = 0
    seconds: float = 0.0


def save_state(
    folder: Path, module: nn.Module, optimiser: torch.optim.Optimizer, progress: Progress, config: TrainingConfig
) -> None:
    """Write the state; the old one stays until the new one is whole.

    Raises:
        ConfigError: The folder cannot be written.

    """
    tensors = {_WEIGHT + name: value.detach().to("cpu") for name, value in module.named_parameters()}
    for name, value in module.named_parameters():
        moments = optimiser.state.get(value, {})
        for prefix in _MOMENTS if moments else ():
            tensors[prefix + name] = moments[prefix.rstrip(".")].to("cpu")
    told = {"step": progress.step, "seconds": progress.seconds, "config": config.as_dict()}
    beside = folder / f".{STATE_FILE}.new"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        save_file({name: value.contiguous() for name, value in tensors.items()}, beside, {"state": json.dumps(told)})
        beside.replace(folder / STATE_FILE)
    except OSError as err:
        msg = f"{folder}: cannot be written: {err.strerror}"
        raise ConfigError(msg) from err


def load_state(
    folder: Path, module: nn.Module, optimiser: torch.optim.Optimizer, config: TrainingConfig
) -> Progress | None:
    """Put back what was saved; None where nothing was.

    Raises:
        ConfigError: A broken file, or a training of other settings; the text names them.

    """
    path = folder / STATE_FILE
    if not path.is_file():
        return None
    tensors, told = _read(path)
    now, then = config.as_dict(), told["config"]
    other = [
        f"{key} {then.get(key)!r}, now {now[key]!r}" for key in now if key not in _LENGTHS and then.get(key) != now[key]
    ]
    if other:
        msg = f"{path}: a training of other settings ({'; '.join(other)}): take another folder, or those settings"
        raise ConfigError(msg)
    parameters = dict(module.named_parameters())
    with torch.no_grad():
        for name, value in parameters.items():
            value.copy_(_of(path, tensors, _WEIGHT + name, value))
            if _MOMENTS[0] + name in tensors:
                moments: dict[str, Any] = {
                    prefix.rstrip("."): _of(path, tensors, prefix + name, value).to(value.device) for prefix in _MOMENTS
                }
                optimiser.state[value] = {"step": torch.tensor(float(told["step"])), **moments}
    return Progress(int(told["step"]), float(told["seconds"]))


def warm_start(module: nn.Module, folder: Path) -> list[str]:
    """Take over every weight that has the same place and shape here; gives their names.

    Args:
        module: Of a stage.
        folder: Of an earlier stage's state, or a checkpoint that drives, which has no auxiliary heads.

    Raises:
        ConfigError: Neither of them is there, it cannot be read, or not one weight fits.

    """
    path = folder / STATE_FILE
    if path.is_file():
        tensors, _ = _read(path)
        stored = {name.removeprefix(_WEIGHT): value for name, value in tensors.items() if name.startswith(_WEIGHT)}
    elif (folder / CONFIG_FILE).is_file():
        stored = load_checkpoint(folder).model.state_dict()
    else:
        msg = f"{folder}: no {STATE_FILE} and no {CONFIG_FILE}: name the folder of an earlier stage or of weights"
        raise ConfigError(msg)
    found = {_plain(name): value for name, value in stored.items()}
    taken = []
    with torch.no_grad():
        for name, value in module.named_parameters():
            source = found.get(_plain(name))
            if source is not None and source.shape == value.shape:
                value.copy_(source)
                taken.append(name)
    if not taken:
        msg = f"{folder}: none of its {len(found)} weights is one of this network's: is it of another preset?"
        raise ConfigError(msg)
    return taken


def _plain(name: str) -> str:
    for wrapper in _WRAPPERS:
        name = name.removeprefix(wrapper)
    return name


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        with safe_open(path, framework="pt") as file:
            told = json.loads(file.metadata()["state"])
            return {name: file.get_tensor(name) for name in file.keys()}, told  # noqa: SIM118 - no mapping
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as err:
        msg = f"{path}: not a state of a training ({err}): remove it to begin anew"
        raise ConfigError(msg) from err


def _of(path: Path, tensors: dict[str, Tensor], name: str, like: Tensor) -> Tensor:
    if name not in tensors or tensors[name].shape != like.shape:
        msg = f"{path}: {name} is missing or misshapen: remove the file to begin anew"
        raise ConfigError(msg)
    return tensors[name]
