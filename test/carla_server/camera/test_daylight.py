"""Days differ, and on none of them is it dark."""

import numpy as np

from wam_ros.carla_server.camera.daylight import Daylight

UP = np.array([[0.0, 0.0, 1.0]])
SEEDS = range(60)


def test_level_ground_is_always_bright_and_never_overexposed():
    light = np.concatenate([Daylight.of_seed(seed).on(UP) for seed in SEEDS])
    assert light.min() > 0.75
    assert light.max() < 1.2


def test_days_differ_and_repeat():
    days = {Daylight.of_seed(seed) for seed in SEEDS}
    assert len(days) == len(SEEDS)
    assert Daylight.of_seed(7) == Daylight.of_seed(7)
    zeniths = np.array([day.zenith for day in days])
    assert zeniths[:, 2].min() > 0.5
    assert np.ptp(zeniths[:, 0]) > 0.2


def test_faces_to_the_sun_are_brighter():
    day = Daylight.of_seed(3)
    assert (day.on(day.to_sun[None]) > day.on(-day.to_sun[None])).all()
    assert np.isclose(np.linalg.norm(day.to_sun), 1.0)
