"""Stored engines come back whole, and only for what they were built for."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from wam_ros.core.errors import ConfigError
from wam_ros.engines import EngineKey, StoredEngine, stored_engines
from wam_ros.engines.engine_store import KEY_FILE, find_engine, read_engine, write_engine

SHAPES = {"prompt_length": 33, "visual_tokens": 12, "answers": 1, "contexts": 1}
KEY = EngineKey("inductor", "weights", "network", "source", "cpu AVX2", 1, "2.13.0", "", "bfloat16", "prefix", **SHAPES)


def stored(out: Path, text: str = "program", **changes: Any) -> StoredEngine:
    key = dataclasses.replace(KEY, **changes)
    return write_engine(out, key, lambda folder: [(folder / "prefill.pt2").write_text(text)].clear())


def test_what_was_written_is_found(tmp_path: Path) -> None:
    written = stored(tmp_path)
    stored(tmp_path, weights_hash="others")
    assert find_engine(tmp_path, KEY) == written == read_engine(written.folder)
    assert find_engine(written.folder, KEY) == written
    assert len(stored_engines(tmp_path)) == 2


def test_the_same_key_again_takes_its_place(tmp_path: Path) -> None:
    assert stored(tmp_path).folder == stored(tmp_path, "another program").folder
    (engine,) = stored_engines(tmp_path)
    engine.check_files()
    assert (engine.folder / "prefill.pt2").read_text() == "another program"


def test_a_failed_build_leaves_what_was_there(tmp_path: Path) -> None:
    before = stored(tmp_path)

    def fail(folder: Path) -> None:
        (folder / "prefill.pt2").write_text("half")
        msg = "no space left"
        raise RuntimeError(msg)

    with pytest.raises(RuntimeError, match="no space left"):
        write_engine(tmp_path, KEY, fail)
    assert [path.name for path in tmp_path.iterdir()] == [before.folder.name]
    find_engine(tmp_path, KEY)


def test_a_stale_engine_is_refused_and_the_nearest_one_is_named(tmp_path: Path) -> None:
    stored(tmp_path, weights_hash="others", prompt_length=40)
    near = stored(tmp_path, torch_version="2.12.0")
    refused = r"engine is for torch_version '2\.12\.0', wanted '2\.13\.0': build it anew"
    with pytest.raises(ConfigError, match=refused) as error:
        find_engine(tmp_path, KEY)
    assert str(near.folder) in str(error.value)


def test_no_engine_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no built engine there: make one with `wam engine build`"):
        find_engine(tmp_path, KEY)
    stored(tmp_path, backend="onnx")
    with pytest.raises(ConfigError, match="no engine of backend inductor"):
        find_engine(tmp_path, KEY)


def test_other_files_than_those_that_were_built_are_refused(tmp_path: Path) -> None:
    program = stored(tmp_path).folder / "prefill.pt2"
    program.write_text("a program of another build")
    with pytest.raises(ConfigError, match=r"prefill\.pt2: SHA-256 .*, engine\.json tells .*: not loaded"):
        find_engine(tmp_path, KEY)
    program.unlink()
    with pytest.raises(ConfigError, match=r"prefill\.pt2 is missing"):
        find_engine(tmp_path, KEY)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"format_version": 2}, "format_version 2, this program reads 1"),
        ({"key": {"backend": "inductor"}}, "missing"),
        ({"files": {"../prefill.pt2": "00"}}, "no files by name"),
        ({"key": None}, "no key"),
    ],
    ids=str,
)
def test_key_files_that_cannot_be_used_are_refused(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    path = stored(tmp_path).folder / KEY_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ConfigError, match=told):
        stored_engines(tmp_path)
    path.write_text("{")
    with pytest.raises(ConfigError, match="cannot be read as JSON"):
        stored_engines(tmp_path)
