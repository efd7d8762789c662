"""Two clients of a user's own, with nothing but the carla package, go through what the server can do. Prints JSON."""

from __future__ import annotations

import json
import queue
import sys
import time
from typing import Any

import carla
from plain_scenery import error_of, scenery  # type: ignore[import-not-found]  # beside this script, which runs alone

TICK_S = 0.05


def xyz(vector: Any) -> list[float]:
    return [vector.x, vector.y, vector.z]


class Tour:
    """The world that `first` ticks, and a second client that looks on."""

    def __init__(self, port: int) -> None:
        self.first, self.second = carla.Client("127.0.0.1", port), carla.Client("127.0.0.1", port)
        for client in (self.first, self.second):
            client.set_timeout(60.0)
        self.second.get_world()
        self.world = self.first.load_world("random_small")
        self.onlooker = self.second.get_world()
        self.library = self.world.get_blueprint_library()
        self.map = self.world.get_map()

    def towns(self) -> dict[str, Any]:
        return {
            "names": [self.map.name, self.onlooker.get_map().name],
            "available": self.first.get_available_maps(),
            "unknown": error_of(lambda: self.first.load_world("Town99")),
            "generated": error_of(lambda: self.first.generate_opendrive_world(self.map.to_opendrive())),
        }

    def by_itself(self) -> list[tuple[int, float]]:
        """Frames and times in asynchronous mode."""
        stamps = [self.world.wait_for_tick(60.0).timestamp for _ in range(5)]
        return [(stamp.frame, stamp.elapsed_seconds) for stamp in stamps]

    def synchronous(self) -> dict[str, Any]:
        settings = self.world.get_settings()
        settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.5
        refused = error_of(lambda: self.world.apply_settings(settings))
        settings.fixed_delta_seconds = TICK_S
        self.world.apply_settings(settings)
        frame = self.world.tick()
        time.sleep(0.2)  # would be enough for a world that ticks by itself
        kept = self.world.get_snapshot().frame
        deadline = time.monotonic() + 30.0
        while self.onlooker.get_snapshot().frame < frame and time.monotonic() < deadline:
            time.sleep(0.001)
        seen = self.onlooker.get_settings()
        return {
            "refused": refused,
            "frames": [frame, kept, self.onlooker.get_snapshot().frame],
            "seen": [seen.synchronous_mode, seen.fixed_delta_seconds],
        }

    def free_points(self, count: int) -> list[Any]:
        """Spawn points where nothing stands."""
        self.world.tick()
        others = [actor.get_location() for actor in self.world.get_actors() if not actor.type_id.startswith("traffic")]
        points = [
            point
            for point in self.map.get_spawn_points()
            if all(point.location.distance(other) > 40.0 for other in others)
            and not self.map.get_waypoint(point.location).next(25.0)[0].is_junction
        ]
        return points[:: max(len(points) // count, 1)][:count]

    def batches(self) -> dict[str, Any]:
        model = self.library.find("vehicle.lincoln.mkz_2020")
        points = self.free_points(2)
        command = carla.command
        full = carla.VehicleControl(throttle=1.0)
        wanted = [
            command.SpawnActor(model, point).then(command.ApplyVehicleControl(command.FutureActor, full))
            for point in (*points, points[0])
        ]
        answers = self.first.apply_batch_sync(wanted, do_tick=True)
        ids = [answer.actor_id for answer in answers if not answer.has_error()]
        cars = self.world.get_actors(ids)
        begin = [car.get_location() for car in cars]
        for _ in range(20):
            self.world.tick()
        moved = [car.get_location().distance(place) for car, place in zip(cars, begin)]
        nan = self.first.apply_batch_sync(
            [command.ApplyVehicleControl(ids[0], carla.VehicleControl(throttle=float("nan")))]
        )
        kept = cars[0].get_control().throttle
        gone = self.first.apply_batch_sync([command.DestroyActor(number) for number in (*ids, 999_999)], do_tick=True)
        left = [actor.id for actor in self.world.get_snapshot()]
        return {
            "errors": [answer.error for answer in answers],
            "moved": moved,
            "nan": nan[0].error,
            "kept": kept,
            "gone": [answer.error for answer in gone],
            "left": [number for number in ids if number in left],
        }

    def lights(self) -> dict[str, Any]:
        lights = list(self.world.get_actors().filter("traffic.traffic_light"))
        light = lights[0]
        sign = light.get_opendrive_id()
        program = [light.get_green_time(), light.get_yellow_time(), light.get_red_time()]
        other = (
            carla.TrafficLightState.Red if light.state != carla.TrafficLightState.Red else carla.TrafficLightState.Green
        )
        light.set_state(other)
        light.set_green_time(33.0)
        light.freeze(True)
        for _ in range(3):
            self.world.tick()
        seen = self.world.get_traffic_light_from_opendrive_id(sign)
        frozen = {"state": str(seen.state), "frozen": seen.is_frozen(), "green": seen.get_green_time()}
        states = [str(each.state) for each in lights]
        for _ in range(200):
            self.world.tick()
        unmoved = states == [str(each.state) for each in lights]
        light.freeze(False)
        self.world.reset_all_traffic_lights()
        self.world.tick()
        group = [each.get_opendrive_id() for each in light.get_group_traffic_lights()]
        return {
            "signs": sorted(each.get_opendrive_id() for each in lights),
            "landmarks": sorted({mark.id for mark in self.map.get_all_landmarks_of_type("1000011")}),
            "sign": sign,
            "wanted": str(other),
            "program": program,
            **frozen,
            "unmoved": unmoved,
            "reset": [light.get_green_time(), light.get_yellow_time(), light.get_red_time()],
            "group": group,
            "affected": len(light.get_affected_lane_waypoints()),
            "stops": [xyz(waypoint.transform.location) for waypoint in light.get_stop_waypoints()],
            "place": xyz(light.get_location()),
        }

    def walker(self) -> dict[str, Any]:
        point = self.free_points(1)[0]
        walker = self.world.spawn_actor(self.library.find("walker.pedestrian.0007"), point)
        self.world.tick()
        begin = walker.get_location()
        walker.apply_control(carla.WalkerControl(carla.Vector3D(0.6, -0.8, 0.0), 1.5))
        for _ in range(40):
            self.world.tick()
        end, control, velocity = walker.get_location(), walker.get_control(), walker.get_velocity()
        walker.destroy()
        return {
            "moved": xyz(end - begin),
            "direction": xyz(control.direction),
            "speed": control.speed,
            "velocity": xyz(velocity),
        }

    def crash(self) -> dict[str, Any]:
        """Into a container 18 m ahead, with a lidar and a camera of every second tick on board."""
        point = self.free_points(1)[0]
        ahead = carla.Transform(point.transform(carla.Location(x=18.0)), point.rotation)
        container = self.world.spawn_actor(self.library.find("static.prop.container"), ahead)
        car = self.world.spawn_actor(self.library.find("vehicle.tesla.model3"), point)
        hits: queue.Queue[Any] = queue.Queue()
        touch = self.world.spawn_actor(self.library.find("sensor.other.collision"), carla.Transform(), attach_to=car)
        touch.listen(hits.put)
        scans: queue.Queue[Any] = queue.Queue()
        blueprint = self.library.find("sensor.lidar.ray_cast")
        for name, value in (("range", "50"), ("upper_fov", "0"), ("lower_fov", "-20"), ("rotation_frequency", "20")):
            blueprint.set_attribute(name, value)
        lidar = self.world.spawn_actor(blueprint, carla.Transform(carla.Location(z=1.8)), attach_to=car)
        lidar.listen(scans.put)
        first = self.world.tick()
        scan = scans.get(timeout=30.0)
        in_front = [xyz(hit.point) for hit in scan if abs(hit.point.y) < 0.8 and 5.0 < hit.point.x < 30.0]
        car.apply_control(carla.VehicleControl(throttle=1.0))
        speed, frame, stopped = 0.0, first, False
        while not stopped and frame < first + 200:
            frame = self.world.tick()
            before, speed = speed, car.get_velocity().length()
            stopped = speed < before - 1.0
        event = hits.get(timeout=30.0)
        velocity = xyz(car.get_velocity())
        for sensor in (touch, lidar):
            sensor.stop()
            sensor.destroy()
        found = {
            "frames": [first, event.frame, frame],
            "other": [event.other_actor.type_id, event.other_actor.id == container.id],
            "own": event.actor.id == car.id,
            "impulse": xyz(event.normal_impulse),
            "forward": xyz(point.get_forward_vector()),
            "gap": car.get_location().distance(container.get_location()),
            "velocity": velocity,
            "scan_frame": scan.frame,
            "front": [hit for hit in in_front if hit[2] > -1.7],
            "ground": min(hit.point.z for hit in scan),
        }
        for actor in (car, container):
            actor.destroy()
        return found

    def instruments(self) -> dict[str, Any]:
        """Imu, gnss, a camera of every second tick; the trace of an Ackermann drive."""
        point = self.free_points(1)[0]
        car = self.world.spawn_actor(self.library.find("vehicle.tesla.model3"), point)
        heard: dict[str, queue.Queue[Any]] = {}
        sensors = []
        for name, more in (
            ("other.imu", {}),
            ("other.gnss", {}),
            ("camera.semantic_segmentation", {"sensor_tick": "0.1"}),
        ):
            blueprint = self.library.find(f"sensor.{name}")
            for key, value in {
                **more,
                **({"image_size_x": "64", "image_size_y": "32"} if "camera" in name else {}),
            }.items():
                blueprint.set_attribute(key, value)
            sensor = self.world.spawn_actor(blueprint, carla.Transform(carla.Location(x=1.0, z=2.0)), attach_to=car)
            heard[name] = queue.Queue()
            sensor.listen(heard[name].put)
            sensors.append(sensor)
        car.apply_ackermann_control(carla.VehicleAckermannControl(steer=-0.1, speed=6.0, acceleration=1.3))
        trace, readings, frames = [], [], []
        for _ in range(60):
            frames.append(self.world.tick())
            imu, gnss = (heard[name].get(timeout=30.0) for name in ("other.imu", "other.gnss"))
            transform = car.get_transform()
            place = self.map.transform_to_geolocation(sensors[1].get_location())
            trace.append([*xyz(transform.location), transform.rotation.yaw, *xyz(car.get_velocity())])
            readings.append(
                {
                    "frames": [imu.frame, gnss.frame],
                    "force": xyz(imu.accelerometer),
                    "turning": xyz(imu.gyroscope),
                    "compass": imu.compass,
                    "acceleration": xyz(car.get_acceleration()),
                    "angular_velocity": xyz(car.get_angular_velocity()),
                    "geo_error": [
                        gnss.latitude - place.latitude,
                        gnss.longitude - place.longitude,
                        gnss.altitude - place.altitude,
                    ],
                }
            )
        images = [heard["camera.semantic_segmentation"].get(timeout=30.0) for _ in range(30)]
        classes = sorted(set(bytes(images[-1].raw_data)[2::4]))
        for sensor in sensors:
            sensor.stop()
            sensor.destroy()
        start = car.get_transform()
        car.destroy()
        return {
            "start": [point.location.x, point.location.y, point.rotation.yaw],
            "end": xyz(start.location),
            "trace": trace,
            "readings": readings,
            "frames": frames,
            "image_frames": [image.frame for image in images],
            "classes": classes,
        }

    def reverse(self) -> dict[str, Any]:
        point = self.free_points(1)[0]
        car = self.world.spawn_actor(self.library.find("vehicle.audi.tt"), point)
        car.apply_control(carla.VehicleControl(throttle=0.5, reverse=True))
        for _ in range(30):
            self.world.tick()
        back = carla.Transform(point.location, point.rotation).inverse_transform(car.get_location())
        told = car.get_control()
        car.apply_control(carla.VehicleControl(hand_brake=True))
        for _ in range(30):
            self.world.tick()
        stopped = car.get_velocity().length()
        place = self.free_points(1)[0]
        car.set_transform(place)
        car.set_target_velocity(place.get_forward_vector() * 3.0)
        car.set_light_state(carla.VehicleLightState.LowBeam)
        self.world.tick()
        found = {
            "behind": xyz(back),
            "told": [told.reverse, told.throttle],
            "stopped": stopped,
            "teleported": car.get_location().distance(place.location),
            "lamps": int(car.get_light_state()),
            "box": xyz(car.bounding_box.extent),
            "wheels": [wheel.max_steer_angle for wheel in car.get_physics_control().wheels],
            "limit": car.get_speed_limit(),
        }
        car.destroy()
        return found

    def traffic(self) -> list[dict[str, Any]]:
        """How vehicles and pedestrians of the town move in a tick."""
        self.world.tick()
        before = {actor.id: actor.get_transform() for actor in self.world.get_snapshot()}
        self.world.tick()
        found = []
        for actor in self.world.get_actors():
            if actor.type_id.startswith(("vehicle.", "walker.")) and actor.id in before:
                moved = actor.get_location() - before[actor.id].location
                found.append(
                    {
                        "type": actor.type_id,
                        "role": actor.attributes.get("role_name"),
                        "moved": xyz(moved),
                        "velocity": xyz(actor.get_velocity()),
                        "length": 2.0 * actor.bounding_box.extent.x,
                    }
                )
        return found

    def refusals(self) -> dict[str, str]:
        point = self.free_points(1)[0]
        car = self.world.spawn_actor(self.library.find("vehicle.tesla.model3"), point)
        self.world.tick()
        library = self.library
        found = {
            "occupied": error_of(lambda: self.world.spawn_actor(library.find("vehicle.audi.a2"), point)),
            "radar": error_of(lambda: self.world.spawn_actor(library.find("sensor.other.radar"), point, attach_to=car)),
            "bones": error_of(car.get_bone_names),
            "recorder": error_of(lambda: self.first.start_recorder("drive.log")),
            "replay": error_of(lambda: self.first.replay_file("drive.log", 0.0, 0.0, 0)),
        }
        car.destroy()
        return found


def main(port: int) -> dict[str, Any]:
    tour = Tour(port)
    stops = ("towns", "by_itself", "synchronous", "batches", "lights", "walker", "crash", "instruments", "reverse")
    found = {name: getattr(tour, name)() for name in (*stops, "traffic", "refusals")}
    found["scenery"] = scenery(tour)
    settings = tour.world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = False, None
    tour.world.apply_settings(settings)
    return found


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
