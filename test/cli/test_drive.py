from __future__ import annotations

import argparse
import json

import pytest

pytest.importorskip("carla")
pytest.importorskip("libsumo")
pytest.importorskip("panda3d")

import cv2
import numpy as np

from wam_ros.bags.reader import BagReader
from wam_ros.bags.topics import SHOWN, BagTopics, pick_topics
from wam_ros.cli import drive
from wam_ros.cli.main import main
from wam_ros.planning import catalog

SHORT = ["--route-length", "60", "--vehicles", "4", "--pedestrians", "2", "--time-limit", "90"]
EXPERT = ["--planner", "privileged_expert"]


def test_in_process_the_expert_reaches_its_goal_and_names_its_files(tmp_path, capsys):
    assert main(["drive", "--in-process", *SHORT, *EXPERT, "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "it sees the simulator's truth" in said
    summary = json.loads((tmp_path / "drive_privileged_expert.json").read_text())
    assert summary["ok"]
    assert summary["privileged"]
    assert summary["route_completion"] == 1.0
    assert summary["driven_m"] > 0.7 * summary["route_length_m"]
    assert not [found for found in summary["infractions"] if found["at_fault"]]
    assert sum(summary["plans"].values()) == pytest.approx(summary["duration_s"] / 0.1, abs=2)
    for file in summary["files"]:
        assert file in said
    bag, video = summary["files"]
    with BagReader(tmp_path / "drive_privileged_expert") as reader:
        topics = pick_topics(reader.topics, SHOWN)
        images = reader.topics[str(topics.image)].count
        assert reader.topics[str(topics.trajectory)].count == images
    film = cv2.VideoCapture(video)
    assert int(film.get(cv2.CAP_PROP_FRAME_COUNT)) == images
    assert bag.endswith("drive_privileged_expert")


def test_the_same_drive_twice_is_the_same_drive(tmp_path):
    drives = []
    for name in ("first", "second"):
        options = ["--planner", "route_follower", "--target-speed", "6", "--no-film", "--time-limit", "8"]
        main(["drive", "--in-process", *SHORT, *options, "--out", str(tmp_path / name)])
        with BagReader(tmp_path / name / "drive_route_follower") as reader:
            drives.append([(topic, stamp, bytes(raw)) for topic, stamp, raw in reader.raw()])
    first, second = drives
    assert len(first) == len(second) > 500
    for one, other in zip(first, second):
        assert one[:2] == other[:2]
        if one[0] == str(BagTopics().image):
            # A second camera in one process may draw a pixel at an edge otherwise; other processes draw the same.
            pixels, others = (np.frombuffer(raw, np.uint8) for raw in (one[2], other[2]))
            assert (pixels != others).mean() < 1e-4
        else:
            assert one == other


def test_a_drive_that_ends_early_says_why_and_fails(tmp_path, capsys):
    arguments = ["drive", "--in-process", *SHORT, *EXPERT, "--no-film", "--out", str(tmp_path)]
    assert main([*arguments, "--time-limit", "2"]) == 1
    assert "did not reach its goal: time limit" in capsys.readouterr().out


def parsed(*options):
    parser = argparse.ArgumentParser()
    drive.add_parser(parser.add_subparsers())
    return parser.parse_args(["drive", *options])


def test_the_first_line_says_who_drives_with_which_weights(tmp_path, monkeypatch):
    assert "privileged_expert (it sees the simulator's truth)" in drive._headline(parsed(*EXPERT))
    monkeypatch.setattr(catalog, "SHIPPED_WEIGHTS", str(tmp_path))
    assert f"wam_diff (weights: {tmp_path}) over ROS" in drive._headline(parsed())
    monkeypatch.setattr(catalog, "SHIPPED_WEIGHTS", "config/weights/none")
    assert "wam_diff (weights: random:small)" in drive._headline(parsed("--planner", "wam_diff"))
    assert "cnn (weights: mine)" in drive._headline(parsed("--planner", "cnn", "--checkpoint", "mine"))
    assert drive._headline(parsed("--planner", "route_follower")).startswith("route_follower over ROS")


@pytest.mark.parametrize(
    ("options", "factor"),
    [
        ([], 1.0),
        (["--steps", "8"], 0.0),
        (EXPERT, 0.0),
        (["--real-time", "0"], 0.0),
        ([*EXPERT, "--real-time", "3"], 3.0),
    ],
)
def test_a_planner_with_a_budget_gets_the_time_of_the_clock(options, factor):
    assert drive._real_time(parsed(*options)) == factor


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--town", "atlantis"], "atlantis"),
        (["--route-length", "-5"], "wanted more than 0"),
        (["--host", "127.0.0.1"], "without --in-process"),
        (["--vehicle", "hovercraft"], "hovercraft"),
    ],
)
def test_wrong_options_are_told(tmp_path, capsys, options, text):
    assert main(["drive", "--in-process", *options, "--out", str(tmp_path)]) == 1
    assert text in capsys.readouterr().err
