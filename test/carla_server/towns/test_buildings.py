"""Houses stand beside the streets."""

import itertools

import pytest
import shapely

pytest.importorskip("carla")

from test.carla_server.worlds import town
from wam_ros.carla_server.towns.buildings import building_footprints


@pytest.mark.parametrize("name", ["grid_small", "random_small"])
def test_houses_keep_off_the_road_and_apart(name):
    houses = building_footprints(town(name))
    assert len(houses) > 40
    roads = shapely.union_all(
        [
            shapely.LineString(lane.centerline.points).buffer(lane.width / 2.0)
            for lane in town(name).lanes.lanes.values()
        ]
    )
    outlines = [house.footprint for house in houses]
    assert min(roads.distance(outline) for outline in outlines) >= 5.99
    assert all(not first.intersects(second) for first, second in itertools.combinations(outlines, 2))
    for house, outline in zip(houses, outlines):
        assert outline.area == pytest.approx(house.length * house.width)


def test_the_same_seed_gives_the_same_houses():
    assert building_footprints(town()) == building_footprints(town())
    assert building_footprints(town(), 1) != building_footprints(town())
