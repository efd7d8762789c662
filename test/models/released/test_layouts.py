from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch

from test.models.released.parts import LAYOUTS, names_and_shapes
from wam_ros.core.errors import ConfigError
from wam_ros.models import WamDiff, preset
from wam_ros.models.released import LLADA, LLADA_V, WAM_DIFF, Layout, layout_of

BY_NAME = {layout.name: layout for layout in (LLADA, LLADA_V, WAM_DIFF)}
# Rows of the published embeddings; LLaDA-V's network is cut to its tokenizer's 126,349 when it is used.
ROWS = {"LLaDA": 126_464, "LLaDA-V": 126_464, "WAM-Diff": 146_350}
TENSORS = {"LLaDA": 291, "LLaDA-V": 715, "WAM-Diff": 4843}


@pytest.fixture(scope="module")
def shapes() -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):
        model = WamDiff(preset("wam_diff_8b"))
    return {name: tuple(value.shape) for name, value in model.state_dict().items()}


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_published_tensor_has_its_place_at_full_size(name: str, shapes: dict[str, tuple[int, ...]]) -> None:
    published = names_and_shapes(name, preset("wam_diff_8b"), ROWS[name])
    assert len(published) == TENSORS[name]
    sources = BY_NAME[name].sources(shapes, ROWS[name])
    wanted = {part.name: part.shape for parts in sources.values() for part in parts}
    assert wanted == published


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_row_of_ours_is_filled_once_and_none_of_theirs_is_read_twice(
    name: str, shapes: dict[str, tuple[int, ...]]
) -> None:
    sources = BY_NAME[name].sources(shapes, ROWS[name])
    read: dict[str, list[tuple[int, int]]] = {}
    for ours, parts in sources.items():
        assert [part.into[0] for part in parts] == [0, *(part.into[1] for part in parts[:-1])]
        assert parts[-1].into[1] == shapes[ours][0]
        filled = sum((part.rows[1] - part.rows[0]) * math.prod(part.shape[1:]) for part in parts)
        assert filled == math.prod(shapes[ours])
        for part in parts:
            read.setdefault(part.name, []).append(part.rows)
    for spans in read.values():
        spans.sort()
        assert all(before[1] <= after[0] for before, after in pairwise(spans))
    shared = {theirs for theirs, spans in read.items() if len(spans) > 1}
    tables = {"model.embed_tokens.weight", "lm_head.weight"}
    assert shared == (tables if name == "WAM-Diff" else set())


@pytest.mark.parametrize("name", LAYOUTS)
def test_what_is_not_filled_is_what_the_layout_says_it_lacks(name: str, shapes: dict[str, tuple[int, ...]]) -> None:
    sources = BY_NAME[name].sources(shapes, ROWS[name])
    for ours in shapes:
        lacking = any(f".{part}." in f".{ours}" for part in BY_NAME[name].lacks)
        assert (ours in sources) != lacking, ours


def test_parameter_counts_are_the_published_ones(shapes: dict[str, tuple[int, ...]]) -> None:
    def count(name: str, begins: str = "") -> int:
        tensors = names_and_shapes(name, preset("wam_diff_8b"), ROWS[name])
        return sum(math.prod(shape) for theirs, shape in tensors.items() if theirs.startswith(begins))

    assert count("LLaDA") * 2 == 16_031_162_368  # bytes that its index file tells
    tower = "model.vision_tower"
    assert count("LLaDA-V") - count("LLaDA-V", tower) - count("LLaDA-V", "model.mm_projector") - 4096 == count("LLaDA")
    experts = 32 * (64 * 2 * 32 * 4096 + 64 * 4096)
    more_rows = 2 * (146_350 - 126_464) * 4096
    assert count("WAM-Diff") == count("LLaDA-V") + experts + more_rows
    headings = sum(math.prod(shape) for name, shape in shapes.items() if name.startswith("heading."))
    assert count("WAM-Diff") == sum(map(math.prod, shapes.values())) - headings == 9_143_275_816 - headings


@pytest.mark.parametrize(
    ("settings", "layout"),
    [
        ({"d_model": 4096}, LLADA),
        ({"hidden_size": 4096, "mm_hidden_size": 1152, "num_experts": -1}, LLADA_V),
        ({"hidden_size": 4096, "mm_hidden_size": 1152, "num_experts": 64}, WAM_DIFF),
    ],
)
def test_the_config_tells_the_layout(settings: dict[str, int], layout: Layout) -> None:
    assert layout_of(settings, "config.json") is layout


def test_a_config_of_another_network_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"config.json: no known layout: .*it has hidden_size, model_type"):
        layout_of({"model_type": "llama", "hidden_size": 4096}, "config.json")
