"""Longitudinal motion along an arc length: comfortable acceleration, limited jerk, speed caps. No geometry in it.

A profile is made in two steps, both in closed form. First, v(s)^2 under bounds of acceleration: with constant
braking d the highest speed that still meets every cap ahead is

    E(s) = min over k with s_k >= s of (cap_k^2 + 2 d (s_k - s))

(the backward pass; the forward pass is its mirror image with the acceleration). Second, the resulting pieces of
constant acceleration are averaged in time over a window T: the acceleration then changes by at most its whole range
per T, which bounds the jerk. The average of the past T seconds shall start with the vehicle's speed v0 and
acceleration a0, so the pieces start T/2 ahead of the vehicle, at

    w = v0 + a0 T/2,   s = v0 T/2 + a0 T^2/12,

and continue the past as one piece of acceleration a0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from wam_ros.core.geometry import Array
from wam_ros.core.vehicle import VehicleDescription

COMFORT_JERK_SHARE = 0.25  # of max_jerk; 3 m/s^3 for the passenger car
HARD_BRAKING_SHARE = 0.75  # of max_deceleration: what a plan may use where comfort does not suffice
_STANDING = 0.05  # m/s; slower than this counts as standing
_MIN_WINDOW = 0.1  # s
_HARD_JERK_SHARE = 0.75  # of max_jerk, where comfort does not suffice
_SOON = 0.5  # s; a curve nearer than this cannot be braked for


class Motion(NamedTuple):
    """Along the path at M times, each (M,)."""

    distances: Array  # m from the start, negative in reverse
    speeds: Array  # m/s
    accelerations: Array  # m/s^2


@dataclass(frozen=True, eq=False)
class SpeedProfile:
    """Pieces of constant acceleration, averaged over a time window.

    Fields:
        window: [s].
        direction: 1 forward, -1 in reverse; the arrays below are told as if forward.
        times: (K,) start of each piece [s]; the first is -window, the last piece has no end.
        distances, speeds, accelerations: (K,) at the start of each piece.
        areas: (K,) integral of the distance up to the start of each piece [m s].

    """

    window: float
    direction: int
    times: Array
    distances: Array
    speeds: Array
    accelerations: Array
    areas: Array

    def at(self, times: ArrayLike) -> Motion:
        """Motion at `times` [s] >= 0."""
        now = np.asarray(times, dtype=np.float64)
        area, distance, speed = self._raw(np.stack([now, now - self.window]))
        # The pieces have no speed below 0 from t = 0 on; what is below 0 here is rounding. + 0.0 turns -0.0 into 0.0.
        return Motion(
            self.direction * np.maximum((area[0] - area[1]) / self.window, 0.0) + 0.0,
            self.direction * np.maximum((distance[0] - distance[1]) / self.window, 0.0) + 0.0,
            self.direction * (speed[0] - speed[1]) / self.window + 0.0,
        )

    def speeds_at(self, distances: ArrayLike) -> Array:
        """Speed without its sign where the path is `distances` [m] long, before averaging (linear between nodes)."""
        return np.interp(np.asarray(distances, dtype=np.float64), self.distances[1:], self.speeds[1:])

    @property
    def final_distance(self) -> float:
        """Where the last piece begins [m, no sign]: for a stop, where it ends."""
        return float(self.distances[-1])

    def _raw(self, times: Array) -> tuple[Array, Array, Array]:
        index = np.clip(np.searchsorted(self.times, times, side="right") - 1, 0, len(self.times) - 1)
        tau = times - self.times[index]
        distance, speed, acceleration = self.distances[index], self.speeds[index], self.accelerations[index]
        return (
            self.areas[index] + tau * (distance + tau * (speed / 2.0 + tau * acceleration / 6.0)),
            distance + tau * (speed + tau * acceleration / 2.0),
            speed + tau * acceleration,
        )


def comfort_jerk(vehicle: VehicleDescription) -> float:
    """Jerk of comfortable driving [m/s^3]."""
    return COMFORT_JERK_SHARE * vehicle.max_jerk


def curvature_caps(vehicle: VehicleDescription, curvatures: ArrayLike) -> Array:
    """Highest comfortable speed [m/s] on each curvature [1/m]: sqrt(a_lat / |kappa|), at most the top speed."""
    bent = np.maximum(np.abs(np.asarray(curvatures, dtype=np.float64)), 1e-9)
    caps: Array = np.minimum(np.sqrt(vehicle.comfort_lateral_acceleration / bent), vehicle.max_speed)
    return caps


def speed_profile(
    vehicle: VehicleDescription,
    speed: float,
    acceleration: float,
    stations: ArrayLike,
    caps: ArrayLike,
    target_speed: float,
) -> SpeedProfile:
    """The fastest comfortable profile under the caps.

    Args:
        vehicle: Gives the limits.
        speed: Now, >= 0 [m/s].
        acceleration: Now [m/s^2].
        stations: (M,) arc lengths ahead of the vehicle [m], increasing.
        caps: (M,) highest speed at each station [m/s]; 0 = stop there. A cap that comfortable braking does not reach
            is braked for with up to HARD_BRAKING_SHARE of the hardest braking; where that is not enough for a stop,
            the vehicle stops later.
        target_speed: Never exceeded by choice; too high a speed is brought down to it comfortably [m/s].

    """
    stations = np.asarray(stations, dtype=np.float64)
    caps = np.asarray(caps, dtype=np.float64)
    acceleration = _bounded(vehicle, acceleration)
    stops = np.flatnonzero(caps <= 0.0)
    room = np.inf
    if len(stops):  # what lies beyond the first stop does not matter
        stations, caps = stations[: stops[0] + 1], caps[: stops[0] + 1]
        room = float(stations[-1])
    comfort, hardest = vehicle.comfort_deceleration, HARD_BRAKING_SHARE * vehicle.max_deceleration
    calm = (vehicle.comfort_acceleration + comfort) / comfort_jerk(vehicle)
    quick = (abs(acceleration) + hardest) / (_HARD_JERK_SHARE * vehicle.max_jerk)
    # The pieces start about v0 T/2 ahead: they need some room before a stop.
    calm, quick = (max(min(window, room / max(speed, 1e-6)), _MIN_WINDOW) for window in (calm, quick))
    entry = _entry(speed, acceleration, calm)
    braking = _braking(entry, stations, caps)
    if braking > comfort:
        entry = _entry(speed, acceleration, min(calm, quick))
        braking = _braking(entry, stations, caps)
    braking = min(max(braking, comfort), hardest)

    ahead = stations > entry.start + 1e-3
    s = np.concatenate([[entry.start], stations[ahead]])
    squares = np.concatenate([[entry.speed**2], np.minimum(caps[ahead], target_speed) ** 2])
    slope = 2.0 * braking * s
    squares = np.minimum.accumulate((squares + slope)[::-1])[::-1] - slope
    slope = 2.0 * vehicle.comfort_acceleration * s
    squares = np.minimum.accumulate(squares - slope) + slope
    squares = np.maximum(squares, entry.speed**2 - 2.0 * braking * (s - entry.start))
    if len(stops) and squares[-1] > 1e-9:  # it cannot stop in time: it stops later
        s = np.append(s, entry.start + entry.speed**2 / (2.0 * braking))
        squares = np.append(squares, 0.0)
    return _averaged(entry, 1, speed, s, np.sqrt(np.maximum(squares, 0.0)))


def stop_profile(vehicle: VehicleDescription, speed: float, acceleration: float) -> SpeedProfile:
    """Comfortable braking to standstill from any speed, reverse included, with limited jerk."""
    direction = -1 if speed < 0.0 else 1
    speed, acceleration = abs(speed), _bounded(vehicle, direction * acceleration)
    if speed < _STANDING:
        speed = acceleration = 0.0
    braking, jerk = vehicle.comfort_deceleration, comfort_jerk(vehicle)
    # Twice the comfortable jerk to get out of an acceleration that is already uncomfortable.
    entry = _entry(speed, acceleration, max(braking, abs(acceleration + braking) / 2.0) / jerk)
    s = np.array([entry.start, entry.start + entry.speed**2 / (2.0 * braking)])
    return _averaged(entry, direction, speed, s, np.array([entry.speed, 0.0]))


class _Entry(NamedTuple):
    """Where and how fast the pieces begin, and what past they continue (see the module's text)."""

    window: float  # s
    acceleration: float  # m/s^2, of the past
    start: float  # m
    speed: float  # m/s


def _bounded(vehicle: VehicleDescription, acceleration: float) -> float:
    return min(max(acceleration, -vehicle.max_deceleration), vehicle.max_acceleration)


def _entry(speed: float, acceleration: float, window: float) -> _Entry:
    if acceleration < 0.0:
        # Standing comes before half the window has passed: release the brake faster, so that w = 0.
        window = max(min(window, -2.0 * speed / acceleration), _MIN_WINDOW)
        acceleration = max(acceleration, -2.0 * speed / window)
    start = speed * window / 2.0 + acceleration * window**2 / 12.0
    return _Entry(window, acceleration, start, max(speed + acceleration * window / 2.0, 0.0))


def _braking(entry: _Entry, stations: Array, caps: Array) -> float:
    """Constant braking [m/s^2] that meets every cap that is not too near to matter, and every stop."""
    gaps = stations - entry.start
    urgent = (caps <= 0.0) | (gaps > _SOON * entry.speed)
    needed = (entry.speed**2 - caps[urgent] ** 2) / (2.0 * np.maximum(gaps[urgent], 0.05))
    return float(needed.max(initial=0.0))


def _averaged(entry: _Entry, direction: int, speed: float, s: Array, speeds: Array) -> SpeedProfile:
    """The profile through nodes (s, speeds), with the past in front and standing or constant speed behind."""
    window, acceleration = entry.window, entry.acceleration
    sums = speeds[:-1] + speeds[1:]
    standing = np.flatnonzero(sums < 1e-6)
    count = int(standing[0]) if len(standing) else len(sums)
    steps = 2.0 * np.diff(s)[:count] / sums[:count]
    past = speed - acceleration * window / 2.0
    durations = np.concatenate([[window], steps])
    starts = np.concatenate([[past], speeds[: count + 1]])
    accelerations = np.concatenate([[acceleration], np.diff(speeds[: count + 1]) / np.maximum(steps, 1e-9), [0.0]])
    distances = np.concatenate([[s[0] - window * (past + acceleration * window / 2.0)], s[: count + 1]])
    grown = durations * (distances[:-1] + durations * (starts[:-1] / 2.0 + durations * accelerations[:-1] / 6.0))
    areas = np.concatenate([[0.0], np.cumsum(grown)])
    # Averaged, the motion shall be at distance 0 at t = 0: s[0] was chosen so that areas[1] = areas[0].
    times = np.concatenate([[-window], -window + np.cumsum(durations)])
    return SpeedProfile(window, direction, times, distances, starts, accelerations, areas)
