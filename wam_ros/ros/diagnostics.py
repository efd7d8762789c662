"""What the node says of itself on /diagnostics: pure functions from states to messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from wam_ros.core.protocols import Planner
from wam_ros.planning.engine_state import EngineState
from wam_ros.ros.cameras import HEIGHT_TOLERANCE, CameraBook
from wam_ros.runtime import Intake, OdometryBuffer, ServiceHealth

HUNG_S = 2.0  # a plan that takes this long is taken for hung

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR
Finding = tuple[bytes, str]


def worst(findings: list[Finding]) -> Finding:
    """The gravest finding; of equally grave ones the first."""
    return max(findings, key=lambda finding: finding[0][0], default=(OK, "ok"))


def status(name: str, findings: list[Finding], values: Mapping[str, Any]) -> Any:
    """One DiagnosticStatus."""
    level, message = worst(findings)
    keys = [KeyValue(key=key, value=str(value)) for key, value in values.items()]
    return DiagnosticStatus(level=level, name=name, message=message, hardware_id="wam_ros", values=keys)


def planning_status(name: str, planner: Planner, health: ServiceHealth, before: ServiceHealth | None) -> Any:
    """How planning goes, judged by what happened since the last message, and how the planner's network is run."""
    findings: list[Finding] = []
    if not health.guard_alive:
        findings.append((ERROR, "the guard thread has died: the deadline is not guarded; restart the node"))
    if health.busy_s > HUNG_S:
        findings.append((ERROR, f"the planner hangs: its plan has taken {health.busy_s:.1f} s"))
    old = before.statuses if before is not None else {}
    new = {key: count - old.get(key, 0) for key, count in health.statuses.items()}
    if new.get("STOP", 0) > 0:
        findings.append((ERROR, f"stopping: {health.last_reason or 'recovered'}"))
    elif new.get("REUSED", 0) > 0:
        findings.append((WARN, f"previous plan reused: {health.last_reason or 'recovered'}"))
    engine = EngineState.of(planner)
    findings += [(WARN, reason) for reason in engine.fallbacks]
    values = {
        "planner": planner.name,
        "backend": engine.backend or "none",
        "backend_fallbacks": "; ".join(engine.fallbacks) or "none",
        **{f"status_{key.lower()}": health.statuses.get(key, 0) for key in ("FULL", "ANYTIME", "REUSED", "STOP")},
        "superseded": health.superseded,
        "late": health.late,
        "rejected": health.rejected,
        "planner_errors": health.errors,
        "busy_s": f"{health.busy_s:.3f}",
        "guard_lateness_ms": f"{health.guard_lateness_s * 1e3:.1f}",
        "last_reason": health.last_reason,
    }
    return status(name, findings, values)


_INPUT_EVENTS = (
    "image_refused",
    "image_silence",
    "image_unreadable",
    "odometry_refused",
    "odometry_jump",
    "acceleration_refused",
    "route_refused",
    "tf_refused",
    "tick_refused",
    "time_reset",
)


def input_status(
    name: str, intake: Intake, odometry: OdometryBuffer, before: Mapping[str, int], *, image_timeout_s: float
) -> Any:
    """How the inputs are, judged by what happened since the last message."""
    findings: list[Finding] = []
    age = intake.image_age_s()
    if age is None:
        findings.append((WARN, "no image yet"))
    elif 0.0 < image_timeout_s < age:
        findings.append((ERROR, f"no image for {age:.1f} s"))
    if odometry.newest is None:
        findings.append((ERROR if age is not None else WARN, "no odometry"))
    if intake.route_problem:
        findings.append((ERROR, intake.route_problem))
    elif not intake.has_route:
        findings.append((WARN, "no route"))
    new = {kind: intake.events[kind] - before.get(kind, 0) for kind in _INPUT_EVENTS}
    findings += [(WARN, f"{kind}: {intake.last_event}") for kind, count in new.items() if count > 0]
    values = {
        "image_age_s": "none" if age is None else f"{age:.3f}",
        "route": "yes" if intake.has_route else "no",
        **{kind: intake.events[kind] for kind in _INPUT_EVENTS},
        "last_event": intake.last_event,
    }
    return status(name, findings, values)


def camera_status(name: str, cameras: CameraBook, names: tuple[str, ...], min_coverage: float) -> Any:
    """What is known of the cameras."""
    findings: list[Finding] = []
    values: dict[str, Any] = {}
    missing_level = WARN if cameras.allow_uncalibrated else ERROR
    for camera in names:
        state = values[camera] = cameras.state(camera)
        if state != "calibrated":
            findings.append((missing_level, f"camera {camera}: {state}"))
        coverage, higher = cameras.coverage(camera), cameras.height_difference(camera)
        if coverage is not None:
            values[f"{camera}_coverage"] = f"{coverage:.3f}"
            if coverage < min_coverage:
                findings.append(
                    (WARN, f"camera {camera} fills {coverage:.0%} of the planner's view, wanted {min_coverage:.0%}")
                )
        if higher is not None:
            values[f"{camera}_height_difference_m"] = f"{higher:.2f}"
            if abs(higher) > HEIGHT_TOLERANCE:
                findings.append((WARN, f"camera {camera} is {higher:+.2f} m off the height that the planner knows"))
    return status(name, findings, values)


def diagnostic_array(stamp: Any, statuses: list[Any]) -> Any:
    """The message of all statuses."""
    message = DiagnosticArray(status=statuses)
    message.header.stamp = stamp
    return message
