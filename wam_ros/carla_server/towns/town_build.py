"""Makes towns with SUMO's netgenerate and netconvert from a seed; the same seed gives the same bytes.

It knows nothing of how a town is read or simulated. A town is a folder: town.net.xml, town.xodr, town.json.
"""

from __future__ import annotations

import json
import math
import random
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np

from wam_ros.carla_server.towns.sumo_net import SumoNet
from wam_ros.carla_server.towns.town import ABOUT, NET, XODR, Town
from wam_ros.core.errors import ConfigError, WorldError

_NODES, _EDGES = "plain.nod.xml", "plain.edg.xml"
LAYOUTS = ("grid", "random")
_OFFSETS = 60  # s, within which the signals' cycles begin
_PLACE = "+proj=tmerc +lat_0=42 +lon_0=2"
_TRIES = 30
_MIN_RADIUS = 5.5  # m, of lanes over junctions, over 4 m of way
_MIN_JUNCTIONS = 6
_LANES = (1, 1, 2, 2, 3)  # per direction of a street, drawn with equal chance
_SPEEDS = {1: (8.3, 11.1), 2: (11.1, 13.9), 3: (13.9,)}  # m/s by number of lanes
_UNSIGNALLED_SHARE = 0.25  # of the junctions
_UNSIGNALLED = ("priority", "right_before_left")
_PERTURBATION = 9.0  # m, of the grid's junctions, at most, along each axis
_BEND_RADIUS = 30.0  # m, of the middle of a street that bends
_KERB_RADIUS = 10  # m, at the corners of junctions
Point = tuple[float, float]

_CONVERT = (
    *("--no-turnarounds", "true", "--junctions.corner-detail", "8"),
    *("--junctions.internal-link-detail", "15", "--sidewalks.guess", "true", "--sidewalks.guess.min-speed", "1"),
    *("--sidewalks.guess.max-speed", "30", "--default.sidewalk-width", "2", "--crossings.guess", "true"),
    *("--crossings.guess.speed-threshold", "30", "--walkingareas", "true"),
    # One approach after the other: a green light never meets oncoming traffic.
    *("--tls.layout", "incoming", "--tls.green.time", "12", "--tls.yellow.time", "3", "--tls.allred.time", "2"),
    *("--precision", "2", "--junctions.limit-turn-speed", "3.5"),
)


def build_town(seed: int, layout: str, out: Path, *, size: int | None = None) -> None:
    """Make the folder `out` with a new town.

    Args:
        seed: Of everything that is drawn.
        layout: "grid" or "random".
        out: Must not exist, or be a town that is then replaced.
        size: Grid: junctions from west to east, one more than from south to north (default 4). Random: number of
            streets that are tried (default 50).

    Raises:
        ConfigError: The layout is unknown, the size too small, or `out` is something else than a town.
        WorldError: SUMO's programs are not installed or refuse.

    """
    if layout not in LAYOUTS:
        msg = f"layout {layout!r}, wanted one of {', '.join(LAYOUTS)}"
        raise ConfigError(msg)
    if out.exists() and not (out / ABOUT).is_file():
        msg = f"{out} exists and is not a town; name another folder"
        raise ConfigError(msg)
    size = {"grid": 4, "random": 50}[layout] if size is None else size
    if size < 3:
        msg = f"size {size}, wanted at least 3"
        raise ConfigError(msg)
    for attempt in range(_TRIES):
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)
            try:
                _make(work, layout, size, seed, attempt)
                trouble = _trouble(Town.load(work))
            except _Unsuitable as err:
                trouble = str(err)
            if not trouble:
                out.mkdir(parents=True, exist_ok=True)
                for name in (NET, XODR, ABOUT):
                    shutil.copyfile(work / name, out / name)
                return
    msg = f"seed {seed} gives no {layout} town of size {size} in {_TRIES} tries, the last: {trouble}; take another"
    raise WorldError(msg)


class _Unsuitable(Exception):  # noqa: N818  # never leaves this file
    """A drawn town that is thrown away."""


def _make(work: Path, layout: str, size: int, seed: int, attempt: int) -> None:
    rng = random.Random(f"{layout} {seed} {attempt}")
    _generate(work, layout, size, rng.randrange(2**31))
    _edit(work, layout, rng)
    version = _convert(work)
    while _narrow(work):
        version = _convert(work)
    about = {"seed": seed, "layout": layout, "size": size, "made_with": version}
    (work / NET).write_text(_with_offsets(_plain(work / NET), rng), encoding="utf-8")
    (work / XODR).write_text(_on_earth(_plain(work / XODR)), encoding="utf-8")
    (work / ABOUT).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


def _trouble(town: Town) -> str:
    """Why nobody should have to drive in a town; empty if one can."""
    try:
        _ = town.lane_map
    except WorldError as err:
        return str(err)
    graph = town.lanes.lanes
    for lane in graph.values():
        if lane.in_junction:
            places = np.arange(1.0, max(lane.centerline.length - 1.0, 1.5), 0.5)
            tightest = float(np.abs(lane.centerline.curvature(places, span=2.0)).max())
            if tightest > 1.0 / _MIN_RADIUS:
                return f"a turn has a radius of {1.0 / tightest:.1f} m"
    everywhere = {(lane.id, other) for lane in graph.values() for other in lane.successors}
    reached = _reachable(next(iter(graph)), everywhere) & _reachable(next(iter(graph)), {(b, a) for a, b in everywhere})
    if len(reached) < len(graph):
        return "some lanes lead nowhere"
    return ""


def _reachable(start: str, links: set[tuple[str, str]]) -> set[str]:
    onward: dict[str, list[str]] = {}
    for first, second in links:
        onward.setdefault(first, []).append(second)
    seen, ahead = {start}, [start]
    while ahead:
        for name in onward.get(ahead.pop(), ()):
            if name not in seen:
                seen.add(name)
                ahead.append(name)
    return seen


def _generate(work: Path, layout: str, size: int, seed: int) -> None:
    if layout == "grid":
        how = ["--grid", "--grid.x-number", str(size), "--grid.y-number", str(size - 1), "--grid.length", "130"]
    else:
        how = ["--rand", "--rand.iterations", str(size), "--rand.min-distance", "100", "--rand.max-distance", "170"]
        how += ["--rand.min-angle", "72", "--rand.neighbor-dist1", "0", "--rand.neighbor-dist2", "2"]
        how += ["--rand.neighbor-dist3", "10", "--rand.neighbor-dist4", "10", "--rand.connectivity", "0.98"]
    _run("netgenerate", *how, "--seed", str(seed), "--plain-output-prefix", str(work / "plain"))


def _edit(work: Path, layout: str, rng: random.Random) -> None:
    """Move the junctions, drop dead ends, and draw lanes, speeds and the kind of each junction."""
    node_file, edge_file = work / _NODES, work / _EDGES
    nodes, edges = ET.parse(node_file), ET.parse(edge_file)  # noqa: S314  # written by netgenerate just now
    by_id = {node.get("id", ""): node for node in nodes.getroot().findall("node")}
    if layout == "grid":
        for name in sorted(by_id):
            for axis in "xy":
                moved = float(by_id[name].get(axis, "0")) + rng.uniform(-_PERTURBATION, _PERTURBATION)
                by_id[name].set(axis, f"{moved:.1f}")
    while _drop_dead_ends(nodes.getroot(), edges.getroot()) or _round_bends(nodes.getroot(), edges.getroot()):
        pass
    kept = sorted(nodes.getroot().findall("node"), key=lambda node: node.get("id", ""))
    if len(kept) < _MIN_JUNCTIONS:
        msg = f"only {len(kept)} junctions"
        raise _Unsuitable(msg)
    unsignalled = set(rng.sample(range(len(kept)), round(len(kept) * _UNSIGNALLED_SHARE)))
    for index, node in enumerate(kept):
        node.set("type", rng.choice(_UNSIGNALLED) if index in unsignalled else "traffic_light")
        node.set("radius", str(_KERB_RADIUS))
    for street in _streets(edges.getroot()):
        lanes = rng.choice(_LANES)
        speed = rng.choice(_SPEEDS[lanes])
        for edge in street:
            edge.set("numLanes", str(lanes))
            edge.set("speed", str(speed))
            edge.set("priority", str(lanes))
    nodes.write(node_file)
    edges.write(edge_file)


def _streets(edges: ET.Element) -> list[list[ET.Element]]:
    """The edges by street: both directions of one, which have their middle in common."""
    streets: dict[tuple[str, ...], list[ET.Element]] = {}
    for edge in edges.findall("edge"):
        shape = edge.get("shape", "").split()
        ends = (edge.get("from", ""), edge.get("to", ""))
        key = min((*ends, *shape), (*ends[::-1], *shape[::-1]))
        streets.setdefault(key, []).append(edge)
    return [streets[key] for key in sorted(streets)]


def _round_bends(nodes: ET.Element, edges: ET.Element) -> bool:
    """Where only two streets meet there is no junction: they become one street with a round bend.

    A street that would lead back to where it began goes. Says whether there was any.
    """
    places = {node.get("id", ""): (float(node.get("x", "0")), float(node.get("y", "0"))) for node in nodes}
    found = False
    while True:
        bend = next((node for node in nodes.findall("node") if _degree(edges, node.get("id", "")) == 2), None)
        if bend is None:
            return found
        found = True
        name = bend.get("id", "")
        nodes.remove(bend)
        arriving = [edge for edge in edges.findall("edge") if edge.get("to") == name]
        leaving = [edge for edge in edges.findall("edge") if edge.get("from") == name]
        for first in arriving:
            for second in leaving:
                if first.get("from") == second.get("to"):
                    continue
                before, after = _points(first, places), _points(second, places)
                shape = [*before[1:-1], *_arc(before[-2], places[name], after[1]), *after[1:-1]]
                ET.SubElement(
                    edges,
                    "edge",
                    {
                        "id": f"{first.get('id')}.{second.get('id')}",
                        "from": first.get("from", ""),
                        "to": second.get("to", ""),
                        "shape": " ".join(f"{x:.2f},{y:.2f}" for x, y in (before[0], *shape, after[-1])),
                    },
                )
        for edge in (*arriving, *leaving):
            edges.remove(edge)


def _degree(edges: ET.Element, node: str) -> int:
    return sum(edge.get("from") == node for edge in edges.findall("edge"))


def _points(edge: ET.Element, places: dict[str, Point]) -> list[Point]:
    shape = edge.get("shape", "")
    if not shape:
        return [places[edge.get("from", "")], places[edge.get("to", "")]]
    pairs = (point.split(",") for point in shape.split())
    return [(float(x), float(y)) for x, y in pairs]


def _arc(before: Point, corner: Point, after: Point) -> list[Point]:
    """Points of a round bend in place of a corner, from tangent point to tangent point."""
    a, b = (
        math.atan2(corner[1] - before[1], corner[0] - before[0]),
        math.atan2(after[1] - corner[1], after[0] - corner[0]),
    )
    turn = (b - a + math.pi) % (2.0 * math.pi) - math.pi
    reach = min(math.dist(before, corner), math.dist(corner, after)) * 0.45
    leg = min(_BEND_RADIUS * math.tan(abs(turn) / 2.0), reach)
    if leg < 0.5:
        return [corner]
    radius = leg / math.tan(abs(turn) / 2.0)
    side = math.copysign(1.0, turn)
    x, y = corner[0] - leg * math.cos(a), corner[1] - leg * math.sin(a)
    center = (x - side * radius * math.sin(a), y + side * radius * math.cos(a))
    steps = max(2, math.ceil(abs(turn) / math.radians(5.0)))
    angles = [a + turn * step / steps for step in range(steps + 1)]
    return [(center[0] + side * radius * math.sin(t), center[1] - side * radius * math.cos(t)) for t in angles]


def _drop_dead_ends(nodes: ET.Element, edges: ET.Element) -> bool:
    """Take away what leads nowhere, again and again; whether there was any."""
    dropped = False
    while True:
        dead = {name for node in nodes.findall("node") if _degree(edges, name := node.get("id", "")) < 2}
        if not dead:
            return dropped
        dropped = True
        for edge in edges.findall("edge"):
            if dead & {edge.get("from", ""), edge.get("to", "")}:
                edges.remove(edge)
        for node in nodes.findall("node"):
            if node.get("id", "") in dead:
                nodes.remove(node)


def _convert(work: Path) -> str:
    files = ["-n", str(work / _NODES), "-e", str(work / _EDGES)]
    _run("netconvert", *files, "-o", str(work / NET), "--opendrive-output", str(work / XODR), *_CONVERT)
    found = re.search(r"Eclipse SUMO netconvert (\S+)", (work / NET).read_text(encoding="utf-8"))
    return f"netconvert {found.group(1)}" if found else "netconvert"


def _narrow(work: Path) -> bool:
    """Take one lane from the streets that have one which leads nowhere; whether there was any."""
    net = SumoNet.load(work / NET)
    onward = {connection.start for connection in net.connections}
    ending = {lane.edge for lane in net.lanes.values() if not lane.internal and lane.id not in onward}
    edge_file = work / _EDGES
    edges = ET.parse(edge_file)  # noqa: S314  # written by us just now
    found = False
    for street in _streets(edges.getroot()):
        lanes = int(street[0].get("numLanes", "1"))
        if lanes > 1 and ending & {edge.get("id", "") for edge in street}:
            found = True
            for edge in street:
                edge.set("numLanes", str(lanes - 1))
    edges.write(edge_file)
    return found


def _plain(path: Path) -> str:
    """The text without comments and dates, which name the machine and the hour."""
    text = re.sub(r"<!--.*?-->\s*", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r' (date|vendor)="[^"]*"', "", text)


def _on_earth(opendrive: str) -> str:
    """The map with the place on earth that CARLA assumes, with a warning, where there is none."""
    place = f"\\1>\n        <geoReference><![CDATA[{_PLACE}]]></geoReference>\n    </header>"
    return re.sub(r"(<header [^>]*?)\s*/>", place, opendrive, count=1)


def _with_offsets(net: str, rng: random.Random) -> str:
    """Signals that do not all change at once."""
    return re.sub(r'(<tlLogic [^>]*offset=")[^"]*"', lambda found: f'{found.group(1)}{rng.randrange(_OFFSETS)}"', net)


def _run(program: str, *arguments: str) -> None:
    path = _program(program)
    done = subprocess.run([path, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        msg = f"{program} refused: {done.stderr.strip() or done.stdout.strip()}"
        raise WorldError(msg)


def _program(name: str) -> str:
    beside = shutil.which(name, path=str(Path(sys.executable).parent))
    found = beside or shutil.which(name)
    if found is None:
        msg = f"{name} is not installed: pip install eclipse-sumo==1.28.0"
        raise WorldError(msg)
    return found
