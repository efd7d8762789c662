"""`wam train --stage questions`: from a planner to one that also answers, and drives as before."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from test.cli.test_train import observation, train
from test.training.made_demos import make_demos
from wam_ros.core.timing import Deadline
from wam_ros.planning.wam_diff import load_wam_diff
from wam_ros.training.questions import QUESTIONS


def test_a_planner_learns_questions_and_is_adapted_without_them(tmp_path: Path) -> None:
    data = make_demos(tmp_path / "data", drives=2, samples=8)
    assert train(data, tmp_path / "planner", "--stage", "planner", "--steps", "3") == 0
    asked = ("--stage", "questions", "--question-weight", "0.5", "--questions", "1", "--steps", "3")
    assert train(data, tmp_path / "questions", *asked, "--start-from", str(tmp_path / "planner")) == 0
    adapted = ("--stage", "planner", "--learning-rate", "1e-5", "--steps", "2")
    assert train(data, tmp_path / "adapted", *adapted, "--start-from", str(tmp_path / "questions")) == 0
    rows = {}
    for name in ("questions", "adapted"):
        with (tmp_path / name / "held_out.csv").open(encoding="utf-8") as file:
            (rows[name],) = csv.DictReader(file)
        made = load_wam_diff(str(tmp_path / name / "planner"), compute_dtype="float32")
        made.warm_up()
        assert np.isfinite(made.plan(observation(), Deadline.unlimited()).trajectory.positions).all()
    names = {f"answer_{question.name}" for question in QUESTIONS} | {"answer_rationale"}
    assert set(rows["questions"]) - set(rows["adapted"]) == names | {name.replace("answer", "usual") for name in names}
    with (tmp_path / "questions" / "curves.csv").open(encoding="utf-8") as file:
        assert "questions" in next(csv.DictReader(file))
    card = (tmp_path / "questions" / "planner" / "README.md").read_text(encoding="utf-8")
    assert "| question_weight | 0.5 |" in card
    assert "question_weight" not in (tmp_path / "adapted" / "planner" / "README.md").read_text(encoding="utf-8")
