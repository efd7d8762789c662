"""Backends by name; one that cannot run here says what it lacks."""

from __future__ import annotations

import importlib.util
from typing import get_args

import pytest

from test.models.parts import make_model, tiny_config
from wam_ros.core import ConfigError, VehicleDescription
from wam_ros.engines import BACKENDS, EngineChoice, FallBack, make_engine
from wam_ros.planning.catalog import ENGINE_BACKENDS, FALL_BACKS, PlannerOptions, make_planner
from wam_ros.planning.engine_state import EngineState


def test_the_catalog_names_the_backends() -> None:
    assert BACKENDS == ENGINE_BACKENDS
    assert get_args(FallBack) == FALL_BACKS
    model = make_model(tiny_config())
    assert make_engine(EngineChoice(), model).backend == "eager"
    assert make_engine(EngineChoice(), model).network is model


def test_unknown_backends_are_refused() -> None:
    with pytest.raises(ConfigError, match="backend: unknown 'inducter'; did you mean 'inductor'"):
        EngineChoice("inducter")
    with pytest.raises(ConfigError, match="fall_back: unknown 'eage'; did you mean 'eager'"):
        EngineChoice(fall_back="eage")  # type: ignore[arg-type]


@pytest.mark.skipif(importlib.util.find_spec("torch_tensorrt") is not None, reason="it is there")
def test_tensorrt_says_what_is_missing(vehicle: VehicleDescription) -> None:
    model = make_model(tiny_config())
    with pytest.raises(ConfigError, match=r"backend tensorrt: the package torch_tensorrt is not installed: .* or take"):
        make_engine(EngineChoice("tensorrt", fall_back="none"), model)
    options = PlannerOptions(checkpoint="random:tiny", backend="tensorrt")
    for fallen in (
        make_engine(EngineChoice("tensorrt"), model),
        EngineState.of(make_planner("wam_diff", vehicle, options)),
    ):
        assert fallen.backend == "eager"
        (reason,) = fallen.fallbacks
        assert reason.startswith("tensorrt runs as eager: the package torch_tensorrt is not installed")
