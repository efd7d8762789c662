"""The baseline of the masked-diffusion planner: the same stem, and one regression of the plan. No tokens, no steps."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from wam_ros.models.config import StemConfig, WamDiffConfig
from wam_ros.models.prompt import Situation
from wam_ros.models.stem import Stem
from wam_ros.models.vocabulary import COMMANDS

_POOLS = 16  # places of the image that are looked at
_POOLED = 64  # values read at each
_HIDDEN = 256
_WAYPOINTS = 8


class CellPool(nn.Module):
    """Visual tokens (B, V, d) to a vector: 16 softmax means over the cells, learned from content and place."""

    def __init__(self, cells: int, width: int, pools: int = _POOLS, pooled: int = _POOLED) -> None:
        super().__init__()
        self.out_features = pools * pooled
        self.places = nn.Parameter(torch.zeros(cells, width))
        self.look = nn.Linear(width, pools)
        self.read = nn.Linear(width, pooled)
        nn.init.normal_(self.places, std=0.5)

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, V, d) -> (B, out_features) float32."""
        tokens = functional.silu(tokens.float() + self.places)
        weights = self.look(tokens).softmax(dim=1)  # (B, V, pools)
        pooled: Tensor = (weights.mT @ self.read(tokens)).flatten(1)
        return pooled


class RegressionCnn(nn.Module):
    """Image and situation to x, y and heading of 8 waypoints."""

    def __init__(self, config: WamDiffConfig) -> None:
        super().__init__()
        assert isinstance(config.vision, StemConfig), "the baseline sees by a stem"
        rows, columns = config.vision.grid
        self.config = config
        self.vision = Stem(config.vision, config.width, config.normalisation)
        self.pool = CellPool(rows * columns, config.width)
        features = situation_width(len(config.route_distances))
        self.situation = nn.Sequential(nn.Linear(features, _HIDDEN), nn.SiLU())
        self.plan = nn.Sequential(
            nn.Linear(self.pool.out_features + _HIDDEN, _HIDDEN), nn.SiLU(), nn.Linear(_HIDDEN, 3 * _WAYPOINTS)
        )

    def forward(self, images: Tensor, situations: Tensor) -> Tensor:
        """Waypoints (B, 8, 3): x, y [m], heading [rad], of images (B, H, W, 3) uint8 and features (B, F)."""
        return self.from_tokens(self.vision(images), situations)

    def from_tokens(self, tokens: Tensor, situations: Tensor) -> Tensor:
        """The same of visual tokens (B, V, d)."""
        seen = torch.cat([self.pool(tokens), self.situation(situations)], dim=-1)
        moves = self.plan(seen).view(-1, _WAYPOINTS, 3)
        # Moves per half second add up to places: neighbours share what is learned.
        xy = (moves[..., :2] * 5.0).cumsum(dim=1)
        return torch.cat([xy, math.pi * torch.tanh(moves[..., 2:])], dim=-1)


def situation_width(route_points: int) -> int:
    """F: features of a situation with that many route points."""
    return len(COMMANDS) + 2 * 4 + 3 * route_points


def situation_features(situation: Situation, route_points: int) -> list[float]:
    """F numbers of about one: the command, the motion and the route, each with a flag of whether it is known."""
    features = [float(command == situation.command) for command in COMMANDS]
    velocity = None if situation.velocity is None else situation.velocity[0]
    acceleration = (None, None) if situation.acceleration is None else situation.acceleration
    for value, scale in ((velocity, 10.0), (acceleration[0], 3.0), (acceleration[1], 3.0), (situation.yaw_rate, 0.5)):
        features += [0.0, 0.0] if value is None else [value / scale, 1.0]
    route = [None] * route_points if situation.route is None else situation.route
    for point in route:
        features += [0.0, 0.0, 0.0] if point is None else [point[0] / 30.0, point[1] / 10.0, 1.0]
    return features
