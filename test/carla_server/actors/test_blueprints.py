from __future__ import annotations

import pytest

from wam_ros.carla_server.actors.blueprint_catalog import library, passenger_car, vehicle_of
from wam_ros.carla_server.wire.wire_types import AttributeValue, Description
from wam_ros.carla_server.world.vehicle_types import TRAFFIC, WALKER_TYPE, WALKER_TYPES
from wam_ros.core.errors import WorldError

VEHICLES = [blueprint for blueprint in library() if blueprint.id.startswith("vehicle.")]


def wanted(name: str, *attributes: tuple[str, str]) -> Description:
    return Description(0, name, tuple(AttributeValue(key, 4, value) for key, value in attributes))


def test_names_and_numbers_are_unique() -> None:
    blueprints = list(library())
    assert len({blueprint.id for blueprint in blueprints}) == len(blueprints)
    assert len({blueprint.uid for blueprint in blueprints}) == len(blueprints)


def test_whatever_drives_and_walks_in_the_town_has_a_blueprint_of_its_size() -> None:
    for kind in TRAFFIC:
        blueprint = library().find(kind.type_id)
        assert blueprint is not None
        if kind.type_id != "vehicle.tesla.model3":
            assert blueprint.size == (kind.length, kind.width, kind.height)
    assert all(library().find(WALKER_TYPE.format(index)) for index in range(1, WALKER_TYPES + 1))


@pytest.mark.parametrize("name", [blueprint.id for blueprint in VEHICLES])
def test_a_vehicle_drives_in_the_box_that_it_shows(name: str) -> None:
    blueprint, car = library().find(name), vehicle_of(name)
    assert blueprint is not None
    assert (car.length, car.width, car.height) == pytest.approx(blueprint.size)
    assert car.rear_axle_offset == pytest.approx(car.rear_axle_to_center)
    assert blueprint.attributes["base_type"].value in {"car", "van", "truck", "bus", "motorcycle", "bicycle"}


def test_the_default_vehicle_is_the_passenger_car() -> None:
    assert vehicle_of("vehicle.tesla.model3") == passenger_car()


def test_a_description_is_completed_with_defaults() -> None:
    blueprint, full = library().check(wanted("sensor.camera.rgb", ("fov", "70"), ("image_size_x", "640")))
    values = {each.id: each.value for each in full.attributes}
    assert set(values) == set(blueprint.attributes)
    assert (values["fov"], values["image_size_x"], values["image_size_y"]) == ("70", "640", "600")


@pytest.mark.parametrize(
    ("description", "message"),
    [
        (wanted("vehicle.tesla.model4"), "did you mean 'vehicle.tesla.model3'"),
        (wanted("sensor.camera.rgb", ("fow", "70")), "did you mean 'fov'"),
        (wanted("sensor.camera.rgb", ("fov", "wide")), "fov = 'wide', wanted a value of type float"),
        (wanted("sensor.camera.rgb", ("fov", "nan")), "wanted a value of type float"),
        (wanted("sensor.camera.rgb", ("image_size_x", "1e3")), "wanted a value of type int"),
        (wanted("sensor.camera.rgb", ("image_size_x", "9" * 5000)), "wanted a value of type int"),
        (wanted("vehicle.audi.a2", ("color", "1,2")), "wanted a value of type color"),
        (wanted("vehicle.audi.a2", ("color", "1,2,300")), "wanted a value of type color"),
        (wanted("vehicle.audi.a2", ("sticky_control", "maybe")), "wanted a value of type bool"),
    ],
    ids=range(9),
)
def test_what_cannot_be_made_is_named(description: Description, message: str) -> None:
    with pytest.raises(WorldError, match=message):
        library().check(description)
