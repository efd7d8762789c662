"""Message classes by name. rosidl_runtime_py does this on an apt ROS 2; it has no wheel."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

from wam_ros.core.errors import BagError
from wam_ros.core.to_messages import MessageMaker


@cache
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


def make_message(type_name: str, **fields: Any) -> Any:
    """A message of a type by name; arguments and errors as in `message_class`."""
    return message_class(type_name)(**fields)


MESSAGES = MessageMaker(make_message)  # of ROS
