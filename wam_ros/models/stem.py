"""Convolutional vision of the small models: one image to one token per cell of the last map. It knows no positions."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional

from wam_ros.core.errors import InputError
from wam_ros.models.config import Normalisation, StemConfig
from wam_ros.models.norm import RmsNorm

# The first maps are large: normalising them would cost as much as their convolutions, and more in training.
_UNNORMED = 2


class Stem(nn.Module):
    """Strided 3x3 convolutions, each followed by SiLU, then a projection to the backbone's width.

    No layer looks across samples: a batch equals a loop of singles, and nothing has to be frozen or folded later.
    """

    kept: Tensor | None

    def __init__(self, config: StemConfig, width: int, normalisation: Normalisation) -> None:
        super().__init__()
        self.config = config
        self.normalisation = normalisation
        sizes = (3, *config.channels)
        self.stages = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairwise(sizes))
        self.norms = nn.ModuleList(RmsNorm(channels) for channels in config.channels[_UNNORMED:])
        self.project = nn.Linear(config.channels[-1], width)
        self.register_buffer("kept", None, persistent=False)
        for stage in self.stages:
            assert isinstance(stage, nn.Conv2d)
            nn.init.kaiming_normal_(stage.weight, nonlinearity="relu")
            nn.init.zeros_(stage.bias)  # type: ignore[arg-type]
        nn.init.normal_(self.project.weight, std=config.channels[-1] ** -0.5)
        nn.init.zeros_(self.project.bias)

    def keep(self, tokens: Tensor) -> None:
        """Give only these of the visual tokens from now on, int64 ascending."""
        self.kept = tokens

    def visual_tokens(self, height: int, width: int) -> int:
        """Cells of an image of that size, of which all or some are visual tokens.

        Raises:
            InputError: The stem takes another size.

        """
        wanted = (self.config.image_height, self.config.image_width)
        if (height, width) != wanted:
            msg = f"image is {width}x{height}, these weights see {wanted[1]}x{wanted[0]}: rectify it to that camera"
            raise InputError(msg)
        rows, columns = self.config.grid
        return rows * columns

    def features(self, images: Tensor) -> list[Tensor]:
        """The map after each stage, (B, H / 2^i, W / 2^i, C_i), of images (B, H, W, 3) uint8 rgb."""
        dtype = self.project.weight.dtype
        scaled = images.to(dtype) * (1.0 / (255.0 * self.normalisation.image_std))
        x = scaled - self.normalisation.image_mean / self.normalisation.image_std
        maps = []
        for index, stage in enumerate(self.stages):
            # Rows-columns-channels in memory throughout: what the camera gives and what the CPU kernels want.
            x = functional.silu(stage(x.permute(0, 3, 1, 2))).permute(0, 2, 3, 1)
            if index >= _UNNORMED:
                x = self.norms[index - _UNNORMED](x)
            maps.append(x)
        return maps

    def forward(self, images: Tensor) -> Tensor:
        """Visual tokens (B, V, d), row by row, of images (B, H, W, 3) uint8 rgb."""
        self.visual_tokens(images.shape[1], images.shape[2])
        cells = self.features(images)[-1].flatten(1, 2)
        tokens: Tensor = self.project(cells if self.kept is None else cells[:, self.kept])
        return tokens
