from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

from test.evaluation.report.made_up import closed_loop, open_loop
from test.evaluation.report.pages import PageReader
from wam_ros.cli.main import main


def test_results_become_one_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = [closed_loop(tmp_path / "a.json", routes=3), open_loop(tmp_path / "b.json")]
    out = tmp_path / "page.html"
    assert main(["report", *map(str, results), "-o", str(out)]) == 0
    assert f"wrote {out}" in capsys.readouterr().out
    assert "Results" in PageReader(out.read_text(encoding="utf-8")).text


def test_the_worst_moments_are_files_in_the_pages_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = [closed_loop(tmp_path / f"{name}.json", name, routes=4) for name in ("first", "second")]
    out, folder = tmp_path / "page.html", tmp_path / "made" / "pictures"
    assert main(["report", *map(str, results), "-o", str(out), "--pictures", str(folder)]) == 0
    written = sorted(folder.iterdir())
    assert f"wrote {len(written)} pictures" in capsys.readouterr().out
    assert [path.name[:2] for path in written] == [f"{place:02}" for place in range(1, len(written) + 1)]
    text = out.read_text(encoding="utf-8")
    shown = re.findall(r"data:image/(?:jpeg|png);base64,([A-Za-z0-9+/=]+)", text)
    assert len(shown) > 1
    assert [path.read_bytes() for path in written] == [base64.b64decode(data) for data in shown]


def test_pictures_that_cannot_be_written_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = closed_loop(tmp_path / "a.json", routes=2)
    assert main(["report", str(result), "-o", str(tmp_path / "page.html"), "--pictures", str(result)]) == 1
    assert "--pictures" in capsys.readouterr().err


def test_a_foreign_file_is_refused_and_nothing_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text('{"format": 1, "summary": {}}')
    out = tmp_path / "page.html"
    assert main(["report", str(bad), "-o", str(out)]) == 1
    told = capsys.readouterr().err
    assert str(bad) in told
    assert "has no 'kind'" in told
    assert not out.exists()


def test_a_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(tmp_path / "none.json"), "-o", str(tmp_path / "page.html")]) == 1
    assert "none.json" in capsys.readouterr().err


def test_a_result_is_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = closed_loop(tmp_path / "a.json", routes=1)
    before = result.read_bytes()
    assert main(["report", str(result), "-o", str(result)]) == 1
    assert "is one of the results" in capsys.readouterr().err
    assert result.read_bytes() == before


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = closed_loop(tmp_path / "a.json", routes=1)
    assert main(["report", str(result), "-o", str(tmp_path / "none" / "page.html")]) == 1
    assert "cannot be written" in capsys.readouterr().err
