from __future__ import annotations

import math

import numpy as np
import pytest

from test.metrics.navsim.scenes import AREAS, ROAD, SPEED, agent, path, rectangle, scene
from wam_ros.metrics.navsim import (
    EpdmScores,
    MapArea,
    NavsimScorer,
    PdmScores,
    Scenario,
    SignalledConnector,
    StartState,
)


def both(scenario: Scenario) -> tuple[PdmScores, EpdmScores]:
    scorer = NavsimScorer(scenario)
    rollout = scorer.rollout()
    return scorer.pdms(rollout), scorer.epdms(rollout)


def nc(scenario: Scenario) -> tuple[float, float]:
    v1, v2 = both(scenario)
    return float(v1.sub_scores.no_at_fault_collisions[0]), float(v2.raw.no_at_fault_collisions[0])


def ttc(scenario: Scenario) -> tuple[float, float]:
    v1, v2 = both(scenario)
    return float(v1.sub_scores.time_to_collision_within_bound[0]), float(v2.raw.time_to_collision_within_bound[0])


def test_an_empty_road_is_no_collision() -> None:
    v1, v2 = both(scene())
    assert v1.sub_scores.no_at_fault_collisions[0] == v2.raw.time_to_collision_within_bound[0] == 1.0
    assert v1.internals.t_collision_s[0] == v2.internals.t_ttc_s[0] == math.inf


def test_driving_into_a_standing_vehicle_is_at_fault() -> None:
    v1, v2 = both(scene(agents=(agent(30.0, 0.0),)))
    assert v1.sub_scores.no_at_fault_collisions[0] == v2.raw.no_at_fault_collisions[0] == 0.0
    # Bumpers are 30 - 2.3 - 4.049 = 23.651 m apart at 8 m/s: met between 2.9 and 3.0 s.
    assert v1.internals.t_collision_s[0] == pytest.approx(3.0)
    assert v1.internals.t_ttc_s[0] == pytest.approx(2.1)


@pytest.mark.parametrize("kind", ["TRAFFIC_CONE", "BARRIER", "CZONE_SIGN", "GENERIC_OBJECT"])
def test_static_objects_cost_half(kind: str) -> None:
    assert nc(scene(agents=(agent(30.0, 0.0, kind=kind),))) == (0.5, 0.5)


def test_the_worst_of_several_collisions_counts() -> None:
    others = (agent(15.0, 0.0, kind="TRAFFIC_CONE"), agent(30.0, 0.0, kind="BICYCLE"))
    assert nc(scene(agents=others)) == (0.0, 0.0)


def test_running_into_a_moving_vehicle_with_the_front_is_at_fault() -> None:
    assert nc(scene(agents=(agent(20.0, 0.0, speed=1.0),))) == (0.0, 0.0)


def test_being_hit_from_behind_is_not() -> None:
    assert nc(scene(agents=(agent(-20.0, 0.0, speed=16.0),))) == (1.0, 1.0)


def test_being_hit_while_standing_is_not() -> None:
    still = scene(np.zeros((8, 3)), ego=StartState(0.0, 0.0, 0.0, 0.0), agents=(agent(30.0, 0.0, -8.0),))
    assert nc(still) == (1.0, 1.0)


def test_a_side_contact_is_at_fault_only_outside_of_a_single_lane() -> None:
    # Comes from the right into the own flank, behind the front edge and not from behind.
    flank = agent(9.0, -8.0, speed=7.5, heading=math.pi / 2.0, kind="PEDESTRIAN")
    crossing = scene(agents=(flank,))
    assert nc(crossing) == (1.0, 1.0)
    halves = (rectangle("10", "LANE", ROAD, (-1.75, 0.0)), rectangle("12", "LANE", ROAD, (0.0, 1.75)))
    narrow = (*(area for area in AREAS if area.id != "10"), *halves)
    assert nc(scene(agents=(flank,), areas=narrow)) == (0.0, 0.0)


def test_after_a_contact_without_fault_the_same_agent_is_ignored() -> None:
    # Comes from behind, drives through the own box and leaves it by the front edge.
    pusher = agent(-12.0, 0.0, speed=20.0)
    assert nc(scene(agents=(pusher,))) == (1.0, 1.0)
    assert nc(scene(agents=(pusher, agent(30.0, 0.0)))) == (0.0, 0.0)


def test_v1_keeps_and_v2_drops_whom_the_own_box_meets_at_the_start() -> None:
    overlapping = agent(4.0, 0.0, speed=1.0)
    assert nc(scene(agents=(overlapping,))) == (0.0, 1.0)


def test_ttc_looks_ahead_less_than_a_second() -> None:
    # The gap is what is left to a standing vehicle after 4 s.
    def standing(gap: float) -> tuple[float, float]:
        return ttc(scene(agents=(agent(SPEED * 4.0 + 4.049 + 2.3 + gap, 0.0),)))

    assert standing(0.9 * SPEED + 0.1) == (1.0, 1.0)
    # v1 looks from all states up to 4 s; v2 only from those up to 3.1 s.
    assert standing(0.9 * SPEED - 0.1) == (0.0, 1.0)
    assert standing(-0.2) == (0.0, 0.0)


def test_ttc_counts_who_is_beside_only_outside_of_a_lane_or_in_an_intersection() -> None:
    # Wide and level with the own flank: touches from the first state on, 76 degrees off the heading.
    def beside(*areas: MapArea) -> tuple[float, float]:
        return ttc(scene(agents=(agent(1.0, -4.1, speed=SPEED, width=6.2),), areas=(*AREAS, *areas)))

    assert beside() == (1.0, 1.0)
    # v2 does not see it: it is met at the start.
    assert beside(rectangle("30", "INTERSECTION", (-5.0, 60.0), (-12.0, 12.0))) == (0.0, 1.0)
    # From behind it is no violation even there.
    behind = agent(-1.127 - 2.3 + 0.1, 0.0, speed=SPEED)
    junction = rectangle("30", "INTERSECTION", (-5.0, 60.0), (-12.0, 12.0))
    assert ttc(scene(agents=(behind,), areas=(*AREAS, junction))) == (1.0, 1.0)


def test_a_standing_vehicle_has_no_time_to_collision() -> None:
    # Faster than 0.005 m/s it would be a violation: the other stands right before the bumper.
    close = agent(4.049 + 2.3 + 1e-3, 0.0)
    still = scene(np.zeros((8, 3)), ego=StartState(0.0, 0.0, 0.0, 0.0), agents=(close,))
    assert ttc(still) == (1.0, 1.0)
    creeping = scene(path(0.01), ego=StartState(0.0, 0.0, 0.0, 0.01), agents=(close,))
    assert ttc(creeping) == (0.0, 0.0)


def test_ttc_ignores_an_agent_after_its_first_harmless_contact() -> None:
    # Pushes from behind from the first state on; moved ahead, the own box would have it ahead of the rear axle.
    pusher = agent(-1.127 - 2.3 + 0.1, 0.0, speed=SPEED)
    assert ttc(scene(agents=(pusher,))) == (1.0, 1.0)
    # First met 0.9 s ahead, it is ahead of where the own rear axle is now: a quirk that makes it a violation.
    assert ttc(scene(agents=(agent(-1.127 - 2.3 - 0.8, 0.0, speed=SPEED + 1.0),))) == (0.0, 0.0)


def light(red: tuple[tuple[float, float], ...], x: tuple[float, float] = (20.0, 30.0)) -> SignalledConnector:
    area = rectangle("40", "LANE_CONNECTOR", x, (-1.75, 1.75))
    return SignalledConnector("40", area.polygon, red)


def tlc(*lights: SignalledConnector, route: frozenset[str] = frozenset({"10", "40"})) -> float:
    _, v2 = both(scene(lights=lights, route_lane_ids=route))
    return float(v2.raw.traffic_light_compliance[0])


def test_entering_on_red_is_seen_on_the_route_only() -> None:
    assert tlc(light(((0.0, 4.1),))) == 0.0
    assert tlc(light(((0.0, 4.1),)), route=frozenset({"10"})) == 1.0
    assert tlc(light(())) == 1.0


def test_a_light_is_sampled_twice_a_second_and_held() -> None:
    # The front bumper reaches 20 m after 1.994 s, the tail (1.127 m behind the axle) leaves 30 m after 3.89 s.
    assert tlc(light(((0.0, 1.5),))) == 1.0
    assert tlc(light(((0.0, 1.6),))) == 1.0  # the sample of 1.5 s holds to 1.9 s
    assert tlc(light(((2.0, 2.1),))) == 0.0
    assert tlc(light(((2.1, 2.4),))) == 1.0  # falls between two samples
    assert tlc(light(((0.0, 1.6), (3.5, 3.6)))) == 0.0


def test_being_inside_already_is_no_excuse_and_touching_counts() -> None:
    assert tlc(light(((0.0, 0.1),), x=(-2.0, 2.0))) == 0.0
    assert tlc(light(((0.0, 0.1),), x=(4.049, 8.0))) == 0.0
    assert tlc(light(((0.0, 0.1),), x=(4.9, 8.0))) == 0.0
    assert tlc(light(((0.0, 0.1),), x=(8.0, 9.0))) == 1.0


def test_a_red_light_is_no_obstacle() -> None:
    scenario = scene(lights=(light(((0.0, 4.1),)),), route_lane_ids=frozenset({"10", "40"}))
    assert nc(scenario) == ttc(scenario) == (1.0, 1.0)
