"""A released checkpoint folder into our network: strict, and one parameter after another, so memory is taken once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from wam_ros.core.camera import CanonicalCamera
from wam_ros.core.errors import ConfigError
from wam_ros.models.checkpoint import Checkpoint
from wam_ros.models.config import WamDiffConfig, preset
from wam_ros.models.model import WamDiff
from wam_ros.models.released.fresh import fresh_values
from wam_ros.models.released.hf_vocabulary import HfVocabulary
from wam_ros.models.released.layouts import Layout, Source, layout_of
from wam_ros.models.released.name_groups import told
from wam_ros.models.released.settings import released_config, table_rows
from wam_ros.models.released.shards import ShardReader, StoredTensor, stored_tensors
from wam_ros.models.tokenizer import HybridTokenizer

CONFIG_FILE = "config.json"


def load_released(
    folder: Path,
    camera: CanonicalCamera,
    base: WamDiffConfig | None = None,
    dtype: torch.dtype | None = None,
    device: torch.device | str = "cpu",
) -> Checkpoint:
    """Read a folder in a published layout of LLaDA, LLaDA-V or WAM-Diff.

    What the layout lacks gets initial values and is named in the provenance. WAM-Diff's separate network for headings
    is of another form than ours and is not read.

    Args:
        folder: Holds config.json, tokenizer.json and safetensors, in one file or with their index.
        camera: That the planner shall use: these files do not tell theirs.
        base: What config.json does not tell; None = the preset `wam_diff_8b`.
        dtype: Of all weights but the headings; None = as they are stored, which must be one type.
        device: Where they go.

    Raises:
        ConfigError: A file is missing, broken or of another network; all tensors that do not fit are named.

    """
    if not folder.is_dir():
        msg = f"{folder}: no such checkpoint folder"
        raise ConfigError(msg)
    where = str(folder / CONFIG_FILE)
    settings = _settings(folder / CONFIG_FILE)
    layout = layout_of(settings, where)
    tokenizer = HybridTokenizer(HfVocabulary.load(folder))
    base = preset("wam_diff_8b") if base is None else base
    config = released_config(settings, layout, base, tokenizer, where)
    with torch.device("meta"):
        model = WamDiff(config)
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    sources = layout.sources(shapes, table_rows(settings))
    stored = stored_tensors(folder)
    kept = check_tensors(str(folder), layout, sources, stored, dtype)
    digest = hashlib.sha256()
    weights = fresh_values(config, layout.lacks, dtype or kept, device)
    with closing(ShardReader()) as reader:
        for name, parts in sources.items():
            whole = torch.empty(shapes[name], dtype=dtype or kept, device=device)
            for part in parts:
                digest.update(part.name.encode())
                digest.update(_fill(whole[slice(*part.into)], reader, stored[part.name], part))
            weights[name] = whole
    model.load_state_dict(weights, strict=True, assign=True)
    model.reset_buffers(torch.device(device))
    provenance = f"{layout.name} weights of {folder.name}; initial values, not trained: {', '.join(layout.lacks)}"
    return Checkpoint(model.eval(), tokenizer, camera, provenance, None, digest.hexdigest())


def check_tensors(
    where: str,
    layout: Layout,
    sources: Mapping[str, tuple[Source, ...]],
    stored: Mapping[str, StoredTensor],
    dtype: torch.dtype | None,
) -> torch.dtype:
    """The type that the weights are stored in, once all of them fit.

    Raises:
        ConfigError: All tensors that are missing, extra, misshapen or of a type that does not do are named.

    """
    wanted = {part.name: part.shape for parts in sources.values() for part in parts}
    used = {name: stored[name] for name in wanted if name in stored}
    shapes: dict[tuple[Any, Any], list[str]] = {}
    for name, tensor in used.items():
        if tensor.shape != wanted[name]:
            shapes.setdefault((tensor.shape, wanted[name]), []).append(name)
    types: dict[str, list[str]] = {}
    for name, tensor in used.items():
        types.setdefault(tensor.code, []).append(name)
    unreadable = {name for name, tensor in used.items() if tensor.dtype is None}
    parts = {
        "missing": told(name for name in wanted if name not in stored),
        "not of this layout": told(name for name in stored if name not in wanted and not layout.may_hold(name)),
        "misshapen": ", ".join(f"{told(names)} {had} instead of {shape}" for (had, shape), names in shapes.items()),
        "of a type that is not read (BF16, F16, F32 are)": told(unreadable),
    }
    if dtype is None and len(types) > 1 and not unreadable:
        parts["of several types, so none can be kept (pass dtype)"] = "; ".join(
            f"{code}: {told(names)}" for code, names in types.items()
        )
    faults = [f"{fault}: {names}" for fault, names in parts.items() if names]
    if faults:
        msg = (
            f"{where}: read as {layout.name}, which its {CONFIG_FILE} says, tensors are {'; '.join(faults)}. Use the "
            f"{CONFIG_FILE} and all files of one and the same download"
        )
        raise ConfigError(msg)
    kept = next(iter(used.values())).dtype
    assert kept is not None
    return kept


def _fill(part: Tensor, reader: ShardReader, stored: StoredTensor, source: Source) -> memoryview:
    """Read a source into its place, through the host's memory where type or device differ; gives the bytes read."""
    if part.device.type == "cpu" and part.dtype == stored.dtype:
        return reader.read(stored, source.rows, part)
    on_host = torch.empty(part.shape, dtype=stored.dtype, device="cpu")
    read = reader.read(stored, source.rows, on_host)
    part.copy_(on_host)
    return read


def _settings(path: Path) -> Mapping[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as err:
        msg = f"{path}: cannot be read as JSON: {err}"
        raise ConfigError(msg) from err
    if not isinstance(values, Mapping):
        msg = f"{path}: wanted a mapping, got {type(values).__name__}"
        raise ConfigError(msg)
    return values
