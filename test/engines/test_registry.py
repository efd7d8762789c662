"""Backends by name; one that cannot run here says what it lacks."""

from __future__ import annotations

import importlib.util

import pytest

from test.models.parts import make_model, tiny_config
from wam_ros.core import ConfigError, VehicleDescription
from wam_ros.engines import BACKENDS, make_engine
from wam_ros.planning.catalog import ENGINE_BACKENDS, PlannerOptions, make_planner
from wam_ros.planning.engine_state import EngineState


def test_the_catalog_names_the_backends() -> None:
    assert BACKENDS == ENGINE_BACKENDS
    model = make_model(tiny_config())
    assert make_engine("eager", model).backend == "eager"
    assert make_engine("eager", model).network is model


def test_unknown_backends_are_refused() -> None:
    with pytest.raises(ConfigError, match="backend: unknown 'inducter'; did you mean 'inductor'"):
        make_engine("inducter", make_model(tiny_config()))


@pytest.mark.skipif(importlib.util.find_spec("torch_tensorrt") is not None, reason="it is there")
def test_tensorrt_says_what_is_missing(vehicle: VehicleDescription) -> None:
    model = make_model(tiny_config())
    with pytest.raises(ConfigError, match=r"backend tensorrt: the package torch_tensorrt is not installed: .* or take"):
        make_engine("tensorrt", model, fall_back="none")
    options = PlannerOptions(checkpoint="random:tiny", backend="tensorrt")
    for fallen in (make_engine("tensorrt", model), EngineState.of(make_planner("wam_diff", vehicle, options))):
        assert fallen.backend == "eager"
        (reason,) = fallen.fallbacks
        assert reason.startswith("tensorrt runs as eager: the package torch_tensorrt is not installed")
