"""The SigLIP-2 tower over square crops, its projector, and the tiled vision made of both.

Layer names and sizes follow the published so400m-patch14-384 model without its last layer, final norm and pooling.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from wam_ros.models.config import Normalisation, TilesConfig
from wam_ros.models.tiling import cut, lay_out, merge

_EPS = 1e-6


class TowerLayer(nn.Module):
    """Pre-norm attention and a GELU network, with biases; rows of a crop see each other."""

    def __init__(self, config: TilesConfig) -> None:
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.attention_norm = nn.LayerNorm(width, eps=_EPS)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.ffn_norm = nn.LayerNorm(width, eps=_EPS)
        self.up = nn.Linear(width, config.ffn_width)
        self.down = nn.Linear(config.ffn_width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(N, T, w) -> (N, T, w)."""
        qkv = self.qkv(self.attention_norm(x)).view(*x.shape[:2], 3, self.heads, -1)  # (N, T, 3, H, D)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        x = x + self.out(functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        out: Tensor = x + self.down(functional.gelu(self.up(self.ffn_norm(x)), approximate="tanh"))
        return out


class TiledVision(nn.Module):
    """Any image to overview and tiles, through the tower and the projector, to one row of visual tokens."""

    def __init__(self, config: TilesConfig, width: int, normalisation: Normalisation) -> None:
        super().__init__()
        self.config = config
        self.normalisation = normalisation
        patches = config.patches_per_side**2
        self.patches = nn.Conv2d(3, config.width, config.patch, stride=config.patch)
        self.positions = nn.Parameter(torch.empty(patches, config.width))
        self.layers = nn.ModuleList(TowerLayer(config) for _ in range(config.layers))
        self.project = nn.Sequential(nn.Linear(config.width, width), nn.GELU(), nn.Linear(width, width))
        self.newline = nn.Parameter(torch.empty(width))
        nn.init.normal_(self.positions, std=config.width**-0.5)
        nn.init.normal_(self.newline, std=width**-0.5)

    def visual_tokens(self, height: int, width: int) -> int:
        """Visual tokens of an image of that size."""
        return lay_out(height, width, self.config).tokens

    def forward(self, images: Tensor) -> Tensor:
        """Visual tokens (B, V, d) of images (B, H, W, 3) uint8 rgb of one size."""
        layout = lay_out(images.shape[1], images.shape[2], self.config)
        crops = torch.cat([cut(image, layout, self.config) for image in images])  # (B N, 3, tile, tile)
        scale = self.normalisation
        pixels = ((crops / 255.0 - scale.image_mean) / scale.image_std).to(self.newline.dtype)
        x = self.patches(pixels).flatten(2).transpose(1, 2) + self.positions  # (B N, n n, w)
        for layer in self.layers:
            x = layer(x)
        features = self.project(x).view(len(images), layout.crops, x.shape[1], -1)  # (B, N, n n, d)
        return torch.stack([merge(of_image, self.newline, layout) for of_image in features])
