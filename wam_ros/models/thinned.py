"""A network that reads only every n-th visual token: less to prefill, less to look at. The tokens keep their places."""

from __future__ import annotations

import copy
from dataclasses import replace

import torch
from torch import nn

from wam_ros.core.errors import ConfigError
from wam_ros.models.checkpoint import Checkpoint
from wam_ros.models.config import StemConfig
from wam_ros.models.stem import Stem


def thinned(checkpoint: Checkpoint, stride: int) -> Checkpoint:
    """A checkpoint that reads every `stride`-th visual token; the given one stays as it is.

    The tokens left are spread over the picture, each row of cells beginning at another column. They and all that
    follows keep the learned positions that they were trained at. The hash and the provenance tell the stride.

    Args:
        checkpoint: Of a network with a stem and learned positions, such as `small`.
        stride: Of the visual tokens, from 2 to a row of cells.

    Raises:
        ConfigError: Another stride, or a network of another kind.

    """
    config = checkpoint.model.config
    if not isinstance(config.vision, StemConfig) or checkpoint.model.positions is None:
        msg = f"visual stride {stride}: preset {config.name} has no stem with learned positions; set it to 1"
        raise ConfigError(msg)
    rows, columns = config.vision.grid
    if not 2 <= stride <= columns:
        msg = f"visual stride {stride}, wanted 1 for all tokens or 2..{columns}"
        raise ConfigError(msg)
    row, column = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    kept = ((column + row * (stride // 2)) % stride == 0).flatten().nonzero().flatten()
    places = torch.cat([kept, torch.arange(rows * columns, config.max_positions)])
    model = copy.deepcopy(checkpoint.model)
    assert isinstance(model.vision, Stem)
    assert model.positions is not None
    model.vision.keep(kept.to(model.device))
    model.positions = nn.Parameter(model.positions.detach()[places.to(model.device)])
    model.config = replace(config, max_positions=len(places))
    return replace(
        checkpoint,
        model=model,
        provenance=f"{checkpoint.provenance}; reads one visual token of {stride}",
        weights_hash=f"{checkpoint.weights_hash}+every-{stride}",
    )
