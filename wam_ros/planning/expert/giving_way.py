"""Who goes first: from the path, the scene and the lights to the motion along the path.

A first motion heeds what is certain: lights, the end of the route, whoever is in the way now. Then those who would come
into each other's way with it are looked at, soonest first; to each the ego either gives way, which makes the next
motion slower, or not: because the other has to wait and still can, or comes from behind.
"""

from __future__ import annotations

import math

import numpy as np

from wam_ros.core.geometry import SE2, Array
from wam_ros.core.scene import Actor, ActorKind, LightState
from wam_ros.planning.expert.course import STEP
from wam_ros.planning.expert.lights import light_stops
from wam_ros.planning.expert.motion import Drive, Lead, Stop, drive, envelope
from wam_ros.planning.expert.occupancy import Encounter, encounters
from wam_ros.planning.expert.prediction import SLOW, STEPS, TIMES, Branch, predict, seen_from
from wam_ros.planning.expert.prediction import STEP as TIME_STEP
from wam_ros.planning.expert.right_of_way import must_wait
from wam_ros.planning.expert.situation import Situation

_ROUNDS = 8
_DURATION = float(TIMES[-1])  # s
_SPOTS = 10  # nodes of the path between those that the distance of others is measured to
_BODIES = 12.0  # m; half that spacing and the bodies
_STARTING = 30.0  # m that one who is slow now may come farther
_EVERY = 2  # nodes of the path per station of encounters
_SAME_WAY = math.radians(50.0)
_HEAD_ON = math.radians(130.0)
_ALONG = 8  # times that a pedestrian who walks along the road is reckoned with
_CROSSING_GAP = 1.0  # m, before the place where another crosses
_HEAD_ON_GAP = 2.0  # m
_TOUCH = 0.6  # m around an encounter in arc length
_FROM_BEHIND = 3.0  # s; who would catch up later than this can slow down
_PEDESTRIAN_BEFORE = 1.5  # s
_KERB_TIME = 2.5  # s; a pedestrian off the road who would enter later is not yet waited for
_ENTERED = 1.0  # m; a front this far within a junction is in it
_TRUSTED_BRAKING = 3.0  # m/s^2 that those who have to wait are trusted with
_CLEAR = 0.5  # m behind the ego's rear, beyond a junction


def give_way(case: Situation) -> Drive:
    """The motion."""
    settings, speed = case.settings, max(case.ego.speed, 0.0)
    shown = {lane: light.state for light in case.scene.lights for lane in light.lanes}
    stops = [Stop(max(case.along(case.course.length - settings.end_margin), 0.0), math.inf), *light_stops(case)]
    leads: list[Lead] = []
    open_cases: list[Encounter] = []
    for encounter in _encounters(case, shown):
        role = _role(case, encounter)
        if role == "lead" and encounter.angle < _SAME_WAY:
            leads.append(_lead(case, encounter))
        elif role == "lead":
            stops.append(_stop_for(case, encounter))
        elif role == "other":
            open_cases.append(encounter)
    highest = envelope(case.caps, settings.deceleration).tolist()
    for _ in range(_ROUNDS):
        current = drive(settings, speed, case.ego.acceleration, highest, stops, leads, _DURATION)
        answer: Lead | Stop | None = _keep_free(case, current, leads)
        if answer is None or answer in stops:
            answer = _next_answer(case, open_cases, current, shown)
        if isinstance(answer, Lead):
            leads.append(answer)
        elif isinstance(answer, Stop):
            stops.append(answer)
        else:
            break
    return current


def _next_answer(
    case: Situation, open_cases: list[Encounter], current: Drive, shown: dict[str, LightState]
) -> Lead | Stop | None:
    """How to give way to whom the motion comes too close to first; None where there is nobody left to give way to."""
    while (soonest := _soonest(case, open_cases, current)) is not None:
        open_cases.remove(soonest)
        if not _is_ours(case, soonest, shown):
            answer = _answer(case, soonest, current)
            if answer is not None:
                return answer
    return None


def _encounters(case: Situation, shown: dict[str, LightState]) -> list[Encounter]:
    contested = frozenset(
        name
        for junction in case.junctions
        for lane in junction.lanes
        for name in case.road.crossings(lane)
        if shown.get(name, LightState.GREEN) is LightState.GREEN and not must_wait(case.road, name, lane, shown)
    )
    branches: list[Branch] = []
    spots = case.path.nodes[::_SPOTS, :2]
    for actor in case.scene.actors:
        gaps = spots - (actor.pose.x, actor.pose.y)
        reach = _BODIES + abs(actor.speed) * _DURATION + (_STARTING if abs(actor.speed) < SLOW else 0.0)
        if float((gaps**2).sum(axis=1).min()) < reach**2:
            branches += predict(case.road, actor, shown, contested)
    beyond = np.searchsorted(case.path.stations, case.course.length)
    nodes = case.path.nodes[: max(int(beyond), _EVERY + 1) : _EVERY]
    return encounters(case.vehicle, case.settings, nodes, STEP * _EVERY, branches)


def _role(case: Situation, met: Encounter) -> str:
    """What it is: "lead", in the way now, "other", may come in the way, or "none", nothing to do with the ego."""
    if math.isfinite(met.low[0]):
        middle = case.ego.pose @ SE2(case.vehicle.rear_axle_to_center, 0.0, 0.0)
        ahead, _, _ = seen_from(middle, met.branch.actor)
        return "lead" if met.low[0] > 0.0 or ahead > 0.25 * case.vehicle.length else "none"
    follows = met.angle < _SAME_WAY and met.low[met.first] <= _EVERY * STEP
    return "none" if follows else "other"


def _lead(case: Situation, met: Encounter) -> Lead:
    """Whom to stay behind from the first time on at which it is in the way; before that, as if it were there."""
    actor, first, last = met.branch.actor, met.first, met.last
    low = met.low.copy()
    if met.angle < _SAME_WAY:
        low = np.clip(_rear(case, actor, met.branch.poses), low - 1.0, low + 1.0)
    along = max(actor.speed * math.cos(met.angle), 0.0)
    known = np.where(np.isfinite(low), low, math.inf)
    limits = np.minimum.accumulate(known[::-1])[::-1]
    limits[last + 1 :] = math.inf
    limits[:first] = limits[first] - along * TIME_STEP * np.arange(first, 0, -1)
    speeds = np.full(STEPS, along)
    steps = np.diff(met.branch.poses[:, :2], axis=0)
    speeds[:-1] = np.minimum(speeds[:-1], np.hypot(steps[:, 0], steps[:, 1]) / TIME_STEP)
    return Lead(limits.tolist(), speeds.tolist(), first)


def _rear(case: Situation, actor: Actor, poses: Array) -> Array:
    """(STEPS,) arc length of the path at which the ego's front meets the rear of a body that goes the same way."""
    nodes = case.path.nodes
    gaps = poses[:, None, :2] - nodes[None, :, :2]
    nearest = np.argmin(gaps[..., 0] ** 2 + gaps[..., 1] ** 2, axis=1)
    rows = np.arange(len(poses))
    headings = nodes[nearest, 2]
    offset = gaps[rows, nearest]
    along = STEP * nearest + np.cos(headings) * offset[:, 0] + np.sin(headings) * offset[:, 1]
    turn = poses[:, 2] - headings
    behind = 0.5 * (actor.length * np.abs(np.cos(turn)) + actor.width * np.abs(np.sin(turn)))
    rear: Array = along - behind - case.front
    return rear


def _soonest(case: Situation, open_cases: list[Encounter], current: Drive) -> Encounter | None:
    """The encounter that the motion comes too close to first."""
    places, _, _ = current.at(TIMES)
    best: tuple[float, int] | None = None
    for index, met in enumerate(open_cases):
        walks = met.branch.actor.kind is ActorKind.PEDESTRIAN
        if walks and not met.branch.on_road and met.first * TIME_STEP > _KERB_TIME:
            continue
        before = _PEDESTRIAN_BEFORE if walks else case.settings.gap_before
        low, high = _widened(met, round(before / TIME_STEP), round(case.settings.gap_after / TIME_STEP))
        touched = np.flatnonzero((places > low - _TOUCH) & (places < high + _TOUCH))
        if not len(touched):
            continue
        time = float(touched[0]) * TIME_STEP
        if met.angle < _SAME_WAY and time > _FROM_BEHIND and places[touched[0]] > met_middle(met, int(touched[0])):
            continue
        if best is None or time < best[0]:
            best = (time, index)
    return None if best is None else open_cases[best[1]]


def met_middle(met: Encounter, index: int) -> float:
    """Middle of the nearest-in-time part of the path that an encounter takes [m]."""
    known = np.flatnonzero(np.isfinite(met.low))
    nearest = int(known[np.argmin(np.abs(known - index))])
    return 0.5 * float(met.low[nearest] + met.high[nearest])


def _widened(met: Encounter, before: int, after: int) -> tuple[Array, Array]:
    """What is taken at each time or up to `before` steps later or `after` steps earlier."""
    low = np.where(np.isfinite(met.low), met.low, math.inf)
    high = np.where(np.isfinite(met.high), met.high, -math.inf)
    lows = np.concatenate([np.full(after, math.inf), low, np.full(before, math.inf)])
    highs = np.concatenate([np.full(after, -math.inf), high, np.full(before, -math.inf)])
    windows = np.arange(STEPS)[:, None] + np.arange(before + after + 1)[None]
    return lows[windows].min(axis=1), highs[windows].max(axis=1)


def _is_ours(case: Situation, met: Encounter, shown: dict[str, LightState]) -> bool:
    """Whether the other has to wait for the ego, and still can."""
    theirs = met.branch.junction_lane
    if theirs is None or met.branch.actor.kind is ActorKind.PEDESTRIAN:
        return False
    actor = met.branch.actor
    braking = actor.speed**2 / (2.0 * _TRUSTED_BRAKING)
    steps = np.diff(met.branch.poses[: met.first + 1, :2], axis=0)
    room = float(np.hypot(steps[:, 0], steps[:, 1]).sum()) - 1.0
    for junction in case.junctions:
        inside = case.along(junction.enter) - case.front < -_ENTERED
        for lane in junction.lanes:
            if theirs not in case.road.crossings(lane):
                continue
            if must_wait(case.road, theirs, lane, shown):
                return room > braking
            if inside:  # nobody enters a junction that is taken
                return met.branch.to_junction > braking
    return False


def _answer(case: Situation, met: Encounter, current: Drive) -> Lead | Stop | None:
    """How to give way; None where it is too late, and going on is the better way out."""
    if met.angle < _SAME_WAY:
        return _lead(case, met)
    room = float(np.nanmin(met.low)) - 0.2
    too_late = room <= 0.0 or max(case.ego.speed, 0.0) ** 2 / (2.0 * room) > case.settings.hard_deceleration
    return None if room <= 0.0 or (too_late and not _hits(met, current)) else _stop_for(case, met)


def _stop_for(case: Situation, met: Encounter) -> Stop:
    """Where and how long to stop for somebody who crosses or comes towards the ego."""
    walks = met.branch.actor.kind is ActorKind.PEDESTRIAN
    # One who walks along the road may leave it any time, and is passed then.
    along = walks and not _SAME_WAY < met.angle < _HEAD_ON
    lowest = float(np.nanmin(met.low[: met.first + _ALONG] if along else met.low))
    if met.angle > _HEAD_ON and not walks:
        place, until = lowest - _HEAD_ON_GAP, math.inf
    else:
        place, until = lowest - _CROSSING_GAP, (met.last + 1) * TIME_STEP + case.settings.gap_after
    shortest = max(case.ego.speed, 0.0) ** 2 / (2.0 * case.settings.hard_deceleration)
    return Stop(max(min(place, _entry(case, place, lowest)), min(0.5 * lowest, shortest), 0.0), until)


def _entry(case: Situation, place: float, lowest: float) -> float:
    """Where to wait instead of within a junction without lights: before it, if the ego has not entered yet."""
    lit = {lane for light in case.scene.lights if light.state is not LightState.OFF for lane in light.lanes}
    for junction in case.junctions:
        if not lit.isdisjoint(junction.lanes):
            continue
        enter, leave = case.along(junction.enter) - case.front, case.along(junction.leave)
        if enter - 0.3 > max(case.ego.speed, 0.0) ** 2 / (2.0 * 3.5) and enter < lowest < leave:
            return enter - 0.5
    return place


def _hits(met: Encounter, current: Drive) -> bool:
    places, _, _ = current.at(TIMES)
    return bool(((places >= met.low) & (places <= met.high)).any())


def _keep_free(case: Situation, current: Drive, leads: list[Lead]) -> Stop | None:
    """Stop before the first junction that the ego would enter and not clear because of those ahead."""
    speed = max(case.ego.speed, 0.0)
    reached, _, _ = current.at(TIMES[-1:])
    for junction in case.junctions:
        enter = case.along(junction.enter) - case.front
        if enter - 0.3 <= speed**2 / (2.0 * 3.5) or reached[0] < enter:
            continue
        clear = case.along(junction.leave) + case.vehicle.rear_overhang + _CLEAR
        room = min((lead.limits[-1] for lead in leads), default=math.inf) - 0.8 * case.settings.standstill_gap
        if room < clear:
            return Stop(case.stop_before(enter), math.inf)
    return None
