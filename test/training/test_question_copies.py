"""Questions beside plans: written as their vocabulary says, learned by Eq. 2, and seen by no plan."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from test.training.made_demos import made_sample
from test.training.training_parts import CPU, made_batch, made_maker, made_trainer, tiny_training
from wam_ros.core.errors import ConfigError
from wam_ros.models import HybridTokenizer
from wam_ros.training.copies import draw_copies
from wam_ros.training.held_out import evaluate
from wam_ros.training.planner_stage import PlannerLosses, clean_answers, parted
from wam_ros.training.question_copies import QuestionWriter
from wam_ros.training.questions import QUESTIONS
from wam_ros.training.stages import build_stage, network_config
from wam_ros.training.train_checkpoint import load_state, warm_start
from wam_ros.training.training_batch import TrainingBatch
from wam_ros.training.training_config import TrainingConfig

TOKENIZER = HybridTokenizer()
CONFIG = tiny_training(stage="questions")


def made_losses(config: TrainingConfig = CONFIG) -> PlannerLosses:
    losses = build_stage(config)
    assert isinstance(losses, PlannerLosses)
    return losses


def plans(batch: TrainingBatch, copies: int) -> tuple[torch.Tensor, torch.Tensor]:
    hidden = draw_copies(len(batch), copies, 16, torch.Generator().manual_seed(0)).hidden
    answers = clean_answers(batch.plan[..., :2].flatten(1), TOKENIZER)[:, None].repeat(1, copies, 1)
    answers[..., 0::2] = answers[..., 0::2].masked_fill(hidden, TOKENIZER.mask_id)
    return answers, hidden


def test_a_written_question_is_its_text_then_answer_and_reason() -> None:
    samples = [made_sample(number) for number in range(7)]
    answers = torch.tensor([sample.answers.tolist() for sample in samples])
    rationale = torch.tensor([sample.rationale for sample in samples])
    written = QuestionWriter(TOKENIZER).ask_all(answers, rationale)
    true = written.words.view(len(samples), len(QUESTIONS), 2)
    for row, sample in enumerate(samples):
        for k, question in enumerate(QUESTIONS):
            tokens = written.tokens[row, k].tolist()
            assert [i for i, token in enumerate(tokens) if token == TOKENIZER.mask_id] == [28, 30]
            assert TOKENIZER.decode([token for token in tokens[:28] if token != TOKENIZER.end_id]) == question.text
            wanted = [question.answers[sample.answers[k]], sample.rationale_name]
            assert [TOKENIZER.decode([token]) for token in true[row, k].tolist()] == wanted


def test_each_sample_gets_different_questions_and_all_come_up() -> None:
    answers = torch.zeros(400, len(QUESTIONS), dtype=torch.long)
    written = QuestionWriter(TOKENIZER).draw(answers, answers[:, 0], 2, torch.Generator().manual_seed(0))
    assert not (written.tokens[:, 0, :28] == written.tokens[:, 1, :28]).all(-1).any()
    assert len(written.tokens[:, 1, :28].unique(dim=0)) == len(QUESTIONS)
    # The first is what is asked of a network that knows nothing yet; what is not hidden is there to be read.
    assert bool(written.asked[:, 0, -2:].all())
    assert 0.4 < float(written.asked[:, 1, -2:].float().mean()) < 0.6
    assert not written.asked[..., :-2].any()
    assert torch.equal(written.tokens[..., 0::2] == TOKENIZER.mask_id, written.asked)
    assert float(written.weights.sum()) == pytest.approx(1.0, abs=0.1)


def test_a_plan_does_not_know_whether_or_what_was_asked(tmp_path: Path) -> None:
    batch = made_batch(tmp_path, CONFIG)
    losses = made_losses()
    assert losses.questions is not None
    answers, hidden = plans(batch, 3)
    written = losses.questions.ask_all(batch.answers, batch.rationale)
    asked = torch.cat([hidden, written.asked], dim=1)
    others = written.tokens.flip(1)
    with torch.no_grad():
        visual = losses.rows.model.see(batch.images)
        alone = losses.rows(batch.prompts, visual, answers, hidden)
        both = [
            parted(losses.rows(batch.prompts, visual, torch.cat([answers, tokens], dim=1), asked), asked, 3)
            for tokens in (written.tokens, others)
        ]
        by_itself = losses.rows(batch.prompts, visual, written.tokens, written.asked)
    (plan_rows, word_rows), (plan_rows_of_others, word_rows_of_others) = both
    assert torch.allclose(plan_rows, alone, atol=1e-5)
    assert torch.equal(plan_rows, plan_rows_of_others)
    # A question reads its own text, and no plan.
    assert torch.allclose(word_rows, by_itself, atol=1e-5)
    assert not torch.allclose(word_rows, word_rows_of_others, atol=1e-2)


def test_the_loss_is_eq_2_over_words(tmp_path: Path) -> None:
    config = tiny_training(stage="questions", questions=3, compute_dtype="float32")
    batch = made_batch(tmp_path, config)
    losses = made_losses(config)
    told = losses(batch, torch.Generator().manual_seed(3))
    writer = losses.questions
    assert writer is not None
    # The same draws: masks of plans come first, questions next.
    generator = torch.Generator().manual_seed(3)
    draw_copies(len(batch), config.copies, 16, generator)
    state = generator.get_state()
    written = writer.draw(batch.answers, batch.rationale, 3, generator)
    generator.set_state(state)
    torch.rand(batch.answers.shape, generator=generator)
    rates = draw_copies(len(batch), 3, 2, generator).rates
    model = losses.rows.model
    rows = model(batch.prompts, model.see(batch.images), written.tokens)[:, :, 0::2]
    logs = model.logits(rows)[..., : TOKENIZER.number_base].double().log_softmax(-1)
    total, words = 0.0, iter(written.words.tolist())
    for sample, copy, place in written.asked.nonzero().tolist():
        total -= float(logs[sample, copy, place, next(words)].detach()) / float(rates[sample, copy]) / 2
    assert float(told["questions"].detach()) == pytest.approx(total / (len(batch) * 3), rel=1e-4)
    others = {name: value for name, value in told.items() if name not in {"loss", "questions", "masked", "heading"}}
    parts = told["masked"] + told["heading"] + config.auxiliary_weight * sum(others.values())
    wanted = parts + config.question_weight * told["questions"]
    assert float(told["loss"].detach()) == pytest.approx(float(wanted.detach()), rel=1e-5)


def test_it_learns_to_answer_and_to_plan_all_at_once(tmp_path: Path) -> None:
    config = tiny_training(
        stage="questions", steps=120, learning_rate=8e-3, drop_motion=0.0, drop_context=0.0, question_weight=1.0
    )
    maker = made_maker(tmp_path / "data", config, samples=4)
    trainer = made_trainer(tmp_path / "data", tmp_path / "out", config)
    before = evaluate(trainer.module, maker, CPU)
    text_head = dict(trainer.module.named_parameters())["rows.model.vocabulary.text_head.weight"]
    begun = text_head.detach().clone()
    trainer.run(lambda _: None, lambda _: None)
    after = evaluate(trainer.module, maker, CPU)
    names = [*(question.name for question in QUESTIONS), "rationale"]
    assert {f"{kind}_{name}" for kind in ("answer", "usual") for name in names} <= set(after)
    assert after["ade"] < 0.1 * before["ade"]
    assert not torch.equal(begun, text_head)
    for name in names:
        assert before[f"answer_{name}"] < 0.2, name
        assert after[f"answer_{name}"] > after[f"usual_{name}"] + 0.2, name


def test_it_starts_from_the_whole_planner_and_the_planner_from_it(tmp_path: Path) -> None:
    names = {name for name, _ in made_losses().named_parameters()}
    for first, second in (("planner", "questions"), ("questions", "planner")):
        made_trainer(tmp_path / "data", tmp_path / first, tiny_training(stage=first)).save()
        assert set(warm_start(build_stage(tiny_training(stage=second)), tmp_path / first)) == names
    assert network_config(CONFIG).experts is None


def test_settings_of_questions_belong_to_their_stage_alone(tmp_path: Path) -> None:
    """A state from before there were questions goes on, and one with questions does not with others."""
    assert not {"questions", "question_weight"} & set(tiny_training().as_dict())
    trainer = made_trainer(tmp_path / "data", tmp_path / "out", CONFIG)
    trainer.save()
    with pytest.raises(ConfigError, match=r"question_weight 0.3, now 0.1"):
        load_state(
            tmp_path / "out", trainer.module, trainer.optimiser, tiny_training(stage="questions", question_weight=0.1)
        )
    with pytest.raises(ConfigError, match="wanted 1 to 5"):
        tiny_training(stage="questions", questions=6)
