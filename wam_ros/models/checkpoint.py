"""A checkpoint folder: config.json, model.safetensors, tokenizer.json. Strict both ways; nothing is unpickled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from wam_ros.core.camera import CanonicalCamera
from wam_ros.core.config import from_mapping, unknown_key
from wam_ros.core.errors import ConfigError, InputError
from wam_ros.models.config import StemConfig, WamDiffConfig
from wam_ros.models.model import COMPUTE_PARTS, WamDiff
from wam_ros.models.tokenizer import HybridTokenizer
from wam_ros.models.vocabulary import TextVocabulary

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
TOKENIZER_FILE = "tokenizer.json"

_PICKLED = (".pt", ".pth", ".bin", ".pkl", ".ckpt")
_NAMED = 5  # names that an error lists before it counts


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A network with all that is needed to use it.

    Fields:
        model: In evaluation mode when loaded.
        tokenizer: Its vocabulary.
        camera: The camera that it was trained for.
        provenance: What made the weights, for people; says so where they are random.
        calibration: The maps of its confidence as plain values, for decoding to read; None where none was fitted.
        weights_hash: SHA-256 of the weights file, or a name where there is no file.

    """

    model: WamDiff
    tokenizer: HybridTokenizer
    camera: CanonicalCamera
    provenance: str
    calibration: Mapping[str, Any] | None = None
    weights_hash: str = ""

    def __post_init__(self) -> None:
        config, tokenizer = self.model.config, self.tokenizer
        if (config.text_tokens, config.mask_id) != (tokenizer.number_base, tokenizer.mask_id):
            msg = (
                f"network with {config.text_tokens} text tokens and mask {config.mask_id}, tokenizer with "
                f"{tokenizer.number_base} and {tokenizer.mask_id}: they belong to different checkpoints"
            )
            raise ConfigError(msg)
        seen = config.vision
        camera = (self.camera.width, self.camera.height)
        if isinstance(seen, StemConfig) and camera != (seen.image_width, seen.image_height):
            msg = f"canonical camera {camera[0]}x{camera[1]}, the stem sees {seen.image_width}x{seen.image_height}"
            raise ConfigError(msg)


def random_checkpoint(config: WamDiffConfig, camera: CanonicalCamera, seed: int = 0) -> Checkpoint:
    """A network of the closed vocabulary that nobody trained, the same for the same seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = WamDiff(config).eval()
    return Checkpoint(
        model, HybridTokenizer(), camera, f"random weights, seed {seed}: not trained", None, f"random-{seed}"
    )


def save_checkpoint(folder: Path, checkpoint: Checkpoint, dtype: torch.dtype = torch.float16) -> str:
    """Write a folder, the config last; gives the weights' hash.

    Raises:
        ConfigError: A weight is not finite in `dtype`, the vocabulary is a released one, or the folder cannot be
            written.

    """
    text = checkpoint.tokenizer.text
    if not isinstance(text, TextVocabulary):
        msg = (
            f"{folder}: only the closed vocabulary is written, this one is a {type(text).__name__}: keep its own files"
        )
        raise ConfigError(msg)
    tensors = {name: _stored(name, value, dtype) for name, value in checkpoint.model.state_dict().items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        save_file(tensors, folder / WEIGHTS_FILE)
        (folder / WEIGHTS_FILE).chmod(0o644)  # safetensors leaves it to its writer alone; a node may run as another
        weights_hash = _hash(folder / WEIGHTS_FILE)
        vocabulary = {"kind": "closed", "words": list(text.words)}
        _write_json(folder / TOKENIZER_FILE, vocabulary)
        model = checkpoint.model.config.as_dict()
        settings = {
            "format_version": model.pop("format_version"),
            "provenance": checkpoint.provenance,
            "weights_sha256": weights_hash,
            "model": model,
            "canonical_camera": checkpoint.camera.as_dict(),
            "calibration": None if checkpoint.calibration is None else dict(checkpoint.calibration),
        }
        _write_json(folder / CONFIG_FILE, settings)
    except OSError as err:
        msg = f"{folder}: cannot be written: {err.strerror}"
        raise ConfigError(msg) from err
    return weights_hash


def write_calibration(folder: Path, calibration: Mapping[str, Any] | None) -> None:
    """Give the weights of a folder other maps of their confidence, whole or not at all; all else stays as it is.

    Args:
        folder: A checkpoint.
        calibration: Plain values, see `Checkpoint`; None = no maps.

    Raises:
        ConfigError: The folder is no checkpoint, or cannot be written.

    """
    settings = _settings(folder)
    settings["calibration"] = None if calibration is None else dict(calibration)
    path = folder / CONFIG_FILE
    unfinished = path.with_name(f"{path.name}.part")
    try:
        _write_json(unfinished, settings)
        unfinished.replace(path)
    except OSError as err:
        msg = f"{path}: cannot be written: {err.strerror}"
        raise ConfigError(msg) from err


def load_checkpoint(
    folder: Path, compute_dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu"
) -> Checkpoint:
    """Read a folder into a network in evaluation mode.

    Args:
        folder: Holds the three files.
        compute_dtype: Of vision and layers; the rest is float32.
        device: Where the weights go.

    Raises:
        ConfigError: A file is missing, broken, of another format version or of another network; the text names it.

    """
    settings = _settings(folder)
    where = f"{folder / CONFIG_FILE}"
    version = {"format_version": settings["format_version"]}
    config = WamDiffConfig.from_dict({**_mapping(settings["model"], where), **version}, where)
    tokenizer = HybridTokenizer(_vocabulary(folder))
    try:
        camera = from_mapping(CanonicalCamera, _mapping(settings["canonical_camera"], where), where)
    except InputError as err:
        msg = f"{where}: {err}"
        raise ConfigError(msg) from err
    calibration = settings["calibration"]
    calibration = None if calibration is None else dict(_mapping(calibration, f"{where}: calibration"))
    weights = folder / WEIGHTS_FILE
    weights_hash = _hash(weights)
    if weights_hash != settings["weights_sha256"]:
        wanted = str(settings["weights_sha256"])[:12]
        msg = f"{weights}: SHA-256 {weights_hash[:12]}, {CONFIG_FILE} tells {wanted}: copy the whole folder again"
        raise ConfigError(msg)
    with torch.device("meta"):
        model = WamDiff(config)
    model.load_state_dict(_tensors(weights, model, compute_dtype, torch.device(device)), strict=True, assign=True)
    model.reset_buffers(torch.device(device))
    return Checkpoint(model.eval(), tokenizer, camera, str(settings["provenance"]), calibration, weights_hash)


def _tensors(path: Path, model: WamDiff, compute_dtype: torch.dtype, device: torch.device) -> dict[str, Tensor]:
    """The weights of a file, checked by name and shape against a network."""
    wanted = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    try:
        with safe_open(path, framework="pt", device=str(device)) as file:
            found = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118 - no mapping
            _check_names(path, wanted, found)
            return {
                name: file.get_tensor(name).to(compute_dtype if name.startswith(COMPUTE_PARTS) else torch.float32)
                for name in wanted
            }
    except SafetensorError as err:
        msg = f"{path}: not a safetensors file: {err}"
        raise ConfigError(msg) from err


def _check_names(path: Path, wanted: Mapping[str, tuple[int, ...]], found: Mapping[str, tuple[int, ...]]) -> None:
    missing = [name for name in wanted if name not in found]
    extra = [name for name in found if name not in wanted]
    misshapen = [
        f"{name} {found[name]} instead of {shape}"
        for name, shape in wanted.items()
        if name in found and found[name] != shape
    ]
    faults = {"missing": missing, "not of this network": extra, "misshapen": misshapen}
    told = [f"{fault}: {_listed(names)}" for fault, names in faults.items() if names]
    if told:
        msg = f"{path}: tensors {'; '.join(told)}. Use the config.json that the weights were saved with"
        raise ConfigError(msg)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _stored(name: str, value: Tensor, dtype: torch.dtype) -> Tensor:
    stored = value.detach().to("cpu", dtype).contiguous()
    if not bool(stored.isfinite().all()):
        msg = f"weight {name} is not finite as {dtype}: train on, or store it as torch.float32"
        raise ConfigError(msg)
    return stored


def _settings(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        msg = f"{folder}: no such checkpoint folder"
        raise ConfigError(msg)
    for name in (CONFIG_FILE, WEIGHTS_FILE, TOKENIZER_FILE):
        if not (folder / name).is_file():
            pickled = sorted(file.name for file in folder.iterdir() if file.suffix in _PICKLED)
            hint = f"; {', '.join(pickled)} may run code when loaded: convert to safetensors" if pickled else ""
            msg = f"{folder}: {name} is missing, wanted {CONFIG_FILE}, {WEIGHTS_FILE} and {TOKENIZER_FILE}{hint}"
            raise ConfigError(msg)
    settings = _read_json(folder / CONFIG_FILE)
    known = ("format_version", "provenance", "weights_sha256", "model", "canonical_camera", "calibration")
    if "format_version" in settings:
        WamDiffConfig.check_version(settings["format_version"], str(folder / CONFIG_FILE))
    for key in settings:
        if key not in known:
            msg = f"{folder / CONFIG_FILE}: {unknown_key(key, known)}"
            raise ConfigError(msg)
    missing = [key for key in known if key not in settings]
    if missing:
        msg = f"{folder / CONFIG_FILE}: missing {', '.join(missing)}"
        raise ConfigError(msg)
    return settings


def _vocabulary(folder: Path) -> TextVocabulary:
    path = folder / TOKENIZER_FILE
    values = _read_json(path)
    words = values.get("words")
    if values.get("kind") != "closed" or not isinstance(words, list) or not all(isinstance(w, str) for w in words):
        msg = f"{path}: kind {values.get('kind')!r}, wanted 'closed' with a list of words"
        raise ConfigError(msg)
    return TextVocabulary(tuple(words))


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as err:
        msg = f"{path}: cannot be read as JSON: {err}"
        raise ConfigError(msg) from err
    return dict(_mapping(values, str(path)))


def _mapping(values: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(values, Mapping):
        msg = f"{where}: wanted a mapping, got {type(values).__name__}"
        raise ConfigError(msg)
    return values


def _write_json(path: Path, values: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
