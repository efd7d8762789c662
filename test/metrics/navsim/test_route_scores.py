from __future__ import annotations

import numpy as np
import pytest

from test.metrics.navsim.scenes import AREAS, ROAD, SPEED, path, rectangle, scene
from wam_ros.metrics.navsim import EpdmScores, MapArea, NavsimScorer, PdmScores, Scenario, StartState
from wam_ros.metrics.navsim.boxes import Boxes
from wam_ros.metrics.navsim.road_map import RoadMap
from wam_ros.metrics.navsim.route_scores import ego_progress

ROUTE = frozenset({"10", "11"})


def both(scenario: Scenario) -> tuple[PdmScores, EpdmScores]:
    scorer = NavsimScorer(scenario)
    rollout = scorer.rollout()
    return scorer.pdms(rollout), scorer.epdms(rollout)


def areas_of_box(x: float, y: float, areas: tuple[MapArea, ...]) -> tuple[bool, bool, bool]:
    """Multiple lanes, non-drivable and oncoming of a box of 4 m x 2 m along x."""
    box = Boxes.at(np.array([[[x, y]]]), np.zeros((1, 1)), 2.0, 1.0)
    found = RoadMap(areas, ROUTE).areas(box.corners(), box.center, box.center - [1.0, 0.0])
    return bool(found.multiple_lanes[0, 0]), bool(found.non_drivable[0, 0]), bool(found.oncoming[0, 0])


def test_areas_of_a_box() -> None:
    assert areas_of_box(0.0, 0.0, AREAS) == (False, False, False)
    assert areas_of_box(0.0, -1.5, AREAS) == (True, False, False)
    assert areas_of_box(0.0, 3.5, AREAS) == (False, False, True)
    assert areas_of_box(0.0, -5.0, AREAS) == (False, True, False)


def test_a_boundary_is_outside() -> None:
    assert areas_of_box(0.0, -4.25, AREAS) == (False, True, False)  # right corners lie on the edge of the road
    assert areas_of_box(0.0, -4.24, AREAS) == (False, False, False)
    assert areas_of_box(0.0, 1.75, AREAS)[2]  # centre on the edge of its lane


def test_a_lane_that_holds_all_corners_is_a_single_lane() -> None:
    wide = (*AREAS, rectangle("12", "LANE_CONNECTOR", ROAD, (-4.0, 4.0)))
    assert areas_of_box(0.0, -1.5, wide) == (False, False, False)


def test_corners_may_be_in_different_drivable_areas_but_lanes_alone_do_not_count() -> None:
    halves = (
        rectangle("1", "ROADBLOCK", (-9.0, 0.5), (-3.0, 3.0)),
        rectangle("2", "CARPARK_AREA", (0.4, 9.0), (-3.0, 3.0)),
    )
    assert not areas_of_box(0.0, 0.0, halves)[1]
    assert areas_of_box(0.0, 0.0, (rectangle("10", "LANE", ROAD, (-3.0, 3.0)),))[1]
    for layer in ("INTERSECTION", "DRIVABLE_AREA"):
        assert not areas_of_box(0.0, 0.0, (rectangle("3", layer, ROAD, (-3.0, 3.0)),))[1]


def test_leaving_the_road_once_costs_dac() -> None:
    v1, v2 = both(scene(path(), path(side=-6.0)))
    assert v1.sub_scores.drivable_area_compliance.tolist() == v2.raw.drivable_area_compliance.tolist() == [1.0, 0.0]
    assert v1.internals.steps_nondrivable[0] == 0 < v1.internals.steps_nondrivable[1]


def oncoming_lane(speed: float, *areas: MapArea) -> tuple[float, float]:
    start = StartState(0.0, 3.5, 0.0, speed)
    v1, v2 = both(scene(path(speed), ego=start, areas=(*AREAS, *areas)))
    return float(v1.sub_scores.driving_direction_compliance[0]), float(v2.raw.driving_direction_compliance[0])


@pytest.mark.parametrize(("speed", "score"), [(1.8, 1.0), (1.83, 0.5), (5.4, 0.5), (5.5, 0.0)])
def test_metres_off_the_route_within_eleven_steps(speed: float, score: float) -> None:
    # Eleven steps of 0.1 s: limits of 2 m and 6 m are met at 1.818 and 5.454 m/s.
    assert oncoming_lane(speed) == (score, score)


def test_only_v2_forgives_metres_in_intersections() -> None:
    assert oncoming_lane(SPEED, rectangle("30", "INTERSECTION", ROAD, (-9.0, 9.0))) == (0.0, 1.0)


def lane_keeping(scenario: Scenario) -> list[float]:
    scores: list[float] = both(scenario)[1].raw.lane_keeping.tolist()
    return scores


def beside_the_line(metres: float, x_from: float = -60.0, x_to: float = 250.0, *areas: MapArea) -> list[float]:
    """LK of driving straight on where the centreline is `metres` aside between two places."""
    line = np.array([[-60.0, 0.0], [x_from, 0.0], [x_from, metres], [x_to, metres], [x_to, 0.0], [250.0, 0.0]])
    return lane_keeping(scene(centerline=line, areas=(*AREAS, *areas)))


def test_half_a_metre_off_the_centreline_for_two_seconds() -> None:
    assert beside_the_line(0.4) == [1.0]
    assert beside_the_line(0.6) == [0.0]
    # The centre starts at 1.461 m; the corners of this line are 0.6 m near for a little longer than it is aside.
    assert beside_the_line(3.0, 5.0, 20.0) == [1.0]
    assert beside_the_line(3.0, 5.0, 25.0) == [0.0]


def test_steps_in_an_intersection_neither_count_nor_end_a_run() -> None:
    everywhere = rectangle("30", "INTERSECTION", ROAD, (-9.0, 9.0))
    assert beside_the_line(3.0, -60.0, 250.0, everywhere) == [1.0]
    # 41 states of 0.8 m: 12 before the junction, 18 in it, 11 after; 12 + 11 make a run of more than 20.
    middle = rectangle("30", "INTERSECTION", (11.0, 25.4), (-9.0, 9.0))
    assert beside_the_line(3.0, -60.0, 250.0, middle) == [0.0]
    # Where the line is reached inside the junction the steps are still skipped.
    most = rectangle("30", "INTERSECTION", (11.0, 31.0), (-9.0, 9.0))
    assert beside_the_line(3.0, -60.0, 250.0, most) == [1.0]


def test_progress_is_that_of_the_centre_along_the_centreline() -> None:
    # The line goes up at a right angle after 20 m.
    bent = scene(path(), centerline=np.array([[-50.0, 0.0], [20.0, 0.0], [20.0, 90.0]]))
    assert both(bent)[0].internals.progress_raw_m[0] == pytest.approx(20.0 - 1.461)
    straight = scene(path(), path(6.0), path(side=3.0))
    raw = both(straight)[0].internals.progress_raw_m
    centers = NavsimScorer(straight).rollout().boxes.center
    np.testing.assert_allclose(raw, centers[:, -1, 0] - centers[:, 0, 0], atol=1e-9)
    assert raw[0] == pytest.approx(32.0)
    backwards = scene(path(-2.0), ego=StartState(0.0, 0.0, 0.0, -2.0))
    assert both(backwards)[0].internals.progress_raw_m[0] == 0.0


def test_progress_is_normalised_with_the_reference_alone() -> None:
    raw, product = np.array([20.0, 40.0, 20.0, 10.0]), np.array([1.0, 1.0, 0.0, 0.5])
    np.testing.assert_allclose(ego_progress(raw, product, 32.0, 1.0, "v1"), [0.625, 1.0, 0.0, 5.0 / 32.0])
    np.testing.assert_allclose(ego_progress(raw, product, 32.0, 1.0, "v2"), [0.625, 1.0, 0.625, 0.3125])
    # A reference that broke a rule is no yardstick; a half product makes the own one smaller than the progress.
    np.testing.assert_allclose(ego_progress(raw, product, 32.0, 0.0, "v1"), [1.0, 1.0, 0.0, 1.0])
    np.testing.assert_allclose(ego_progress(raw, product, 32.0, 0.0, "v2"), [1.0, 1.0, 1.0, 1.0])


def test_up_to_five_metres_everybody_has_full_progress() -> None:
    raw, product = np.array([5.0, 5.0, 5.01, 0.0]), np.array([1.0, 0.0, 1.0, 1.0])
    np.testing.assert_allclose(ego_progress(raw, product, 1.0, 1.0, "v1"), [1.0, 0.0, 1.0, 1.0])
    np.testing.assert_allclose(ego_progress(raw, product, 5.0, 1.0, "v2"), [1.0, 1.0, 1.0, 1.0])
    np.testing.assert_allclose(ego_progress(np.array([0.0]), np.ones(1), 5.1, 1.0, "v2"), [0.0])
