"""LoRA experts beside a feed-forward network, with expert-choice routing inside pools of rows.

A pool is the rows of one prompt or of one answer: routing never looks across samples nor from prompt to answer, so a
batch equals a loop of singles and a cached prompt equals an uncached one. Rule and sizes: WAM-Diff paper 3.3, eq. 3,
and its released inference code (capacity), here per pool.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from wam_ros.models.config import ExpertConfig


class LoraMoe(nn.Module):
    """sum_e g_e(x) (alpha / r) B_e A_e x, over the rows that expert e chose; other rows get nothing from it.

    g = softmax over experts of W_g x; expert e takes the C rows of its pool with the largest g_e.
    """

    def __init__(self, width: int, config: ExpertConfig) -> None:
        super().__init__()
        self.config = config
        self.gate = nn.Linear(width, config.count, bias=False)
        self.down = nn.Parameter(torch.empty(config.count, config.rank, width))  # A
        self.up = nn.Parameter(torch.zeros(config.count, width, config.rank))  # B, so that experts start silent
        nn.init.normal_(self.gate.weight, std=width**-0.5)
        nn.init.normal_(self.down, std=width**-0.5)

    def forward(self, rows: Tensor) -> Tensor:
        """(N, T, d) -> (N, T, d) for N pools of T rows."""
        count, rows_per_pool = self.config.count, rows.shape[1]
        capacity = self.config.capacity(rows_per_pool)
        # In float32: two rows that only look equal in a shorter type would be chosen by chance.
        gates = functional.linear(rows.float(), self.gate.weight.float()).softmax(dim=-1)  # (N, T, E)
        weights, chosen = gates.transpose(1, 2).topk(capacity, dim=-1)  # (N, E, C)
        # Choosing and giving back are products with a 0-1 matrix: the same sum in the same order at any batch size.
        dispatch = functional.one_hot(chosen, rows_per_pool).flatten(1, 2).to(rows.dtype)  # (N, E C, T)
        taken = (dispatch @ rows).view(-1, count, capacity, rows.shape[2])  # (N, E, C, d)
        taken = functional.dropout(taken, self.config.dropout, self.training)
        scale = (weights * (self.config.alpha / self.config.rank)).to(rows.dtype)[..., None]
        given = (taken @ self.down.mT) @ self.up.mT * scale  # (N, E, C, d)
        return torch.matmul(dispatch.mT, given.flatten(1, 2))
