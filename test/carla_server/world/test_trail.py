"""The body follows its front bumper."""

import itertools
import math

import pytest

from wam_ros.carla_server.world.trail import Trail

LENGTH = 5.0


def straight() -> Trail:
    return Trail(LENGTH, [(float(x), 0.0) for x in range(-7, 1)])


def test_on_a_straight_line_the_middle_is_half_a_length_behind():
    trail = straight()
    assert trail.move(0.37, 0.0)
    assert trail.pose() == pytest.approx((0.37 - LENGTH / 2.0, 0.0, 0.0))


def test_on_a_circle_the_axles_stay_on_it_and_the_body_turns_evenly():
    radius, step = 10.0, 0.02
    trail = straight()
    poses = []
    for index in range(1, 100):
        angle = index * step
        assert trail.move(radius * math.sin(angle), radius * (1.0 - math.cos(angle)))
        poses.append(trail.pose())
    for x, y, yaw in poses[50:]:
        for side in (-1.0, 1.0):
            axle = (x + side * 0.3 * LENGTH * math.cos(yaw), y + side * 0.3 * LENGTH * math.sin(yaw))
            assert math.dist(axle, (0.0, radius)) == pytest.approx(radius, abs=0.03)
    turns = [second[2] - first[2] for first, second in itertools.pairwise(poses)]
    assert max(turns) < 1.3 * step
    assert turns[-1] == pytest.approx(step, rel=0.1)


def test_crawling_and_standing_keep_the_pose():
    trail = straight()
    for index in range(500):
        assert trail.move(0.002 * index, 0.0)
    before = trail.pose()
    assert trail.move(0.002 * 499, 0.0)
    assert trail.pose() == before == pytest.approx((0.998 - LENGTH / 2.0, 0.0, 0.0))


def test_a_long_way_forgets_its_beginning():
    trail = straight()
    for index in range(1, 5000):
        trail.move(0.5 * index, 0.0)
    assert trail.pose()[0] == pytest.approx(0.5 * 4999 - LENGTH / 2.0)
    assert len(trail._points) < 500


def test_a_jump_is_no_way():
    assert not straight().move(10.0, 0.0)
