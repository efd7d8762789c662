"""Calls about vehicles: controls, what they are made of, what they do, their lamps."""

from __future__ import annotations

import math
from typing import Any

from wam_ros.carla_server.actors.blueprint_catalog import vehicle_of
from wam_ros.carla_server.actors.simulation import Simulation
from wam_ros.carla_server.wire.calls import Calls, unsupported
from wam_ros.carla_server.wire.layouts import VehicleControl
from wam_ros.carla_server.wire.wire_types import (
    AckermannControl,
    ackermann_control,
    anything,
    flag,
    uint32,
    vehicle_control,
)
from wam_ros.carla_server.world.bodies import Body
from wam_ros.core.errors import WorldError
from wam_ros.core.vehicle import VehicleDescription

_WHEEL_RADIUS = 0.35  # m
_MASS_PER_AREA = 170.0  # kg/m^2 of the box, as in the world's collisions
_IDLE_RPM, _RPM_PER_SPEED = 800.0, 120.0
_CM = 100.0
calls: Calls[Simulation] = Calls()


@calls.void("apply_control_to_vehicle", uint32, vehicle_control)
def control(simulation: Simulation, actor_id: int, wanted: VehicleControl) -> None:
    """Hold throttle, brake and steering until told otherwise."""
    _of_client(simulation, actor_id)
    simulation.episode.controls.hold(actor_id, wanted)


@calls.void("apply_ackermann_control_to_vehicle", uint32, ackermann_control)
def control_ackermann(simulation: Simulation, actor_id: int, wanted: AckermannControl) -> None:
    """Hold steering angle and speed until told otherwise."""
    _of_client(simulation, actor_id)
    simulation.episode.controls.hold(actor_id, wanted)


@calls.void("apply_ackermann_controller_settings", uint32, anything)
def _ackermann_settings(_: Simulation, _actor_id: int, _settings: Any) -> None:
    unsupported("settings of the Ackermann controller; its rule is fixed")


@calls.void("set_actor_autopilot", uint32, flag)
def autopilot(simulation: Simulation, actor_id: int, _enabled: bool) -> None:
    """A traffic manager drives from the client's side; there is nothing to do here."""
    _of_client(simulation, actor_id)


@calls.void("show_vehicle_debug_telemetry", uint32, flag)
def show_telemetry(simulation: Simulation, actor_id: int, _enabled: bool) -> None:
    """There is no screen to show it on."""
    _vehicle(simulation, actor_id)


@calls.value("get_physics_control", uint32)
def _physics(simulation: Simulation, actor_id: int) -> list[Any]:
    body, car = _vehicle(simulation, actor_id)
    steer_deg = math.degrees(car.max_steering_angle)
    axle = car.wheelbase - car.rear_axle_to_center
    wheels = [
        _wheel(body, x, side * car.width / 2.0, steer_deg if x > 0.0 else 0.0)
        for x in (axle, -car.rear_axle_to_center)
        for side in (-1.0, 1.0)
    ]
    torque, steering = [[0.0, 400.0], [6000.0, 400.0]], [[0.0, 1.0], [120.0, 1.0]]
    engine = [6000.0, 1.0, 0.15, 2.0, 0.35, True, 0.0, 10.0, 4.0, [[4.2, 0.5, 0.65]]]
    mass = _MASS_PER_AREA * body.length * body.width
    return [torque, *engine, mass, 0.0, [0.0, 0.0, 0.0], steering, wheels, True]


@calls.void("apply_physics_control", uint32, anything)
def apply_physics(_: Simulation, _actor_id: int, _physics_control: Any) -> None:
    """Vehicles are what their descriptions say."""
    unsupported("way to change what a vehicle is made of; see config/vehicle")


@calls.value("get_telemetry_data", uint32)
def _telemetry(simulation: Simulation, actor_id: int) -> list[Any]:
    body, _ = _vehicle(simulation, actor_id)
    shown = simulation.episode.controls.shown(body)
    rpm = _IDLE_RPM + _RPM_PER_SPEED * abs(body.speed)
    turning = body.speed / _WHEEL_RADIUS
    wheels = [[3.5, 0.0, 0.0, turning, *[0.0] * 7] for _ in range(4)]
    return [body.speed, shown.steer, shown.throttle, shown.brake, rpm, -1 if shown.reverse else 1, 0.0, wheels]


@calls.value("get_vehicle_light_state", uint32)
def _lamps(simulation: Simulation, actor_id: int) -> list[int]:
    _vehicle(simulation, actor_id)
    return [simulation.episode.vehicle_lights.get(actor_id, 0)]


@calls.value("get_vehicle_light_states")
def _all_lamps(simulation: Simulation) -> list[Any]:
    return [[actor_id, flags] for actor_id, flags in simulation.episode.vehicle_lights.items()]


@calls.void("set_vehicle_light_state", uint32, anything)
def set_lamps(simulation: Simulation, actor_id: int, state: Any) -> None:
    """Kept for who asks; the camera draws brake lights from the motion."""
    _of_client(simulation, actor_id)
    flags = uint32(state[0] if isinstance(state, tuple) and len(state) == 1 else state)
    simulation.episode.vehicle_lights[actor_id] = flags


def _of_client(simulation: Simulation, actor_id: int) -> VehicleDescription:
    found = simulation.episode.controls.vehicles.get(actor_id)
    if found is None:
        msg = f"actor {actor_id} is no vehicle that a client spawned"
        raise WorldError(msg)
    return found


def _vehicle(simulation: Simulation, actor_id: int) -> tuple[Body, VehicleDescription]:
    body = simulation.episode.body(actor_id)
    if not body.type_id.startswith("vehicle."):
        msg = f"actor {actor_id} ({body.type_id}) is no vehicle"
        raise WorldError(msg)
    return body, simulation.episode.controls.vehicles.get(actor_id) or vehicle_of(body.type_id)


def _wheel(body: Body, x: float, y: float, steer_deg: float) -> list[Any]:
    """CARLA tells places of wheels in the map, in centimetres; `x` ahead, `y` to the right of the middle [m]."""
    cos, sin = math.cos(body.yaw), math.sin(body.yaw)
    east, south = body.x + x * cos + y * sin, -(body.y + x * sin - y * cos)
    place = [_CM * east, _CM * south, _CM * _WHEEL_RADIUS]
    handbrake = 0.0 if steer_deg > 0.0 else 3000.0
    return [3.5, 0.25, steer_deg, _CM * _WHEEL_RADIUS, 1500.0, handbrake, 3.0, 20.0, 1000.0, place]
