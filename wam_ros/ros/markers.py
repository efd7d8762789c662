"""RViz markers of a plan: a ribbon coloured by confidence, and its status as text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from geometry_msgs.msg import Point, Vector3
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from wam_ros.core.plan import Plan, PlanStatus
from wam_ros.ros.conversions import header_of

_STATUS_COLOR = {
    PlanStatus.FULL: (0.2, 0.8, 0.2),
    PlanStatus.ANYTIME: (0.2, 0.6, 0.9),
    PlanStatus.REUSED: (0.95, 0.7, 0.1),
    PlanStatus.STOP: (0.9, 0.1, 0.1),
}
_LINE_WIDTH = 0.4  # m
_TEXT_HEIGHT = 0.8  # m
_LIFT = 0.1  # m over the road, so that the ribbon is not hidden by it


def confidence_color(confidence: float) -> Any:
    """Red at 0, yellow at 0.5, green at 1; blue where there is none (NaN)."""
    if math.isnan(confidence):
        return ColorRGBA(r=0.25, g=0.45, b=1.0, a=1.0)
    return ColorRGBA(r=min(1.0, 2.0 - 2.0 * confidence), g=min(1.0, 2.0 * confidence), b=0.1, a=1.0)


def plan_markers(plan: Plan, points: Sequence[Any]) -> Any:
    """A plan and its TrajectoryPoints as MarkerArray."""
    header = header_of(plan.trajectory)
    ribbon = Marker(header=header, ns="plan", id=0, type=Marker.LINE_STRIP, action=Marker.ADD)
    ribbon.scale = Vector3(x=_LINE_WIDTH)
    ribbon.pose.orientation.w = 1.0
    dots = Marker(header=header, ns="plan", id=1, type=Marker.SPHERE_LIST, action=Marker.ADD)
    dots.scale = Vector3(x=_LINE_WIDTH * 1.5, y=_LINE_WIDTH * 1.5, z=_LINE_WIDTH * 1.5)
    dots.pose.orientation.w = 1.0
    for point in points:
        at = point.pose.position
        lifted = Point(x=at.x, y=at.y, z=at.z + _LIFT)
        color = confidence_color(point.confidence)
        for marker in (ribbon, dots):
            marker.points.append(lifted)
            marker.colors.append(color)
    text = Marker(header=header, ns="plan", id=2, type=Marker.TEXT_VIEW_FACING, action=Marker.ADD)
    text.pose.position = Point(
        x=points[0].pose.position.x, y=points[0].pose.position.y, z=points[0].pose.position.z + 2.0
    )
    text.pose.orientation.w = 1.0
    text.scale = Vector3(z=_TEXT_HEIGHT)
    red, green, blue = _STATUS_COLOR[plan.status]
    text.color = ColorRGBA(r=red, g=green, b=blue, a=1.0)
    text.text = f"{plan.status.name} {plan.steps_done}/{plan.steps_planned}\n{plan.reason}".strip()
    return MarkerArray(markers=[ribbon, dots, text])
