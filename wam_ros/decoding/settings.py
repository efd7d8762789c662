"""How an answer is decoded: every choice of the decoder in one checked place."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from wam_ros.core.config import unknown_key
from wam_ros.core.errors import ConfigError
from wam_ros.decoding.orders import DecodeOrder
from wam_ros.decoding.schedule import MaskSchedule
from wam_ros.decoding.units import CommitUnits

E = TypeVar("E", bound=Enum)


class ReadOut(str, Enum):
    """What a number's distribution is read as.

    MEDIAN: The bin at which half of the mass is reached.
    ARGMAX: The most probable bin.
    MEAN: The mean over what a vehicle can reach (`reach.py`).

    """

    MEDIAN = "median"
    ARGMAX = "argmax"
    MEAN = "mean"


class OrderingConfidence(str, Enum):
    """What orders units under the confidence order.

    WINDOW: Probability mass within `window_m` of the value read. With bins of 1 cm the mass of a single bin is about
        0.01 / (sigma sqrt(2 pi)), hardly ever large.
    TOP1: The largest probability of a single token, as in LLaDA.

    """

    WINDOW = "window"
    TOP1 = "top1"


class EarlyCommit(str, Enum):
    """When more units are committed in a step than the schedule asks for.

    OFF: Never.
    FACTOR: The longest run, surest first, in which the n-th confidence is at least 1 - early_level / (n + 1)
        (Fast-dLLM's factor rule).
    THRESHOLD: The longest run of confidences of at least early_level.

    """

    OFF = "off"
    FACTOR = "factor"
    THRESHOLD = "threshold"


class CandidateSource(str, Enum):
    """Where plans beside the main one come from.

    SAMPLES: Other quantiles of what the first pass commits.
    ORDERS: Other orders of commits.

    """

    SAMPLES = "samples"
    ORDERS = "orders"


@dataclass(frozen=True)
class DecodeSettings:
    """The decoder's choices; enums also take their text.

    Fields:
        order: In which order units are committed.
        scaffold, pairs: What a unit is, see `CommitUnits`.
        steps: Passes at most; None = one per unit.
        schedule: How many units each commits.
        read_out: How committed numbers are read.
        confidence: What the confidence order goes by.
        window_m: Half width of its window [m].
        guidance: Scale s of classifier-free guidance, 0 = none.
        guidance_floor: With guidance: tokens below so much of the greatest probability are out; 0 = as published.
        start_level: Of the start rule (`start_rule.py`; with a scaffold and a scenario only): the probability of
            going at the waypoint surest of it from which on a vehicle at rest goes; 0 = no rule.
        early_commit, early_level: See `EarlyCommit`.
        candidates: Plans in all, the main one included.
        candidate_source: Where the others come from.
        seed: Of the random order and of sampled candidates.
        forbidden: Tokens never committed; the mask is always among them.

    Raises:
        ConfigError: A value out of range, or two that do not go together.

    """

    order: DecodeOrder = DecodeOrder.REVERSE_CAUSAL
    scaffold: bool = True
    pairs: bool = True
    steps: int | None = None
    schedule: MaskSchedule = MaskSchedule.LINEAR
    read_out: ReadOut = ReadOut.MEDIAN
    confidence: OrderingConfidence = OrderingConfidence.WINDOW
    window_m: float = 0.25
    guidance: float = 0.0
    guidance_floor: float = 1e-3
    start_level: float = 0.5
    early_commit: EarlyCommit = EarlyCommit.OFF
    early_level: float = 1.0
    candidates: int = 1
    candidate_source: CandidateSource = CandidateSource.SAMPLES
    seed: int = 0
    forbidden: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for name, kind in (
            ("order", DecodeOrder),
            ("schedule", MaskSchedule),
            ("read_out", ReadOut),
            ("confidence", OrderingConfidence),
            ("early_commit", EarlyCommit),
            ("candidate_source", CandidateSource),
        ):
            object.__setattr__(self, name, _member(kind, getattr(self, name), name))
        object.__setattr__(self, "forbidden", tuple(self.forbidden))
        units = self.units
        if self.steps is not None and not 1 <= self.steps <= units.count:
            msg = f"steps = {self.steps}, wanted 1..{units.count}: there is at most one step per unit ({units.text})"
            raise ConfigError(msg)
        for name, low, high in (
            ("window_m", 0.0, 10.0),
            ("guidance", 0.0, 100.0),
            ("guidance_floor", 0.0, 1.0),
            ("start_level", 0.0, 1.0),
            ("early_level", 0.0, 100.0 if self.early_commit is not EarlyCommit.THRESHOLD else 1.0),
        ):
            value = getattr(self, name)
            if not (math.isfinite(value) and low <= value <= high):
                msg = f"{name} = {value}, wanted {low:g}..{high:g}"
                raise ConfigError(msg)
        self._check_candidates()

    def _check_candidates(self) -> None:
        if self.candidates < 1:
            msg = f"candidates = {self.candidates}, wanted at least 1, the main plan"
            raise ConfigError(msg)
        if self.candidates == 1:
            return
        if not self.scaffold:
            msg = f"candidates = {self.candidates} needs scaffold = true"
            raise ConfigError(msg)
        if self.early_commit is not EarlyCommit.OFF:
            msg = (
                f"candidates = {self.candidates} with early_commit = {self.early_commit.value}: how many units are "
                "committed early depends on the plan, and candidates share their steps; set one of them off"
            )
            raise ConfigError(msg)

    @classmethod
    def reference(cls, steps: int, order: DecodeOrder = DecodeOrder.CONFIDENCE) -> DecodeSettings:
        """The published LLaDA loop: low-confidence remasking of single tokens, argmax, no scaffold."""
        return cls(
            order=order,
            scaffold=False,
            pairs=False,
            steps=steps,
            read_out=ReadOut.ARGMAX,
            confidence=OrderingConfidence.TOP1,
            guidance_floor=0.0,
        )

    @property
    def units(self) -> CommitUnits:
        """What is committed at once."""
        return CommitUnits(self.scaffold, self.pairs)

    @property
    def planned_steps(self) -> int:
        """Passes when time is no matter."""
        return self.units.count if self.steps is None else self.steps

    @property
    def _guidance_text(self) -> str:
        if self.guidance == 0.0:
            return "no guidance"
        return f"guidance {self.guidance:g}" + (f" floor {self.guidance_floor:g}" if self.guidance_floor else "")

    @property
    def mode(self) -> str:
        """The whole choice in one line, for tables."""
        parts = [
            self.units.text,
            f"{self.planned_steps} steps {self.schedule.value}",
            f"order {self.order.value}",
            f"read {self.read_out.value}",
            self._guidance_text,
        ]
        if self.order is DecodeOrder.CONFIDENCE or not self.scaffold:
            window = f" {self.window_m:g} m" if self.confidence is OrderingConfidence.WINDOW else ""
            parts.append(f"confidence {self.confidence.value}{window}")
        if self.scaffold and self.start_level > 0.0:
            parts.append(f"start from {self.start_level:g}")
        if self.early_commit is not EarlyCommit.OFF:
            parts.append(f"early {self.early_commit.value} {self.early_level:g}")
        if self.candidates > 1:
            parts.append(f"{self.candidates} candidates by {self.candidate_source.value}")
        return "; ".join(parts)


def _member(kind: type[E], value: object, name: str) -> E:
    try:
        return kind(value)
    except ValueError as err:
        msg = f"{name}: {unknown_key(str(value), [str(member.value) for member in kind])}"
        raise ConfigError(msg) from err
