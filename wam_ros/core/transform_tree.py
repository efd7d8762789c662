"""The newest transform of each edge of /tf and /tf_static.

tf2_py has no wheel, and only the newest transforms are needed here. Takes any message object with ROS field names.
"""

from __future__ import annotations

import threading
from typing import Any

from wam_ros.core.errors import InputError
from wam_ros.core.geometry import SE3


class TransformTree:
    """Frames and the newest transform from each to its parent; may be used from any thread."""

    def __init__(self) -> None:
        self._parents: dict[str, tuple[str, SE3]] = {}
        self._lock = threading.Lock()

    def add(self, message: Any) -> None:
        """Take in a tf2_msgs/TFMessage.

        Raises:
            InputError: A transform is not finite or not a rotation; the ones before it are kept.

        """
        for stamped in message.transforms:
            child, parent = stamped.child_frame_id.lstrip("/"), stamped.header.frame_id.lstrip("/")
            move, turn = stamped.transform.translation, stamped.transform.rotation
            try:
                parent_from_child = SE3.from_quaternion([move.x, move.y, move.z], [turn.x, turn.y, turn.z, turn.w])
            except InputError as err:
                msg = f"transform from {child!r} to {parent!r}: {err}"
                raise InputError(msg) from err
            with self._lock:
                self._parents[child] = (parent, parent_from_child)

    def lookup(self, target: str, source: str) -> SE3:
        """`target_from_source` from the newest transforms.

        Raises:
            InputError: The two frames are not connected; the text names them.

        """
        with self._lock:
            source_chain = self._to_root(source.lstrip("/"))
            target_chain = self._to_root(target.lstrip("/"))
        for frame, frame_from_source in source_chain.items():
            if frame in target_chain:
                return target_chain[frame].inverse() @ frame_from_source
        msg = f"/tf has no transform from {source!r} to {target!r}"
        raise InputError(msg)

    def _to_root(self, frame: str) -> dict[str, SE3]:
        """Each ancestor of a frame, itself first, with ancestor_from_frame."""
        chain = {frame: SE3.identity()}
        while frame in self._parents:
            parent, parent_from_child = self._parents[frame]
            if parent in chain:
                msg = f"/tf has a loop at frame {parent!r}"
                raise InputError(msg)
            chain[parent] = parent_from_child @ chain[frame]
            frame = parent
        return chain
