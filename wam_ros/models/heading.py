"""Headings of waypoints from their positions: the chords' directions and a small learned correction."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

SLOW = 0.3  # m/s; below this mean speed a chord says nothing of the heading
_SCALE = 0.1  # brings positions of tens of metres to the size of one


class HeadingHead(nn.Module):
    """heading = chord direction + pi tanh(MLP(16 numbers)), in the ego frame.

    The paper's release learns the whole angle by such a network. The chords already say it but for half a turn's
    difference, so here the network starts at zero and learns what is left.
    """

    def __init__(self, hidden: int, waypoints: int = 8) -> None:
        super().__init__()
        last = nn.Linear(hidden, waypoints)
        self.layers = nn.Sequential(
            nn.Linear(2 * waypoints, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), last
        )
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    def forward(self, waypoints: Tensor, interval: float = 0.5) -> Tensor:
        """(K, N) [rad] in [-pi, pi) of waypoints (K, N, 2) [m], `interval` [s] apart from the origin on."""
        waypoints = waypoints.to(torch.float32)
        chords = torch.diff(waypoints, dim=-2, prepend=torch.zeros_like(waypoints[..., :1, :]))
        direction = torch.atan2(chords[..., 1], chords[..., 0])
        correction = math.pi * torch.tanh(self.layers(waypoints.flatten(-2) * _SCALE))
        wrapped = torch.remainder(direction + correction + math.pi, 2.0 * math.pi) - math.pi
        return hold_heading(wrapped, chords, interval)


def hold_heading(headings: Tensor, chords: Tensor, interval: float) -> Tensor:
    """Headings (..., N), each replaced by the last one driven at SLOW or faster; before any, by the ego's (0).

    Args:
        headings: (..., N) [rad].
        chords: (..., N, 2) moves before each waypoint [m].
        interval: Time of a move [s].

    """
    moving = torch.linalg.vector_norm(chords, dim=-1) >= SLOW * interval
    order = torch.arange(1, headings.shape[-1] + 1, device=headings.device)
    last_moving = torch.where(moving, order, 0).cummax(dim=-1).values  # 0 = none yet
    from_ego = torch.cat([torch.zeros_like(headings[..., :1]), headings], dim=-1)
    return from_ego.gather(-1, last_moving)
