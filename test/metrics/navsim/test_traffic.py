from __future__ import annotations

import math

import numpy as np

from test.metrics.navsim.scenes import agent
from wam_ros.metrics.navsim import StartState
from wam_ros.metrics.navsim.rollout import ego_boxes
from wam_ros.metrics.navsim.simulation import start_states
from wam_ros.metrics.navsim.traffic import Traffic, replay

EGO = ego_boxes(start_states(StartState(0.0, 0.0, 0.0, 8.0), 1))


def test_keyframes_are_joined_linearly_and_headings_the_short_way() -> None:
    states = np.array([[0.0, 0.0, 1.0, 3.0, 1.0, 0.0], [1.0, 4.0, 2.0, -3.0, 1.0, 0.0]])
    tracks = replay([agent(0.0, 0.0, keyframes=states)], 41)
    np.testing.assert_allclose(tracks.boxes.center[3, 0], [1.2, 1.3])
    middle = 3.0 + 0.5 * (2.0 * math.pi - 6.0)
    assert math.isclose(tracks.boxes.heading[5, 0], middle)
    assert tracks.present[:, 0].tolist() == [True] * 11 + [False] * 30


def test_an_agent_is_absent_before_its_first_and_after_its_last_keyframe() -> None:
    tracks = replay([agent(0.0, 0.0, keyframes=agent(0.0, 0.0).keyframes[2:5])], 51)
    assert np.nonzero(tracks.present[:, 0])[0].tolist() == list(range(10, 21))


def test_an_agent_of_one_keyframe_is_there_all_the_time() -> None:
    once = agent(5.0, 6.0, keyframes=agent(5.0, 6.0).keyframes[7:8])
    tracks = replay([once], 41)
    assert tracks.present.all()
    assert (tracks.boxes.center == [5.0, 6.0]).all()


def test_v2_sees_only_keyframes_up_to_four_seconds() -> None:
    late = agent(0.0, 20.0, id="late", keyframes=agent(0.0, 20.0, speed=2.0).keyframes[8:])
    later = agent(0.0, 30.0, id="later", keyframes=agent(0.0, 30.0).keyframes[9:])
    traffic = Traffic.of([late, later], EGO)
    # Cut to one keyframe, the late one is there all the time in v2: the quirk above. The later one never.
    assert traffic.short.present[:, 0].all()
    assert not traffic.short.present[:, 1].any()
    assert np.nonzero(traffic.long.present[:, 0])[0].tolist() == list(range(40, 51))
    assert not traffic.alike


def test_stopped_is_judged_in_the_first_frame_seen_and_static_kinds_always_are() -> None:
    accelerating = agent(0.0, 20.0, id="a").keyframes.copy()
    accelerating[1:, 4] = 5.0
    braking = agent(0.0, 20.0, id="a", speed=5.0).keyframes.copy()
    braking[1:, 4] = 0.0
    limit = agent(0.0, 20.0, id="limit", speed=0.05)
    cone = agent(0.0, 20.0, speed=3.0, kind="TRAFFIC_CONE")
    one, two = (agent(0.0, 20.0, id=name, keyframes=k) for name, k in (("b", accelerating), ("c", braking)))
    tracks = replay([one, two, limit, cone], 41)
    assert tracks.stopped.tolist() == [True, False, True, True]
    assert tracks.road_user.tolist() == [True, True, True, False]


def test_v2_takes_out_whom_the_own_box_meets_at_the_start() -> None:
    # The front bumper is at 4.049 m; a box of 4.6 m whose rear touches it counts as met.
    touching = agent(4.049 + 2.3, 0.0, id="touching")
    apart = agent(4.049 + 2.301, 0.0, id="apart")
    later = agent(0.0, 0.0, id="later", keyframes=agent(0.0, 0.0).keyframes[1:])
    traffic = Traffic.of([touching, apart, later], EGO)
    assert traffic.removed.tolist() == [True, False, False]
    assert traffic.alike


def test_no_agents_are_no_problem() -> None:
    traffic = Traffic.of([], EGO)
    assert traffic.long.present.shape == (51, 0)
    assert traffic.removed.shape == (0,)
