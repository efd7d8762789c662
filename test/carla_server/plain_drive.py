"""A user's own client, with nothing but the carla package: spawn, look, drive for 10 s. Prints JSON."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import carla

TICK_S = 0.05


def longest_road(carla_map: Any) -> Any:
    """A spawn point with a straight way ahead."""

    def length(point: Any) -> int:
        waypoint = carla_map.get_waypoint(point.location)
        ahead = [waypoint.next(float(distance)) for distance in range(5, 60, 5)]
        return next((index for index, found in enumerate(ahead) if not found or found[0].is_junction), len(ahead))

    return max(carla_map.get_spawn_points(), key=length)


def main(port: int, ticks: int) -> dict[str, Any]:
    client = carla.Client("127.0.0.1", port)
    client.set_timeout(60.0)
    world = client.get_world()
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, TICK_S
    world.apply_settings(settings)

    library = world.get_blueprint_library()
    start = longest_road(world.get_map())
    vehicle = world.spawn_actor(library.find("vehicle.tesla.model3"), start)
    blueprint = library.find("sensor.camera.rgb")
    blueprint.set_attribute("image_size_x", "320")
    blueprint.set_attribute("image_size_y", "180")
    camera = world.spawn_actor(blueprint, carla.Transform(carla.Location(x=1.5, z=1.6)), attach_to=vehicle)
    images: list[tuple[int, int, int, bytes]] = []
    camera.listen(lambda image: images.append((image.frame, image.width, image.height, bytes(image.raw_data))))

    crossings: list[list[str]] = []
    lines = world.spawn_actor(library.find("sensor.other.lane_invasion"), carla.Transform(), attach_to=vehicle)
    lines.listen(lambda event: crossings.append([str(marking.type) for marking in event.crossed_lane_markings]))

    frames, places, speeds, turns = [], [], [], []
    for tick in range(ticks):
        if tick < 80:
            control = carla.VehicleControl(throttle=0.5)
        elif tick < 120:
            control = carla.VehicleControl(steer=-0.2)
        else:
            control = carla.VehicleControl(brake=1.0)
        vehicle.apply_control(control)
        frames.append(world.tick())
        transform, velocity = vehicle.get_transform(), vehicle.get_velocity()
        places.append((transform.location.x, transform.location.y))
        turns.append(transform.rotation.yaw)
        speeds.append(velocity.length())
    deadline = time.monotonic() + 60.0
    while images[-1][0] < frames[-1] and time.monotonic() < deadline:
        time.sleep(0.01)  # the callback runs in a thread of the client
    for sensor in (camera, lines):
        sensor.stop()
        sensor.destroy()
    vehicle.destroy()
    settings.synchronous_mode = False
    world.apply_settings(settings)
    return {
        "ours": sorted(name for name in sys.modules if name.startswith("wam_ros")),
        "version": client.get_server_version(),
        "frames": frames,
        "image_frames": [image[0] for image in images],
        "sizes": sorted({(image[1], image[2], len(image[3])) for image in images}),
        "colors": len(set(images[-1][3])),
        "same_picture": images[0][3] == images[ticks // 2][3],
        "start": (start.location.x, start.location.y, start.rotation.yaw),
        "crossings": crossings,
        "places": places,
        "turns": turns,
        "speeds": speeds,
    }


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]))))
