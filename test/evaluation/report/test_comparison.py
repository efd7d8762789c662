from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from test.evaluation.report.made_up import closed_loop
from wam_ros.evaluation.report.comparison import Comparison, comparisons
from wam_ros.evaluation.report.reported_result import read_results
from wam_ros.metrics.bootstrap import mean_interval


def rows(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text())["routes"]
    return found


def save(path: Path, routes: list[dict[str, Any]]) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), "routes": routes}))


def compared(first: Path, second: Path) -> Comparison:
    (one,) = comparisons(read_results([first, second]))
    return one


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    return (
        closed_loop(tmp_path / "a.json", skill=0.5, routes=12, pictures=False),
        closed_loop(tmp_path / "b.json", "expert", skill=0.9, routes=12, pictures=False),
    )


def test_the_difference_of_means_is_that_of_the_paired_bootstrap(pair: tuple[Path, Path]) -> None:
    gaps = [b["scores"]["2.0"] - a["scores"]["2.0"] for a, b in zip(*map(rows, pair))]
    found = compared(*pair).differences["driving score"]
    assert found.value == pytest.approx(sum(gaps) / len(gaps))
    wanted = mean_interval(gaps)
    assert wanted is not None
    assert found.ends == pytest.approx(wanted, rel=0.05)


def test_swapped_results_differ_by_the_sign(pair: tuple[Path, Path]) -> None:
    there, back = compared(*pair).differences, compared(*reversed(pair)).differences
    for name, one in there.items():
        other = back[name]
        assert one.sign == -other.sign
        assert one.value is not None
        assert other.value == pytest.approx(-one.value)
        assert one.ends is not None
        assert other.ends == pytest.approx((-one.ends[1], -one.ends[0]))


def test_a_result_does_not_differ_from_itself(pair: tuple[Path, Path]) -> None:
    for one in compared(pair[0], pair[0]).differences.values():
        assert (one.value, one.ends, one.sign) == (0.0, (0.0, 0.0), 0)


def test_routes_are_matched_by_id_and_seed_in_any_order(pair: tuple[Path, Path]) -> None:
    whole = compared(*pair)
    shuffled = rows(pair[1])[::-1]
    save(pair[1], shuffled)
    again = compared(*pair)
    assert (again.routes, again.differences) == (whole.routes, whole.differences)
    shuffled[0]["traffic_seed"] += 1
    save(pair[1], shuffled[:-2])
    assert compared(*pair).routes == whole.routes - 3


def test_rates_are_over_all_kilometres_together(pair: tuple[Path, Path]) -> None:
    def rate(path: Path) -> float:
        events = sum(event["kind"] == "red_light" for row in rows(path) for event in row["events"])
        return float(1e3 * events / sum(row["driven_m"] for row in rows(path)))

    value = compared(*pair).differences["red lights"].value
    assert value == pytest.approx(rate(pair[1]) - rate(pair[0]))


def test_without_a_kilometre_rates_are_not_known(pair: tuple[Path, Path]) -> None:
    save(pair[0], [{**row, "driven_m": 0.0} for row in rows(pair[0])])
    found = compared(*pair).differences
    assert found["red lights"].value is None
    assert found["driving score"].value is not None


def test_without_shared_routes_there_is_no_comparison(pair: tuple[Path, Path]) -> None:
    save(pair[0], rows(pair[0])[:2])
    save(pair[1], rows(pair[1])[2:])
    assert comparisons(read_results(pair)) == ()


def test_one_shared_route_has_no_interval(pair: tuple[Path, Path]) -> None:
    save(pair[0], rows(pair[0])[:1])
    one = compared(*pair)
    assert one.routes == 1
    assert one.differences["driving score"].ends is None


def test_many_results_are_compared_with_the_first_only(pair: tuple[Path, Path]) -> None:
    found = comparisons(read_results([pair[0]] + [pair[1]] * 4))
    assert [(one.first.key, one.second.key) for one in found] == [("A", key) for key in "BCDE"]
