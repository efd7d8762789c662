from __future__ import annotations

import numpy as np
import pytest

from wam_ros.core import SE3, CameraImage, CameraModel, InputError

pytest.importorskip("rclpy")

from wam_ros.ros.cameras import CameraBook

MODEL = CameraModel(6, 4, np.array([[5.0, 0.0, 3.0], [0.0, 5.0, 2.0], [0.0, 0.0, 1.0]]))
IMAGE = CameraImage(0, np.zeros((4, 6, 3), np.uint8), "rgb8")


def test_poses_are_looked_up_again_after_new_static_transforms() -> None:
    asked: list[str] = []

    def looked_up(frame: str) -> SE3:
        asked.append(frame)
        return SE3.identity()

    book = CameraBook(("front",), None, looked_up, {}, allow_uncalibrated=False)
    book.set_model("front", MODEL)
    for _ in range(2):
        assert book.calibrated("front", IMAGE, "camera").base_from_camera is not None
    assert (asked, book.state("front")) == (["camera"], "calibrated")
    book.forget_poses()
    assert book.state("front") == "no camera pose"
    assert book.calibrated("front", IMAGE, "camera").base_from_camera is not None
    assert asked == ["camera", "camera"]


def test_a_fixed_pose_stays() -> None:
    book = CameraBook(("front",), None, lambda _: SE3.identity(), {"front": SE3.identity()}, allow_uncalibrated=False)
    book.set_model("front", MODEL)
    book.forget_poses()
    assert book.state("front") == "calibrated"
    book.set_problem("front", "broken")
    with pytest.raises(InputError, match="camera front: broken"):
        book.calibrated("front", IMAGE, "camera")
