"""Pictures of one moment of a drive: the camera with the plan drawn in, the map from above, a line of figures.

All pictures are (H, W, 3) uint8 in the order blue, green, red, as cv2 wants them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from wam_ros.core.camera import CameraImage
from wam_ros.core.ego import EgoState
from wam_ros.core.geometry import SE2, Array
from wam_ros.core.lane_graph import LaneGraph
from wam_ros.core.observation import Route
from wam_ros.core.plan import Plan, PlanStatus
from wam_ros.core.scene import ActorKind, LightState, Scene
from wam_ros.core.vehicle import VehicleDescription

Picture = NDArray[np.uint8]
Color = tuple[int, int, int]
STATUS_COLORS: dict[PlanStatus, Color] = {
    PlanStatus.FULL: (80, 220, 80),
    PlanStatus.ANYTIME: (80, 220, 220),
    PlanStatus.REUSED: (40, 150, 255),
    PlanStatus.STOP: (60, 60, 255),
}
_LIGHT_COLORS: dict[LightState, Color] = {
    LightState.RED: (60, 60, 255),
    LightState.YELLOW: (0, 210, 255),
    LightState.GREEN: (80, 200, 80),
    LightState.OFF: (120, 120, 120),
}
_ACTOR_COLORS: dict[ActorKind, Color] = {
    ActorKind.VEHICLE: (190, 120, 60),
    ActorKind.BICYCLE: (190, 60, 190),
    ActorKind.PEDESTRIAN: (60, 60, 200),
    ActorKind.STATIC: (110, 110, 110),
}
_PAPER, _LANE, _EDGE, _ROUTE, _EGO, _INK = (
    (245, 245, 245),
    (222, 222, 222),
    (190, 190, 190),
    (235, 190, 120),
    (40, 40, 40),
    (30, 30, 30),
)
_NEAREST = 0.5  # m; what is nearer to the lens is not drawn
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def camera_panel(image: CameraImage, ego: EgoState, plan: Plan | None, size: tuple[int, int]) -> Picture:
    """The image scaled to `size` (width, height), with the plan as a ribbon on the road where the lens is known."""
    picture = np.ascontiguousarray(image.rgb()[..., ::-1])
    if plan is not None and image.camera is not None and image.base_from_camera is not None:
        _draw_ribbon(picture, image, ego, plan)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _draw_ribbon(picture: Picture, image: CameraImage, ego: EgoState, plan: Plan) -> None:
    assert image.camera is not None
    assert image.base_from_camera is not None
    line = _densified(np.vstack([ego.pose.position, plan.trajectory.positions]))
    steps = np.gradient(line, axis=0) if len(line) > 1 else np.array([[1.0, 0.0]])
    normals = np.stack([-steps[:, 1], steps[:, 0]], axis=1)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    camera_from_base = image.base_from_camera.inverse()
    pixels: list[Array] = []
    for side in (-0.35, 0.35):
        points = ego.pose.inverse().apply(line + side * normals)
        inside = camera_from_base.apply(np.column_stack([points, np.zeros(len(points))]))
        inside = inside[inside[:, 2] > _NEAREST]
        projected = inside @ image.camera.matrix.T
        pixels.append(projected[:, :2] / projected[:, 2:])
    if min(len(side) for side in pixels) < 2:
        return
    ribbon = np.vstack([pixels[0], pixels[1][::-1]]).round().astype(np.int32)
    shade = picture.copy()
    cv2.fillPoly(shade, [ribbon], STATUS_COLORS[plan.status], cv2.LINE_AA)
    cv2.addWeighted(shade, 0.55, picture, 0.45, 0.0, picture)


def _densified(line: Array, spacing: float = 0.5) -> Array:
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    if lengths[-1] < spacing:
        return line
    wanted = np.arange(0.0, lengths[-1], spacing)
    return np.stack([np.interp(wanted, lengths, line[:, axis]) for axis in (0, 1)], axis=1)


@dataclass(frozen=True)
class MapPanel:
    """Draws the surroundings from above; the vehicle looks up.

    Fields:
        size: Width and height of the picture [px].
        lanes: The map, or None.
        vehicle: Size of the own box.
        span: How many metres the picture is high.

    """

    size: tuple[int, int]
    lanes: LaneGraph | None
    vehicle: VehicleDescription
    span: float = 90.0

    def draw(self, ego: EgoState, route: Route | None, plan: Plan | None, scene: Scene | None) -> Picture:
        """One picture."""
        picture = np.full((self.size[1], self.size[0], 3), _PAPER, dtype=np.uint8)
        scale = self.size[1] / self.span
        if self.lanes is not None:
            near = self.lanes.near(ego.pose.position, self.span)
            for lane in near:
                self._line(picture, ego, lane.centerline.points, _EDGE, round(lane.width * scale) + 2)
            for lane in near:
                self._line(picture, ego, lane.centerline.points, _LANE, round(lane.width * scale) - 1)
        if route is not None:
            self._line(picture, ego, route.line.points, _ROUTE, 4)
        if scene is not None:
            self._draw_scene(picture, ego, scene)
        if plan is not None:
            path = np.vstack([ego.pose.position, plan.trajectory.positions])
            self._line(picture, ego, path, STATUS_COLORS[plan.status], 3)
            for point in self._pixels(ego, plan.trajectory.positions):
                cv2.circle(picture, point, 3, _INK, -1, cv2.LINE_AA)
        middle = ego.pose @ SE2(self.vehicle.rear_axle_to_center, 0.0, 0.0)
        self._box(picture, ego, middle, (self.vehicle.length, self.vehicle.width), _EGO)
        return picture

    def _draw_scene(self, picture: Picture, ego: EgoState, scene: Scene) -> None:
        for light in scene.lights:
            self._line(picture, ego, light.stop_line, _LIGHT_COLORS[light.state], 4)
        for actor in scene.actors:
            self._box(picture, ego, actor.pose, (actor.length, actor.width), _ACTOR_COLORS[actor.kind])

    def _pixels(self, ego: EgoState, points: Array) -> list[tuple[int, int]]:
        width, height = self.size
        scale = height / self.span
        inside = ego.pose.inverse().apply(points)
        columns = np.clip(width / 2.0 - inside[:, 1] * scale, -4 * width, 4 * width).round().astype(int)
        rows = np.clip(0.7 * height - inside[:, 0] * scale, -4 * height, 4 * height).round().astype(int)
        return [(int(column), int(row)) for column, row in zip(columns, rows)]

    def _line(self, picture: Picture, ego: EgoState, points: Array, color: Color, thickness: int) -> None:
        pixels = np.array(self._pixels(ego, points), dtype=np.int32)
        cv2.polylines(picture, [pixels], isClosed=False, color=color, thickness=max(thickness, 1), lineType=cv2.LINE_AA)

    def _box(self, picture: Picture, ego: EgoState, pose: SE2, size: tuple[float, float], color: Color) -> None:
        length, width = max(size[0], 0.8), max(size[1], 0.8)
        corners = np.array([[length, width], [length, -width], [-length, -width], [-length, width]]) / 2.0
        pixels = np.array(self._pixels(ego, pose.apply(corners)), dtype=np.int32)
        cv2.fillPoly(picture, [pixels], color, cv2.LINE_AA)


def text_panel(size: tuple[int, int], rows: Iterable[Sequence[tuple[str, Color]]]) -> Picture:
    """Rows of coloured words on dark ground."""
    picture = np.full((size[1], size[0], 3), 32, dtype=np.uint8)
    for index, row in enumerate(rows):
        column = 10
        for text, color in row:
            cv2.putText(picture, text, (column, 24 + 26 * index), _FONT, 0.55, color, 1, cv2.LINE_AA)
            column += cv2.getTextSize(text, _FONT, 0.55, 1)[0][0] + 14
    return picture


def figure(value: float | None, unit: str, digits: int = 1) -> str:
    """A number for people; '-' where there is none."""
    return "-" if value is None or math.isnan(value) else f"{value:.{digits}f} {unit}"
