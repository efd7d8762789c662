"""How a planner's network is run, for people: by which backend, and why it is not the one that was asked for."""

from __future__ import annotations

from dataclasses import dataclass

from wam_ros.core.protocols import Planner


@dataclass(frozen=True)
class EngineState:
    """Of one planner, now.

    Fields:
        backend: That runs its network; empty where none does.
        fallbacks: Why something does not run as asked; empty if all does. More may come while it plans.

    """

    backend: str = ""
    fallbacks: tuple[str, ...] = ()

    @classmethod
    def of(cls, planner: Planner) -> EngineState:
        """Read from the planner's `engine`, which networks have and others lack."""
        engine = getattr(planner, "engine", None)
        return cls() if engine is None else cls(engine.backend, engine.fallbacks)
