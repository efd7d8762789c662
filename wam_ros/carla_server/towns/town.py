"""A town: the folder that SUMO, the LaneGraph, the camera and the wire all read. It knows nothing that moves."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from wam_ros.carla_server.towns.lane_map import LaneMap
from wam_ros.carla_server.towns.sumo_net import SumoNet
from wam_ros.core.errors import ConfigError
from wam_ros.core.geometry import SE2
from wam_ros.core.lane_graph import LaneGraph
from wam_ros.core.resources import resource
from wam_ros.maps.opendrive import read_lane_graph
from wam_ros.maps.signals import Signal, read_signals

NET, XODR, ABOUT = "town.net.xml", "town.xodr", "town.json"
_FROM_ENDS = 8.0  # m between a spawn point and the ends of its lane
_SPACING = 25.0  # m between spawn points of one lane


@dataclass(frozen=True, eq=False)
class Town:
    """A town as it was read.

    Fields:
        name: Of its folder.
        folder: Where it is.
        seed: It was made from.
        xodr: Its OpenDRIVE map.
        lanes: The truth for lanes and turns, in frame "map".
        signals: Its traffic lights and whom they stop.

    """

    name: str
    folder: Path
    seed: int
    xodr: str
    lanes: LaneGraph
    signals: tuple[Signal, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of its map and its net: towns of one name may differ."""
        return hashlib.sha256(self.xodr.encode() + self.net_path.read_bytes()).hexdigest()

    @classmethod
    def load(cls, town: str | Path) -> Town:
        """Read a town by name (a folder under config/towns) or by path.

        Raises:
            ConfigError: There is no such town, or its files are damaged.

        """
        folder = _folder(town)
        try:
            about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
            xodr = (folder / XODR).read_text(encoding="utf-8")
            seed = int(about["seed"])
        except (OSError, ValueError, KeyError, TypeError) as err:
            msg = f"{folder}: not a whole town ({err}); build it anew with `wam town build`"
            raise ConfigError(msg) from err
        lanes = read_lane_graph(xodr)
        return cls(folder.name, folder, seed, xodr, lanes, read_signals(xodr, lanes))

    @property
    def net_path(self) -> Path:
        """SUMO's network."""
        return self.folder / NET

    @cached_property
    def net(self) -> SumoNet:
        """SUMO's lanes."""
        return SumoNet.load(self.net_path)

    @cached_property
    def lane_map(self) -> LaneMap:
        """Where SUMO's lanes are on the LaneGraph."""
        return LaneMap(self.net, self.lanes)

    def spawn_points(self) -> tuple[SE2, ...]:
        """Places on lanes outside junctions, in direction of travel, at least 8 m from the lane's ends."""
        points = []
        for name in sorted(self.lanes.lanes):
            lane = self.lanes.lanes[name]
            if lane.in_junction:
                continue
            arc_length = _FROM_ENDS
            while arc_length <= lane.centerline.length - _FROM_ENDS:
                x, y = lane.centerline.position(arc_length)
                points.append(SE2(float(x), float(y), float(lane.centerline.heading(arc_length))))
                arc_length += _SPACING
        return tuple(points)


def available_towns() -> tuple[str, ...]:
    """Names of the towns that come with the package."""
    return tuple(sorted(path.parent.name for path in resource("config/towns").glob(f"*/{ABOUT}")))


def _folder(town: str | Path) -> Path:
    path = Path(town)
    if (path / ABOUT).is_file():
        return path.resolve()
    if str(town) in available_towns():
        return resource("config/towns") / str(town)
    msg = f"no town {str(town)!r}: neither a folder with {ABOUT} nor one of {', '.join(available_towns())}"
    raise ConfigError(msg)
