"""A key tells apart everything that a built engine depends on."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch

from test.models.parts import make_model, tiny_config
from wam_ros.core.errors import ConfigError
from wam_ros.engines import EngineKey

FIELDS = [field.name for field in dataclasses.fields(EngineKey)]


def key() -> EngineKey:
    return EngineKey.here("inductor", make_model(tiny_config()), "abc", prompt_length=33, visual_tokens=12)


def test_it_knows_the_machine_and_the_network() -> None:
    made = key()
    assert made.device.startswith("cpu ")
    assert (made.torch_version, made.dtype, made.attention) == (str(torch.__version__), "float32", "prefix")
    assert (made, made.digest) == (key(), key().digest)
    made.require(key())


@pytest.mark.parametrize("name", FIELDS)
def test_any_difference_is_another_key_and_is_refused_by_name(name: str) -> None:
    wanted = key()
    value = getattr(wanted, name)
    change: dict[str, Any] = {name: value + 1 if isinstance(value, int) else f"other {value}"}
    stale = dataclasses.replace(wanted, **change)
    assert stale.digest != wanted.digest
    with pytest.raises(ConfigError, match=rf"engine is for {name} .*wanted .*: build it anew"):
        wanted.require(stale)
