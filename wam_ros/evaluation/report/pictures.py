"""The pictures of the worst moments as files, in the page's order."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from pathlib import Path

from wam_ros.evaluation.report.reported_result import ReportedResult
from wam_ros.evaluation.report.worst_section import worst_moments

_UNSAFE = re.compile(r"[^\w.-]+")


def write_pictures(results: Sequence[ReportedResult], folder: Path) -> list[Path]:
    """Write `PLACE_RESULT_KIND_ROUTE.jpg` (or .png) into a folder, which is made; nothing where there are none.

    Raises:
        OSError: A file cannot be written.

    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for place, one in enumerate(worst_moments(results), 1):
        kind, _, data = one.moment.picture.partition(";base64,")
        told = _UNSAFE.sub("-", f"{place:02}_{one.result.name}_{one.moment.kind}_{one.route.id}")
        path = folder / f"{told}.{'png' if kind.endswith('png') else 'jpg'}"
        path.write_bytes(base64.b64decode(data))
        written.append(path)
    return written
