"""Towns are made from a seed, to the byte."""

import re
import shutil

import pytest

pytest.importorskip("carla")
pytest.importorskip("sumo")

from test.carla_server.worlds import town
from wam_ros.carla_server.towns import town_build
from wam_ros.carla_server.towns.town import ABOUT, NET, XODR, Town
from wam_ros.carla_server.towns.town_build import build_town
from wam_ros.core.errors import ConfigError, WorldError


@pytest.mark.parametrize(("name", "layout"), [("grid_small", "grid"), ("random_small", "random")])
def test_the_committed_towns_are_what_their_seed_gives(tmp_path, name, layout):
    build_town(town(name).seed, layout, tmp_path / "town")
    for file in (NET, XODR, ABOUT):
        assert (tmp_path / "town" / file).read_bytes() == (town(name).folder / file).read_bytes()


def test_another_seed_gives_another_town_that_can_be_read(tmp_path):
    build_town(town().seed + 1, "grid", tmp_path / "other")
    other = Town.load(tmp_path / "other")
    assert other.xodr != town().xodr
    assert set(other.lane_map.pieces) == set(other.net.lanes)


@pytest.mark.parametrize("file", [NET, XODR])
def test_no_dates_and_no_paths_of_the_machine(file):
    text = (town().folder / file).read_text(encoding="utf-8")
    assert "<!--" not in text
    assert not re.search(r"20\d\d-\d\d-\d\d|/tmp|/home|/work", text)


def test_left_turns_never_meet_oncoming_traffic_at_green():
    here = town()
    text = (here.folder / NET).read_text(encoding="utf-8")
    links = {
        (match["tl"], int(match["link"])): match["edge"]
        for match in re.finditer(
            r'<connection from="(?P<edge>[^":]+)".*? tl="(?P<tl>\w+)" linkIndex="(?P<link>\d+)"', text
        )
    }
    checked = 0
    for program in re.finditer(r'<tlLogic id="(\w+)".*?</tlLogic>', text, re.DOTALL):
        for state in re.findall(r'state="(\w+)"', program.group(0)):
            green = {links.get((program.group(1), index)) for index, letter in enumerate(state) if letter in "Ggy"}
            assert len(green - {None}) <= 1
            checked += 1
    assert checked > 30


def test_a_town_replaces_a_town_but_nothing_else(tmp_path):
    (tmp_path / "letter.txt").write_text("dear reader", encoding="utf-8")
    with pytest.raises(ConfigError, match="is not a town"):
        build_town(1, "grid", tmp_path)
    assert (tmp_path / "letter.txt").exists()


@pytest.mark.parametrize(("layout", "size", "said"), [("spider", None, "grid, random"), ("grid", 2, "at least 3")])
def test_wrong_wishes_are_refused(tmp_path, layout, size, said):
    with pytest.raises(ConfigError, match=said):
        build_town(1, layout, tmp_path / "town", size=size)


def test_missing_programs_are_named_with_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda *_args, **_kwargs: None)
    with pytest.raises(WorldError, match=r"netgenerate is not installed: pip install eclipse-sumo==1\.28\.0"):
        build_town(1, "grid", tmp_path / "town")


def test_a_seed_without_a_good_town_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(town_build, "_TRIES", 2)
    with pytest.raises(WorldError, match="take another"):
        build_town(1, "random", tmp_path / "town", size=3)
