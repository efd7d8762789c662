"""The world as boxes for rays: bodies and buildings, with CARLA's class of each."""

from __future__ import annotations

from wam_ros.carla_server.actors.ray_casting import GROUND, Box, Hits, cast_rays
from wam_ros.carla_server.camera.semantics import Tag
from wam_ros.carla_server.world.bodies import Body
from wam_ros.carla_server.world.world import World
from wam_ros.core.geometry import Array
from wam_ros.core.scene import ActorKind

_TAGS = {
    ActorKind.VEHICLE: Tag.CAR,
    ActorKind.BICYCLE: Tag.BICYCLE,
    ActorKind.PEDESTRIAN: Tag.PEDESTRIANS,
    ActorKind.STATIC: Tag.STATIC,
}


class Surroundings:
    """What rays can hit in a world now."""

    def __init__(self, world: World) -> None:
        bodies = list(world.bodies.values())
        houses = [
            Box(house.x, house.y, 0.0, house.yaw, house.length, house.width, house.height) for house in world.buildings
        ]
        self._boxes = [*(_box(body) for body in bodies), *houses]
        self._tags = [*(_TAGS[body.kind] for body in bodies), *[Tag.BUILDINGS] * len(houses)]

    def cast(self, origin: Array, directions: Array, reach: float) -> Hits:
        """First hits of rays from (3,) along unit directions (N, 3), up to `reach` [m]."""
        return cast_rays(origin, directions, self._boxes, reach)

    def tag(self, index: int) -> Tag:
        """Class of what was hit."""
        return Tag.ROADS if index == GROUND else self._tags[index]


def _box(body: Body) -> Box:
    return Box(body.x, body.y, body.z, body.yaw, body.length, body.width, body.height)
