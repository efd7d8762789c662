"""The reliability diagram with the counts below it, and the sparsification curve."""

from __future__ import annotations

from collections.abc import Sequence

from wam_ros.evaluation.reliability import ReliabilityBin
from wam_ros.evaluation.report.axis import Axis, label, round_up
from wam_ros.evaluation.report.calibration_record import SparsificationRecord
from wam_ros.evaluation.report.drawing import COLORS, WIDTH, box, drawing, line, marker, polyline, text, upright
from wam_ros.evaluation.report.figures import short_count
from wam_ros.evaluation.report.markup import Markup

_LEFT, _RIGHT, _TOP, _SIZE = 44.0, 14.0, 8.0, 220.0
_END = WIDTH - _RIGHT
_FLOOR = _TOP + _SIZE
_COUNTS_TOP, _COUNTS_FLOOR = _FLOOR + 22.0, _FLOOR + 66.0
_TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def reliability_plot(bins: Sequence[ReliabilityBin], index: int, axis_name: str, title: str) -> Markup:
    """Share that came true over what was believed; below, how many samples each bin has."""
    across, up = Axis(0.0, 1.0, _LEFT, _END), Axis(0.0, 1.0, _FLOOR, _TOP)
    parts = _grid(across, up, _TICKS, _TICKS, _COUNTS_FLOOR + 14.0)
    parts.append(line(across.at(0.0), up.at(0.0), across.at(1.0), up.at(1.0), "ideal"))
    parts.append(text((_LEFT + _END) / 2.0, _COUNTS_FLOOR + 29.0, axis_name, "middle", "name"))
    parts.append(upright(11.0, _TOP + _SIZE / 2.0, "share that came true"))
    known = [(one.believed, one.happened, one) for one in bins if one.believed is not None and one.happened is not None]
    points = [(across.at(believed), up.at(happened)) for believed, happened, _ in known]
    if len(points) > 1:
        parts.append(polyline(points, f"curve s{index % COLORS}"))
    parts += [
        marker(index, x, y, f"believed {believed:.3f}, came true {happened:.3f}, n = {one.count}")
        for (x, y), (believed, happened, one) in zip(points, known)
    ]
    return drawing(_COUNTS_FLOOR + 34.0, title, *parts, *_counts(bins, across, index))


def sparsification_plot(curves: SparsificationRecord, index: int, title: str) -> Markup:
    """Error left over the share of plans removed, by confidence and by the errors themselves."""
    highest = round_up(max(1.0, *curves.by_confidence, *curves.oracle))
    across, up = Axis(0.0, 1.0, _LEFT, _END), Axis(0.0, highest, _FLOOR, _TOP)
    parts = _grid(across, up, _TICKS, up.ticks(), _FLOOR + 14.0)
    parts.append(line(_LEFT, up.at(1.0), _END, up.at(1.0), "ideal"))
    parts.append(polyline([(across.at(x), up.at(y)) for x, y in zip(curves.removed, curves.oracle)], "curve oracle"))
    mine = [(across.at(x), up.at(y)) for x, y in zip(curves.removed, curves.by_confidence)]
    parts.append(polyline(mine, f"curve s{index % COLORS}"))
    parts.append(upright(11.0, _TOP + _SIZE / 2.0, "error left, of all = 1"))
    parts.append(text((_LEFT + _END) / 2.0, _FLOOR + 29.0, "share of plans removed", "middle", "name"))
    for place, (words, kind) in enumerate(
        (("by confidence", f"curve s{index % COLORS}"), ("best order", "curve oracle"))
    ):
        y = _FLOOR - 30.0 + 15.0 * place
        parts += [line(_LEFT + 8.0, y - 4.0, _LEFT + 30.0, y - 4.0, kind), text(_LEFT + 36.0, y, words, class_="name")]
    return drawing(_FLOOR + 34.0, title, *parts)


def _grid(across: Axis, up: Axis, xs: Sequence[float], ys: Sequence[float], foot: float) -> list[Markup]:
    parts = [line(across.at(x), _TOP, across.at(x), _FLOOR, "grid") for x in xs]
    parts += [line(_LEFT, up.at(y), _END, up.at(y), "grid") for y in ys]
    parts += [text(across.at(x), foot, label(x), "middle", "tick") for x in xs]
    parts += [text(_LEFT - 5.0, up.at(y) + 4.0, label(y), "end", "tick") for y in ys]
    return parts


def _counts(bins: Sequence[ReliabilityBin], across: Axis, index: int) -> list[Markup]:
    most = max((one.count for one in bins), default=0)
    scale = Axis(0.0, float(max(most, 1)), _COUNTS_FLOOR, _COUNTS_TOP)
    parts = [line(_LEFT, _COUNTS_FLOOR, _END, _COUNTS_FLOOR, "zero")]
    parts.append(text(_LEFT - 5.0, _COUNTS_FLOOR, "n", "end", "tick"))
    for one in bins:
        x, width = across.at(one.low), across.at(one.high) - across.at(one.low)
        top = scale.at(one.count)
        parts.append(box(x + 1.0, top, width - 2.0, _COUNTS_FLOOR - top, f"c{index % COLORS} soft"))
        parts.append(text(x + width / 2.0, top - 3.0, short_count(one.count), "middle", "tick"))
    return parts
