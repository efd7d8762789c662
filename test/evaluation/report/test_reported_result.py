from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from test.evaluation.report.made_up import closed_loop, open_loop
from wam_ros.core.errors import InputError
from wam_ros.evaluation.report import read_results


def broken(path: Path, keys: tuple[str | int, ...], value: Any) -> Path:
    """The file with one value changed; ... takes its key away."""
    content = json.loads(path.read_text())
    inner = content
    for key in keys[:-1]:
        inner = inner[key]
    if value is ...:
        del inner[keys[-1]]
    else:
        inner[keys[-1]] = value
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("keys", "value", "told"),
    [
        (("kind",), "guess", "kind: wanted closed_loop or open_loop, got 'guess'"),
        (("stamp", "planner"), ..., "stamp: has no 'planner'"),
        (("stamp", "privileged"), "yes", "stamp.privileged: wanted true or false, got 'yes'"),
        (("summary", "driving_score"), float("nan"), "summary.driving_score: wanted a finite number"),
        (("routes",), {}, "routes: wanted a list"),
        (("routes", 1, "driven_m"), "far", r"routes\[1\].driven_m: wanted a finite number, got 'far'"),
        (("routes", 1, "outcome"), "lost", r"routes\[1\].outcome: wanted one of goal, .*, got 'lost'"),
        (("routes", 0, "plans"), 2.5, r"routes\[0\].plans: wanted a whole number"),
        (("routes", 0, "events", 0, "kind"), ..., r"routes\[0\].events\[0\]: has no 'kind'"),
        (("routes", 0, "path", 0), [1.0], r"routes\[0\].path\[0\]: wanted at least 4 numbers"),
        (
            ("routes", 0, "moments", 0, "picture"),
            "http://elsewhere/a.jpg",
            r"picture: wanted a JPEG or PNG as a data URL",
        ),
        (("calibration", "overall", "n"), None, "calibration.overall.n: wanted a whole number, got None"),
        (("map", "grid_small", "lanes", 0, "width"), True, r"lanes\[0\].width: wanted a finite number"),
    ],
)
def test_errors_name_file_and_key(tmp_path: Path, keys: tuple[str | int, ...], value: Any, told: str) -> None:
    path = broken(closed_loop(tmp_path / "run.json", skill=0.1, confident=True), keys, value)
    with pytest.raises(InputError, match=rf"run\.json: .*{told}"):
        read_results([path])


@pytest.mark.parametrize("content", ["", "[1]", '{"type": "FeatureCollection"}', '{"format": 99, "summary": {}}'])
def test_foreign_files_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(content)
    with pytest.raises(InputError, match=r"other\.json"):
        read_results([path])


def test_open_loop_errors_name_the_key(tmp_path: Path) -> None:
    path = broken(open_loop(tmp_path / "run.json"), ("summary", "by_horizon", 2, "error_m"), "1 m")
    with pytest.raises(InputError, match=r"summary.by_horizon\[2\].error_m: wanted a finite number"):
        read_results([path])


def test_without_files_there_is_nothing_to_report() -> None:
    with pytest.raises(InputError, match="no result files"):
        read_results([])


def test_only_planners_that_share_a_name_carry_their_file(tmp_path: Path) -> None:
    paths = [
        closed_loop(tmp_path / "a.json"),
        closed_loop(tmp_path / "b.json"),
        closed_loop(tmp_path / "c.json", "expert"),
    ]
    assert [result.name for result in read_results(paths)] == [
        "A route_follower (a)",
        "B route_follower (b)",
        "C expert",
    ]
