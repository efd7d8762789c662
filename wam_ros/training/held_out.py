"""What a network is worth on samples that it was not trained on: metres, honesty of confidence, light, starts, words.

The read is the one that driving always has: the median of the first, wholly masked pass. The baseline is read alike,
without confidence.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from wam_ros.decoding.confidence import RADII, waypoint_confidence
from wam_ros.decoding.layout import NUMBERS, WAYPOINTS, metres_from_bins
from wam_ros.decoding.posterior import NumberPosterior
from wam_ros.models.tokenizer import HybridTokenizer
from wam_ros.training.auxiliary_heads import SEMANTIC_STAGE, STANDING
from wam_ros.training.packed_forward import AnswerRows
from wam_ros.training.planner_stage import PlannerLosses, clean_answers
from wam_ros.training.question_copies import WORDS, QuestionCopies
from wam_ros.training.questions import QUESTIONS
from wam_ros.training.stem_pretraining import StemLosses
from wam_ros.training.training_batch import BatchMaker, TrainingBatch

MOVED = 1.0  # m within ...
MOVED_WAYPOINT = 5  # ... the time of this waypoint: 3 s
_ECE_BINS = 10
_LIGHTS = (1, 3)  # red and green of LIGHTS: those that decide


def evaluate(
    losses: nn.Module, maker: BatchMaker, device: torch.device, samples: int = 600, size: int = 16
) -> dict[str, float]:
    """Figures over at most that many held-out samples, evenly spaced; NaN where the samples do not tell.

    `ade`, `fde` [m]; `rough`: mean second difference of waypoints [m]; `ece`: expected calibration error of "within r"
    over all waypoints; `light`: share of red and green lights seen right; `start_due`, `start_not_due`: mean
    P(moves > 1 m in 3 s) of standing samples (of the baseline: 0 or 1). Where questions are trained, `answer_NAME`:
    share of right answers to each, any other word being wrong, `answer_rationale` over the reasons beside them all;
    `usual_NAME`: what always saying the most frequent answer would get.
    """
    chosen = np.linspace(0, len(maker) - 1, min(samples, len(maker))).round().astype(np.int64)
    columns: dict[str, list[Tensor]] = defaultdict(list)
    was_training = losses.training
    losses.eval()
    with torch.inference_mode():
        for part in np.array_split(chosen, -(-len(chosen) // size)):
            for name, values in _answers(losses, maker.make(part).to(device)).items():
                columns[name].append(values.cpu())
    losses.train(was_training)
    return _figures({name: torch.cat(values) for name, values in columns.items()})


def _answers(losses: nn.Module, batch: TrainingBatch) -> dict[str, Tensor]:
    """By sample: plan, confidence, light and start, beside what was true."""
    with torch.autocast(batch.images.device.type, torch.bfloat16):
        if isinstance(losses, StemLosses):
            vision: Any = losses.network.vision
        else:
            assert isinstance(losses, PlannerLosses)
            vision = losses.rows.model.vision
        maps = vision.features(batch.images)
        tokens = vision.project(maps[-1].flatten(1, 2))
        told = losses.heads(maps[SEMANTIC_STAGE], tokens)
        rows = None if isinstance(losses, StemLosses) else _first_pass(losses, batch, tokens)
    known = {
        "true": batch.plan[..., :2],
        "speed": batch.speed,
        "due": batch.start_due,
        "light_true": batch.light,
        "light_told": told["light"].argmax(-1),
    }
    if isinstance(losses, StemLosses):
        plan = losses.network.from_tokens(tokens.float(), batch.situations)[..., :2]
        moves = torch.linalg.vector_norm(plan[:, MOVED_WAYPOINT], dim=-1) > MOVED
        return {**known, "plan": plan, "moves": moves.float()}
    assert rows is not None
    if losses.questions is not None:
        known |= _words(losses.rows, losses.questions.ask_all(batch.answers, batch.rationale), batch, tokens)
    posterior = NumberPosterior(losses.rows.model.number_logits(rows.float()).view(len(batch), NUMBERS, -1))
    plan = metres_from_bins(posterior.median_bins()).view(-1, WAYPOINTS, 2)
    confidence = torch.stack([waypoint_confidence(posterior.row(k), plan[k]) for k in range(len(batch))])
    beyond = metres_from_bins(torch.arange(posterior.probabilities.shape[-1], device=plan.device)) > MOVED
    moves = (posterior.probabilities[:, 2 * MOVED_WAYPOINT] * beyond).sum(-1)
    return {**known, "plan": plan.float(), "confidence": confidence, "moves": moves}


def _first_pass(losses: PlannerLosses, batch: TrainingBatch, visual: Tensor) -> Tensor:
    tokenizer = HybridTokenizer()
    answers = clean_answers(torch.zeros(len(batch), NUMBERS, device=visual.device), tokenizer)
    answers[:, 0::2] = tokenizer.mask_id
    asked = torch.ones(len(batch), 1, NUMBERS, dtype=torch.bool, device=visual.device)
    rows: Tensor = losses.rows(batch.prompts, visual, answers[:, None], asked)
    return rows


def _words(reader: AnswerRows, asked: QuestionCopies, batch: TrainingBatch, visual: Tensor) -> dict[str, Tensor]:
    """By sample, ids of the true answers and reasons, and of those that the first pass tells, both (B, Q, 2)."""
    with torch.autocast(batch.images.device.type, torch.bfloat16):
        rows = reader(batch.prompts, visual, asked.tokens, asked.asked)
    told = reader.model.vocabulary.text_head(rows.float()).argmax(-1)
    shape = (*batch.answers.shape, WORDS)
    return {"words": asked.words.view(shape), "words_told": told.view(shape)}


def _figures(columns: dict[str, Tensor]) -> dict[str, float]:
    errors = torch.linalg.vector_norm(columns["plan"] - columns["true"], dim=-1)  # (N, 8)
    standing = columns["speed"] < STANDING
    lit = torch.isin(columns["light_true"], torch.tensor(_LIGHTS))
    figures = {
        "ade": errors.mean(),
        "fde": errors[:, -1].mean(),
        "rough": torch.linalg.vector_norm(columns["plan"].diff(n=2, dim=1), dim=-1).mean(),
        "light": (columns["light_told"] == columns["light_true"])[lit].float().mean(),
        "start_due": columns["moves"][standing & columns["due"]].mean(),
        "start_not_due": columns["moves"][standing & ~columns["due"]].mean(),
        "standing_due": (standing & columns["due"]).sum(),
        "samples": torch.tensor(len(errors)),
    }
    if "words" in columns:
        figures |= _word_figures(columns["words"], columns["words_told"])
    if "confidence" in columns:
        figures["ece"] = expected_calibration_error(columns["confidence"], errors <= torch.tensor(RADII))
    return {name: float(value) for name, value in figures.items()}


def _word_figures(true: Tensor, told: Tensor) -> dict[str, Tensor]:
    """Of words (N, Q, 2): each question's answer, and the reason."""
    right = (told == true).double().mean(0)
    usual = (true == true.mode(0).values).double().mean(0)
    figures: dict[str, Tensor] = {}
    for kind, shares in (("answer", right), ("usual", usual)):
        figures |= {f"{kind}_{question.name}": shares[k, 0] for k, question in enumerate(QUESTIONS)}
        figures[f"{kind}_rationale"] = shares[:, 1].mean()
    return figures


def expected_calibration_error(believed: Tensor, happened: Tensor) -> Tensor:
    """Mean over ten equal bins of belief, by their counts, of |mean belief - frequency|."""
    believed, happened = believed.flatten().double(), happened.flatten().double()
    place = (believed * _ECE_BINS).long().clamp(max=_ECE_BINS - 1)
    gap = torch.zeros(_ECE_BINS, dtype=torch.float64).index_add(0, place, believed - happened)
    return gap.abs().sum() / len(believed)
