"""What a process of ours sets up before ROS starts: called by mains only, never at import."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

from wam_ros.core.resources import resource

# glibc's mallopt: keep the memory of image messages instead of giving it back and faulting it in anew each frame.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3
_MMAP_THRESHOLD = 32 * 1024 * 1024  # the most that glibc takes on 64 bit
_TRIM_THRESHOLD = 512 * 1024 * 1024
_TOP_PAD = 64 * 1024 * 1024


def tune_process(switch_interval_s: float = 0.001) -> None:
    """Make large images cheap and the threads fair. What the user has set in the environment stays."""
    import cv2

    use_large_image_profile()
    keep_memory()
    cv2.setNumThreads(1)  # OpenCV's pool would take the cores that guard and middleware need
    sys.setswitchinterval(switch_interval_s)


def use_large_image_profile() -> None:
    """Have Fast DDS use shared memory big enough for images, unless the user has a profile of their own."""
    if "FASTDDS_DEFAULT_PROFILES_FILE" in os.environ or "FASTRTPS_DEFAULT_PROFILES_FILE" in os.environ:
        return
    local = os.environ.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "").upper() == "LOCALHOST"
    name = "large_images_localhost.xml" if local else "large_images.xml"
    os.environ["FASTDDS_DEFAULT_PROFILES_FILE"] = str(resource(f"config/fastdds/{name}"))


def keep_memory() -> bool:
    """Tell the allocator to keep freed memory; False where the C library has no mallopt."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    settings = ((_M_MMAP_THRESHOLD, _MMAP_THRESHOLD), (_M_TRIM_THRESHOLD, _TRIM_THRESHOLD), (_M_TOP_PAD, _TOP_PAD))
    return all(mallopt(parameter, value) == 1 for parameter, value in settings)


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
