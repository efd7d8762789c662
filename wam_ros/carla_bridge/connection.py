"""The line to a CARLA server: one place where what `carla` raises becomes a WorldError with the remedy."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import carla

from wam_ros.carla_bridge.settings import BridgeSettings
from wam_ros.core.errors import WamError, WorldError

_REFUSED_AFTER_S = 5.0
_LAST_CALLS_S = 5.0
_VERSION = re.compile(r"\d+\.\d+\.\d+")


class ServerGoneError(WorldError):
    """The server does not answer any more: each further call would block for the client's whole timeout."""


@contextmanager
def calling(what: str) -> Iterator[None]:
    """Around calls of carla: its RuntimeErrors come out as WorldError, "WHAT: ...".

    Raises:
        ServerGoneError: The call timed out or the connection is broken.
        WorldError: The server refused.

    """
    try:
        yield
    except WamError:
        raise
    except RuntimeError as err:
        text = str(err).strip().splitlines()[0] if str(err).strip() else type(err).__name__
        if "time-out" in text or "connection" in text.lower() or "network" in text.lower():
            msg = f"{what}: the CARLA server does not answer any more ({text}); look at its log and start it again"
            raise ServerGoneError(msg) from err
        msg = f"{what}: {text}"
        raise WorldError(msg) from err


@dataclass(frozen=True)
class Connection:
    """A client and the world that its server shows."""

    settings: BridgeSettings
    client: Any
    world: Any

    @classmethod
    def open(cls, settings: BridgeSettings) -> Connection:
        """Connect, compare versions, load the town where one is wanted.

        Raises:
            WorldError: There is no server, it is of another version, or it has no such town.

        """
        place = f"{settings.host}:{settings.port}"
        _require_listener(settings, place)
        with calling(f"connecting to {place}"):
            client = carla.Client(settings.host, settings.port)
            client.set_timeout(settings.timeout_s)
            _require_version(client, place)
            world = client.get_world()
            if settings.town:
                world = _with_town(client, world, settings.town)
        return cls(settings, client, world)

    def prepare_to_leave(self) -> bool:
        """Bound the calls still to come to a few seconds; whether the server answers at all.

        Asked here, since carla's `destroy` waits for a dead server too, and then says nothing.
        """
        try:
            _listener(self.settings)
            self.client.set_timeout(min(self.settings.timeout_s, _LAST_CALLS_S))
            self.client.get_server_version()
        except (OSError, RuntimeError):
            return False
        return True


def _listener(settings: BridgeSettings) -> None:
    socket.create_connection((settings.host, settings.port), min(settings.timeout_s, _REFUSED_AFTER_S)).close()


def _require_listener(settings: BridgeSettings, place: str) -> None:
    """Ask by a plain socket first: carla itself only times out, on a refused connection too."""
    try:
        _listener(settings)
    except OSError as err:
        msg = (
            f"no CARLA server at {place} ({err}); start one: `wam carla-server --port {settings.port}` "
            f"or CarlaUE4.sh -carla-rpc-port={settings.port}"
        )
        raise WorldError(msg) from err


def _require_version(client: Any, place: str) -> None:
    ours, theirs = client.get_client_version(), client.get_server_version()
    if _number(ours) != _number(theirs):
        msg = (
            f"the CARLA server at {place} is version {theirs}, the client here is {ours}; "
            f"install the client of the server (pip install carla=={_number(theirs)}) or start a server {_number(ours)}"
        )
        raise WorldError(msg)


def _number(version: str) -> str:
    """The numbers of a version such as 0.9.16-3-g1a2b3c."""
    found = _VERSION.match(version)
    return found.group() if found else version


def _with_town(client: Any, world: Any, town: str) -> Any:
    if _short(world.get_map().name) == _short(town):
        return world
    known = sorted(_short(name) for name in client.get_available_maps())
    if _short(town) not in known:
        msg = f"the CARLA server has no town {town!r}; it has {', '.join(known)}"
        raise WorldError(msg)
    return client.load_world(town)


def _short(town: str) -> str:
    """A town's name without the folders that some servers put before it."""
    return town.rsplit("/", maxsplit=1)[-1]
