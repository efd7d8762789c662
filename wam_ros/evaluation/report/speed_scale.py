"""The colours of speed on maps: six steps from standing to the fastest that was driven."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from wam_ros.evaluation.report.axis import label, round_up
from wam_ros.evaluation.report.markup import Markup, tag
from wam_ros.evaluation.result import RouteResult

STEPS = 6


@dataclass(frozen=True)
class SpeedScale:
    """From 0 to `fastest` [m/s]."""

    fastest: float

    @classmethod
    def of(cls, routes: Iterable[RouteResult]) -> SpeedScale:
        """That shows every speed of the routes."""
        return cls(round_up(max((point[3] for route in routes for point in route.path), default=0.0), STEPS))

    def step(self, speed: float) -> int:
        """The number of the colour of a speed [m/s]."""
        return min(max(int(speed / self.fastest * STEPS), 0), STEPS - 1)

    def legend(self) -> Markup:
        """The colours with their speeds."""
        ends = [label(round(self.fastest * number / STEPS, 1)) for number in range(STEPS + 1)]
        pieces = (
            tag("li", tag("i", class_=f"v{number}"), f"{ends[number]}\u2013{ends[number + 1]}")
            for number in range(STEPS)
        )
        return tag("ul", *pieces, tag("li", "m/s"), class_="speeds")
