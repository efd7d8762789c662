"""Two results over the routes that both drove: differences with intervals. Knows no page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from wam_ros.evaluation.report.reported_result import ReportedResult
from wam_ros.evaluation.result import RouteResult

_RESAMPLES = 10_000
_CHUNK = 1_000  # resamples drawn at once, to bound the memory
_TAIL = 0.025
_ALL_PAIRS = 4  # results; of more, each is compared with the first only


@dataclass(frozen=True)
class Figure:
    """What is compared: sum(amount) / sum(per) over routes.

    Fields:
        name, unit, digits: For people.
        amount, per: Of a route.
        more_is_better: Direction.

    """

    name: str
    unit: str
    digits: int
    amount: Callable[[RouteResult], float]
    per: Callable[[RouteResult], float]
    more_is_better: bool


@dataclass(frozen=True)
class Difference:
    """Second less first.

    Fields:
        value: None where one has nothing to tell (no kilometre driven).
        ends: 95 % interval of the bootstrap over routes; None for fewer than two routes.

    """

    value: float | None
    ends: tuple[float, float] | None

    @property
    def sign(self) -> int:
        """1 or -1 where the whole interval lies on one side of 0, else 0: no difference is shown."""
        if self.ends is None:
            return 0
        return int(self.ends[0] > 0.0) - int(self.ends[1] < 0.0)


@dataclass(frozen=True)
class Comparison:
    """Two results, how many routes both drove, and the differences by name of figure."""

    first: ReportedResult
    second: ReportedResult
    routes: int
    differences: dict[str, Difference]


def collisions_at_fault(route: RouteResult) -> int:
    """How many."""
    return sum(event.at_fault and event.kind.startswith("collision") for event in route.events)


def _events(kind: str) -> Callable[[RouteResult], float]:
    return lambda route: float(sum(event.kind == kind for event in route.events))


def _one(_route: RouteResult) -> float:
    return 1.0


def _km(route: RouteResult) -> float:
    return route.driven_m / 1e3


FIGURES = (
    Figure("driving score", "0\u2013100", 1, lambda route: route.scores["2.0"], _one, more_is_better=True),
    Figure("route completion", "%", 1, lambda route: route.route_completion, _one, more_is_better=True),
    Figure("success", "%", 0, lambda route: 100.0 * route.success, _one, more_is_better=True),
    Figure(
        "collisions at fault", "per km", 2, lambda route: float(collisions_at_fault(route)), _km, more_is_better=False
    ),
    Figure("red lights", "per km", 2, _events("red_light"), _km, more_is_better=False),
    Figure("stopped at green", "per km", 2, _events("stopped_at_green"), _km, more_is_better=False),
)


def comparisons(results: Sequence[ReportedResult]) -> tuple[Comparison, ...]:
    """Of all pairs that share a route; of more than four results, of each with the first."""
    pairs = combinations([result for result in results if result.closed_loop], 2)
    chosen = [pair for pair in pairs if len(results) <= _ALL_PAIRS or pair[0].index == results[0].index]
    return tuple(one for first, second in chosen if (one := _compare(first, second)).routes)


def shared_routes(first: ReportedResult, second: ReportedResult) -> list[tuple[RouteResult, RouteResult]]:
    """The routes of one id and the same seeds in both, in the order of the first."""
    others = {_task(route): route for route in second.routes}
    return [(route, others[_task(route)]) for route in first.routes if _task(route) in others]


def _task(route: RouteResult) -> tuple[str, int, int]:
    return route.id, route.traffic_seed, route.route_seed


def _compare(first: ReportedResult, second: ReportedResult) -> Comparison:
    shared = shared_routes(first, second)
    differences = {figure.name: _difference(figure, shared) for figure in FIGURES} if shared else {}
    return Comparison(first, second, len(shared), differences)


def _difference(figure: Figure, shared: Sequence[tuple[RouteResult, RouteResult]]) -> Difference:
    """The paired bootstrap: routes are drawn again, each with what both did on it."""
    # Columns: amount and per of the first, amount and per of the second.
    rows = [[part(route) for route in pair for part in (figure.amount, figure.per)] for pair in shared]
    values = np.array(rows, dtype=np.float64)
    point = _differences(values.sum(axis=0)[None])
    if len(point) == 0:
        return Difference(None, None)
    if len(shared) < 2:
        return Difference(float(point[0]), None)
    rng = np.random.default_rng(0)
    draws = (
        values[rng.integers(len(values), size=(_CHUNK, len(values)))].sum(axis=1) for _ in range(_RESAMPLES // _CHUNK)
    )
    low, high = np.quantile(np.concatenate([_differences(sums) for sums in draws]), [_TAIL, 1.0 - _TAIL])
    return Difference(float(point[0]), (float(low), float(high)))


def _differences(
    sums: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Of sums (N, 4); those without a kilometre are left out."""
    known = sums[(sums[:, 1] > 0.0) & (sums[:, 3] > 0.0)]
    return known[:, 2] / known[:, 3] - known[:, 0] / known[:, 1]
