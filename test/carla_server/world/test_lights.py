"""Programs by the clock, lights by hand."""

import pytest

from test.carla_server.worlds import town
from wam_ros.carla_server.world.lights import LightBoard, LightProgram
from wam_ros.core.errors import WorldError
from wam_ros.core.scene import LightState

PROGRAM = LightProgram("A", 4.0, ((10.0, "Gr"), (3.0, "yr"), (7.0, "rg")))


def board() -> LightBoard:
    return LightBoard([PROGRAM], ["A_0", "A_1"])


def test_the_program_begins_at_its_offset_and_repeats():
    shown = [PROGRAM.letters(time) for time in (4.0, 13.9, 14.0, 16.99, 17.0, 23.99, 24.0, 3.9)]
    assert shown == ["Gr", "Gr", "yr", "yr", "rg", "rg", "Gr", "rg"]


def test_the_programs_keep_time_with_sumos():
    libsumo = pytest.importorskip("libsumo")
    from wam_ros.carla_server.world.traffic import Traffic

    libsumo.start(["sumo", "-n", str(town().net_path), "--step-length", "0.5", "--no-step-log"])
    try:
        programs = Traffic.programs()
        assert len(programs) >= 6
        for step in range(200):
            time = libsumo.simulation.getTime()
            for program in programs:
                shown = libsumo.trafficlight.getRedYellowGreenState(program.junction)
                assert shown in {program.letters(time), program.letters(time - 0.5)}, (step, program.junction)
            libsumo.simulationStep()
    finally:
        libsumo.close()


def test_times_add_up_to_the_cycle():
    times = board().times("A_0")
    assert times == (10.0, 3.0, 7.0)
    assert sum(times) == PROGRAM.cycle


def test_a_light_set_by_hand_stays_until_released():
    lights = board()
    lights.set("A_1", LightState.YELLOW)
    for _ in range(50):
        lights.step(0.5)
        assert lights.states["A_1"] is LightState.YELLOW
    assert lights.states["A_0"] is LightState.GREEN  # at 25 s, 1 s into the second cycle: its program goes on
    lights.release("A_1")
    assert lights.states["A_1"] is LightState.RED


def test_frozen_lights_stand_still_and_go_on_where_they_were():
    lights, free = board(), board()
    lights.freeze(True)
    before = dict(lights.states)
    for _ in range(100):
        lights.step(0.3)
    assert lights.states == before
    lights.freeze(False)
    for _ in range(40):
        lights.step(0.5)
        free.step(0.5)
        assert lights.states == free.states


def test_an_unknown_signal_is_named():
    with pytest.raises(WorldError, match="no traffic light 'B_0'"):
        board().set("B_0", LightState.RED)
