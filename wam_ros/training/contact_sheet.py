"""A sheet of samples to look at: each picture with the expert's plan, the route, and what is told of it."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from wam_ros.core.camera import BODY_FROM_OPTICAL, CanonicalCamera
from wam_ros.core.geometry import SE3, Array
from wam_ros.models.vocabulary import COMMANDS
from wam_ros.training.dataset import DemoDataset
from wam_ros.training.demo_recipe import camera_pose
from wam_ros.training.demo_sample import CATEGORIES, LIGHTS, SEMANTICS, SOURCES, Sample
from wam_ros.training.questions import QUESTIONS

_PLAN, _ROUTE = (255, 40, 200), (60, 200, 255)
_WIDTH = 1.6  # m of the plan's ribbon
_NEAR = 0.5  # m before the camera
_COLORS = np.array(
    [(0, 0, 0), (90, 90, 90), (255, 255, 255), (160, 120, 90), (60, 90, 255), (255, 0, 0), (255, 0, 255), (255, 255, 0)]
)
_MAP = 4  # times smaller than the picture, the map of classes is drawn in its corner
assert len(_COLORS) == len(SEMANTICS)


def projected(points: Array, camera: CanonicalCamera, base_from_camera: SE3) -> Array:
    """(N, 2) pixels of points (N, 3) in base_link [m]; NaN where they are not before the camera."""
    seen = (base_from_camera @ BODY_FROM_OPTICAL).inverse().apply(points)
    depth = np.where(seen[:, 2] > _NEAR, seen[:, 2], np.nan)
    pixels: Array = seen[:, :2] / depth[:, None] * camera.focal_length + (camera.center_x, camera.center_y)
    return pixels


def sample_panel(sample: Sample, camera: CanonicalCamera, camera_x: float) -> NDArray[np.uint8]:
    """(H, W, 3) the picture with plan and route drawn on the road, the map of classes, and the labels in words."""
    image = sample.image().copy()
    base_from_camera = camera_pose(camera, camera_x, sample.camera_offset)
    left = _sides(sample.plan)
    for line, color in ((sample.route, _ROUTE), (left[0], _PLAN), (left[1], _PLAN)):
        known = line[~np.isnan(line).any(axis=1)].astype(np.float64)
        pixels = projected(np.column_stack([known, np.zeros(len(known))]), camera, base_from_camera)
        pixels = pixels[~np.isnan(pixels).any(axis=1)]
        shown = np.clip(pixels, -4000, 4000).round().astype(np.int32)
        cv2.polylines(image, [shown.reshape(-1, 1, 2)], isClosed=False, color=color, thickness=2)
        for x, y in shown:
            cv2.circle(image, (int(x), int(y)), 3, color, -1)
    size = (camera.width // _MAP, camera.height // _MAP)
    classes = cv2.resize(_COLORS[sample.semantics].astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    image[: size[1], -size[0] :] = classes
    for row, text in enumerate(_words(sample)):
        place = (4, 14 + 15 * row)
        cv2.putText(image, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 3, cv2.LINE_AA)
        cv2.putText(image, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 255), 1, cv2.LINE_AA)
    return image


def contact_sheet(dataset: DemoDataset, indices: list[int], columns: int = 3) -> NDArray[np.uint8]:
    """Panels side by side."""
    camera_x = float(dataset.manifest["recipe"]["camera_x"])
    panels = [sample_panel(dataset.sample(index), dataset.camera, camera_x) for index in indices]
    panels += [np.zeros_like(panels[0])] * (-len(panels) % columns)
    return np.vstack([np.hstack(panels[at : at + columns]) for at in range(0, len(panels), columns)])


def examples(dataset: DemoDataset, each: int = 2) -> list[int]:
    """Numbers of a few samples of each category and source, spread over the data; no sample twice."""
    columns = dataset.columns
    kinds = [columns["categories"] >> bit & 1 == 1 for bit in range(len(CATEGORIES))]
    kinds += [columns["source"] == number for number in range(len(SOURCES))]
    found: dict[int, None] = {}
    for kind in kinds:
        there = np.flatnonzero(kind)
        if len(there):
            places = (np.arange(each) + 0.5) * len(there) / each
            found.update(dict.fromkeys(int(index) for index in there[places.astype(int)]))
    return list(found)


def _sides(plan: NDArray[np.float32]) -> tuple[Array, Array]:
    """Both edges of the way that the plan takes, from the ego on."""
    poses = np.vstack([np.zeros(3), plan])
    dense = np.column_stack([np.interp(np.linspace(0, len(plan), 33), range(len(poses)), column) for column in poses.T])
    normals = np.column_stack([-np.sin(dense[:, 2]), np.cos(dense[:, 2])])
    return dense[:, :2] + 0.5 * _WIDTH * normals, dense[:, :2] - 0.5 * _WIDTH * normals


def _words(sample: Sample) -> list[str]:
    def told(distance: float) -> str:
        return "-" if math.isnan(distance) else f"{distance:.1f}"

    turned = math.degrees(sample.offset[1])
    answers = " ".join(question.answers[number] for question, number in zip(QUESTIONS, sample.answers))
    return [
        f"{sample.drive}/{sample.time:.1f} s  {SOURCES[sample.source]} {sample.offset[0]:.1f} m {turned:.0f} deg",
        f"{sample.velocity[0]:.1f} m/s  {COMMANDS[sample.command]}  {'START' if sample.start_due else ''}",
        f"{sample.rationale_name}  ({answers})",
        f"light {LIGHTS[sample.light]} {told(sample.light_distance)}",
        f"lead {told(sample.lead_distance)} at {told(sample.lead_speed)}",
        f"{' '.join(sample.category_names)}  weight {sample.weight:.1f}",
    ]
