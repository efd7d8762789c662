"""What drives in the town's traffic: sizes, colours, habits. It knows no simulation."""

from __future__ import annotations

from dataclasses import dataclass

from wam_ros.core.scene import ActorKind

Color = tuple[int, int, int]
COLORS: tuple[Color, ...] = (
    (232, 232, 228),
    (30, 32, 36),
    (120, 124, 130),
    (176, 180, 184),
    (158, 28, 30),
    (34, 62, 130),
    (206, 158, 46),
    (44, 92, 70),
)


@dataclass(frozen=True)
class TrafficType:
    """One type of vehicle.

    Fields:
        type_id: CARLA's blueprint id.
        kind: Car or bicycle.
        length, width, height: Of its box [m].
        share: Of all vehicles, relative to the others.
        sumo_class: SUMO's vClass.
        acceleration, deceleration: Comfortable [m/s^2].
        speed_factor: Of the speed limit that it drives.
        max_speed: [m/s].

    """

    type_id: str
    kind: ActorKind
    length: float
    width: float
    height: float
    share: float
    sumo_class: str = "passenger"
    acceleration: float = 2.2
    deceleration: float = 3.5
    speed_factor: float = 1.0
    max_speed: float = 36.0


_CAR, _CYCLE = ActorKind.VEHICLE, ActorKind.BICYCLE
TRAFFIC: tuple[TrafficType, ...] = (
    TrafficType("vehicle.tesla.model3", _CAR, 4.79, 1.92, 1.49, 4.0),
    TrafficType("vehicle.audi.a2", _CAR, 3.71, 1.79, 1.55, 3.0, speed_factor=0.95),
    TrafficType("vehicle.mini.cooper_s", _CAR, 3.81, 1.75, 1.44, 3.0, acceleration=2.5, speed_factor=1.05),
    TrafficType("vehicle.lincoln.mkz_2020", _CAR, 4.90, 1.87, 1.49, 3.0),
    TrafficType("vehicle.nissan.patrol_2021", _CAR, 5.20, 2.00, 1.93, 2.0),
    TrafficType("vehicle.mercedes.sprinter", _CAR, 5.92, 2.02, 2.56, 2.0, "delivery", 1.8, 3.2, 0.92),
    TrafficType("vehicle.carlamotors.european_hgv", _CAR, 7.94, 2.50, 3.47, 1.0, "truck", 1.3, 3.0, 0.85),
    TrafficType("vehicle.bh.crossbike", _CYCLE, 1.75, 0.60, 1.75, 1.0, "bicycle", 1.2, 3.0, 1.0, 5.5),
)
WALKER_TYPE = "walker.pedestrian.{:04d}"
WALKER_TYPES = 51  # CARLA 0.9.16 has 0001 to 0051
WALKER_SIZE = (0.5, 0.5, 1.75)  # length, width, height [m]


def sumo_definitions() -> str:
    """The types as an additional file of SUMO, under their blueprint ids."""
    return "<additional>\n" + "".join(_definition(kind) for kind in TRAFFIC) + "</additional>\n"


def _definition(kind: TrafficType) -> str:
    values = {
        "id": kind.type_id,
        "vClass": kind.sumo_class,
        "length": kind.length,
        "width": kind.width,
        "accel": kind.acceleration,
        "decel": kind.deceleration,
        "maxSpeed": kind.max_speed,
        "speedFactor": f"normc({kind.speed_factor},0.06,0.8,1.2)",
        "sigma": 0.2,
        "tau": 1.3,
        "minGap": 2.5,
        # Nobody slides sideways while standing, and no faster than 10 degrees off its heading.
        "lcMaxSpeedLatStanding": 0.0,
        "lcMaxSpeedLatFactor": 0.18,
    }
    return "  <vType " + " ".join(f'{key}="{value}"' for key, value in values.items()) + "/>\n"
