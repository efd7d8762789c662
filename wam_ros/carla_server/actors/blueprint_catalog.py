"""The blueprints of the embedded world: CARLA 0.9.16's ids, with the attributes that its clients ask for.

Sizes of vehicles are near those of CARLA's models; those that drive in the town's own traffic have the size that they
have there. vehicle.tesla.model3, the default of many scripts, is the passenger car of config/vehicle.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from wam_ros.carla_server.actors.blueprints import Attribute, AttributeType, Blueprint, BlueprintLibrary
from wam_ros.carla_server.camera.semantics import Tag
from wam_ros.carla_server.wire.layouts import Triple
from wam_ros.carla_server.world.vehicle_types import COLORS, TRAFFIC, WALKER_SIZE, WALKER_TYPE, WALKER_TYPES
from wam_ros.core.resources import resource
from wam_ros.core.vehicle import VehicleDescription

PASSENGER_CAR = "vehicle.tesla.model3"
_BOOL, _INT, _FLOAT, _STRING, _COLOR = AttributeType


class _Model(NamedTuple):
    """A vehicle: base type, size [m], what it is used for."""

    id: str
    base: str
    size: Triple
    special: str = ""


_VEHICLES = (
    _Model("audi.a2", "car", (3.71, 1.79, 1.55)),
    _Model("audi.etron", "car", (4.86, 2.03, 1.65)),
    _Model("audi.tt", "car", (4.18, 1.99, 1.39)),
    _Model("bmw.grandtourer", "car", (4.61, 2.24, 1.67)),
    _Model("chevrolet.impala", "car", (5.36, 2.03, 1.41)),
    _Model("citroen.c3", "car", (3.99, 1.85, 1.62)),
    _Model("dodge.charger_2020", "car", (5.01, 2.10, 1.53)),
    _Model("dodge.charger_police", "car", (4.97, 2.04, 1.54), "emergency"),
    _Model("dodge.charger_police_2020", "car", (5.24, 2.10, 1.64), "emergency"),
    _Model("ford.crown", "car", (5.37, 1.80, 1.57), "taxi"),
    _Model("ford.mustang", "car", (4.72, 1.89, 1.30)),
    _Model("jeep.wrangler_rubicon", "car", (3.87, 1.91, 1.88)),
    _Model("lincoln.mkz_2017", "car", (4.90, 2.13, 1.51)),
    _Model("lincoln.mkz_2020", "car", (4.90, 1.87, 1.49)),
    _Model("mercedes.coupe", "car", (5.03, 2.15, 1.64)),
    _Model("mercedes.coupe_2020", "car", (4.67, 2.00, 1.44)),
    _Model("micro.microlino", "car", (2.21, 1.48, 1.38), "electric"),
    _Model("mini.cooper_s", "car", (3.81, 1.75, 1.44)),
    _Model("mini.cooper_s_2021", "car", (4.55, 2.10, 1.77)),
    _Model("nissan.micra", "car", (3.63, 1.85, 1.50)),
    _Model("nissan.patrol", "car", (4.60, 1.93, 1.86)),
    _Model("nissan.patrol_2021", "car", (5.20, 2.00, 1.93)),
    _Model("seat.leon", "car", (4.19, 1.82, 1.47)),
    _Model("tesla.cybertruck", "car", (6.27, 2.39, 2.10), "electric"),
    _Model("tesla.model3", "car", (4.85, 1.85, 1.50), "electric"),
    _Model("toyota.prius", "car", (4.51, 2.01, 1.52)),
    _Model("ford.ambulance", "van", (6.37, 2.35, 2.43), "emergency"),
    _Model("mercedes.sprinter", "van", (5.92, 2.02, 2.56)),
    _Model("volkswagen.t2", "van", (4.48, 2.07, 2.04)),
    _Model("volkswagen.t2_2021", "van", (4.44, 1.77, 1.99)),
    _Model("carlamotors.carlacola", "truck", (5.20, 2.61, 2.47)),
    _Model("carlamotors.european_hgv", "truck", (7.94, 2.50, 3.47)),
    _Model("carlamotors.firetruck", "truck", (8.47, 2.89, 3.83), "emergency"),
    _Model("mitsubishi.fusorosa", "bus", (10.27, 2.60, 3.30)),
    _Model("harley-davidson.low_rider", "motorcycle", (2.35, 0.76, 1.64)),
    _Model("kawasaki.ninja", "motorcycle", (2.03, 0.80, 1.52)),
    _Model("vespa.zx125", "motorcycle", (1.80, 0.78, 1.59)),
    _Model("yamaha.yzf", "motorcycle", (2.21, 0.87, 1.53)),
    _Model("bh.crossbike", "bicycle", (1.75, 0.60, 1.75)),
    _Model("diamondback.century", "bicycle", (1.64, 0.58, 1.75)),
    _Model("gazelle.omafiets", "bicycle", (1.84, 0.66, 1.78)),
)
_TAGS = {"truck": Tag.TRUCK, "bus": Tag.BUS, "motorcycle": Tag.MOTORCYCLE, "bicycle": Tag.BICYCLE}
_SPEED_OF = {"van": 40.0, "truck": 30.0, "bus": 28.0, "motorcycle": 50.0, "bicycle": 8.0}  # m/s
_ACCELERATION_OF = {"van": 2.5, "truck": 1.5, "bus": 1.5, "motorcycle": 4.0, "bicycle": 1.2}  # m/s^2
_PROPS: tuple[tuple[str, Triple], ...] = (
    ("barrel", (0.6, 0.6, 0.9)),
    ("bench01", (1.8, 0.7, 0.9)),
    ("bin", (0.6, 0.6, 1.0)),
    ("box01", (0.5, 0.5, 0.4)),
    ("busstop", (4.0, 1.6, 2.5)),
    ("constructioncone", (0.35, 0.35, 0.6)),
    ("container", (6.1, 2.4, 2.6)),
    ("dirtdebris01", (1.5, 1.5, 0.3)),
    ("plasticbag", (0.4, 0.4, 0.4)),
    ("shoppingcart", (1.0, 0.6, 1.0)),
    ("streetbarrier", (1.2, 0.4, 1.0)),
    ("trafficcone01", (0.35, 0.35, 0.6)),
    ("trafficwarning", (1.2, 1.2, 2.4)),
    ("vendingmachine", (1.0, 0.9, 1.9)),
    ("warningconstruction", (0.8, 0.4, 1.2)),
)
_ROLES = ("autopilot", "scenario", "ego_vehicle", "hero")
_CAMERA = (
    ("image_size_x", _INT, "800"), ("image_size_y", _INT, "600"), ("fov", _FLOAT, "90.0"),
    ("lens_circle_falloff", _FLOAT, "5.0"), ("lens_circle_multiplier", _FLOAT, "0.0"), ("lens_k", _FLOAT, "-1.0"),
    ("lens_kcube", _FLOAT, "0.0"), ("lens_x_size", _FLOAT, "0.08"), ("lens_y_size", _FLOAT, "0.08"),
)  # fmt: skip
_PHOTO = (
    ("enable_postprocess_effects", _BOOL, "true"), ("gamma", _FLOAT, "2.2"), ("bloom_intensity", _FLOAT, "0.675"),
    ("lens_flare_intensity", _FLOAT, "0.1"), ("motion_blur_intensity", _FLOAT, "0.45"),
    ("motion_blur_max_distortion", _FLOAT, "0.35"), ("motion_blur_min_object_screen_size", _FLOAT, "0.1"),
    ("exposure_mode", _STRING, "histogram"), ("exposure_compensation", _FLOAT, "0.0"), ("iso", _FLOAT, "100.0"),
    ("exposure_min_bright", _FLOAT, "10.0"), ("exposure_max_bright", _FLOAT, "12.0"),
    ("exposure_speed_up", _FLOAT, "3.0"), ("exposure_speed_down", _FLOAT, "1.0"), ("shutter_speed", _FLOAT, "200.0"),
    ("fstop", _FLOAT, "1.4"), ("min_fstop", _FLOAT, "1.2"), ("blade_count", _INT, "5"),
    ("focal_distance", _FLOAT, "1000.0"), ("temp", _FLOAT, "6500.0"), ("tint", _FLOAT, "0.0"),
    ("slope", _FLOAT, "0.88"), ("toe", _FLOAT, "0.55"), ("shoulder", _FLOAT, "0.26"), ("black_clip", _FLOAT, "0.0"),
    ("white_clip", _FLOAT, "0.04"), ("chromatic_aberration_intensity", _FLOAT, "0.0"),
    ("chromatic_aberration_offset", _FLOAT, "0.0"),
)  # fmt: skip
_LIDAR = (
    ("channels", _INT, "32"), ("range", _FLOAT, "10.0"), ("points_per_second", _INT, "56000"),
    ("rotation_frequency", _FLOAT, "10.0"), ("upper_fov", _FLOAT, "10.0"), ("lower_fov", _FLOAT, "-30.0"),
    ("horizontal_fov", _FLOAT, "360.0"), ("atmosphere_attenuation_rate", _FLOAT, "0.004"),
    ("dropoff_general_rate", _FLOAT, "0.45"), ("dropoff_intensity_limit", _FLOAT, "0.8"),
    ("dropoff_zero_intensity", _FLOAT, "0.4"), ("noise_stddev", _FLOAT, "0.0"), ("noise_seed", _INT, "0"),
)  # fmt: skip
_NOISE = ("noise_accel_stddev", "noise_gyro_bias", "noise_gyro_stddev")
_GNSS_NOISE = ("lat", "lon", "alt")
_SENSORS: tuple[tuple[str, tuple[tuple[str, AttributeType, str], ...]], ...] = (
    ("camera.rgb", (*_CAMERA, *_PHOTO)),
    ("camera.depth", _CAMERA),
    ("camera.semantic_segmentation", _CAMERA),
    ("camera.instance_segmentation", _CAMERA),
    ("camera.normals", _CAMERA),
    ("camera.optical_flow", _CAMERA),
    ("camera.dvs", _CAMERA),
    ("lidar.ray_cast", _LIDAR),
    ("lidar.ray_cast_semantic", _LIDAR[:7]),
    ("other.collision", ()),
    (
        "other.gnss",
        (
            *((f"noise_{axis}_{kind}", _FLOAT, "0.0") for axis in _GNSS_NOISE for kind in ("bias", "stddev")),
            ("noise_seed", _INT, "0"),
        ),
    ),
    (
        "other.imu",
        (*((f"{kind}_{axis}", _FLOAT, "0.0") for kind in _NOISE for axis in "xyz"), ("noise_seed", _INT, "0")),
    ),
    ("other.lane_invasion", ()),
    ("other.obstacle", (("distance", _FLOAT, "5.0"), ("hit_radius", _FLOAT, "0.5"), ("only_dynamics", _BOOL, "false"))),
    ("other.radar", (("horizontal_fov", _FLOAT, "30.0"), ("vertical_fov", _FLOAT, "30.0"), ("range", _FLOAT, "100.0"))),
)


@cache
def library() -> BlueprintLibrary:
    """All blueprints."""
    made: list[Blueprint] = []

    def add(name: str, attributes: Iterable[Attribute], size: Triple | None = None, tag: int | None = None) -> None:
        role = Attribute("role_name", _STRING, "default", _ROLES)
        made.append(Blueprint(len(made) + 1, name, {each.id: each for each in (role, *attributes)}, size, tag))

    in_traffic = {kind.type_id: (kind.length, kind.width, kind.height) for kind in TRAFFIC}
    car = passenger_car()
    sizes = {**in_traffic, PASSENGER_CAR: (car.length, car.width, car.height)}
    for model in _VEHICLES:
        name = f"vehicle.{model.id}"
        add(name, _vehicle_attributes(model), sizes.get(name, model.size), _TAGS.get(model.base, Tag.CAR))
    for index in range(1, WALKER_TYPES + 1):
        add(WALKER_TYPE.format(index), _walker_attributes(index), WALKER_SIZE, Tag.PEDESTRIANS)
    add("controller.ai.walker", ())
    for sensor, attributes in _SENSORS:
        tick = Attribute("sensor_tick", _FLOAT, "0.0")
        add(f"sensor.{sensor}", (tick, *(Attribute(*attribute) for attribute in attributes)))
    for prop, size in _PROPS:
        add(f"static.prop.{prop}", (Attribute("size", _STRING, "medium", (), modifiable=False),), size, Tag.STATIC)
    return BlueprintLibrary(made)


@cache
def passenger_car() -> VehicleDescription:
    """The car that clients drive by default."""
    return VehicleDescription.load(resource("config/vehicle/passenger_car.yaml"))


@cache
def vehicle_of(blueprint_id: str) -> VehicleDescription:
    """How a vehicle drives: the passenger car, stretched to the blueprint's size, weaker where it is heavy."""
    car = passenger_car()
    if blueprint_id == PASSENGER_CAR:
        return car
    model = next(model for model in _VEHICLES if f"vehicle.{model.id}" == blueprint_id)
    blueprint = library().find(blueprint_id)
    assert blueprint is not None
    assert blueprint.size is not None
    length, width, height = blueprint.size
    stretch = length / car.length
    values = {name: getattr(car, name) for name in car.__dataclass_fields__}
    for name in ("wheelbase", "front_overhang", "rear_overhang", "rear_axle_offset"):
        values[name] *= stretch
    values.update(name=blueprint_id, width=width, height=height)
    values["max_speed"] = _SPEED_OF.get(model.base, car.max_speed)
    values["max_acceleration"] = _ACCELERATION_OF.get(model.base, car.max_acceleration)
    return VehicleDescription(**values)


def _vehicle_attributes(model: _Model) -> list[Attribute]:
    wheels = "2" if model.base in {"motorcycle", "bicycle"} else "4"
    colors = tuple(",".join(map(str, color)) for color in COLORS)

    def fixed(name: str, kind: AttributeType, value: str) -> Attribute:
        return Attribute(name, kind, value, (), modifiable=False)

    return [
        Attribute("color", _COLOR, colors[0], colors),
        Attribute("sticky_control", _BOOL, "true"),
        Attribute("terramechanics", _BOOL, "false"),
        fixed("number_of_wheels", _INT, wheels),
        fixed("base_type", _STRING, model.base),
        fixed("special_type", _STRING, model.special),
        fixed("generation", _INT, "2"),
        fixed("has_lights", _BOOL, "false"),
        fixed("has_dynamic_doors", _BOOL, "false"),
    ]


def _walker_attributes(index: int) -> list[Attribute]:
    def fixed(name: str, kind: AttributeType, value: str) -> Attribute:
        return Attribute(name, kind, value, (), modifiable=False)

    return [
        Attribute("is_invincible", _BOOL, "true"),
        Attribute("speed", _FLOAT, "1.4", ("0.0", "1.4", "2.8")),
        fixed("gender", _STRING, "female" if index % 2 else "male"),
        fixed("age", _STRING, "adult"),
        fixed("generation", _INT, "2"),
    ]
