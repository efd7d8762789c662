from __future__ import annotations

import re
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from wam_ros.models.released.name_groups import told

LAYERS = st.sets(st.integers(0, 12), max_size=8)


def spread(text: str) -> set[str]:
    """The names that a told list stands for."""
    names: set[str] = set()
    for group in re.split(r", ", text):
        pieces = re.split(r"(\{[\d,-]+\}|(?<=\.)\d+-\d+(?=\.))", group)
        names |= {"".join(choice) for choice in product(*map(_choices, pieces))}
    return names


def _choices(piece: str) -> list[str]:
    if not re.fullmatch(r"\{[\d,-]+\}|\d+-\d+", piece):
        return [piece]
    numbers: list[str] = []
    for run in piece.strip("{}").split(","):
        first, _, last = run.partition("-")
        numbers += map(str, range(int(first), int(last or first) + 1))
    return numbers


def test_a_full_grid_is_one_name() -> None:
    names = [f"layers.{i}.moe.experts.{e}.lora_A" for i in range(32) for e in range(64)]
    assert told([*names, "norm.weight"]) == "layers.0-31.moe.experts.0-63.lora_A, norm.weight"


def test_gaps_are_told_and_file_numbers_are_left_alone() -> None:
    assert told([f"layers.{i}.w" for i in (0, 1, 2, 5, 7, 8)]) == "layers.{0-2,5,7-8}.w"
    assert told(["model-00001-of-00002.safetensors"]) == "model-00001-of-00002.safetensors"
    assert told(["layers.3.w"]) == "layers.3.w"
    assert told([]) == ""


@given(st.sets(st.tuples(LAYERS.map(tuple), st.sampled_from("ab")), max_size=4), LAYERS)
def test_nothing_is_left_out_and_nothing_is_added(grids: set[tuple[tuple[int, ...], str]], experts: set[int]) -> None:
    names = {f"layers.{i}.{kind}.experts.{e}.w" for layers, kind in grids for i in layers for e in experts}
    names |= {f"layers.{i}.norm" for layers, _ in grids for i in layers} | {"norm"}
    assert spread(told(sorted(names))) == names
