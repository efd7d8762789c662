"""wam_diff with an engine that could not run as asked; no compiler has to be missing for it."""

from __future__ import annotations

from wam_ros.engines import EagerEngine
from wam_ros.planning.wam_diff import WamDiffPlanner, load_wam_diff

REASON = "inductor runs as eager: no C++ compiler"


class _FallenBack(EagerEngine):
    @property
    def fallbacks(self) -> tuple[str, ...]:
        return (REASON,)


def fallen_back_planner() -> WamDiffPlanner:
    planner = load_wam_diff("random:tiny")
    planner._engine = _FallenBack(planner.engine.network)
    return planner
