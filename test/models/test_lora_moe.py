from __future__ import annotations

import pytest
import torch

from test.models import dense_reference
from wam_ros.models.config import ExpertConfig
from wam_ros.models.lora_moe import LoraMoe


def make(config: ExpertConfig, width: int = 16) -> LoraMoe:
    torch.manual_seed(3)
    moe = LoraMoe(width, config).eval()
    torch.nn.init.normal_(moe.up)
    return moe


@pytest.mark.parametrize("rows", [1, 5, 40, 200])
@pytest.mark.parametrize(
    "config", [ExpertConfig(4, 3, 6.0, 0.5), ExpertConfig(8, 2, 2.0, 0.1), ExpertConfig(2, 2, 2.0, 2.0)]
)
def test_experts_give_what_a_plain_loop_gives(config: ExpertConfig, rows: int) -> None:
    moe = make(config)
    pools = torch.randn(3, rows, 16)
    with torch.no_grad():
        found = moe(pools)
        wanted = torch.stack([dense_reference.experts(moe, pool.double()) for pool in pools])
    torch.testing.assert_close(found.double(), wanted, atol=1e-4, rtol=0.0)
    assert wanted.abs().max() > 0.1


def test_capacity_is_counted_per_pool() -> None:
    config = ExpertConfig(count=4, rank=2, capacity_factor=0.5)
    assert [config.capacity(rows) for rows in (1, 8, 16, 40, 400)] == [1, 1, 2, 5, 50]
    moe = make(config)
    with torch.no_grad():
        touched = (moe(torch.randn(6, 40, 16)).abs().sum(-1) > 0.0).sum(-1)
    # Four experts of five rows each, which may choose the same rows.
    assert (touched <= 20).all()
    assert (touched >= 5).all()


def test_a_pool_does_not_know_its_neighbours() -> None:
    moe = make(ExpertConfig(4, 3, 6.0, 0.5))
    pools = torch.randn(4, 32, 16)
    with torch.no_grad():
        assert torch.allclose(moe(pools), torch.cat([moe(pool[None]) for pool in pools]), atol=1e-6)


def test_new_experts_are_silent_and_all_can_learn() -> None:
    moe = LoraMoe(16, ExpertConfig(4, 3, dropout=0.0))
    rows = torch.randn(1, 32, 16)
    out = moe(rows)
    assert not out.any()
    out.pow(2).sum().backward()
    (moe(rows) - 1.0).pow(2).sum().backward()
    assert moe.up.grad is not None
    assert (moe.up.grad.abs().sum((1, 2)) > 0.0).all()
