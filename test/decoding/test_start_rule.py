from __future__ import annotations

import pytest
import torch
from torch import Tensor

from test.decoding.denoisers import LAYOUT, MixtureDenoiser
from test.decoding.runs import unlimited
from wam_ros.core.timing import Deadline
from wam_ros.decoding import CandidateSource, DecodeSettings, Scenario, decode
from wam_ros.decoding.answer import DecodedAnswer
from wam_ros.decoding.start_rule import AT_REST

TIMES = torch.arange(1, 9, dtype=torch.float64) / 2
STAYS, GOES = torch.zeros(8, dtype=torch.float64), 0.6 * TIMES.square()
# As a trained planner was seen to read a green light: sure at 1 s, not at all at 4 s.
AT_GREEN = (0.1, 0.9, 0.45, 0.24, 0.24, 0.05, 0.05, 0.02)
AT_RED = (0.05, 0.02, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01)


class Hesitant(MixtureDenoiser):
    """Of two drives, to stay and to go; until something is committed each waypoint has an opinion of its own."""

    def __init__(self, going: tuple[float, ...]) -> None:
        means = torch.stack([torch.stack([x, 0.0 * x], -1).flatten() for x in (STAYS, GOES)])
        super().__init__(means, torch.full((2, 16), 0.05), torch.tensor([0.5, 0.5]))
        self._going = torch.tensor(going, dtype=torch.float64).repeat_interleave(4)

    def hidden(self, tokens: Tensor) -> Tensor:
        hidden = super().hidden(tokens)
        open_rows = ~LAYOUT.is_number(tokens[:, 0::2]).any(1)
        hidden[open_rows, :, :2] = torch.stack([1.0 - self._going, self._going], -1).log()
        return hidden


def _read(going: tuple[float, ...], settings: DecodeSettings | None = None, speed: float = 0.0) -> DecodedAnswer:
    settings = DecodeSettings() if settings is None else settings
    return decode(Hesitant(going), LAYOUT, settings, Deadline.unlimited(), scenario=Scenario(speed))


@pytest.mark.parametrize("steps", [1, 2, 8])
@pytest.mark.parametrize("pairs", [True, False])
def test_one_sure_waypoint_takes_all_along(steps: int, pairs: bool) -> None:
    answer = _read(AT_GREEN, DecodeSettings(steps=steps, pairs=pairs))
    assert answer.numbers[0, 2::2].tolist() == pytest.approx(GOES[1:].tolist(), abs=0.06)
    first = answer.commit_order[0, 0].item()
    assert first == (1 if pairs else 2)  # the waypoint of 1 s, or its x


def test_only_the_first_commit_is_the_rule_s() -> None:
    order = _read(AT_GREEN, DecodeSettings(pairs=False)).commit_order[0].tolist()
    assert order == [2, *(unit for unit in range(15, -1, -1) if unit != 2)]  # y of that waypoint waits for its turn


def test_without_the_rule_it_stays_or_jumps() -> None:
    stays = _read(AT_GREEN, DecodeSettings(start_level=0.0))
    assert stays.numbers[0].abs().max() < 0.1
    jumps = _read(AT_GREEN, DecodeSettings(start_level=0.0, steps=1)).numbers[0, 0::2]
    assert jumps[1] > 0.5
    assert jumps[7] < 0.1


@pytest.mark.parametrize("steps", [1, 8])
def test_it_stays_where_no_waypoint_is_sure(steps: int) -> None:
    assert _read(AT_RED, DecodeSettings(steps=steps)).numbers[0].abs().max() < 0.1
    assert _read(AT_GREEN, DecodeSettings(steps=steps, start_level=0.95)).numbers[0, 4:].abs().max() < 0.1


def test_half_a_second_says_nothing() -> None:
    assert _read((0.9, *AT_RED[1:])).numbers[0, 2:].abs().max() < 0.1


def test_the_rule_is_of_vehicles_at_rest() -> None:
    plain = DecodeSettings(start_level=0.0)
    for speed in (AT_REST, 8.0):
        assert torch.equal(_read(AT_GREEN, speed=speed).numbers, _read(AT_GREEN, plain, speed).numbers)
    assert _read(AT_GREEN, speed=-0.4).numbers[0, 14] > 9.0
    # Nothing is known of the speed.
    without = decode(Hesitant(AT_GREEN), LAYOUT, DecodeSettings(), Deadline.unlimited())
    assert torch.equal(without.numbers, unlimited(Hesitant(AT_GREEN), plain).numbers)


def test_candidates_go_along() -> None:
    for source in CandidateSource:
        answer = _read(AT_GREEN, DecodeSettings(candidates=3, candidate_source=source))
        assert (answer.numbers[:, 2::2] - GOES[1:]).abs().max() < 0.2
