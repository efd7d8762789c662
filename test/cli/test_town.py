"""`wam town`, as a user calls it."""

import pytest

from wam_ros.cli.main import main

pytest.importorskip("carla")
pytest.importorskip("sumo")


def test_a_town_is_made_and_told(tmp_path, capsys):
    out = tmp_path / "town"
    assert main(["town", "build", "--seed", "5", "--layout", "grid", "--size", "4", str(out)]) == 0
    said = capsys.readouterr().out
    assert "lanes" in said
    assert "signals" in said
    assert {path.name for path in out.iterdir()} == {"town.net.xml", "town.xodr", "town.json"}


def test_errors_are_told_with_exit_code_1(tmp_path, capsys):
    (tmp_path / "something").write_text("", encoding="utf-8")
    assert main(["town", "build", "--seed", "5", "--layout", "grid", str(tmp_path)]) == 1
    assert "is not a town" in capsys.readouterr().err
