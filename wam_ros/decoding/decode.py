"""The anytime loop: after its first pass there is a whole answer, and each further pass betters it.

A pass looks at the answer as far as it is committed, reads every open position, and commits some units for good;
the rest is masked again. What was read stands in for what is open, so the latest infill is always complete. The
loop touches the host once per pass, at its end, where the time is taken.

Reading a number is a distribution over 20,001 bins, as dear as a layer of a small network. So where the order of
commits is known beforehand, passes after the first read what they commit only, and the rest only if an answer is asked
for before it is committed.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from wam_ros.core.errors import ConfigError, PlannerError
from wam_ros.core.timing import Deadline
from wam_ros.decoding.answer import DecodedAnswer
from wam_ros.decoding.candidates import CandidateRow, candidate_rows, first_levels, priorities
from wam_ros.decoding.confidence import waypoint_confidence
from wam_ros.decoding.controller import StepController
from wam_ros.decoding.denoiser import Denoiser
from wam_ros.decoding.layout import NUMBERS, WAYPOINTS, AnswerLayout, metres_from_bins
from wam_ros.decoding.posterior import NumberPosterior
from wam_ros.decoding.reach import ReachableBins
from wam_ros.decoding.reading import NumberReader, Reader, TokenReader
from wam_ros.decoding.scenario import Scenario
from wam_ros.decoding.settings import DecodeSettings, EarlyCommit
from wam_ros.decoding.start_rule import AT_REST, StartRule
from wam_ros.decoding.step_times import StepTimes

_UNTIMED = StepTimes()


def decode(
    denoiser: Denoiser,
    layout: AnswerLayout,
    settings: DecodeSettings,
    deadline: Deadline,
    step_times: StepTimes = _UNTIMED,
    scenario: Scenario | None = None,
    device: torch.device | None = None,
) -> DecodedAnswer:
    """The answer to one observation, by the deadline unless its first pass alone takes longer.

    Args:
        denoiser: The observation, as seen by the model.
        layout: The model's vocabulary.
        settings: The decoder's choices.
        deadline: When the answer is wanted; the caller keeps a reserve for what follows by `Deadline.earlier`.
        step_times: Those of the last answer; with none, the first pass is the only measure of the next.
        scenario: For the scenario-aware order, for means and for the start rule; else not needed.
        device: The denoiser's device; None = CPU.

    Raises:
        ConfigError: Guidance without a second context.
        InputError: The scenario-aware order without a scenario.
        PlannerError: The first pass gave logits that are not finite.

    """
    decoder = AnytimeDecoder(
        denoiser, layout, settings, deadline, candidate_rows(settings, scenario), step_times, scenario, device
    )
    while decoder.step():
        pass
    return decoder.answer()


class _Infill(NamedTuple):
    """A complete answer as of some pass, but for the rows that are still to be read; never changed once made."""

    tokens: Tensor  # (K, L)
    bins: Tensor  # (K, L), for number positions
    commit_order: tuple[Tensor, ...]  # (K, *) each; together all units
    units_per_step: tuple[int, ...]
    steps_done: int
    steps_planned: int
    step_times: StepTimes
    unread: tuple[Tensor, Tensor] | None  # hidden rows (K or 2 K, M, d) and their positions (K, M), with a scaffold


class AnytimeDecoder:
    """One observation's answers on their way; `decode` is this, run to its end.

    Once the first `step` has returned, `answer` gives a whole answer at any moment, from any thread.

    """

    def __init__(
        self,
        denoiser: Denoiser,
        layout: AnswerLayout,
        settings: DecodeSettings,
        deadline: Deadline,
        rows: tuple[CandidateRow, ...],
        step_times: StepTimes = _UNTIMED,
        scenario: Scenario | None = None,
        device: torch.device | None = None,
    ) -> None:
        """As for `decode`; `rows` are the plans to decode, K of them."""
        if settings.guidance > 0.0 and denoiser.contexts != 2:
            msg = (
                f"guidance = {settings.guidance:g} needs a second context without the prompt, the model was given "
                f"{denoiser.contexts}; prefill with guidance or set it to 0"
            )
            raise ConfigError(msg)
        self._denoiser = denoiser
        self._layout = layout
        self._settings = settings
        self._rows = rows
        units = settings.units
        reach = ReachableBins.of(None if scenario is None else scenario.speed, device)
        reader = NumberReader if settings.scaffold else TokenReader
        self._reader: Reader = reader(denoiser, layout, settings, reach)
        at_rest = settings.scaffold and scenario is not None and abs(scenario.speed) < AT_REST
        self._start = StartRule(settings.start_level) if at_rest and settings.start_level > 0.0 else None
        self._controller = StepController(units.count, settings.planned_steps, settings.schedule, deadline, step_times)
        values, fixed = priorities(rows, units)
        self._priorities, self._fixed = values.to(device), fixed.to(device)
        self._foreknown = bool(fixed.all()) and settings.early_commit is EarlyCommit.OFF
        levels = first_levels(rows)
        # (K, 16): x and y of each waypoint in turn
        self._first_levels = None if levels is None else levels.to(device).repeat(1, WAYPOINTS)
        self._unit_positions = torch.tensor(units.positions, device=device)  # (U, P)
        # (K, R), ascending; in the order of commits once that is known
        self._open = torch.arange(units.count, device=device).repeat(len(rows), 1)
        self._tokens = layout.masked(len(rows), settings.scaffold, device)
        self._bins = torch.zeros_like(self._tokens)  # every number position is written by the first pass
        self._committed: list[Tensor] = []
        self._first_pass: NumberPosterior | None = None
        self._latest: _Infill | None = None
        self._fault = ""

    def step(self) -> bool:
        """One pass and its commits; whether another one is to follow."""
        assert self._controller.open_units > 0, "every unit is committed"
        assert not self._fault, f"decoding has ended: {self._fault}"
        with torch.no_grad():
            return self._step()

    def _step(self) -> bool:
        if self._first_pass is None:
            self._controller.start()
        hidden = self._denoiser.hidden(self._tokens)[: len(self._tokens) * (2 if self._settings.guidance > 0.0 else 1)]
        go_on = self._follow if self._foreknown and self._first_pass is not None else self._survey
        return go_on(hidden) and self._controller.open_units > 0

    def _survey(self, hidden: Tensor) -> bool:
        """Read every open position of hidden rows (K or 2 K, L, d), and commit; False = at a fault."""
        controller = self._controller
        positions = self._unit_positions[self._open].flatten(1)  # (K, R) units -> (K, M) positions
        levels = self._first_levels if self._first_pass is None else None
        reading = self._reader.read(_rows_at(hidden, positions), positions, levels, self._start)
        if not bool(reading.finite):  # the one wait for the device
            return self._stop_at_fault()
        if self._first_pass is None:
            main = reading.posterior.row(0)
            # Without a scaffold all 32 positions are open, numbers at the even ones.
            self._first_pass = main if self._settings.scaffold else NumberPosterior(main.logits[0::2])
        decision = controller.decide()
        confidence = torch.unflatten(reading.confidence, 1, self._open_shape).prod(-1)  # (K, R)
        order = self._order(confidence, reading.first)
        count = decision.commit
        if self._settings.early_commit is not EarlyCommit.OFF:
            more = max(0, self._sure_units(confidence, order) - count)
            controller.commit_early(more)
            count += more
        now = order[:, :count].unsqueeze(-1)
        tokens = reading.late_tokens if decision.late else reading.tokens
        chosen = torch.unflatten(positions, 1, self._open_shape).take_along_dim(now, 1).flatten(1)
        values = torch.unflatten(tokens, 1, self._open_shape).take_along_dim(now, 1).flatten(1)
        self._tokens.scatter_(1, chosen, values)
        self._bins = self._bins.scatter(1, positions, reading.bins)
        self._open = self._open.gather(1, order)
        infill = self._tokens.scatter(1, positions, reading.late_tokens).scatter_(1, chosen, values)
        self._committed_first(count, infill, None)
        self._open = self._open.sort(1).values
        if self._foreknown:  # without what went first in this pass alone
            priorities = self._priorities.gather(1, self._open)
            self._open = self._open.gather(1, priorities.argsort(dim=1, descending=True, stable=True))
        return True

    def _follow(self, hidden: Tensor) -> bool:
        """Read what comes next in the known order, of hidden rows (K or 2 K, L, d), and commit; False = at a fault."""
        # The one wait for the device. The head, whose weights the first pass has proved, keeps finite rows finite.
        if not bool(hidden.isfinite().all()):
            return self._stop_at_fault()
        decision = self._controller.decide()
        chosen, rest = (
            self._unit_positions[units].flatten(1)
            for units in (self._open[:, : decision.commit], self._open[:, decision.commit :])
        )
        reading = self._reader.read(_rows_at(hidden, chosen), chosen, None, self._start)
        self._tokens.scatter_(1, chosen, reading.late_tokens if decision.late else reading.tokens)
        unread = (_rows_at(hidden, rest), rest) if rest.numel() else None
        self._committed_first(decision.commit, self._tokens.clone(), unread)
        return True

    @property
    def _open_shape(self) -> tuple[int, int]:
        return self._open.shape[1], self._unit_positions.shape[1]

    def _order(self, confidence: Tensor, first: Tensor | None) -> Tensor:
        """Open units (K, R) by their place in the order, those of `first` (K, M) before; equals keep that of time."""
        rank = torch.where(self._fixed.gather(1, self._open), self._priorities.gather(1, self._open), confidence)
        if first is not None:
            rank = rank.masked_fill(torch.unflatten(first, 1, self._open_shape).any(-1), math.inf)
        return rank.argsort(dim=1, descending=True, stable=True)

    def _sure_units(self, confidence: Tensor, order: Tensor) -> int:
        """How many units the early commit accepts, in the order of commits."""
        falling = confidence.gather(1, order)[0].cummin(0).values
        level = self._settings.early_level
        if self._settings.early_commit is EarlyCommit.FACTOR:
            wanted = 1.0 - level / torch.arange(2, len(falling) + 2, device=falling.device)
        else:
            wanted = torch.full_like(falling, level)
        return int((falling >= wanted).cumprod(0).sum())

    def _committed_first(self, count: int, infill: Tensor, unread: tuple[Tensor, Tensor] | None) -> None:
        """Of the open units, in the order of commits, the first `count` are committed; (K, L) tokens as of now."""
        controller = self._controller
        self._committed.append(self._open[:, :count])
        self._open = self._open[:, count:]
        before = () if self._latest is None else self._latest.units_per_step
        self._latest = _Infill(
            tokens=infill,
            bins=self._bins,
            commit_order=(*self._committed, self._open),
            units_per_step=(*before, count),
            steps_done=controller.steps_done,
            steps_planned=controller.steps_planned,
            step_times=controller.step_times,
            unread=unread,
        )

    def _stop_at_fault(self) -> bool:
        self._fault = f"pass {self._controller.steps_done + 1} gave logits that are not finite"
        if self._latest is None:
            msg = f"{self._fault}; the weights or the observation hold values that are not finite"
            raise PlannerError(msg)
        return False

    def answer(self) -> DecodedAnswer:
        """The answer as of the latest pass; open units hold what that pass read."""
        latest, first_pass = self._latest, self._first_pass
        assert latest is not None, "the first pass has not been made"
        assert first_pass is not None
        tokens = latest.tokens
        if latest.unread is not None:
            hidden, positions = latest.unread
            with torch.no_grad():
                tokens = tokens.scatter(
                    1, positions, self._reader.read(hidden, positions, None, self._start).late_tokens
                )
        number_tokens = tokens[:, 0 : 2 * NUMBERS : 2]
        bins = torch.where(
            self._layout.is_number(number_tokens),
            number_tokens - self._layout.number_base,
            latest.bins[:, 0 : 2 * NUMBERS : 2],
        )
        numbers = metres_from_bins(bins)
        scores = waypoint_confidence(first_pass, torch.unflatten(numbers, -1, (WAYPOINTS, 2))).mean(-1)
        # The main plan stays first whatever its score.
        rank = torch.cat([torch.zeros_like(scores[:1], dtype=torch.int64), 1 + scores[1:].argsort(descending=True)])
        return DecodedAnswer(
            numbers=numbers[rank],
            tokens=tokens[rank],
            well_formed=self._layout.well_formed(tokens)[rank],
            scores=scores[rank],
            candidates=tuple(self._rows[index].number for index in rank.tolist()),
            first_pass=first_pass,
            steps_done=latest.steps_done,
            steps_planned=latest.steps_planned,
            commit_order=torch.cat(latest.commit_order, dim=1)[rank],
            units_per_step=latest.units_per_step,
            step_times=latest.step_times,
            mode=self._settings.mode,
            fault=self._fault,
        )


def _rows_at(hidden: Tensor, positions: Tensor) -> Tensor:
    """Rows (K or 2 K, M, d) of hidden (K or 2 K, L, d) at positions (K, M); a copy."""
    where = positions.repeat(len(hidden) // len(positions), 1).unsqueeze(-1)
    return hidden.gather(1, where.expand(-1, -1, hidden.shape[-1]))
