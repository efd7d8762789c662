from __future__ import annotations

import argparse
import json

import pytest

from test.bags.drives import make_labelled, make_unlabelled
from test.bags.made_bags import straight_drive, write
from wam_ros.bags.reader import BagReader
from wam_ros.cli import bag
from wam_ros.core import BagError


def _run(*words: object) -> int:
    parser = argparse.ArgumentParser()
    bag.add_parser(parser.add_subparsers(required=True))
    args = parser.parse_args(["bag", *map(str, words)])
    code = args.run(args)
    assert isinstance(code, int)
    return code


def test_from_kitti_makes_a_bag_and_says_what_is_in_it(tmp_path, capsys):
    folder = make_unlabelled(tmp_path / "kitti", count=11, speed=5.0)
    assert _run("from-kitti", folder, tmp_path / "bag", "--route-extension", 20, "--mounting", 2, 0, 1) == 0
    assert "11 frames of image_l, 1.0 s, 5.0 m driven" in capsys.readouterr().out
    with BagReader(tmp_path / "bag") as reader:
        messages = {topic: message for topic, _, message in reader.messages(["/route", "/tf_static"])}
    assert len(messages["/route"].poses) == 11 + 20
    assert messages["/tf_static"].transforms[0].transform.translation.x == 2.0


def test_from_kitti_options(tmp_path):
    folder = make_labelled(tmp_path / "kitti", count=3, colour=True)
    assert _run("from-kitti", folder, tmp_path / "bag", "--camera", "image_2", "--compression", "zstd") == 0
    with pytest.raises(BagError, match="exists already"):
        _run("from-kitti", folder, tmp_path / "bag")
    with pytest.raises(BagError, match="no folder image_0"):
        _run("from-kitti", folder, tmp_path / "other", "--camera", "image_0")


def test_info_prints_what_it_writes_as_json(tmp_path, capsys):
    path = write(tmp_path / "bag", straight_drive(2.0))
    assert _run("info", path, "--json", tmp_path / "info.json") == 0
    printed = capsys.readouterr().out
    info = json.loads((tmp_path / "info.json").read_text())
    assert (info["messages"], info["duration_s"]) == (124, 2.0)
    by_name = {topic["name"]: topic for topic in info["topics"]}
    assert by_name["/odometry"]["messages"] == 101
    assert by_name["/odometry"]["rate_hz"] == 50.0
    assert by_name["/route"] == {
        "name": "/route",
        "type": "nav_msgs/msg/Path",
        "messages": 1,
        "rate_hz": None,
        "latched": True,
        "rihs01": by_name["/route"]["rihs01"],
    }
    assert "124 messages, 2.000 s" in printed
    for topic in info["topics"]:
        assert any(topic["name"] in line and str(topic["messages"]) in line for line in printed.splitlines())
    assert "50.0 Hz" in printed
    assert "latched" in printed


def test_info_of_a_torn_bag_names_the_remedy_and_the_remedy_works(tmp_path, capsys):
    path = write(tmp_path / "bag", straight_drive(2.0))
    file = path / "bag_0.mcap"
    file.write_bytes(file.read_bytes()[:-40])
    (path / "metadata.yaml").unlink()
    with pytest.raises(BagError, match=f"run `wam bag repair {path}`"):
        _run("info", path)
    assert _run("repair", path) == 0
    assert "124 messages kept, 0 bytes dropped" in capsys.readouterr().out
    assert _run("info", path) == 0
    assert _run("repair", path) == 0
    assert "healthy, 124 messages; nothing was changed" in capsys.readouterr().out


def test_json_that_cannot_be_written_is_told(tmp_path):
    path = write(tmp_path / "bag", straight_drive(1.0))
    with pytest.raises(BagError, match="cannot be written"):
        _run("info", path, "--json", tmp_path / "no" / "info.json")
