"""A table of calls: which function answers which name, and how arguments are read and answers are wrapped.

CARLA wraps a result as [[1, value]] and an error as [[0, [text]]]; where there is no result, it is [[false]] and
[[true, [text]]].
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, NoReturn, TypeVar

from wam_ros.carla_server.wire.rpc import Reply, Request
from wam_ros.carla_server.wire.wire_types import Parser
from wam_ros.core.errors import InputError, WamError, WorldError

S = TypeVar("S")
Function = Callable[..., Any]
Kind = Literal["value", "void", "bare"]
_MOST_TOLD = 200
_log = logging.getLogger("wam_ros.carla_server")


@dataclass(frozen=True)
class _Call:
    function: Function
    parsers: tuple[Parser[Any], ...]
    kind: Kind


class Calls(Generic[S]):
    """Calls by name; each function gets the state S that it works on, and its arguments."""

    def __init__(self) -> None:
        self._calls: dict[str, _Call] = {}
        self._told: set[str] = set()

    def value(self, name: str, *parsers: Parser[Any]) -> Callable[[Function], Function]:
        """Register a function whose result is sent."""
        return self._register(name, parsers, "value")

    def void(self, name: str, *parsers: Parser[Any]) -> Callable[[Function], Function]:
        """Register a function without a result."""
        return self._register(name, parsers, "void")

    def bare(self, name: str, *parsers: Parser[Any]) -> Callable[[Function], Function]:
        """Register a function that makes the whole answer itself."""
        return self._register(name, parsers, "bare")

    def include(self, other: Calls[S]) -> None:
        """Take in all calls of another table."""
        self._calls.update(other._calls)

    def answer(self, state: S, request: Request) -> Reply:
        """Do what a request says; whatever goes wrong is told to the client."""
        call = self._calls.get(request.method)
        if call is None:
            text = f"this server does not know the call '{request.method[:100]}'"
            self._tell(request.method, text)
            return Reply(error=text)
        try:
            result = call.function(state, *_read(call, request))
        except WamError as err:
            return self._refused(call, request.method, str(err))
        except Exception as err:  # noqa: BLE001  # the edge of the process: no request may end the server
            _log.exception("call %s failed", request.method)
            return self._refused(call, request.method, f"the server failed: {type(err).__name__}: {err}")
        if call.kind == "void":
            return Reply([[False]])
        return Reply(result if call.kind == "bare" else [[1, result]])

    def _register(self, name: str, parsers: tuple[Parser[Any], ...], kind: Kind) -> Callable[[Function], Function]:
        def keep(function: Function) -> Function:
            self._calls[name] = _Call(function, parsers, kind)
            return function

        return keep

    def _tell(self, name: str, text: str) -> None:
        """Many clients never look at answers, so the log tells it too, once for each call."""
        if name not in self._told and len(self._told) < _MOST_TOLD:
            self._told.add(name)
            _log.warning("%s", text)

    def _refused(self, call: _Call, name: str, text: str) -> Reply:
        self._tell(name, f"{name} refused: {text}")
        return Reply([[True, [text]]] if call.kind == "void" else [[0, [text]]])


def unsupported(what: str) -> NoReturn:
    """Refuse what the embedded world does not do.

    Raises:
        WorldError: Always.

    """
    msg = f"the embedded world has no {what}"
    raise WorldError(msg)


def _read(call: _Call, request: Request) -> list[Any]:
    if len(request.arguments) != len(call.parsers):
        msg = f"{request.method}: {len(request.arguments)} arguments, wanted {len(call.parsers)}"
        raise InputError(msg)
    parsed: list[Any] = []
    try:
        for parser, value in zip(call.parsers, request.arguments):
            parsed.append(parser(value))
    except InputError as err:
        msg = f"{request.method}, argument {len(parsed) + 1}: {err}"
        raise InputError(msg) from err
    return parsed
