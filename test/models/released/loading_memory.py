"""Prints as JSON what loading a folder took: peak over the baseline, and the weights, in bytes.

The peak is VmHWM of /proc/self/status, the most memory that this process ever held, mapped file pages included. It is
set back to what is held now (/proc/self/clear_refs) once a tiny folder has been loaded, which brings in all libraries.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import torch

from test.models.released.parts import BASE, CAMERA
from wam_ros.models.released import load_released


def held(name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    return 1024 * int(found.group(1))


if __name__ == "__main__":
    torch.set_num_threads(1)
    warm, folder = map(Path, sys.argv[1:3])
    load_released(warm, CAMERA, BASE)
    Path("/proc/self/clear_refs").write_text("5")
    before = held("VmRSS")
    loaded = load_released(folder, CAMERA, BASE)
    weights = sum(value.nbytes for value in loaded.model.state_dict().values())
    print(json.dumps({"peak": held("VmHWM") - before, "weights": weights, "baseline": before}))
