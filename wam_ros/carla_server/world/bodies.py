"""What stands and moves in the embedded world, as the wire, the camera and the physics all see it."""

from __future__ import annotations

from dataclasses import dataclass, field

from wam_ros.core.geometry import SE2
from wam_ros.core.scene import ActorKind


@dataclass(slots=True, eq=False)
class Body:
    """A vehicle, pedestrian or prop: a box. Mutable: the world moves it, everyone else reads.

    Fields:
        id: CARLA's actor id; never used twice within a world.
        kind: What it is.
        type_id: CARLA's blueprint id, such as vehicle.tesla.model3.
        length, width, height: Of its box [m].
        x, y, yaw: Middle of the box on the ground, in the map frame (y north, counter-clockwise) [m], [rad].
        z: Height of its underside [m].
        speed: Along its heading [m/s], negative in reverse.
        acceleration: Along its heading [m/s^2].
        yaw_rate: [rad/s].
        steering_angle: Of the front wheels [rad], left positive; vehicles of clients only.
        braking: Whether its brake lights are on.
        color: Paint or clothes, 0..255 each.
        from_client: Whether a client put it there; traffic and pedestrians of the town are not.

    """

    id: int
    kind: ActorKind
    type_id: str
    length: float
    width: float
    height: float
    x: float
    y: float
    yaw: float
    z: float = 0.0
    speed: float = 0.0
    acceleration: float = 0.0
    yaw_rate: float = 0.0
    steering_angle: float = 0.0
    braking: bool = False
    color: tuple[int, int, int] = (160, 160, 160)
    from_client: bool = False

    @property
    def pose(self) -> SE2:
        """Middle of the box."""
        return SE2(self.x, self.y, self.yaw)


@dataclass(frozen=True)
class Collision:
    """Two boxes that overlap in a step; told anew in every step while they do.

    Fields:
        first: Body id; that of a client's vehicle.
        second: Body id of the other, or 0 = a building or other thing of the town.
        impulse: Size of what stopped it [N s], from a plastic collision of two masses.
        normal: Unit direction in the map frame from `first` to `second`.

    """

    first: int
    second: int
    impulse: float
    normal: tuple[float, float] = field(default=(1.0, 0.0))
