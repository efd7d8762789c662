from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("tokenizers")

from tokenizers import Tokenizer

from test.conftest import SHARED_DATA
from test.models.released.hidden_package import hide_tokenizers
from test.models.released.parts import NUMBERS, SPECIAL, tokenizer_json
from wam_ros.core.errors import ConfigError, InputError
from wam_ros.models import HybridTokenizer, Situation, build_prompt, preset
from wam_ros.models.prompt import SYSTEM_PROMPT
from wam_ros.models.released import HfVocabulary
from wam_ros.models.tiling import lay_out
from wam_ros.models.tokenizer import IMAGE_PLACEHOLDER

FULL_WORDS = 126_080  # ids below LLaDA's added tokens
SITUATION = Situation("straight", velocity=(8.92, -0.15), acceleration=(0.31, -0.004))
USER_TURN = """Here is front views of a driving vehicle:
<image>
The navigation information is: straight
The current position is (0.00,0.00)
Current velocity is: (8.92,-0.15)  and current accelerate is: (0.31,0.00)
Predict the optimal driving action for the next 4 seconds with 8 new waypoints."""


def folder_with(folder: Path, text: str) -> Path:
    (folder / "tokenizer.json").write_text(text)
    return folder


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> HybridTokenizer:
    folder = folder_with(tmp_path_factory.mktemp("full"), tokenizer_json(FULL_WORDS))
    return HybridTokenizer(HfVocabulary.load(folder))


@cache
def small() -> HybridTokenizer:
    values = json.loads(tokenizer_json(numbers=False))
    added = {token["content"]: token["id"] for token in values["added_tokens"]}
    bare = Tokenizer.from_str(json.dumps({**values, "added_tokens": []}))
    return HybridTokenizer(HfVocabulary(bare, added, "small"))


def test_ids_are_the_published_ones(full: HybridTokenizer) -> None:
    named = {name: full.text.special(name) for name in SPECIAL}
    assert named == {
        "<|startoftext|>": 126_080,
        "<|mdm_mask|>": 126_336,
        "<|start_header_id|>": 126_346,
        "<|end_header_id|>": 126_347,
        "<|eot_id|>": 126_348,
    }
    assert (full.mask_id, full.end_id) == (126_336, 126_348)
    assert (full.number_base, full.vocabulary_size) == (126_349, 146_350)
    assert [full.number_id(value)[0] for value in (-100.0, 0.0, 100.0)] == [126_349, 136_349, 146_349]
    assert full.decode([126_349, 136_349, 136_350, 146_349]) == "-100.000.000.01100.00"
    assert full.decode([full.comma_id]) == ","
    config = preset("wam_diff_8b")
    assert (config.text_tokens, config.mask_id) == (full.number_base, full.mask_id)


def test_a_file_without_numbers_has_them_behind_its_last_id() -> None:
    assert small().number_base == 300 + 269
    assert not getattr(small().text, "has_numbers", True)


def test_the_literal_prompt_is_what_the_files_own_tokenizer_makes_of_it(full: HybridTokenizer) -> None:
    """The release tokenizes the text before and after <image> apart, with decimals as added tokens."""
    released = Tokenizer.from_str(tokenizer_json(FULL_WORDS))
    text = (
        f"<|startoftext|><|start_header_id|>system<|end_header_id|>\n\n{SYSTEM_PROMPT}<|eot_id|>"
        f"<|start_header_id|>user<|end_header_id|>\n\n{USER_TURN}<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n"
    )
    before, after = (released.encode(part, add_special_tokens=False).ids for part in text.split("<image>"))
    prompt = build_prompt(SITUATION, full, preset("wam_diff_8b"), 5).tokens.tolist()
    assert prompt == [*before, *[IMAGE_PLACEHOLDER] * 5, *after]
    joined = {released.id_to_token(token) for token in prompt if token >= 0}
    assert {"Ġ(", ")Ċ", "8.92", "-0.15"} <= joined


def test_the_prompt_of_the_real_frames_has_the_papers_2185_visual_tokens(full: HybridTokenizer) -> None:
    frames = sorted((SHARED_DATA / "nuplan_front").glob("*.jpg"))
    if not frames:
        pytest.skip("the 1920x1080 frames are not at hand")
    cv2 = pytest.importorskip("cv2")
    config = preset("wam_diff_8b")
    for path in frames:
        height, width = cv2.imread(str(path)).shape[:2]
        layout = lay_out(height, width, config.vision)  # type: ignore[arg-type]
        assert (layout.crops, layout.tokens) == (16, 2185)
        prompt = build_prompt(SITUATION, full, config, layout.tokens).tokens
        assert int((prompt == IMAGE_PLACEHOLDER).sum()) == 2185
        assert int(prompt.max()) < config.vocabulary_size
        assert len(prompt) + config.answer_length < config.max_positions


@given(st.text())
def test_any_text_comes_back(text: str) -> None:
    assert small().decode(small().encode(text)) == text


@given(st.lists(st.sampled_from(["-0.00", "1.50", "left", ")\n", " (", *SPECIAL]), max_size=6))
def test_names_of_added_tokens_stay_text(parts: list[str]) -> None:
    tokens = small().encode("".join(parts))
    assert small().decode(tokens) == "".join(parts)
    assert not any(300 <= token < small().number_base for token in tokens)


def test_what_is_not_text_is_refused() -> None:
    with pytest.raises(InputError, match="UTF-8"):
        small().encode("\ud800")
    with pytest.raises(ConfigError, match=r"'waypoints' is \d+ tokens of the released tokenizer, wanted one"):
        small().text.word("waypoints")
    assert small().text.decode_bytes(300) == b"<|startoftext|>"


def _without(name: str) -> Callable[[dict[str, Any]], None]:
    def edit(values: dict[str, Any]) -> None:
        values["added_tokens"] = [token for token in values["added_tokens"] if token["content"] != name]

    return edit


def _swapped_numbers(values: dict[str, Any]) -> None:
    tokens = {token["content"]: token for token in values["added_tokens"]}
    tokens["0.00"]["id"], tokens["0.01"]["id"] = tokens["0.01"]["id"], tokens["0.00"]["id"]


def _token_above(values: dict[str, Any]) -> None:
    values["added_tokens"].append({**values["added_tokens"][-1], "content": "more", "id": 300 + 269 + len(NUMBERS)})


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (_without("<|mdm_mask|>"), r"no added token <\|mdm_mask\|>: use the tokenizer of"),
        (_swapped_numbers, r"from -100.00 = 569 on: 2 tokens are elsewhere, as '0.00' \(0.00 belongs at 10569\)"),
        (_without("12.34"), r"1 tokens are elsewhere, as '12.34'"),
        (_token_above, r"1 tokens are elsewhere, as 'more'"),
        (lambda values: values.update(decoder={"type": "WordPiece"}), r"BPE with decoder WordPiece, wanted a BPE of"),
        (lambda values: values.update(added_tokens=[]), r"with added tokens"),
        (lambda values: values.pop("model"), r"not a tokenizer file"),
        (lambda values: values["model"].update(merges="x"), r"not a tokenizer file"),
    ],
)
def test_files_that_do_not_fit_are_refused(tmp_path: Path, edit: Callable[[Any], object], message: str) -> None:
    values = json.loads(tokenizer_json())
    edit(values)
    with pytest.raises(ConfigError, match=message):
        HfVocabulary.load(folder_with(tmp_path, json.dumps(values)))


def test_a_missing_file_and_a_missing_package_say_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"no tokenizer.json; write it .*save_pretrained"):
        HfVocabulary.load(tmp_path)
    folder_with(tmp_path, tokenizer_json())
    hide_tokenizers(monkeypatch)
    with pytest.raises(ConfigError, match=r"pip install -r requirements/full.txt"):
        HfVocabulary.load(tmp_path)


def test_the_package_is_not_needed_to_import_ours() -> None:
    told = "import sys, wam_ros.models.released; sys.exit('tokenizers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", told], check=False).returncode == 0


def test_numbers_are_read_back(full: HybridTokenizer) -> None:
    ids = torch.arange(full.number_base, full.vocabulary_size, 997)
    values = full.number_values(ids)
    assert full.decode(ids.tolist()) == "".join(f"{value:.2f}" for value in values.tolist())
    assert torch.equal(full.number_ids(values).ids, ids)
