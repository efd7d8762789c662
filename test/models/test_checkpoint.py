from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from test.models.parts import make_answers, make_prompt, make_visual, tiny_config
from wam_ros.core import CanonicalCamera
from wam_ros.core.errors import ConfigError
from wam_ros.models import Checkpoint, HybridTokenizer, load_checkpoint, preset, random_checkpoint, save_checkpoint
from wam_ros.models.checkpoint import write_calibration
from wam_ros.models.vocabulary import TextVocabulary

CAMERA = CanonicalCamera(128, 72, 64.0, 63.5, 35.5, height_above_ground=1.6, pitch=0.02)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_checkpoint(tmp_path / "weights", random_checkpoint(tiny_config(), CAMERA))
    return tmp_path / "weights"


def edit_config(folder: Path, **changes: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def edit_weights(folder: Path, edit: Any) -> None:
    """Change tensors and tell the config their new hash, as someone who swaps weights would."""
    import hashlib

    tensors = load_file(folder / "model.safetensors")
    edit(tensors)
    save_file(tensors, folder / "model.safetensors")
    edit_config(folder, weights_sha256=hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest())


def test_others_may_read_what_was_saved(folder: Path) -> None:
    assert all(path.stat().st_mode & 0o444 == 0o444 for path in folder.iterdir())


@pytest.mark.parametrize("changes", [{}, {"positions": "rotary", "numbers": "table", "attention": "full"}], ids=str)
def test_a_checkpoint_comes_back_as_it_was(tmp_path: Path, changes: dict[str, Any]) -> None:
    config = tiny_config(**changes)
    saved = random_checkpoint(config, CAMERA, seed=4)
    calibration = {
        "waypoints": None,
        "overall": {"weights": [0.5] * 14, "believed": [0.1, 0.9], "happened": [0.2, 0.8]},
    }
    saved = Checkpoint(saved.model, saved.tokenizer, CAMERA, "made by a test", calibration)
    weights_hash = save_checkpoint(tmp_path, saved, torch.float32)
    loaded = load_checkpoint(tmp_path)
    assert loaded.model.config == config
    assert loaded.tokenizer == saved.tokenizer
    assert loaded.camera == CAMERA
    assert (loaded.calibration, loaded.provenance) == (calibration, "made by a test")
    assert loaded.weights_hash == weights_hash
    assert len(weights_hash) == 64
    assert not loaded.model.training
    assert not any(value.is_meta for value in [*loaded.model.parameters(), *loaded.model.buffers()])
    prompt, visual, answers = make_prompt(config), make_visual(config), make_answers(2)
    rows = [each.model.prefill(prompt, visual).hidden(answers) for each in (saved, loaded)]
    assert torch.equal(*rows)
    assert torch.equal(saved.model.logits(rows[0]), loaded.model.logits(rows[1]))


def test_half_precision_weights_stay_near_and_load_into_any_compute_type(folder: Path) -> None:
    made = random_checkpoint(tiny_config(), CAMERA).model.state_dict()
    for name, value in load_checkpoint(folder).model.state_dict().items():
        assert value.dtype == torch.float32
        torch.testing.assert_close(value, made[name], atol=2e-3, rtol=1e-3)
    short = load_checkpoint(folder, torch.bfloat16).model
    assert short.compute_dtype == torch.bfloat16
    assert short.vocabulary.numbers.inward.weight.dtype == torch.float32


def test_small_in_half_precision_is_at_most_20_mb(tmp_path: Path) -> None:
    camera = CanonicalCamera(640, 360, 320.0, 319.5, 179.5, height_above_ground=1.6)
    save_checkpoint(tmp_path, random_checkpoint(preset("small"), camera))
    assert (tmp_path / "model.safetensors").stat().st_size <= 20_000_000
    assert load_checkpoint(tmp_path).provenance == "random weights, seed 0: not trained"


def test_random_weights_are_those_of_their_seed_and_leave_the_callers_alone() -> None:
    torch.manual_seed(5)
    wanted = torch.rand(1)
    torch.manual_seed(5)
    one, same, other = (random_checkpoint(tiny_config(), CAMERA, seed).model.state_dict() for seed in (1, 1, 2))
    assert torch.equal(torch.rand(1), wanted)
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["positions"], other["positions"])


def test_an_unknown_format_is_refused_before_anything_else(folder: Path) -> None:
    edit_config(folder, format_version=7, something_new=1)
    with pytest.raises(ConfigError, match=r"config.json: format_version 7, this program reads 1: convert"):
        load_checkpoint(folder)


def test_unknown_and_missing_settings_are_named(folder: Path) -> None:
    edit_config(folder, provenence="typo")
    with pytest.raises(ConfigError, match="unknown 'provenence'; did you mean 'provenance'"):
        load_checkpoint(folder)
    (folder / "config.json").write_text(json.dumps({"format_version": 1}))
    with pytest.raises(ConfigError, match="missing provenance, weights_sha256, model"):
        load_checkpoint(folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(ConfigError, match="cannot be read as JSON"):
        load_checkpoint(folder)


def test_tensors_that_do_not_fit_are_named_with_the_remedy(folder: Path) -> None:
    def edit(tensors: dict[str, Any]) -> None:
        del tensors["norm.weight"]
        tensors["adapter.weight"] = torch.zeros(1)
        tensors["positions"] = tensors["positions"][:5].clone()

    edit_weights(folder, edit)
    with pytest.raises(ConfigError) as caught:
        load_checkpoint(folder)
    text = str(caught.value)
    assert "missing: norm.weight" in text
    assert "not of this network: adapter.weight" in text
    assert "misshapen: positions (5, 32) instead of (128, 32)" in text
    assert "Use the config.json that the weights were saved with" in text


def test_long_lists_of_faults_are_counted(folder: Path) -> None:
    edit_weights(folder, lambda tensors: [tensors.pop(name) for name in list(tensors)[:9]])
    with pytest.raises(ConfigError, match="and 4 more"):
        load_checkpoint(folder)


def test_weights_of_another_folder_are_refused(folder: Path, tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "other", random_checkpoint(tiny_config(), CAMERA, seed=1))
    (tmp_path / "other" / "model.safetensors").rename(folder / "model.safetensors")
    with pytest.raises(ConfigError, match="copy the whole folder again"):
        load_checkpoint(folder)


class Trap:
    def __reduce__(self) -> tuple[Any, ...]:
        return (pytest.fail, ("something was unpickled",))


def test_pickles_are_refused_unread(folder: Path) -> None:
    import hashlib

    trap = pickle.dumps(Trap())
    (folder / "model.safetensors").write_bytes(trap)
    edit_config(folder, weights_sha256=hashlib.sha256(trap).hexdigest())
    with pytest.raises(ConfigError, match="not a safetensors file"):
        load_checkpoint(folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ConfigError, match=r"model.safetensors is missing.*pytorch_model.bin may run code"):
        load_checkpoint(folder)


def test_weights_that_cannot_be_stored_are_refused(tmp_path: Path) -> None:
    checkpoint = random_checkpoint(tiny_config(), CAMERA)
    with torch.no_grad():
        checkpoint.model.norm.weight[3] = 1e6
    with pytest.raises(ConfigError, match=r"weight norm.weight is not finite as torch.float16"):
        save_checkpoint(tmp_path, checkpoint)
    save_checkpoint(tmp_path, checkpoint, torch.float32)


def test_parts_of_different_checkpoints_do_not_join(tmp_path: Path) -> None:
    model = random_checkpoint(tiny_config(), CAMERA).model
    with pytest.raises(ConfigError, match="belong to different checkpoints"):
        Checkpoint(model, HybridTokenizer(TextVocabulary(())), CAMERA, "")
    wide = CanonicalCamera(640, 360, 320.0, 319.5, 179.5, 1.6)
    with pytest.raises(ConfigError, match="canonical camera 640x360, the stem sees 128x72"):
        Checkpoint(model, HybridTokenizer(), wide, "")
    with pytest.raises(ConfigError, match="no such checkpoint folder"):
        load_checkpoint(tmp_path / "nowhere")


def test_other_maps_change_nothing_but_the_maps(folder: Path) -> None:
    files = {file.name: file.read_bytes() for file in folder.iterdir()}
    before = load_checkpoint(folder)
    maps = {"waypoints": None, "overall": {"weights": [0.5] * 14, "believed": [0.1, 0.9], "happened": [0.2, 0.8]}}
    write_calibration(folder, maps)
    after = load_checkpoint(folder)
    assert (after.calibration, after.weights_hash, after.provenance) == (maps, before.weights_hash, before.provenance)
    write_calibration(folder, None)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == files


def test_maps_are_written_whole_or_not_at_all(folder: Path) -> None:
    before = (folder / "config.json").read_bytes()
    (folder / "config.json.part").mkdir()  # in the way
    with pytest.raises(ConfigError, match=r"config\.json: cannot be written"):
        write_calibration(folder, {"waypoints": None, "overall": None})
    assert (folder / "config.json").read_bytes() == before
    with pytest.raises(ConfigError, match="no such checkpoint folder"):
        write_calibration(folder / "none", None)
