"""What the leaderboard does with an agent, as far as an agent can tell: its sensors, its data, its order of calls."""

from __future__ import annotations

import math
from typing import Any

import carla
import numpy as np

from wam_ros.carla_bridge.carla_poses import pose_to_transform, spawn_transform
from wam_ros.carla_bridge.sensor_stream import SensorStream
from wam_ros.core import SE2, SE3, VehicleDescription
from wam_ros.planning.route_planner import PlannedRoute

TICK_S = 0.05
_OPTIONS = {"left": 1, "right": 2, "straight": 3, "follow": 4}  # RoadOption


class Leaderboard:
    """Drives an agent along a route on a server of its own choice.

    Args:
        port: Of the CARLA server.
        vehicle: Description of the vehicle that is spawned.
        planned: The route.
        noise: Standard deviation of GNSS [m].

    """

    def __init__(self, port: int, vehicle: VehicleDescription, planned: PlannedRoute, noise: float = 0.3) -> None:
        self._client = carla.Client("127.0.0.1", port)
        self._client.set_timeout(20.0)
        self.world = self._client.get_world()
        self._found = self.world.get_settings()
        settings = self.world.get_settings()
        settings.synchronous_mode, settings.fixed_delta_seconds = True, TICK_S
        self.world.apply_settings(settings)
        self._planned, self._noise, self._rng = planned, noise, np.random.default_rng(4)
        blueprint = self.world.get_blueprint_library().find("vehicle.tesla.model3")
        blueprint.set_attribute("role_name", "hero")
        self.vehicle = self.world.spawn_actor(blueprint, spawn_transform(planned.start, vehicle, 0.0))
        self._sensors: dict[str, tuple[Any, SensorStream]] = {}

    def global_plan(self) -> tuple[list[Any], list[Any]]:
        """The route as (gps, option) and (transform, option)."""
        line, world_map = self._planned.route.line, self.world.get_map()
        gps, world = [], []
        for along in np.arange(0.0, line.length, 1.0):
            x, y = (float(value) for value in line.position(along))
            transform = pose_to_transform(SE3.from_se2(SE2(x, y, float(line.heading(along)))))
            place = world_map.transform_to_geolocation(transform.location)
            option = _OPTIONS[self._option_at(float(along))]
            gps.append(({"lat": place.latitude, "lon": place.longitude, "z": place.altitude}, option))
            world.append((transform, option))
        return gps, world

    def mount(self, specs: list[dict[str, Any]]) -> None:
        """Spawn what the agent asks for."""
        library = self.world.get_blueprint_library()
        for spec in specs:
            if spec["type"] == "sensor.speedometer":
                continue
            blueprint = library.find(spec["type"])
            if spec["type"] == "sensor.camera.rgb":
                blueprint.set_attribute("image_size_x", str(spec["width"]))
                blueprint.set_attribute("image_size_y", str(spec["height"]))
                blueprint.set_attribute("fov", str(spec["fov"]))
            where = carla.Location(spec["x"], spec["y"], spec["z"])
            turned = carla.Rotation(spec["pitch"], spec["yaw"], spec["roll"])
            actor = self.world.spawn_actor(blueprint, carla.Transform(where, turned), attach_to=self.vehicle)
            stream = SensorStream(spec["id"], 1, 5.0)
            actor.listen(stream.put)
            self._sensors[spec["id"]] = (actor, stream)

    def drive(self, agent: Any, ticks: int) -> list[tuple[Any, Any]]:
        """Call run_step in each tick; (true transform, control) of each."""
        driven = []
        for _ in range(ticks):
            frame = self.world.tick()
            snapshot = self.world.get_snapshot()
            control = agent.run_step(self._input_data(frame), snapshot.timestamp.elapsed_seconds)
            control.manual_gear_shift = False
            self.vehicle.apply_control(control)
            truth = snapshot.find(self.vehicle.id).get_transform()
            driven.append((truth, control))
            end = self._planned.route.line.points[-1]
            if math.dist((truth.location.x, -truth.location.y), end) < 5.0:
                break
        return driven

    def close(self) -> None:
        """Leave the world as it was found."""
        for actor, _ in self._sensors.values():
            actor.stop()
            actor.destroy()
        self.vehicle.destroy()
        self.world.apply_settings(self._found)

    def _option_at(self, along: float) -> str:
        """Options lie inside junctions, as CARLA's route planner puts them."""
        for manoeuvre in self._planned.manoeuvres:
            if manoeuvre.start <= along <= manoeuvre.end:
                return manoeuvre.instruction
        return "follow"

    def _input_data(self, frame: int) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for name, (actor, stream) in self._sensors.items():
            reading = stream.take(frame)
            if reading is None:
                continue
            if actor.type_id == "sensor.camera.rgb":
                pixels = np.frombuffer(reading.raw_data, np.uint8).reshape(reading.height, reading.width, 4)
                data[name] = (frame, pixels.copy())
            elif actor.type_id == "sensor.other.gnss":
                shift = self._rng.normal(0.0, self._noise / 111_320.0, 2)
                place = [reading.latitude + shift[0], reading.longitude + shift[1], reading.altitude]
                data[name] = (frame, np.array(place))
            else:
                push, turn = reading.accelerometer, reading.gyroscope
                data[name] = (frame, np.array([push.x, push.y, push.z, turn.x, turn.y, turn.z, reading.compass]))
        velocity, forward = self.vehicle.get_velocity(), self.vehicle.get_transform().get_forward_vector()
        speed = velocity.x * forward.x + velocity.y * forward.y
        data["speed"] = (frame, {"speed": speed})
        return data
