"""What a process of ours sets up before ROS starts: called by mains only, never at import."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from wam_ros.core.memory import keep_freed_memory
from wam_ros.core.resources import resource

_KEPT = 512 * 1024 * 1024  # bytes of image messages


def tune_process(switch_interval_s: float = 0.001) -> None:
    """Make large images cheap and the threads fair. What the user has set in the environment stays."""
    import cv2

    use_large_image_profile()
    keep_freed_memory(_KEPT)
    cv2.setNumThreads(1)  # OpenCV's pool would take the cores that guard and middleware need
    sys.setswitchinterval(switch_interval_s)


def use_large_image_profile() -> None:
    """Have Fast DDS use shared memory big enough for images, unless the user has a profile of their own."""
    if "FASTDDS_DEFAULT_PROFILES_FILE" in os.environ or "FASTRTPS_DEFAULT_PROFILES_FILE" in os.environ:
        return
    local = os.environ.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "").upper() == "LOCALHOST"
    name = "large_images_localhost.xml" if local else "large_images.xml"
    os.environ["FASTDDS_DEFAULT_PROFILES_FILE"] = str(resource(f"config/fastdds/{name}"))


def set_priority(nice: int) -> str:
    """Give every thread of this process a niceness (-20 = first, 19 = last); why it could not be done, or ""."""
    threads = [int(entry.name) for entry in Path("/proc/self/task").iterdir()]
    try:
        for thread in threads:
            os.setpriority(os.PRIO_PROCESS, thread, nice)
    except PermissionError:
        return f"no permission for nice = {nice}: give the process CAP_SYS_NICE"
    except ProcessLookupError:
        pass  # a thread ended meanwhile
    return ""
