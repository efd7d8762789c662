"""The prompt of a driving answer: one function for training and driving, from plain values. It sees no image.

`compact`: image, command, speed, accelerations, yaw rate and route points, one token each, always the same length.
`literal`: the wording of WAM-Diff's release in LLaDA's chat layout, numbers as number tokens. A value that is not
known is a mask token, in training (dropped on purpose) and in driving alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from wam_ros.core.config import unknown_key
from wam_ros.core.errors import InputError
from wam_ros.models.config import WamDiffConfig
from wam_ros.models.tokenizer import IMAGE_PLACEHOLDER, HybridTokenizer
from wam_ros.models.vocabulary import COMMANDS, END_OF_TURN, HEADER_END, HEADER_START, START

SYSTEM_PROMPT = (
    "You are a helpful language and vision assistant. You are able to understand the visual content that the user "
    "provides, and assist the user with a variety of tasks using natural language."
)


@dataclass(frozen=True)
class Situation:
    """What a prompt tells besides the image; None = not known.

    Fields:
        command: Where to go: `compact` takes one of COMMANDS, `literal` any text.
        velocity: Along base_link x and y [m/s].
        acceleration: Along base_link x and y [m/s^2].
        yaw_rate: [rad/s], left positive.
        route: Points of the route in base_link, x, y [m], at the config's `route_distances` ahead; None where it ends.

    """

    command: str = "unknown"
    velocity: tuple[float, float] | None = None
    acceleration: tuple[float, float] | None = None
    yaw_rate: float | None = None
    route: Sequence[tuple[float, float] | None] | None = None


@dataclass(frozen=True, eq=False)
class Prompt:
    """A prompt's ids (P,) int64, IMAGE_PLACEHOLDER where visual tokens go, and the names of clipped values."""

    tokens: Tensor
    clipped: tuple[str, ...] = ()


_NO_JUNCTION = "follow"  # what route planners say between junctions


def command_from_instruction(instruction: str | None) -> str:
    """The command of the compact prompt for an instruction such as "Turn left"; None and "follow" ask for none.

    Raises:
        InputError: It names no known command; nothing is guessed.

    """
    if instruction is None:
        return COMMANDS[0]
    word = instruction.strip().lower().rstrip(".!").removeprefix("turn ").removeprefix("go ").strip()
    if word == _NO_JUNCTION:
        return COMMANDS[0]
    if word not in COMMANDS:
        msg = f"instruction {instruction!r}: {unknown_key(word, COMMANDS)}"
        raise InputError(msg)
    return word


def build_prompt(situation: Situation, tokenizer: HybridTokenizer, config: WamDiffConfig, visual_tokens: int) -> Prompt:
    """The prompt of a situation, with places for the image's visual tokens.

    Raises:
        InputError: A value is not finite, the command is unknown, or the route has another number of points.

    """
    writer = _Writer(tokenizer)
    if config.prompt == "compact":
        _write_compact(writer, situation, config, visual_tokens)
    else:
        _write_literal(writer, situation, visual_tokens)
    return Prompt(torch.tensor(writer.tokens, dtype=torch.long), tuple(writer.clipped))


def unconditional_prompt(prompt: Prompt, tokenizer: HybridTokenizer) -> Prompt:
    """The prompt of classifier-free guidance's second context: every position masked, the image's too."""
    return Prompt(torch.full_like(prompt.tokens, tokenizer.mask_id))


class _Writer:
    """Collects tokens and the names of clipped values.

    Text is encoded up to the next token that is not text: a tokenizer may join " (" or the end of a line.
    """

    def __init__(self, tokenizer: HybridTokenizer) -> None:
        self.tokenizer = tokenizer
        self.clipped: list[str] = []
        self._tokens: list[int] = []
        self._text = ""

    @property
    def tokens(self) -> list[int]:
        self._put([])
        return self._tokens

    def special(self, name: str) -> None:
        self._put([self.tokenizer.text.special(name)])

    def word(self, word: str) -> None:
        self._put([self.tokenizer.text.word(word)])

    def image(self, visual_tokens: int) -> None:
        self._put([IMAGE_PLACEHOLDER] * visual_tokens)

    def text(self, text: str) -> None:
        self._text += text

    def number(self, name: str, value: float | None) -> None:
        if value is None:
            self._put([self.tokenizer.mask_id])
            return
        try:
            token, clipped = self.tokenizer.number_id(value)
        except InputError as err:
            msg = f"prompt value {name}: {err}"
            raise InputError(msg) from err
        self._put([token])
        if clipped:
            self.clipped.append(name)

    def _put(self, tokens: list[int]) -> None:
        self._tokens += [*self.tokenizer.encode(self._text), *tokens]
        self._text = ""


def _write_compact(writer: _Writer, situation: Situation, config: WamDiffConfig, visual_tokens: int) -> None:
    if situation.command not in COMMANDS:
        msg = f"command: {unknown_key(situation.command, COMMANDS)}"
        raise InputError(msg)
    velocity_x, _ = _pair(situation.velocity)
    acceleration_x, acceleration_y = _pair(situation.acceleration)
    yaw_rate = None if situation.yaw_rate is None else situation.yaw_rate * config.normalisation.yaw_rate_scale
    count = len(config.route_distances)
    route = [None] * count if situation.route is None else list(situation.route)
    if len(route) != count:
        msg = f"route of {len(route)} points, the prompt takes {count}, at {config.route_distances} m"
        raise InputError(msg)
    writer.image(visual_tokens)
    writer.word(situation.command)
    writer.number("velocity x", velocity_x)
    writer.number("acceleration x", acceleration_x)
    writer.number("acceleration y", acceleration_y)
    writer.number("yaw rate", yaw_rate)
    for index, point in enumerate(route):
        for axis, value in zip("xy", _pair(point)):
            writer.number(f"route {index} {axis}", value)


def _write_literal(writer: _Writer, situation: Situation, visual_tokens: int) -> None:
    writer.special(START)
    _write_header(writer, "system")
    writer.text(SYSTEM_PROMPT)
    writer.special(END_OF_TURN)
    _write_header(writer, "user")
    writer.text("Here is front views of a driving vehicle:\n")
    writer.image(visual_tokens)
    writer.text("\nThe navigation information is: ")
    writer.text(situation.command)
    writer.text("\nThe current position is ")
    _write_pair(writer, "position", (0.0, 0.0))
    writer.text("\nCurrent velocity is: ")
    _write_pair(writer, "velocity", situation.velocity)
    # Two spaces and "accelerate": the wording that the release was trained on.
    writer.text("  and current accelerate is: ")
    _write_pair(writer, "acceleration", situation.acceleration)
    writer.text("\nPredict the optimal driving action for the next 4 seconds with 8 new waypoints.")
    writer.special(END_OF_TURN)
    _write_header(writer, "assistant")


def _write_header(writer: _Writer, role: str) -> None:
    writer.special(HEADER_START)
    writer.text(role)
    writer.special(HEADER_END)
    writer.text("\n\n")


def _write_pair(writer: _Writer, name: str, pair: tuple[float, float] | None) -> None:
    x, y = _pair(pair)
    writer.text("(")
    writer.number(f"{name} x", x)
    writer.text(",")
    writer.number(f"{name} y", y)
    writer.text(")")


def _pair(pair: tuple[float, float] | None) -> tuple[float | None, float | None]:
    return (None, None) if pair is None else pair
