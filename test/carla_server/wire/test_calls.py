from __future__ import annotations

import logging
from typing import Any

import pytest

from wam_ros.carla_server.wire.calls import Calls, unsupported
from wam_ros.carla_server.wire.rpc import Reply, Request
from wam_ros.carla_server.wire.wire_types import number, text
from wam_ros.core.errors import WorldError

calls: Calls[list[Any]] = Calls()


@calls.value("add", number, number)
def _add(state: list[Any], first: float, second: float) -> float:
    state.append((first, second))
    return first + second


@calls.void("say", text)
def _say(state: list[Any], what: str) -> None:
    if not what:
        message = "nothing to say"
        raise WorldError(message)
    state.append(what)


@calls.bare("raw")
def _raw(_: list[Any]) -> list[Any]:
    return [1, 2]


@calls.value("broken")
def _broken(_: list[Any]) -> int:
    return 1 // 0


@calls.void("never")
def _never(_: list[Any]) -> None:
    unsupported("wings")


def answer(method: str, *arguments: Any) -> Reply:
    return calls.answer([], Request(method, arguments))


def test_the_three_forms_of_results() -> None:
    assert answer("add", 1, 2.5) == Reply([[1, 3.5]])
    assert answer("say", "hello") == Reply([[False]])
    assert answer("raw") == Reply([1, 2])


def test_the_two_forms_of_errors() -> None:
    assert answer("add", "1", 2) == Reply([[0, ["add, argument 1: '1': wanted a number"]]])
    assert answer("add", 1) == Reply([[0, ["add: 1 arguments, wanted 2"]]])
    assert answer("say", "") == Reply([[True, ["nothing to say"]]])
    assert answer("never") == Reply([[True, ["the embedded world has no wings"]]])


def test_an_unknown_call_is_named() -> None:
    reply = answer("fly_away")
    assert reply.error is not None
    assert "'fly_away'" in reply.error


def test_a_fault_of_ours_is_an_answer_and_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        assert answer("broken") == Reply(
            [[0, ["the server failed: ZeroDivisionError: integer division or modulo by zero"]]]
        )
    assert "call broken failed" in caplog.text


def test_a_refusal_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    own: Calls[list[Any]] = Calls()
    own.include(calls)
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            own.answer([], Request("never", ()))
    assert caplog.text.count("wings") == 1
