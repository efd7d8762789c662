"""A key tells apart everything that a built engine depends on."""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
import torch

from test.models.parts import make_model, tiny_config
from wam_ros.core.errors import ConfigError
from wam_ros.engines import EngineKey
from wam_ros.engines.engine_key import libraries_of, source_hash
from wam_ros.models import WamDiff

FIELDS = [field.name for field in dataclasses.fields(EngineKey)]


def key() -> EngineKey:
    return EngineKey.here("inductor", make_model(tiny_config()), "abc", prompt_length=33, visual_tokens=12)


def test_it_knows_the_machine_and_the_network() -> None:
    made = key()
    assert made.device.startswith("cpu ")
    assert (made.torch_version, made.precision, made.attention) == (str(torch.__version__), "float32", "prefix")
    assert (made, made.digest) == (key(), key().digest)
    assert made.threads == torch.get_num_threads()
    made.require(key())


def test_it_knows_what_the_network_is_beyond_its_weights() -> None:
    other = EngineKey.here(
        "inductor", make_model(tiny_config(norm_eps=1e-6)), "abc", prompt_length=33, visual_tokens=12
    )
    (difference,) = key().differences(other)
    assert difference.startswith("network ")


def test_it_knows_the_files_that_programs_are_made_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = [tmp_path / name for name in ("one.py", "two.py")]
    hashes = []
    for source in sources:
        source.write_text(source.name)
        monkeypatch.setattr(inspect, "getfile", lambda _: str(sources[0]))
        source_hash.cache_clear()
        hashes.append(source_hash(WamDiff))
    source_hash.cache_clear()
    assert hashes[0] != hashes[1]


def test_it_names_the_libraries_of_a_backend() -> None:
    assert libraries_of("inductor") == ""
    assert re.fullmatch(r"torch_tensorrt \S+, tensorrt \S+", libraries_of("tensorrt"))


@pytest.mark.parametrize("name", FIELDS)
def test_any_difference_is_another_key_and_is_refused_by_name(name: str) -> None:
    wanted = key()
    value = getattr(wanted, name)
    change: dict[str, Any] = {name: value + 1 if isinstance(value, int) else f"other {value}"}
    stale = dataclasses.replace(wanted, **change)
    assert stale.digest != wanted.digest
    with pytest.raises(ConfigError, match=rf"engine is for {name} .*wanted .*: build it anew"):
        wanted.require(stale)
