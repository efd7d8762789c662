from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wam_ros.core.errors import InputError
from wam_ros.evaluation.calibration import OutcomeSamples, calibration_figures
from wam_ros.evaluation.calibration_comparison import comparison_table
from wam_ros.evaluation.calibration_pool import DrivenRoutes, read_driven
from wam_ros.evaluation.result import RouteEvent, RouteResult, Row, write_result


def driven(seed: int, confidence: Any = (), *events: tuple[str, float, bool]) -> Row:
    happened = tuple(RouteEvent(kind, time, 0.0, 0.0, fault, None, "", 0.0) for kind, time, fault in events)
    return RouteResult("x", "town", seed, seed, "goal", events=happened, confidence=confidence).as_row()


def write(path: Path, rows: list[Row], kind: Any = "closed_loop", **stamp: Any) -> Path:
    told = {"planner": "wam_diff", "weights_hash": "w", "identity": path.name, **stamp}
    write_result(path, kind, stamp=told, summary={}, routes=rows)
    return path


def test_a_road_is_one_whoever_drove_it() -> None:
    rows = (driven(5, [(0.0, 0.9, 0)]), driven(2, [(0.0, 0.5, 0), (0.1, 0.4, 1)]), driven(5, [(0.0, 0.2, 1)]))
    outcomes = DrivenRoutes(rows).outcomes()
    assert outcomes is not None
    assert outcomes.drives.tolist() == [1, 0, 0, 1]
    assert outcomes.believed.tolist() == [0.9, 0.5, 0.4, 0.2]
    assert outcomes.infraction.tolist() == [False, False, True, True]
    assert DrivenRoutes((driven(1), driven(2))).outcomes() is None


def test_an_event_counts_once_and_only_if_a_plan_could_have_warned() -> None:
    warned = [(1.0, 0.5, 1), (2.0, 0.5, 1), (9.0, 0.5, 0), (19.0, 0.6, 0)]
    row = driven(
        0,
        warned,
        ("red_light", 3.0, True),
        ("collision_vehicle", 4.0, False),  # theirs
        ("stopped_at_green", 5.0, True),  # nothing that confidence speaks of
        ("blocked", 5.2, True),  # likewise
        ("off_lane", 5.5, True),
        ("off_lane", 30.0, True),  # no plan was made before it
    )
    assert DrivenRoutes((row, driven(1))).events() == 2


def test_features_are_those_of_the_plans_and_old_results_are_refused() -> None:
    rows = (driven(5, [(0.0, 0.9, 0)]), driven(2, [(0.0, 0.5, 0), (0.1, 0.4, 1)]), driven(3))
    for number, row in enumerate(rows):
        row["features"] = [[number + 0.1 * k] * 6 for k in range(len(row["confidence"]))]
    routes = DrivenRoutes(rows)
    assert routes.features()[:, 0].tolist() == [0.0, 1.0, 1.1]
    assert routes.plans() == 3
    del rows[1]["features"]
    with pytest.raises(InputError, match="2 plans with confidence, features of 0: evaluate again"):
        routes.features()


def test_plans_of_a_road_are_in_one_part_whoever_made_them() -> None:
    rows = tuple(driven(number % 9, [(0.0, 0.5, 0)] * (1 + number % 2)) for number in range(27))
    routes = DrivenRoutes(rows)
    folds = routes.plan_folds(4)
    outcomes = routes.outcomes()
    assert outcomes is not None
    assert len(folds) == routes.plans() == len(outcomes.drives)
    by_road = [set(folds[outcomes.drives == road].tolist()) for road in range(9)]
    assert [len(parts) for parts in by_road] == [1] * 9
    assert sorted(np.bincount([part for parts in by_road for part in parts]).tolist()) == [2, 2, 2, 3]
    assert routes.plan_folds(4).tolist() == folds.tolist()
    assert routes.plan_folds(4, seed=1).tolist() != folds.tolist()
    with pytest.raises(InputError, match="1 routes, wanted at least 2"):
        DrivenRoutes(rows[:1] + rows[9:10]).plan_folds(4)


def test_results_are_read_with_what_they_say_of_their_planner(tmp_path: Path) -> None:
    rows = [driven(1, [(0.0, 0.5, 0)])]
    one, two = read_driven([write(tmp_path / "a", rows), write(tmp_path / "b", rows, calibration="maps")])
    assert (one.planner, one.weights_hash, one.calibration, two.calibration) == ("wam_diff", "w", None, "maps")
    assert DrivenRoutes.together([one.routes, two.routes]).rows == (*one.routes.rows, *two.routes.rows)


def test_results_that_cannot_be_pooled(tmp_path: Path) -> None:
    closed = write(tmp_path / "closed", [])
    with pytest.raises(InputError, match="the same evaluation as"):
        read_driven([closed, closed])
    with pytest.raises(InputError, match="kind open_loop"):
        read_driven([write(tmp_path / "open", [], "open_loop")])
    broken = json.loads(closed.read_text())
    del broken["stamp"]["weights_hash"]
    (tmp_path / "broken").write_text(json.dumps(broken))
    with pytest.raises(InputError, match="weights_hash"):
        read_driven([tmp_path / "broken"])


def test_before_and_after_stand_side_by_side() -> None:
    bad, drives = np.array([True, True, False, False]), np.array([0, 0, 1, 1])
    before, after = (calibration_figures(None, OutcomeSamples(np.full(4, sure), bad, drives)) for sure in (0.9, 0.5))
    assert before is not None
    assert after is not None
    lines = comparison_table(before, after).splitlines()
    assert len(lines) == 2, "there are no waypoints to tell of"
    assert lines[1].split()[:8] == ["no", "infraction", "in", "4", "s", "4", "0.400", "0.000"]
