"""Follows a plan: steering and acceleration from the ego state of now. It knows neither clock nor engagement.

Across the path. The rear axle of the bicycle, at lateral error e and heading error q, moves along the path by
e' = tan q and q' = (kappa / cos q) (1 - kappa_p e) - kappa_p per metre of path. For small errors the law

    kappa = kappa_p + feedback,   feedback = - e / L^2 - 2 q / L

makes e'' + (2 / L) e' + e / L^2 = 0: critically damped over the length L, at every speed alike (path following of
Samson, "Control of chained systems", IEEE TAC 1995; with the speed divided out, as in De Luca, Oriolo, Samson,
"Feedback control of a nonholonomic car-like robot", 1998). The front wheels then need atan(wheelbase kappa). With the
steering's lag T this stays stable while L > v T / 2; L grows with the speed to keep far from that, and errors are
taken where the vehicle will be one lag later, and so is kappa_p, the curvature of the path ahead.

Along the path. With drive and brakes of lag T the acceleration a(t) needs the command a + T da/dt, about a(t + T).
That is the plan's mean acceleration over the next 2 T, to which speed error and position error are fed back:

    command = (v_p(t + 2 T) - v_p(t)) / 2 T + k_v (v_p - v) + k_s (s_p - s).

Stable for k_v > T k_s (Routh). s_p and v_p are the plan's at the vehicle's time: the plan is that of an image of some
time ago, from then until now both have moved.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from wam_ros.control.command_limits import limited_acceleration, limited_steering
from wam_ros.control.planned_motion import PlannedMotion
from wam_ros.control.settings import ControllerSettings
from wam_ros.core.ego import EgoState, interpolate_ego
from wam_ros.core.geometry import wrap_angle
from wam_ros.core.plan import Plan, PlanStatus
from wam_ros.core.timing import NS_PER_S
from wam_ros.core.vehicle import VehicleCommand, VehicleDescription

_SPEED_SHARE = 1.5  # of the vehicle's top speed: waypoints further apart are no plan for it
_STANDING = 0.1  # m/s; slower than this is standing
_SPEED_AHEAD = 0.5  # s; the commanded speed is the one reached after this time, see VehicleCommand
_MAX_POSITION_ERROR = 1.0  # m; a larger one is not made up for any faster
_CURVATURE_SPAN = 2.0  # m, or what is driven in _CURVATURE_TIME: curvature of the plan is a mean over this length
_CURVATURE_TIME = 0.4  # s
_MAX_LATERAL_ERROR = 1.0  # m; a larger one is not steered at any harder
_MAX_GAP_S = 0.5  # without odometry for this long the past says nothing of now


@dataclass(frozen=True)
class TrackingReport:
    """What the last command was made from.

    Fields:
        stamp_ns: Of the ego state [ns].
        following: Whether a plan is followed; otherwise the vehicle is braked.
        reason: Why not; empty where a plan is followed.
        plan_age: Of the plan's image [s]; None without a plan, as all below.
        cross_track_error: Of the vehicle, left of the plan positive [m].
        heading_error: Of the vehicle against the path [rad].
        speed_error: Faster than planned positive [m/s].

    """

    stamp_ns: int
    following: bool
    reason: str
    plan_age: float | None = None
    cross_track_error: float | None = None
    heading_error: float | None = None
    speed_error: float | None = None


class TrajectoryController:
    """Tracks plans with one vehicle; implements core.protocols.Controller.

    Where there is no plan that can be followed it brakes comfortably and holds the brake, with the steering of the
    last path, and says why in `report`. Commands are within the vehicle's limits, those of steering rate and jerk
    included. The same inputs in the same order give the same commands.
    """

    def __init__(self, vehicle: VehicleDescription, settings: ControllerSettings | None = None) -> None:
        self.vehicle = vehicle
        self.settings = ControllerSettings() if settings is None else settings
        self.reset()

    def reset(self) -> None:
        """Forget the past: a new drive begins."""
        self._past: deque[EgoState] = deque()
        self._plan: Plan | None = None
        self._motion: PlannedMotion | None = None
        self._curvature = 0.0  # of the last path
        self._last: VehicleCommand | None = None
        self._report: TrackingReport | None = None

    @property
    def report(self) -> TrackingReport | None:
        """What the last command was made from; None before the first one."""
        return self._report

    def control(self, ego: EgoState, plan: Plan | None) -> VehicleCommand:
        """The command that follows `plan` from `ego`; None = there is no plan to follow. Never raises on bad plans."""
        self._remember(ego)
        with np.errstate(all="ignore"):  # absurd numbers overflow on the way to being refused
            reason = "no plan" if plan is None else self._refusal(ego, plan)
            if plan is None or reason:
                age = None if plan is None else self._age(ego, plan)
                self._report = TrackingReport(ego.stamp_ns, following=False, reason=reason, plan_age=age)
                return self._command(ego, self._curvature, -self.vehicle.comfort_deceleration)
            return self._follow(ego, plan)

    def is_young(self, ego: EgoState, plan: Plan) -> bool:
        """Whether `plan` is in the frame of `ego`, and neither too old nor from the future."""
        return not self._untimely(ego, plan)

    # -- what can be followed

    def _remember(self, ego: EgoState) -> None:
        """Keep the states that plans still to come may start from."""
        past = self._past
        if past and not 0 <= ego.stamp_ns - past[-1].stamp_ns <= _MAX_GAP_S * NS_PER_S:
            self.reset()
            past = self._past
        if past and past[-1].frame_id != ego.frame_id:
            self.reset()
            past = self._past
        past.append(ego)
        oldest_ns = ego.stamp_ns - round(self.settings.max_plan_age * NS_PER_S)
        while len(past) > 2 and past[1].stamp_ns <= oldest_ns:
            past.popleft()

    def _refusal(self, ego: EgoState, plan: Plan) -> str:
        """Why `plan` cannot be followed from `ego`, empty if it can; then `_motion` is that of `plan`."""
        reason = self._untimely(ego, plan)
        if not reason and plan is not self._plan:
            reason = self._unfit(plan)
            if not reason:
                start = self._state_at(plan.trajectory.stamp_ns)
                self._plan, self._motion = plan, PlannedMotion(start.pose, start.speed, plan.trajectory)
        if reason:
            return reason
        motion = self._motion
        assert motion is not None
        away = abs(motion.place(ego.pose, self._age(ego, plan)).lateral)
        limit = self.settings.max_plan_distance
        return "" if away <= limit else f"plan is {away:.1f} m away, limit {limit:g} m"

    def _untimely(self, ego: EgoState, plan: Plan) -> str:
        path, age, limit = plan.trajectory, self._age(ego, plan), self.settings.max_plan_age
        if path.frame_id != ego.frame_id:
            return f"plan in frame {path.frame_id!r}, odometry in {ego.frame_id!r}"
        if age < 0.0:
            return f"plan from the future, by {-age:.3f} s"
        if age > limit:
            return f"plan is {age:.2f} s old, limit {limit:g} s"
        return f"plan ended {age - path.horizon:.2f} s ago" if age > path.horizon else ""

    def _unfit(self, plan: Plan) -> str:
        """Why the waypoints are no motion of this vehicle; empty if they are."""
        path = plan.trajectory
        if not all(np.isfinite(array).all() for array in (path.times, path.positions, path.headings, path.speeds)):
            return "plan holds values that are not finite"
        steps = np.diff(path.times, prepend=0.0)
        if not (steps > 0.0).all():
            return "plan's times do not increase"
        start = self._state_at(path.stamp_ns).pose.position
        chords = np.diff(np.concatenate([[start], path.positions]), axis=0)
        lengths = np.hypot(chords[:, 0], chords[:, 1])
        lengths[0] -= self.settings.max_plan_distance
        fastest = float((lengths / steps).max())
        return "" if fastest <= _SPEED_SHARE * self.vehicle.max_speed else f"plan asks for {fastest:.3g} m/s"

    @staticmethod
    def _age(ego: EgoState, plan: Plan) -> float:
        return (ego.stamp_ns - plan.trajectory.stamp_ns) / NS_PER_S

    def _state_at(self, stamp_ns: int) -> EgoState:
        """The own state at a plan's t0."""
        past = self._past
        if stamp_ns <= past[0].stamp_ns:
            return past[0].at(stamp_ns)
        after = next(i for i, state in enumerate(past) if state.stamp_ns >= stamp_ns)
        return interpolate_ego(past[after - 1], past[after], stamp_ns)

    # -- following

    def _follow(self, ego: EgoState, plan: Plan) -> VehicleCommand:
        car, settings, motion = self.vehicle, self.settings, self._motion
        assert motion is not None
        age = self._age(ego, plan)
        now = motion.place(ego.pose, age)
        speed_error = ego.speed - motion.speed(age)
        self._report = TrackingReport(
            ego.stamp_ns,
            following=True,
            reason="",
            plan_age=age,
            cross_track_error=now.lateral,
            heading_error=float(wrap_angle(ego.pose.yaw - now.heading)),
            speed_error=speed_error,
        )
        stays = plan.status is PlanStatus.STOP or motion.end - now.arc_length < settings.start_distance
        if ego.speed < _STANDING and stays:
            return self._command(ego, self._curvature, -car.comfort_deceleration)

        # Along the path.
        acting = age + settings.actuation_delay
        wanted = motion.acceleration(acting, max(2.0 * car.acceleration_lag, 0.1))
        behind = motion.distance(age) - now.arc_length
        behind = min(max(behind, -_MAX_POSITION_ERROR), _MAX_POSITION_ERROR)
        acceleration = wanted - settings.speed_gain * speed_error + settings.position_gain * behind
        if plan.status is PlanStatus.STOP:
            acceleration = min(acceleration, 0.0)

        # Across the path.
        if not motion.path.bends:
            return self._command(ego, self._curvature, acceleration)
        lead = settings.actuation_delay + car.steering_lag
        then = ego.at(ego.stamp_ns + round(lead * NS_PER_S))
        place = motion.place(then.pose, age + lead)
        span = max(_CURVATURE_SPAN, _CURVATURE_TIME * ego.speed)
        self._curvature = self._within(motion.path.curvature(place.arc_length, span), ego.speed)
        length = max(settings.convergence_length, settings.convergence_time * ego.speed)
        lateral = min(max(place.lateral, -_MAX_LATERAL_ERROR), _MAX_LATERAL_ERROR)
        turned = float(wrap_angle(then.pose.yaw - place.heading))
        feedback = -lateral / length**2 - 2.0 * math.sin(turned) / length
        return self._command(ego, self._within(self._curvature + feedback, ego.speed), acceleration)

    def _within(self, curvature: float, speed: float) -> float:
        """A curvature that the vehicle can drive at this speed."""
        limit = min(self.vehicle.max_curvature, self.vehicle.max_lateral_acceleration / max(speed * speed, 1e-6))
        return min(max(curvature, -limit), limit)

    def _command(self, ego: EgoState, curvature: float, acceleration: float) -> VehicleCommand:
        """Within the limits, those of rates since the last command included."""
        car, last = self.vehicle, self._last
        steering = limited_steering(math.atan(car.wheelbase * curvature), car, last, ego.stamp_ns)
        acceleration = limited_acceleration(acceleration, car, last, ego.stamp_ns)
        speed = min(max(ego.speed + acceleration * _SPEED_AHEAD, 0.0), car.max_speed)
        self._last = VehicleCommand(ego.stamp_ns, steering, speed, acceleration)
        return self._last
