"""What CarlaEnvironment says and leaves behind when something is missing or goes away."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("carla")
pytest.importorskip("libsumo")


from test.carla_bridge.conftest import ServerProcess, server
from test.carla_bridge.drives import RIG, settings_of
from wam_ros.carla_bridge import connection
from wam_ros.carla_bridge.environment import CarlaEnvironment
from wam_ros.core import SE3, VehicleCommand, VehicleDescription
from wam_ros.core.errors import WorldError
from wam_ros.core.sensor_rig import SensorRig, SensorSpec
from wam_ros.planning.route_planner import PlannedRoute

pytestmark = pytest.mark.carla


def test_a_server_that_dies_is_told_and_left_in_bounded_time(
    vehicle: VehicleDescription, planned: PlannedRoute
) -> None:
    with server("--town", "grid_small", "--vehicles", "0", "--pedestrians", "0") as town:
        environment = CarlaEnvironment(settings_of(town, timeout_s=4.0), vehicle, RIG, planned)
        environment.reset()
        town.kill()
        with pytest.raises(WorldError, match=r"server does not answer any more.*start it again"):
            environment.apply(VehicleCommand(0, 0.0, 1.0, 1.0))
        begun = time.monotonic()
        environment.close()
        environment.close()
        assert time.monotonic() - begun < 60.0, "leaving waits for a server that is gone"
        with pytest.raises(WorldError, match="is closed"):
            environment.ego()


@pytest.mark.slow
def test_a_server_that_hangs_is_left_in_bounded_time(vehicle: VehicleDescription, planned: PlannedRoute) -> None:
    with server("--town", "grid_small", "--vehicles", "0", "--pedestrians", "0") as town:
        environment = CarlaEnvironment(settings_of(town, timeout_s=3.0), vehicle, RIG, planned)
        environment.reset()
        town.process.send_signal(signal.SIGSTOP)
        begun = time.monotonic()
        environment.close()
        assert time.monotonic() - begun < 12.0, "leaving waits more than once for a server that hangs"


def test_what_is_not_there_is_told_with_the_remedy(
    empty_town: ServerProcess, vehicle: VehicleDescription, planned: PlannedRoute
) -> None:
    def refused(rig: SensorRig = RIG, **changes: Any) -> str:
        environment = CarlaEnvironment(settings_of(empty_town, **changes), vehicle, rig, planned)
        with pytest.raises(WorldError) as err:
            environment.reset()
        return str(err.value)

    def one(kind: str, **attributes: str) -> SensorRig:
        return SensorRig((SensorSpec("front", kind, SE3.identity(), attributes),))

    assert "it has " in refused(town="Town99")
    assert "did you mean 'vehicle.tesla.model3'" in refused(blueprint="vehicle.tesla.model4")
    assert "sensor front: type: unknown 'sensor.camera.rbg'; did you mean" in refused(one("sensor.camera.rbg"))
    assert "attribute unknown 'fovv'; did you mean 'fov'" in refused(one("sensor.camera.rgb", fovv="70"))
    assert "no vehicle of role 'nobody'" in refused(role_name="nobody", spawn=False, timeout_s=0.5)
    with empty_port() as port:
        assert f"wam carla-server --port {port}" in refused(port=port)


def empty_port() -> Any:
    import socket

    @contextmanager
    def reserved() -> Iterator[int]:
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))  # bound but not listening: refuses
            yield bound.getsockname()[1]

    return reserved()


def test_versions_must_be_equal_but_for_the_build() -> None:
    def client(ours_: str, theirs: str) -> Any:
        return SimpleNamespace(get_client_version=lambda: ours_, get_server_version=lambda: theirs)

    connection._require_version(client("0.9.16", "0.9.16-3-g1a2b3c"), "here")
    with pytest.raises(WorldError, match=r"version 0.9.15, the client here is 0.9.16.*pip install carla==0.9.15"):
        connection._require_version(client("0.9.16", "0.9.15"), "here")
