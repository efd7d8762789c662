"""Tiles of a large image, and the visual tokens that come of them. It knows no network.

Published rules of LLaDA-V's "anyres" with pinpoints (1x1) to (6x6), spatial unpadding and at most two crops' worth of
tokens kept, as WAM-Diff's released inference sets them: 1920x1080 gives 2,185 tokens. Sizes are Python ints, so all
shapes are fixed once the image size is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from wam_ros.core.errors import InputError
from wam_ros.models.config import TilesConfig

# The kept map is resized only if it is larger than what is wanted by more than this, along a side.
_WORTH_RESIZING = 1.1


@dataclass(frozen=True)
class TileLayout:
    """Where an image of one size goes.

    Fields:
        image_height, image_width: [px].
        rows, columns: Tiles of the canvas.
        kept_rows, kept_columns: Patches of the canvas that hold image, without its black borders.
        token_rows, token_columns: Patches after the resize; each row gets one newline vector.
        overview_tokens: Patches of the overview, which comes first.

    """

    image_height: int
    image_width: int
    rows: int
    columns: int
    kept_rows: int
    kept_columns: int
    token_rows: int
    token_columns: int
    overview_tokens: int

    @property
    def crops(self) -> int:
        """Overview and tiles."""
        return 1 + self.rows * self.columns

    @property
    def tokens(self) -> int:
        """Visual tokens in all."""
        return self.overview_tokens + self.token_rows * (self.token_columns + 1)


def lay_out(height: int, width: int, config: TilesConfig) -> TileLayout:
    """The layout of an image of that size [px].

    Raises:
        InputError: The image is empty.

    """
    if height <= 0 or width <= 0:
        msg = f"image is {width}x{height} px: it cannot be tiled"
        raise InputError(msg)
    rows, columns = choose_canvas(height, width, config)
    side = config.patches_per_side
    kept_rows, kept_columns = _without_borders(rows * side, columns * side, height, width)
    excess = math.sqrt(kept_rows * kept_columns / (config.max_crops_kept * side * side))
    token_rows, token_columns = kept_rows, kept_columns
    if excess > _WORTH_RESIZING:
        token_rows, token_columns = int(kept_rows // excess), int(kept_columns // excess)
    return TileLayout(
        height, width, rows, columns, kept_rows, kept_columns, token_rows, token_columns, overview_tokens=side * side
    )


def choose_canvas(height: int, width: int, config: TilesConfig) -> tuple[int, int]:
    """Rows and columns of tiles: the canvas that keeps most of the image's pixels, then the one that wastes least."""
    best, chosen = (-1, 0), (1, 1)
    for columns in range(1, config.max_tiles + 1):
        for rows in range(1, config.max_tiles + 1):
            canvas_height, canvas_width = rows * config.tile, columns * config.tile
            scale = min(canvas_width / width, canvas_height / height)
            kept = min(int(width * scale) * int(height * scale), width * height)
            score = (kept, -(canvas_width * canvas_height - kept))
            if score > best:
                best, chosen = score, (rows, columns)
    return chosen


def _without_borders(rows: int, columns: int, height: int, width: int) -> tuple[int, int]:
    """Patches left of a (rows, columns) map after the borders beside an image of the given shape are cut off."""
    if width / height > columns / rows:
        border = (rows - int(height * (columns / width))) // 2
        return rows - 2 * border, columns
    border = (columns - int(width * (rows / height))) // 2
    return rows, columns - 2 * border


def cut(image: Tensor, layout: TileLayout, config: TilesConfig) -> Tensor:
    """Crops (N, 3, tile, tile) float in [0, 255], the overview first, of an image (H, W, 3) uint8 rgb.

    The overview is the whole image squeezed to a square; the tiles are cut row by row from a black canvas in whose
    middle the image lies, its shape kept.
    """
    planes = image.permute(2, 0, 1)[None]
    overview = _resize(planes, config.tile, config.tile)
    canvas_height, canvas_width = layout.rows * config.tile, layout.columns * config.tile
    if canvas_width / layout.image_width < canvas_height / layout.image_height:
        width = canvas_width
        height = min(math.ceil(layout.image_height * canvas_width / layout.image_width), canvas_height)
    else:
        height = canvas_height
        width = min(math.ceil(layout.image_width * canvas_height / layout.image_height), canvas_width)
    top, left = (canvas_height - height) // 2, (canvas_width - width) // 2
    fitted = _resize(planes, height, width)
    canvas = functional.pad(fitted, (left, canvas_width - width - left, top, canvas_height - height - top))
    # (1, 3, rows tile, columns tile) -> (rows columns, 3, tile, tile)
    tiles = canvas.view(3, layout.rows, config.tile, layout.columns, config.tile)
    return torch.cat([overview, tiles.permute(1, 3, 0, 2, 4).flatten(0, 1)])


def merge(features: Tensor, newline: Tensor, layout: TileLayout) -> Tensor:
    """Visual tokens (V, d) of the crops' features (N, n n, d), the overview first; `newline` (d,) ends each row."""
    overview, tiles = features[0], features[1:]
    side = math.isqrt(layout.overview_tokens)
    # (rows columns, side side, d) -> (d, rows side, columns side)
    stitched = tiles.reshape(layout.rows, layout.columns, side, side, -1)
    stitched = stitched.permute(4, 0, 2, 1, 3).flatten(3, 4).flatten(1, 2)
    top = (layout.rows * side - layout.kept_rows) // 2
    left = (layout.columns * side - layout.kept_columns) // 2
    kept = stitched[:, top : top + layout.kept_rows, left : left + layout.kept_columns]
    size = (layout.token_rows, layout.token_columns)
    if size != kept.shape[1:]:
        kept = functional.interpolate(kept[None], size=size, mode="bilinear")[0]
    lines = torch.cat([kept.permute(1, 2, 0), newline.to(kept.dtype).expand(size[0], 1, -1)], dim=1)  # (h, w + 1, d)
    return torch.cat([overview, lines.flatten(0, 1)])


def _resize(planes: Tensor, height: int, width: int) -> Tensor:
    """Bicubic with a filter as wide as the reduction, rounded to whole pixel values as an image file's would be."""
    resized = functional.interpolate(planes.float(), size=(height, width), mode="bicubic", antialias=True)
    return resized.round().clamp(0.0, 255.0)
