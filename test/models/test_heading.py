from __future__ import annotations

import math

import torch

from wam_ros.models.heading import HeadingHead, hold_heading


def test_untrained_headings_are_the_directions_of_the_chords() -> None:
    angles = torch.linspace(-3.0, 3.0, 8)
    chords = 2.0 * torch.stack([angles.cos(), angles.sin()], dim=-1)
    with torch.no_grad():
        headings = HeadingHead(16)(chords.cumsum(0)[None])
    torch.testing.assert_close(headings[0], angles, atol=1e-5, rtol=0.0)


def test_the_last_heading_is_held_where_the_vehicle_hardly_moves() -> None:
    headings = torch.tensor([[0.1, 0.2, 0.3, 0.4, 0.5]])
    moves = torch.tensor([[0.149, 0.151, 0.0, 0.1, 3.0]])  # 0.3 m/s over 0.5 s is 0.15 m
    chords = torch.stack([moves * 0.6, moves * 0.8], dim=-1)
    torch.testing.assert_close(hold_heading(headings, chords, 0.5), torch.tensor([[0.0, 0.2, 0.2, 0.2, 0.5]]))


def test_standing_still_keeps_the_own_heading_whatever_was_learned() -> None:
    torch.manual_seed(0)
    head = HeadingHead(16)
    torch.nn.init.normal_(head.layers[-1].weight)  # type: ignore[arg-type]
    with torch.no_grad():
        assert not head(torch.full((2, 8, 2), 0.05)).any()
        turned = head(torch.randn(50, 8, 2) * 20.0)
    assert turned.min() >= -math.pi
    assert turned.max() < math.pi + 1e-6


def test_the_correction_learns_half_a_turn() -> None:
    torch.manual_seed(0)
    head = HeadingHead(32)
    turn = torch.linspace(-0.1, 0.1, 64)[:, None] * torch.arange(1, 9)  # heading at each waypoint
    middle = turn - turn[:, :1] / 2.0
    waypoints = (4.0 * torch.stack([middle.cos(), middle.sin()], dim=-1)).cumsum(1)
    optimiser = torch.optim.Adam(head.parameters(), lr=3e-3)
    before = float((head(waypoints) - turn).detach().abs().mean())
    for _ in range(60):
        optimiser.zero_grad()
        (head(waypoints) - turn).pow(2).mean().backward()
        optimiser.step()
    assert float((head(waypoints) - turn).detach().abs().mean()) < 0.5 * before
