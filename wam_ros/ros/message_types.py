"""Message classes by name. rosidl_runtime_py does this on an apt ROS 2; it has no wheel."""

from __future__ import annotations

import importlib
from typing import Any

from wam_ros.core.errors import BagError


def message_class(type_name: str) -> Any:
    """The class of a type such as 'nav_msgs/msg/Odometry'.

    Raises:
        BagError: The package is not installed here, or has no such type.

    """
    package, _, name = type_name.partition("/msg/")
    try:
        return getattr(importlib.import_module(f"{package}.msg"), name)
    except (ImportError, AttributeError, ValueError) as err:
        msg = f"message type {type_name} is not installed here: {err}"
        raise BagError(msg) from err
