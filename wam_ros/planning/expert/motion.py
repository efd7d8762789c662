"""How fast the ego goes along its path: a driver's law played forward, with limited jerk. It sees numbers only.

At each step the wanted acceleration is the least of

    the speed caps ahead, through the highest speed from which comfortable braking meets all of them;
    each stop, by v(g) = sqrt((d T)^2 + 2 d g) - d T: constant braking d far off, a soft end within d T^2;
    each vehicle ahead, by the interaction term of the intelligent driver model (Treiber, Hennecke, Helbing 2000):
        a = a0 (1 - (w / g)^2),   w = g0 + v T + v (v - u) / (2 sqrt(a0 d)),

and what braking cannot meet comfortably is braked for as hard as it takes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from wam_ros.core.geometry import Array
from wam_ros.planning.expert.course import STEP as PATH_STEP
from wam_ros.planning.expert.prediction import STEP as OTHERS_STEP
from wam_ros.planning.expert.settings import ExpertSettings

DT = 0.1  # s
_SIGHT = 0.35  # s; the caps are looked at this far ahead, which makes up for limited jerk
_STOP_SIGHT = 0.2  # s, likewise for stops
_SOFT = 0.4  # s; T of the soft end of stops
_LATE = 0.4  # s that braking comes late by, and T of the soft end, where comfort does not suffice
_QUICKLY = 0.8  # s; differences of speed are made up in
_HOLD = 0.35  # m; standing this near a stop is standing at it
_CRAWL = 0.15  # m/s
_GENTLE = 1.5  # m/s^2, braking to let somebody in


class Stop(NamedTuple):
    """A place not to pass before a time."""

    distance: float  # along the path [m]
    until: float  # s


@dataclass(frozen=True, eq=False)
class Lead:
    """Somebody to stay behind.

    Fields:
        limits: Arc lengths of the path not to reach, every OTHERS_STEP; infinite where there is nobody [m].
        speeds: Of it along the path [m/s].
        since: Index of the first time at which it is in the way; before, gaps are opened gently.

    """

    limits: list[float]
    speeds: list[float]
    since: int = 0


@dataclass(frozen=True, eq=False)
class Drive:
    """A motion along the path, (M,) each, every DT from 0 on."""

    distances: Array
    speeds: Array
    accelerations: Array

    def at(self, times: Array) -> tuple[Array, Array, Array]:
        """Distances [m], speeds [m/s], accelerations [m/s^2] at `times` [s]."""
        known = DT * np.arange(len(self.distances))
        return (
            np.interp(times, known, self.distances),
            np.interp(times, known, self.speeds),
            np.interp(times, known, self.accelerations),
        )


def envelope(caps: Array, deceleration: float) -> Array:
    """(N,) highest speed at each node, PATH_STEP apart, from which braking at `deceleration` meets all caps ahead."""
    slope = 2.0 * deceleration * PATH_STEP * np.arange(len(caps))
    squares = np.minimum.accumulate((caps**2 + slope)[::-1])[::-1] - slope
    highest: Array = np.sqrt(np.maximum(squares, 0.0))
    return highest


def drive(
    settings: ExpertSettings,
    speed: float,
    acceleration: float,
    highest: list[float],
    stops: list[Stop],
    leads: list[Lead],
    duration: float,
) -> Drive:
    """Play the law forward.

    Args:
        settings: Bounds.
        speed: Now, at least 0 [m/s].
        acceleration: Now [m/s^2].
        highest: `envelope` of the speed caps.
        stops: Where to stop.
        leads: Whom to follow.
        duration: How long [s].

    """
    s, v, a = 0.0, speed, min(max(acceleration, -settings.hard_deceleration), 3.0)
    last = len(highest) - 1
    distances, speeds, accelerations = [s], [v], [a]
    for step in range(round(duration / DT)):
        time = step * DT
        wanted = _cruise(settings, v, s, highest, last)
        for stop in stops:
            if time < stop.until:
                wanted = min(wanted, _stop(settings, v, stop.distance - s))
        at = time / OTHERS_STEP
        index = min(int(at), len(leads[0].limits) - 2) if leads else 0
        share = min(at - index, 1.0)
        for lead in leads:
            here, there = lead.limits[index], lead.limits[index + 1]
            if here == math.inf:
                continue
            gap = (here if there == math.inf else here + share * (there - here)) - s
            follow = _follow(settings, v, gap, lead.speeds[index])
            if index < lead.since:
                place = lead.limits[lead.since] - settings.standstill_gap
                follow = min(max(follow, -_GENTLE), _stop(settings, v, place - s))
            wanted = min(wanted, follow)
        wanted = max(wanted, -settings.hard_deceleration)
        down = settings.jerk + 4.0 * max(-wanted - 2.2, 0.0)
        up = settings.jerk + max(-a - 2.5, 0.0) * 2.0
        a = min(max(wanted, a - down * DT), a + up * DT)
        new = v + a * DT
        if new <= 0.0:
            new = 0.0
            a = max(a, 0.0) if v < _CRAWL else a
        s += 0.5 * (v + new) * DT
        v = new
        if v == 0.0:
            a = max(a, 0.0)
        distances.append(s)
        speeds.append(v)
        accelerations.append(a)
    return Drive(np.array(distances), np.array(speeds), np.array(accelerations))


def _cruise(settings: ExpertSettings, v: float, s: float, highest: list[float], last: int) -> float:
    place = (s + _SIGHT * v) / PATH_STEP
    index = min(int(place), last)
    here, there = highest[index], highest[min(index + 1, last)]
    share = place - index
    cap = here + min(share, 1.0) * (there - here)
    needed = min(here * (there - here) / PATH_STEP, 0.0)
    return min(max(max(needed, -settings.deceleration * 1.2) + (cap - v) / _QUICKLY, -4.0), settings.acceleration)


def _stop(settings: ExpertSettings, v: float, gap: float) -> float:
    d = settings.deceleration
    if gap < _HOLD:
        if v < 0.3:
            return -0.5 if v > 0.0 else 0.0
        return -max(v / 0.4, v * v / (2.0 * max(gap, 0.1)))
    soft = d * _SOFT
    highest = math.sqrt(soft * soft + 2.0 * d * gap) - soft
    if v <= highest:
        ahead = max(gap - _STOP_SIGHT * v, 0.0)
        cap = math.sqrt(soft * soft + 2.0 * d * ahead) - soft
        return -d * cap / (cap + soft) + (cap - v) / _QUICKLY if v > 0.7 * cap else (cap - v) / _QUICKLY
    room = max(gap - _LATE * v, 0.3 * gap)
    needed = max(v * v / (2.0 * room), d)
    return -needed * v / (v + needed * _LATE)


def _follow(settings: ExpertSettings, v: float, gap: float, other: float) -> float:
    a0, d = settings.acceleration, settings.deceleration
    if gap < 0.3:
        return -settings.hard_deceleration if v > 0.3 or other < -0.3 else -0.5 * (v > 0.0)
    wanted = settings.standstill_gap + max(v * settings.time_headway + v * (v - other) / (2.0 * math.sqrt(a0 * d)), 0.0)
    return a0 * (1.0 - (wanted / gap) ** 2)
