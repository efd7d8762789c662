"""The embedded world as an Environment, without any wire: the ego, its cameras and its route."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wam_ros.carla_server.towns.town import Town
from wam_ros.carla_server.world.bodies import Body, Collision
from wam_ros.carla_server.world.traffic import STEP
from wam_ros.carla_server.world.world import World, WorldSettings
from wam_ros.core.camera import CameraImage
from wam_ros.core.ego import EgoState
from wam_ros.core.errors import WorldError
from wam_ros.core.geometry import SE2, SE3
from wam_ros.core.observation import Observation
from wam_ros.core.scene import Scene
from wam_ros.core.sensor_rig import SensorRig, SensorSpec
from wam_ros.core.vehicle import VehicleCommand, VehicleDescription
from wam_ros.planning.route_planner import PlannedRoute

if TYPE_CHECKING:
    from wam_ros.carla_server.camera.town_camera import TownCamera

EGO_TYPE = "vehicle.tesla.model3"
_GOAL = 5.0  # m before the route's end
_ROOM = 15.0  # m around the start, cleared of traffic where that stands in the way
# A client of the server needs these ticks to spawn the vehicle and start its sensors; the same here makes drives in
# process and over the wire the same drives.
_SETTLING_TICKS = 5


class EmbeddedEnvironment:
    """Drives one vehicle along one route through the embedded world.

    Args:
        town: Where.
        settings: Traffic and seed.
        vehicle: The ego.
        rig: Its sensors; only RGB cameras are served here.
        planned: Where it starts and what route is told.
        camera: Whether images are made; without them observations have none.
        renderer: "software" or "egl"; their colours differ.

    """

    def __init__(
        self,
        town: Town,
        settings: WorldSettings,
        vehicle: VehicleDescription,
        rig: SensorRig,
        planned: PlannedRoute,
        *,
        camera: bool = True,
        renderer: str = "software",
    ) -> None:
        self._town = town
        self._settings = settings
        self._vehicle = vehicle
        self._sensors = tuple(each for each in rig.cameras if each.type == "sensor.camera.rgb") if camera else ()
        self._planned = planned
        self._renderer = renderer
        self._camera: TownCamera | None = None
        self._world: World | None = None
        self._ego: Body | None = None
        self._collisions: list[Collision] = []
        self._progress = 0.0
        self._first_tick = 0

    @property
    def tick_s(self) -> float:
        """Of the world's clock [s]."""
        return STEP

    @property
    def world(self) -> World:
        """The world of this drive.

        Raises:
            WorldError: `reset` was not called yet.

        """
        if self._world is None:
            msg = "the environment was not reset yet: there is no world"
            raise WorldError(msg)
        return self._world

    @property
    def ego_id(self) -> int:
        """Body id of the own vehicle."""
        return self._body().id

    @property
    def collisions(self) -> tuple[Collision, ...]:
        """All since the reset, one for each tick that they last."""
        return tuple(self._collisions)

    @property
    def progress(self) -> float:
        """How far along the route the rear axle is [m]."""
        return self._progress

    @property
    def goal_reached(self) -> bool:
        """Whether the route's end is less than 5 m away."""
        return self._progress >= self._planned.route.line.length - _GOAL

    def reset(self) -> Observation:
        """Start anew: the same traffic, from the same seed, and the ego standing at the start.

        Raises:
            WorldError: Another world runs in this process, or something that cannot move stands at the start.

        """
        if self._world is not None:
            self._world.close()
            self._world = None
        self._world = World(self._town, self._settings)
        self._collisions, self._progress = [], 0.0
        start = self._planned.start
        middle = start @ SE2(self._vehicle.rear_axle_to_center, 0.0, 0.0)
        try:
            self._ego = self._world.spawn_vehicle(EGO_TYPE, middle, self._vehicle)
        except WorldError:
            self._world.make_room(middle, _ROOM)
            self._ego = self._world.spawn_vehicle(EGO_TYPE, middle, self._vehicle)
        for _ in range(_SETTLING_TICKS):
            self._world.step(STEP)
            self._world.drive(self._ego.id, 0.0, -self._vehicle.max_deceleration)
        self._first_tick = round(self._world.time / STEP)
        self._follow_route()
        return self.observe()

    def ego(self) -> EgoState:
        """The own vehicle now, in frame "map"."""
        return self.world.ego_state(self.ego_id)

    def observe(self) -> Observation:
        """What is seen now; images of the cameras whose period ends at this tick."""
        ego = self.ego()
        tick = round(self.world.time / STEP) - self._first_tick
        images = {each.id: self._image(each, ego) for each in self._sensors if tick % _stride(each) == 0}
        instruction = self._planned.instruction_at(self._progress)
        return Observation(ego.stamp_ns, ego, images, self._planned.route, instruction)

    def apply(self, command: VehicleCommand) -> bool:
        """Go on by one tick; False once the goal is reached."""
        self.world.drive_ackermann(self.ego_id, command.steering_angle, command.speed, command.acceleration)
        self._collisions.extend(self.world.step(STEP))
        self._follow_route()
        return not self.goal_reached

    def scene(self) -> Scene:
        """The truth around the ego."""
        return self.world.scene(self.ego_id, self._vehicle)

    def close(self) -> None:
        """End the world and the camera."""
        if self._camera is not None:
            self._camera.close()
            self._camera = None
        if self._world is not None:
            self._world.close()
            self._world = None

    def _body(self) -> Body:
        if self._ego is None:
            msg = "the environment was not reset yet: there is no ego"
            raise WorldError(msg)
        return self._ego

    def _follow_route(self) -> None:
        """The nearest place not far from where it was: routes may cross themselves."""
        ego = self.ego()
        place = self._planned.route.line.project(ego.pose.position, near=self._progress, window=20.0)
        self._progress = max(self._progress, place.arc_length)

    def _image(self, sensor: SensorSpec, ego: EgoState) -> CameraImage:
        if self._camera is None:
            from wam_ros.carla_server.camera.town_camera import TownCamera

            self._camera = TownCamera(self._town, self._settings.seed, self._renderer)
        view = self._camera.view(sensor.width, sensor.height, sensor.fov_deg)
        map_from_camera = SE3.from_se2(ego.pose) @ sensor.base_from_sensor
        pixels = view.render(map_from_camera, self.world.bodies.values(), self.world.lights, hide=(self.ego_id,))
        return CameraImage(ego.stamp_ns, pixels, "rgb8", sensor.camera_model, sensor.base_from_optical)


def _stride(sensor: SensorSpec) -> int:
    """Ticks between two images."""
    return max(round(sensor.period / STEP), 1)
