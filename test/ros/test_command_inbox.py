from __future__ import annotations

import pytest

pytest.importorskip("carla")

from wam_ros.ros.command_inbox import CommandInbox


def nothing(_actuator, _speed) -> None:
    """A command that does nothing."""


def missed(inbox: CommandInbox, ticks: int) -> None:
    for tick in range(ticks):
        inbox.expect(tick)
        assert inbox.take_answer() is None


def test_only_the_command_of_the_tick_answers_it():
    inbox = CommandInbox(2.0)
    inbox.expect(100)
    inbox.put(nothing, 50, 1)
    of_another_tick = inbox.answered
    inbox.put(nothing, 100, 2)
    assert (of_another_tick, inbox.answered) == (False, True)
    assert inbox.take_answer() is not None
    assert (inbox.taken, inbox.missed) == (1, 0)
    inbox.expect(150)
    inbox.put(nothing, None, 3)
    assert inbox.answered


def test_each_miss_shortens_the_wait_until_a_late_command_shows_that_its_driver_lives():
    inbox = CommandInbox(2.0)
    missed(inbox, 2)
    assert (inbox.patience_s, inbox.missed) == (0.5, 2)
    inbox.put(nothing, 0, 1)
    assert not inbox.answered
    assert inbox.patience_s == 2.0


def test_the_newest_command_is_taken_while_it_is_young():
    inbox = CommandInbox(2.0)
    assert inbox.take_newest(0, 100) is None
    inbox.put(nothing, 10, 1_000)
    assert inbox.take_newest(1_100, 100) is not None
    assert inbox.take_newest(1_101, 100) is None
    assert (inbox.taken, inbox.missed) == (1, 2)
