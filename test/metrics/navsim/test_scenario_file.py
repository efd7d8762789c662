from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wam_ros.core.errors import ConfigError, InputError
from wam_ros.metrics.navsim import parse_scenario, read_scenario

POSES = [[4.0 * (i + 1), 0.0, 0.0] for i in range(8)]
SQUARE = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]
SCENE: dict[str, Any] = {
    "ego": {"x": 0, "y": 0.0, "heading": 0.0, "vx": 8.0},
    "ego_past": [[-1.5, -12.0, 0, 0, 8.0, 0, 0], [0.0, 0.0, 0, 0, 8.0, 0, 0]],
    "centerline": [[-10, 0, 0.0], [90, 0]],
    "map": [{"id": 7, "type": "LANE", "polygon": SQUARE}],
    "route_lane_ids": ["7", 8],
    "agents": [{"id": "a", "type": "VEHICLE", "length": 4.5, "width": 2, "states": [[0, 20, 0, 0, 1, 0]]}],
    "traffic_lights": [{"lane_connector_id": 8, "polygon": SQUARE, "red": [[0, 4.1]]}],
    "reference": POSES,
    "human": None,
    "proposals": [POSES, POSES],
    "proposal_dt": 0.5,
    "previous": {"ego": {"x": -4, "y": 0, "heading": 0, "vx": 8.0, "time_s": None}, "proposals": [POSES, POSES]},
}


def test_a_good_scene_is_read() -> None:
    scene = parse_scenario(SCENE, "here")
    assert scene.proposals.shape == (2, 8, 3)
    assert scene.route_lane_ids == {"7", "8"}
    assert scene.areas[0].id == "7"
    assert scene.lights[0].lane_connector_id == "8"
    assert scene.agents[0].is_road_user
    assert scene.human is None
    assert scene.previous is not None
    np.testing.assert_array_equal(scene.centerline, [[-10.0, 0.0], [90.0, 0.0]])
    assert not scene.proposals.flags.writeable


@pytest.mark.parametrize("past", [None, []])
def test_history_may_be_missing(past: Any) -> None:
    assert parse_scenario({**SCENE, "ego_past": past}, "here").ego_past is None
    without = {key: value for key, value in SCENE.items() if key not in {"ego_past", "human", "previous"}}
    assert parse_scenario(without, "here").previous is None


def put(*path: Any, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(scene: dict[str, Any]) -> None:
        place: Any = scene
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value

    return change


WRONG_VALUES = [
    (put("ego", "vx", value="fast"), r"ego\.vx = 'fast', wanted a number"),
    (put("ego", "vx", value=None), r"ego\.vx is null"),
    (put("ego", "vx", value=float("nan")), r"ego: vx is nan"),
    (put("ego", value=[1]), r"ego: wanted an object, got list"),
    (put("proposal_dt", value=0), r"proposal_dt = 0\.0, wanted a positive"),
    (put("proposal_dt", value=True), r"proposal_dt = True, wanted a number"),
    (put("centerline", value=[[0, 0]]), r"centerline has 1 point"),
    (put("centerline", value=[[0, 0], [1]]), r"centerline: each point is"),
    (put("map", 0, "type", value="ROAD"), r"map\[0\]: .*type 'ROAD', wanted one of ROADBLOCK"),
    (put("map", 0, "polygon", value=SQUARE[:2]), r"map\[0\]: .*polygon has 2 corner"),
    (put("map", value={}), r"map: wanted a list, got dict"),
    (put("route_lane_ids", 0, value=1.5), r"route_lane_ids\[0\] = 1\.5"),
    (put("agents", 0, "type", value="EGO"), r"agents\[0\]: agent 'a': type 'EGO', wanted one of VEHICLE"),
    (put("agents", 0, "length", value=0), r"agents\[0\]: agent 'a': length 0\.0 m"),
    (put("agents", 0, "states", value=[]), r"agents\[0\]: .*states"),
    (put("agents", 0, "states", value=[[0, 1, 2]]), r"agents\[0\]: .*states: shape \(1, 3\)"),
    (put("agents", 0, "states", value=[[0] * 6, [0] * 6]), r"agents\[0\]: .*must rise from 0 s"),
    (put("agents", 0, "states", value=[[0] * 6, [1] * 5]), r"agents\[0\]: states: its rows differ in length"),
    (put("agents", 0, "states", value=[["x"] * 6]), r"agents\[0\]: states: holds something else than numbers"),
    (put("traffic_lights", 0, "red", value=[[1]]), r"traffic_lights\[0\]: red\[0\] = \[1\], wanted \[t0, t1\]"),
    (put("traffic_lights", 0, "red", value=[[2, 1]]), r"traffic_lights\[0\]: .*red from 2\.0 s to 1\.0 s"),
    (put("reference", value=[]), r"reference"),
    (put("proposals", value=[]), r"proposals"),
    (put("proposals", value=[POSES, POSES[:7]]), r"proposals: its rows differ in length"),
    (put("proposals", 0, 0, value=[1e400, 0.0, 0.0]), r"proposals holds values that are not finite"),
    (put("ego_past", value=[[1.0, 0, 0, 0, 8.0, 0, 0], [2.0, 0, 0, 0, 8.0, 0, 0]]), r"ego_past: times"),
    (put("previous", "proposals", value=[POSES]), r"previous\.proposals has 1 entries, wanted one for each of the 2"),
    (put("previous", "ego", "time_s", value="now"), r"previous\.ego\.time_s = 'now'"),
]


@pytest.mark.parametrize(("change", "text"), WRONG_VALUES)
def test_a_wrong_value_is_named(change: Callable[[dict[str, Any]], None], text: str) -> None:
    scene = json.loads(json.dumps(SCENE))  # a deep copy would keep shared rows shared
    change(scene)
    with pytest.raises(InputError, match="^here: " + text):
        parse_scenario(scene, "here")


def test_repeated_agents_are_named() -> None:
    with pytest.raises(InputError, match="ids repeat: a"):
        parse_scenario({**SCENE, "agents": SCENE["agents"] * 2}, "here")


def test_keys_are_strict() -> None:
    with pytest.raises(ConfigError, match=r"here: the scenario: unknown 'proposal'; did you mean 'proposals'\?"):
        parse_scenario({**SCENE, "proposal": []}, "here")
    with pytest.raises(ConfigError, match="here: ego: missing vx, y"):
        parse_scenario({**SCENE, "ego": {"x": 0.0, "heading": 0.0}}, "here")
    with pytest.raises(ConfigError, match=r"here: agents\[0\]: unknown 'withd'; did you mean 'width'\?"):
        parse_scenario({**SCENE, "agents": [{**SCENE["agents"][0], "withd": 1}]}, "here")


def test_files_are_read_and_named(tmp_path: Path) -> None:
    good = tmp_path / "good.json"
    good.write_text(json.dumps(SCENE))
    assert len(read_scenario(good).proposals) == 2
    with pytest.raises(ConfigError, match=r"missing\.json: cannot be read"):
        read_scenario(tmp_path / "missing.json")
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    with pytest.raises(ConfigError, match=r"broken\.json: not JSON"):
        read_scenario(broken)
    broken.write_text("[]")
    with pytest.raises(InputError, match=r"broken\.json: the scenario: wanted an object, got list"):
        read_scenario(broken)
