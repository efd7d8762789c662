"""Writes a bag for ever, and says so: run as a program by test_repair, which kills it."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from wam_ros.bags.writer import BagWriter


def payload(number: int, size: int) -> bytes:
    """The bytes of that message."""
    return np.random.default_rng(number).bytes(size)


def main() -> None:
    path, size, period = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    bag = BagWriter(path)
    bag.add_topic("/camera/image", "sensor_msgs/msg/Image")
    number = 0
    while True:
        bag.write("/camera/image", payload(number, size), time.monotonic_ns())
        number += 1
        if number == 1:
            print("writing", flush=True)
        time.sleep(period)


if __name__ == "__main__":
    main()
