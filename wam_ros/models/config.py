"""What a WAM-Diff network is made of: a frozen description, checked, with named presets. It knows no weights."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args, get_type_hints

from wam_ros.core.config import from_mapping, unknown_key
from wam_ros.core.errors import ConfigError
from wam_ros.models.tokenizer import NUMBER_COUNT, HybridTokenizer

FORMAT_VERSION = 1

AttentionMode = Literal["prefix", "full"]
"""`prefix`: prompt rows do not see answer rows, a cached prompt is exact. `full`: they do (the paper's weights)."""
PositionKind = Literal["learned", "rotary"]
NumberKind = Literal["basis", "table"]
PromptStyle = Literal["compact", "literal"]

# Distances along the route of the compact prompt's points [m].
ROUTE_DISTANCES = (4.0, 8.0, 12.0, 18.0, 25.0, 35.0, 48.0, 64.0)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ConfigError(message)


@dataclass(frozen=True)
class StemConfig:
    """Convolutional vision: one image of one size; each stage halves it, each cell of the last map is a token."""

    image_width: int = 640
    image_height: int = 360
    channels: tuple[int, ...] = (16, 32, 64, 96, 192)

    def __post_init__(self) -> None:
        _require(min(self.image_width, self.image_height) > 0, f"stem image {self.image_width}x{self.image_height}")
        _require(bool(self.channels) and min(self.channels) > 0, f"stem channels {self.channels}, wanted positive")

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the visual tokens."""
        stride = 2 ** len(self.channels)
        return math.ceil(self.image_height / stride), math.ceil(self.image_width / stride)


@dataclass(frozen=True)
class TilesConfig:
    """Tiled vision: a SigLIP-2 tower over square tiles and one overview, any image size (facts of LLaDA-V, anyres).

    Fields:
        tile: Side of a tile [px].
        patch: Side of a patch [px].
        max_tiles: Most tiles along a side of the canvas.
        max_crops_kept: The stitched tiles are resized to about this many crops' worth of tokens.
        width, layers, heads, ffn_width: Of the tower.

    """

    tile: int = 384
    patch: int = 14
    max_tiles: int = 6
    max_crops_kept: int = 2
    width: int = 1152
    layers: int = 26
    heads: int = 16
    ffn_width: int = 4304

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            _require(value > 0, f"tiles {name} = {value}, wanted positive")
        _require(self.patch <= self.tile, f"patch of {self.patch} px in a tile of {self.tile} px")
        _require(self.width % self.heads == 0, f"tower width {self.width} over {self.heads} heads, wanted a multiple")

    @property
    def patches_per_side(self) -> int:
        """Patches along a tile; what is left over at its end is not seen."""
        return self.tile // self.patch


@dataclass(frozen=True)
class ExpertConfig:
    """LoRA experts beside each feed-forward network, chosen by the experts (facts/algorithms 1.3)."""

    count: int = 64
    rank: int = 32
    alpha: float = 32.0
    capacity_factor: float = 0.1
    dropout: float = 0.05

    def __post_init__(self) -> None:
        _require(self.count > 0 and self.rank > 0, f"{self.count} experts of rank {self.rank}, wanted positive")
        _require(0.0 < self.capacity_factor <= self.count, f"capacity_factor {self.capacity_factor}, wanted (0, count]")
        _require(0.0 <= self.dropout < 1.0, f"expert dropout {self.dropout}, wanted [0, 1)")

    def capacity(self, rows: int) -> int:
        """Rows that each expert takes from a pool of `rows`: clamp(round(factor rows / count), 1, rows)."""
        return min(max(round(self.capacity_factor * rows / self.count), 1), rows)


@dataclass(frozen=True)
class Normalisation:
    """What raw inputs are scaled by before the network.

    Fields:
        image_mean, image_std: Of pixels in [0, 1].
        yaw_rate_scale: Prompt number per rad/s; other prompt values are numbers in their own unit (m, m/s, m/s^2).

    """

    image_mean: float = 0.5
    image_std: float = 0.5
    yaw_rate_scale: float = 50.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            _require(math.isfinite(value), f"normalisation {name} = {value}, wanted finite")
        _require(self.image_std > 0.0 and self.yaw_rate_scale > 0.0, "image_std and yaw_rate_scale must be positive")


@dataclass(frozen=True)
class WamDiffConfig:
    """The whole network.

    Fields:
        text_tokens: Ids below the numbers.
        mask_id: Id of the mask token, below `text_tokens`.
        width, layers, heads, ffn_width: Of the backbone.
        attention: How prompt and answer see each other.
        positions: Rotary embedding in each layer, or one learned vector per position.
        max_positions: Prompt and answer together at most.
        numbers: Smooth basis times a learned matrix, or free rows in embedding and head.
        prompt: Which prompt the network was trained on (prompt.py).
        answer_length: Tokens of a driving answer.
        heading_width: Hidden units of the heading head.

    """

    name: str
    text_tokens: int
    mask_id: int
    width: int
    layers: int
    heads: int
    ffn_width: int
    vision: StemConfig | TilesConfig
    experts: ExpertConfig | None = None
    attention: AttentionMode = "prefix"
    positions: PositionKind = "learned"
    max_positions: int = 512
    rope_theta: float = 500_000.0
    norm_eps: float = 1e-5
    numbers: NumberKind = "basis"
    prompt: PromptStyle = "compact"
    route_distances: tuple[float, ...] = ROUTE_DISTANCES
    answer_length: int = 32
    heading_width: int = 128
    normalisation: Normalisation = field(default_factory=Normalisation)
    format_version: int = FORMAT_VERSION

    def __post_init__(self) -> None:
        self.check_version(self.format_version, self.name)
        kinds = {"attention": AttentionMode, "positions": PositionKind, "numbers": NumberKind, "prompt": PromptStyle}
        for name, kind in kinds.items():
            known = get_args(kind)
            _require(getattr(self, name) in known, f"{name} = {getattr(self, name)!r}, wanted one of {known}")
        for name in ("text_tokens", "width", "layers", "heads", "ffn_width", "max_positions", "answer_length"):
            _require(getattr(self, name) > 0, f"{name} = {getattr(self, name)}, wanted positive")
        _require(self.width % self.heads == 0, f"width {self.width} over {self.heads} heads, wanted a multiple")
        _require(0 <= self.mask_id < self.text_tokens, f"mask_id {self.mask_id} outside {self.text_tokens} text tokens")
        _require(
            self.positions == "learned" or self.head_width % 2 == 0, f"rotary heads of odd width {self.head_width}"
        )
        _require(self.heading_width > 0, f"heading_width {self.heading_width}, wanted positive")
        increasing = list(self.route_distances) == sorted(set(self.route_distances))
        _require(
            increasing and self.route_distances[0] > 0.0, f"route_distances {self.route_distances} do not increase"
        )
        if isinstance(self.vision, StemConfig):
            rows, columns = self.vision.grid
            needed = rows * columns + self.answer_length
            _require(needed < self.max_positions, f"max_positions {self.max_positions}, image and answer take {needed}")

    @staticmethod
    def check_version(version: Any, where: str) -> None:
        """Refuse a format that this program does not know.

        Raises:
            ConfigError: The text starts with where.

        """
        if version != FORMAT_VERSION:
            msg = f"{where}: format_version {version!r}, this program reads {FORMAT_VERSION}: convert the checkpoint"
            raise ConfigError(msg)

    @property
    def head_width(self) -> int:
        """Width of an attention head."""
        return self.width // self.heads

    @property
    def vocabulary_size(self) -> int:
        """Text and numbers."""
        return self.text_tokens + NUMBER_COUNT

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        values = dataclasses.asdict(self)
        values["vision"]["kind"] = _VISION_KINDS[type(self.vision)]
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], where: str) -> WamDiffConfig:
        """The inverse of `as_dict`, strict.

        Raises:
            ConfigError: An unknown or missing key, a value of another type or out of range; the text starts with where.

        """
        given = dict(values)
        cls.check_version(given.get("format_version"), where)
        vision = dict(_mapping(given.get("vision"), f"{where}: vision"))
        kinds = {kind: vision_class for vision_class, kind in _VISION_KINDS.items()}
        kind = vision.pop("kind", None)
        if kind not in kinds:
            msg = f"{where}: vision kind {kind!r}, wanted one of {', '.join(kinds)}"
            raise ConfigError(msg)
        try:
            given["vision"] = _flat(kinds[kind], vision, f"{where}: vision")
            if given.get("experts") is not None:
                given["experts"] = _flat(ExpertConfig, _mapping(given["experts"], f"{where}: experts"), "experts")
            normalisation = _mapping(given.get("normalisation"), f"{where}: normalisation")
            given["normalisation"] = _flat(Normalisation, normalisation, f"{where}: normalisation")
            config: WamDiffConfig = _flat(cls, given, where)
        except ConfigError as err:
            text = str(err)
            raise ConfigError(text if text.startswith(where) else f"{where}: {text}") from err
        return config


_VISION_KINDS: dict[type, str] = {StemConfig: "stem", TilesConfig: "tiles"}


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        msg = f"{where}: wanted a mapping, got {type(value).__name__}"
        raise ConfigError(msg)
    return value


def _flat(cls: type[Any], values: Mapping[str, Any], where: str) -> Any:
    """A dataclass whose tuple fields may come as JSON lists."""
    hints = get_type_hints(cls)
    given = dict(values)
    for key, hint in hints.items():
        if str(hint).startswith("tuple") and isinstance(given.get(key), list):
            item = get_args(hint)[0]
            _require(
                all(isinstance(value, (int, item)) and not isinstance(value, bool) for value in given[key]),
                f"{where}: {key} = {given[key]!r}, wanted a list of {item.__name__}",
            )
            given[key] = tuple(item(value) for value in given[key])
    return from_mapping(cls, given, where)


def tiny() -> WamDiffConfig:
    """For tests: a few thousand weights, with experts."""
    tokenizer = HybridTokenizer()
    return WamDiffConfig(
        name="tiny",
        text_tokens=tokenizer.number_base,
        mask_id=tokenizer.mask_id,
        width=32,
        layers=2,
        heads=2,
        ffn_width=64,
        vision=StemConfig(image_width=128, image_height=72, channels=(8, 8, 16, 16, 32)),
        experts=ExpertConfig(count=4, rank=4, alpha=4.0, dropout=0.0),
        max_positions=128,
        heading_width=16,
    )


def small() -> WamDiffConfig:
    """The embedded default: 240 visual tokens of one 640x360 image, a compact prompt, planned on one CPU thread."""
    tokenizer = HybridTokenizer()
    return WamDiffConfig(
        name="small",
        text_tokens=tokenizer.number_base,
        mask_id=tokenizer.mask_id,
        width=192,
        layers=4,
        heads=4,
        ffn_width=512,
        vision=StemConfig(),
        experts=ExpertConfig(count=8, rank=8, alpha=8.0),
    )


def wam_diff_8b() -> WamDiffConfig:
    """The paper's network: LLaDA-V's backbone, SigLIP-2 over tiles, 64 experts of rank 32, 146,350 tokens."""
    return WamDiffConfig(
        name="wam_diff_8b",
        text_tokens=126_349,
        mask_id=126_336,
        width=4096,
        layers=32,
        heads=32,
        ffn_width=12_288,
        vision=TilesConfig(),
        experts=ExpertConfig(),
        attention="full",
        positions="rotary",
        max_positions=16_384,
        numbers="table",
        prompt="literal",
        heading_width=512,
    )


PRESETS: dict[str, Callable[[], WamDiffConfig]] = {"tiny": tiny, "small": small, "wam_diff_8b": wam_diff_8b}


def preset(name: str) -> WamDiffConfig:
    """A preset by name.

    Raises:
        ConfigError: There is none of that name.

    """
    if name not in PRESETS:
        msg = f"preset: {unknown_key(name, tuple(PRESETS))}"
        raise ConfigError(msg)
    return PRESETS[name]()
