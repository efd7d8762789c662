"""Where the weights of wam_diff come from: our folders, folders in a published layout, or chance. It runs nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from wam_ros.core.camera import CanonicalCamera
from wam_ros.core.errors import ConfigError
from wam_ros.models import Checkpoint, HybridTokenizer, WamDiffConfig, load_checkpoint, preset, random_checkpoint
from wam_ros.models.compute_dtype import compute_dtype_of
from wam_ros.models.config import StemConfig
from wam_ros.models.released import load_released, random_network
from wam_ros.models.released.shards import INDEX_FILE
from wam_ros.models.vocabulary import TextVocabulary
from wam_ros.planning.wam_diff_device import network_device

_FOCAL_SHARE = 0.625  # of the image's width: 77 degrees wide
_CAMERA_HEIGHT = 1.5  # m
_RANDOM = "random:"
# Published folders tell no camera. WAM-Diff's pictures are those of nuPlan's front camera; its height is a guess.
_RELEASED_CAMERA = CanonicalCamera(1920, 1080, 1545.0, 960.0, 560.0, height_above_ground=1.5)
_RELEASED_KEYS = ("d_model", "hidden_size")  # of the published config.json, LLaDA's and LLaDA-V's


def checkpoint_of(name: str, compute_dtype: str, device: str = "cpu") -> Checkpoint:
    """What `planning.wam_diff.load_wam_diff` runs, by the same names, on its device.

    Raises:
        ConfigError: As there.

    """
    if name.startswith(_RANDOM):
        return random_of(preset(name.removeprefix(_RANDOM)), compute_dtype, device)
    where = network_device(device)
    return read_weights(Path(name), compute_dtype_of(compute_dtype, where), where)


def default_camera(config: WamDiffConfig) -> CanonicalCamera:
    """The camera that a network which nobody trained pretends to have been trained for."""
    vision = config.vision
    size = (vision.image_width, vision.image_height) if isinstance(vision, StemConfig) else (1920, 1080)
    return CanonicalCamera(*size, _FOCAL_SHARE * size[0], size[0] / 2.0, size[1] / 2.0, _CAMERA_HEIGHT)


def read_weights(folder: Path, dtype: torch.dtype, device: torch.device) -> Checkpoint:
    """A checkpoint of ours, or of a published layout (LLaDA, LLaDA-V, WAM-Diff).

    Args:
        folder: Of the checkpoint.
        dtype: Of vision and layers; of a published one's tables, too.
        device: Where the weights go.

    Raises:
        ConfigError: The folder cannot be used; a published one also where `tokenizers` is not installed.

    """
    if _is_released(folder):
        return load_released(folder, _RELEASED_CAMERA, dtype=dtype, device=device)
    return load_checkpoint(folder, dtype, device)


def random_of(config: WamDiffConfig, compute_dtype: str, device: str) -> Checkpoint:
    """Weights that nobody trained, for a network of any shape, with the closed vocabulary.

    Those of a tiled network are made on their device in their type, so that they are never held twice: each kind of
    device has its own. Its ids behind the closed vocabulary's stand for nothing.
    """
    camera, where = default_camera(config), network_device(device)
    dtype = compute_dtype_of(compute_dtype, where)
    if isinstance(config.vision, StemConfig):
        made = random_checkpoint(config, camera)
        made.model.set_compute_dtype(dtype).to(where)
        return made
    tokenizer = HybridTokenizer(_VocabularyOf(size=config.text_tokens))
    model = random_network(replace(config, mask_id=tokenizer.mask_id), dtype, where)
    return Checkpoint(model, tokenizer, camera, "random weights, seed 0: not trained", None, "random-0")


@dataclass(frozen=True)
class _VocabularyOf(TextVocabulary):
    """The closed vocabulary among `size` ids."""

    size: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size < super().__len__():
            msg = f"network of {self.size} text tokens, the closed vocabulary has {super().__len__()}: take more"
            raise ConfigError(msg)

    def __len__(self) -> int:
        return self.size

    def decode_bytes(self, token: int) -> bytes:
        """As the closed vocabulary's; nothing for the others."""
        return super().decode_bytes(token) if token < super().__len__() else b""


def _is_released(folder: Path) -> bool:
    """By its files; whether they can be used is for the loaders to say."""
    if (folder / INDEX_FILE).is_file():
        return True
    try:
        settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(settings, dict) and any(key in settings for key in _RELEASED_KEYS)
