from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from test.evaluation.report.made_up import closed_loop
from wam_ros.evaluation.report import figures
from wam_ros.evaluation.report.axis import Axis, LogAxis, round_up
from wam_ros.evaluation.report.dot_plot import Dot, DotRow, dot_plot
from wam_ros.evaluation.report.histogram import count_histogram, time_histogram
from wam_ros.evaluation.report.markup import Markup, tag
from wam_ros.evaluation.report.reported_result import Lane, ReportedResult, read_results
from wam_ros.evaluation.report.route_map import MapView, lane_shapes, route_map
from wam_ros.evaluation.report.speed_scale import STEPS, SpeedScale
from wam_ros.evaluation.report.worst_section import worst_moments
from wam_ros.evaluation.result import RouteEvent, RouteResult


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> ReportedResult:
    return read_results([closed_loop(tmp_path_factory.mktemp("results") / "a.json", skill=0.2, routes=12)])[0]


def drive(*events: RouteEvent) -> RouteResult:
    path = [[0.0, 0.0, 0.0, 1.0], [1.0, 0.0, 50.0, 9.0]]
    return RouteResult("t/0", "t", 1, 1, "goal", events=events, route=[[0.0, 0.0], [0.0, 60.0]], path=path)


def event(x: float, y: float) -> RouteEvent:
    return RouteEvent("red_light", 1.0, x, y, at_fault=True, actor=None, detail="", value=1.0)


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(None, 1, "\u2013"), (0.0, 1, "0.0"), (-0.01, 1, "0.0"), (-2.5, 1, "\u22122.5"), (12345.6, 0, "12\u202f346")],
)
def test_figures_as_text(value: float | None, digits: int, text: str) -> None:
    assert figures.number(value, digits) == text


@pytest.mark.parametrize(("value", "text"), [(1.0, "+1.0"), (-1.0, "\u22121.0"), (0.0, "0.0"), (None, "\u2013")])
def test_differences_carry_their_sign(value: float | None, text: str) -> None:
    assert figures.signed(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (999, "999"), (1000, "1.0k"), (34_000, "34k"), (999_600, "1.0M"), (5e7, "50M")]
)
def test_counts_stay_short(value: float, text: str) -> None:
    assert figures.short_count(value) == text


def test_text_and_attributes_are_escaped_and_markup_is_not() -> None:
    assert tag("p", "a<b", title='"') == '<p title="&quot;">a&lt;b</p>'
    assert tag("p", Markup("<b>")) == "<p><b></p>"


@pytest.mark.parametrize("extent", [0.003, 0.9, 1.0, 7.0, 42.0, 999.0, 1e6])
def test_axes_end_at_round_values_and_tick_from_end_to_end(extent: float) -> None:
    high = round_up(extent)
    assert extent <= high <= 2.0 * extent
    axis = Axis(0.0, high, 10.0, 110.0)
    assert axis.ticks()[0] == 0.0
    assert axis.ticks()[-1] == pytest.approx(high)
    assert len(axis.ticks()) <= 6
    assert [axis.at(-1.0), axis.at(high / 2.0), axis.at(2.0 * high)] == pytest.approx([10.0, 60.0, 110.0])


def test_the_logarithmic_axis_has_its_decades_evenly() -> None:
    axis = LogAxis(0.1, 100.0, 0.0, 300.0)
    assert [axis.at(tick) for tick in axis.ticks()] == pytest.approx([0.0, 100.0, 200.0, 300.0])


def test_dots_lie_at_their_values_and_equal_ones_apart() -> None:
    plot = dot_plot([DotRow("r", [Dot(0, 50.0, "first"), Dot(0, 50.0, "second")])], 0.0, 100.0, "score", "scores")
    (x1, y1), (x2, y2) = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', plot)
    assert x1 == x2
    assert float(y2) - float(y1) > 8.0


def test_every_time_is_in_a_bar() -> None:
    values = [0.1, 0.5, 3.0, 3.1, 99.0, 100.0]
    plot = time_histogram(values, (0.1, 100.0), {"p50": 3.0}, 0, "times")
    assert sum(map(int, re.findall(r" ms: (\d+)</title>", plot))) == len(values)


def test_many_step_counts_share_bars() -> None:
    counts = {str(steps): steps for steps in range(1, 65)}
    plot = count_histogram(counts, "steps", 0, "steps")
    bars = [int(number) for number in re.findall(r"<title>[^<]*: (\d+)</title>", plot)]
    assert len(bars) <= 24
    assert sum(bars) == sum(counts.values())


def test_speeds_have_colours_from_end_to_end() -> None:
    scale = SpeedScale.of([drive()])
    assert scale.fastest >= 9.0
    assert (scale.step(0.0), scale.step(scale.fastest)) == (0, STEPS - 1)
    assert [scale.step(scale.fastest * share / 10.0) for share in range(11)] == sorted(
        scale.step(scale.fastest * share / 10.0) for share in range(11)
    )


def test_a_map_shows_north_above() -> None:
    route = drive()
    view = MapView.of([route])
    assert view is not None
    picture = route_map(route, view, "lanes0", SpeedScale(9.0), "map")
    (start,) = re.findall(r'cy="([-\d.]+)" r="[\d.]+" class="start"', picture)
    (goal,) = re.findall(r'<rect x="[-\d.]+" y="([-\d.]+)"', picture)
    assert float(goal) < float(start)  # SVG's y points down


def test_infractions_at_one_place_do_not_cover_each_other() -> None:
    route = drive(*(event(0.0, 20.0) for _ in range(12)), event(1.0, 20.0))
    view = MapView.of([route])
    assert view is not None
    picture = route_map(route, view, "lanes0", SpeedScale(9.0), "map")
    discs = [
        (float(x), float(y), float(r))
        for x, y, r in re.findall(r'<circle cx="([-\d.]+)" cy="([-\d.]+)" r="([\d.]+)"/><text', picture)
    ]
    assert len(discs) == 13
    gaps = [math.hypot(a[0] - b[0], a[1] - b[1]) - 2.0 * a[2] for i, a in enumerate(discs) for b in discs[:i]]
    assert min(gaps) > -0.1  # coordinates are rounded


def test_lanes_out_of_sight_are_left_out() -> None:
    view = MapView(0.0, 0.0, 100.0)
    near, far, through = (
        Lane(((0.0, 0.0), (10.0, 0.0)), 3.5),
        Lane(((900.0, 0.0), (990.0, 0.0)), 3.5),
        Lane(((-900.0, 5.0), (900.0, 5.0)), 3.5),
    )
    assert lane_shapes("lanes", [near, far, through], view) == lane_shapes("lanes", [near, through], view)
    assert lane_shapes("lanes", [near], view) != lane_shapes("lanes", [near, through], view)


def test_the_worst_moments_begin_with_our_own_fault(result: ReportedResult) -> None:
    worst = worst_moments([result])
    assert len(worst) == 10
    faults = [one.event is None or one.event.at_fault for one in worst]
    assert faults == sorted(faults, reverse=True)
    everything = [moment for route in result.routes for moment in route.moments]
    pedestrians = sum(moment.kind == "collision_pedestrian" for moment in everything)
    assert pedestrians > 0
    assert worst[0].moment.kind == "collision_pedestrian"


def test_a_page_of_many_results_gives_each_its_key_and_colour(tmp_path: Path) -> None:
    path = closed_loop(tmp_path / "a.json", routes=1, pictures=False)
    results = read_results([path] * 28)
    assert len({result.key for result in results}) == 28
    assert results[26].key == "AA"
