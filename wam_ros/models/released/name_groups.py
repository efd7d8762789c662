"""Long lists of tensor names, told in full but briefly: names that differ in a number only become one with ranges."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby

_NUMBER = re.compile(r"(?<![^.])(?:0|[1-9]\d*)(?![^.])")


def told(names: Iterable[str]) -> str:
    """All names: "layers.0-31.moe.experts.0-63.lora_A, norm.weight"; every name is among them, and no other."""
    groups = list(dict.fromkeys(names))
    # Innermost first, so that the experts of a layer are one name before the layers are.
    for position in reversed(range(max((len(_NUMBER.findall(name)) for name in groups), default=0))):
        groups = _merged(groups, position)
    return ", ".join(groups)


def _merged(names: list[str], position: int) -> list[str]:
    """Names with ranges in the place of their number at a position, where all else is the same."""
    kept: dict[tuple[str, str], list[int]] = {}
    for name in names:
        places = list(_NUMBER.finditer(name))
        if position < len(places):
            place = places[position]
            kept.setdefault((name[: place.start()], name[place.end() :]), []).append(int(place.group()))
        else:
            kept.setdefault((name, ""), [])
    return [before + _ranges(numbers) + after for (before, after), numbers in kept.items()]


def _ranges(numbers: list[int]) -> str:
    ordered = sorted(numbers)
    runs = [[number for _, number in run] for _, run in groupby(enumerate(ordered), key=lambda item: item[1] - item[0])]
    texts = [str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs]
    return texts[0] if len(texts) == 1 else f"{{{','.join(texts)}}}" if texts else ""
