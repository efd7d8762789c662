from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from test.evaluation.report.made_up import closed_loop, open_loop
from test.evaluation.report.pages import PageReader
from wam_ros.evaluation.report import page, read_results
from wam_ros.evaluation.report.timing_section import common_reasons


def change(path: Path, **top: Any) -> Path:
    path.write_text(json.dumps({**json.loads(path.read_text()), **top}))
    return path


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    folder = tmp_path_factory.mktemp("results")
    return (
        closed_loop(folder / "slow.json", "route_follower", skill=0.5),
        closed_loop(folder / "expert.json", "expert", skill=0.97),
        closed_loop(folder / "model.json", "wam_diff", skill=0.7, confident=True),
    )


@pytest.fixture(scope="module")
def text(three: tuple[Path, ...]) -> str:
    return page(read_results(three))


def test_the_page_needs_nothing_from_elsewhere(text: str) -> None:
    found = PageReader(text)
    assert not {"script", "link", "iframe", "object"} & set(found.tags)
    links = [value for _, name, value in found.attributes if name in {"src", "href", "xlink:href", "srcset"}]
    assert links
    assert all(value.startswith(("#", "data:image/")) for value in links)
    assert "url(" not in text
    assert "@import" not in text
    assert "http" not in text.replace("http-equiv", "")


def test_links_and_lane_shapes_lead_somewhere_and_names_are_unique(text: str) -> None:
    attributes = PageReader(text).attributes
    names = [value for _, name, value in attributes if name == "id"]
    assert len(set(names)) == len(names)
    assert {value[1:] for _, name, value in attributes if name == "href"} <= set(names)


def test_the_same_results_make_the_same_page(three: tuple[Path, ...], text: str) -> None:
    assert page(read_results(three)) == text


def test_the_first_table_holds_the_summaries(three: tuple[Path, ...], text: str) -> None:
    summaries = [json.loads(path.read_text())["summary"] for path in three]
    found = PageReader(text)
    assert found.column("result") == ["A route_follower", "B expert privileged", "C wam_diff"]
    scores = found.column("driving score 0\u2013100 (2.0)")
    assert [float(cell.split()[0]) for cell in scores] == [round(one["driving_score"], 1) for one in summaries]
    assert all("[" in cell for cell in scores)
    assert [float(cell) for cell in found.column("driven km")] == [round(one["km"], 2) for one in summaries]
    successes = [cell.split()[0] for cell in found.column("success %")]
    assert successes == [f"{100 * one['success_rate']:.0f}" for one in summaries]


def test_all_text_is_escaped(text: str) -> None:
    assert "PlannerError: &lt;b&gt;no&lt;/b&gt; plan &amp; no reason" in text
    assert "PlannerError: <b>no</b> plan & no reason" in PageReader(text).text


def test_script_in_a_name_is_text(tmp_path: Path) -> None:
    path = closed_loop(tmp_path / "a.json", "<script>alert(1)</script>", routes=1)
    assert "script" not in PageReader(page(read_results([path]))).tags


def test_what_is_missing_is_a_dash_and_no_zero(tmp_path: Path) -> None:
    path = closed_loop(tmp_path / "a.json", routes=4)
    content = json.loads(path.read_text())
    summary = content["summary"] | {"collisions_per_km": None, "km": 0.0, "plan_ms": None, "ci95": {}}
    del summary["red_lights_per_km"]
    found = PageReader(page(read_results([change(path, summary=summary)])))
    assert found.column("collisions at fault/km") == ["\u2013"]
    assert found.column("red lights 1/km") == ["\u2013"]
    assert found.column("plan time ms, p50 / p99") == ["\u2013"]
    assert found.column("driven km") == ["0.00"]


def test_results_of_different_tasks_are_told_apart(tmp_path: Path) -> None:
    first, second = closed_loop(tmp_path / "a.json", seed=1), closed_loop(tmp_path / "b.json", seed=2)
    words = PageReader(page(read_results([first, second]))).text
    assert "differ in seed (A: 1; B: 2)" in words
    assert "A route_follower (a)" in words
    assert "B route_follower (b)" in words
    alike = PageReader(page(read_results([first, first]))).text
    assert "results differ in" not in alike


def test_each_driven_route_has_a_map_for_each_result(three: tuple[Path, ...], text: str) -> None:
    rows = [row for path in three for row in json.loads(path.read_text())["routes"]]
    assert text.count('href="#lanes') == sum(bool(row["path"]) for row in rows)
    numbered = sum(len(row["events"]) for row in rows)
    assert numbered > 0
    assert text.count('<g class="event') == numbered


def test_a_result_in_which_every_route_crashed_makes_a_page(tmp_path: Path) -> None:
    path = closed_loop(tmp_path / "a.json", routes=1)
    row = json.loads(path.read_text())["routes"][0]
    empty = {"outcome": "crashed", "error": "no world", "driven_m": 0.0, "plans": 0, "late_plans": 0, "plan_ms": None}
    lists: dict[str, list[Any]] = {
        name: [] for name in ("events", "plan_times_ms", "route", "path", "moments", "confidence")
    }
    counts: dict[str, Any] = {name: {} for name in ("statuses", "reasons", "steps")}
    words = PageReader(page(read_results([change(path, routes=[{**row, **empty, **lists, **counts}])]))).text
    assert "no world" in words
    assert "Nothing was driven" in words


def test_calibration_is_shown_with_counts_and_intervals(three: tuple[Path, ...], text: str) -> None:
    record = json.loads(three[2].read_text())["calibration"]
    found = PageReader(text)
    assert found.column("AUSE against ADE")[0].startswith(f"{record['ause']:.3f} [")
    assert found.column("infractions in 4 s") == [str(record["overall"]["infractions"])]
    assert "Without confidences: A route_follower, B expert." in found.text


def test_open_loop_results_are_in_the_same_page(tmp_path: Path, three: tuple[Path, ...]) -> None:
    path = open_loop(tmp_path / "replayed.json")
    found = PageReader(page(read_results([three[0], path])))
    assert "Open loop" in found.text
    assert "Driven routes" in found.text
    assert found.column("FDE m") == ["1.60"]
    assert found.column("4 s m / rad") == ["1.60 / 0.080"]
    assert found.column("why no NAVSIM scores") == ["\u2013", "the bag holds no objects"]
    alone = PageReader(page(read_results([path]))).text
    assert "Driven routes" not in alone


def test_few_routes_are_told(tmp_path: Path) -> None:
    few, enough = (closed_loop(tmp_path / f"{n}.json", routes=n, pictures=False) for n in (9, 10))
    assert "A has only 9" in PageReader(page(read_results([few]))).text
    assert "has only" not in PageReader(page(read_results([enough]))).text


def test_reasons_that_differ_in_numbers_only_are_one() -> None:
    reasons = {"late by 12.5 ms": 2, "late by 80 ms": 3, "4 of 8 steps": 4}
    assert common_reasons(reasons) == [("late by # ms", 5), ("4 of 8 steps", 4)]
