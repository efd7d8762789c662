"""`wam engine` builds what the planner will ask for, and tells what engines are good for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from wam_ros.cli.main import main
from wam_ros.engines import EngineKey, stored_engines
from wam_ros.engines.engine_store import KEY_FILE, find_engine
from wam_ros.engines.tensorrt import why_no_tensorrt
from wam_ros.planning.wam_diff import load_wam_diff


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """All but the compiler, which takes long; test/engines/test_built.py runs it."""

    def write(exported: Any, *, package_path: str, inductor_configs: Any) -> None:
        Path(package_path).write_text(str(exported.graph_signature))

    monkeypatch.setattr("shutil.which", lambda name: name)
    monkeypatch.setattr("wam_ros.engines.package.aoti_compile_and_package", write)


def build(out: Path, *options: str) -> int:
    return main(["engine", "build", "--weights", "random:tiny", "--out", str(out), *options])


@pytest.mark.usefixtures("no_compiler")
def test_what_is_built_is_what_the_planner_asks_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert build(tmp_path, "--backend", "inductor") == 0
    (engine,) = stored_engines(tmp_path)
    assert str(engine.folder) in capsys.readouterr().out
    planner = load_wam_diff("random:tiny")
    shapes: list[tuple[int, int]] = []
    monkeypatch.setattr(planner.engine, "prepare", lambda *shape: shapes.append(shape))
    planner.warm_up()
    ((prompt_length, visual_tokens),) = shapes
    key = EngineKey.here(
        "inductor",
        planner.engine.network,
        planner.weights_hash,
        prompt_length=prompt_length,
        visual_tokens=visual_tokens,
    )
    assert find_engine(tmp_path, key) == engine


@pytest.mark.usefixtures("no_compiler")
def test_options_are_part_of_the_key(tmp_path: Path) -> None:
    options = ["--guided", "--candidates", "3", "--compute-dtype", "float32"]
    assert build(tmp_path, "--backend", "inductor", *options) == 0
    (engine,) = stored_engines(tmp_path)
    assert (engine.key.contexts, engine.key.answers, engine.key.precision) == (2, 3, "float32")


@pytest.mark.usefixtures("no_compiler")
def test_info_tells_whether_this_machine_can_use_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build(tmp_path, "--backend", "inductor")
    (engine,) = stored_engines(tmp_path)
    capsys.readouterr()
    assert main(["engine", "info", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "weights_hash: random-0" in told
    assert f"torch_version: {torch.__version__}" in told
    assert "built for this machine" in told

    path = engine.folder / KEY_FILE
    content = json.loads(path.read_text())
    content["key"]["device"] = "NVIDIA H200 sm_90"
    path.write_text(json.dumps(content))
    (engine.folder / "step.pt2").write_text("another")
    assert main(["engine", "info", str(engine.folder)]) == 1
    told = capsys.readouterr().out
    assert "cannot be used here: device 'NVIDIA H200 sm_90', here " in told
    assert "step.pt2: SHA-256" in told


def test_info_of_no_engine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["engine", "info", str(tmp_path)]) == 1
    assert "no built engine there" in capsys.readouterr().err


@pytest.mark.skipif(why_no_tensorrt() == "", reason="it is there")
def test_tensorrt_is_refused_with_a_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert build(tmp_path, "--backend", "tensorrt") == 1
    assert f"wam engine: backend tensorrt: {why_no_tensorrt()}" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is one")
def test_a_gpu_that_is_not_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert build(tmp_path, "--backend", "inductor", "--device", "cuda") == 1
    assert "sees 0 CUDA devices" in capsys.readouterr().err
