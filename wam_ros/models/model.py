"""The WAM-Diff network: image, prompt and answer tokens in, hidden rows and logits out. It decodes nothing.

Shapes: B prompts, K answers to each, P prompt rows, L answer rows, V visual tokens, d width, H heads of width D.
Prompt rows stand at positions 0..P-1, the rows of every answer at P..P+L-1.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from wam_ros.core.errors import InputError
from wam_ros.models.answer import PrefilledAnswer, PromptCache, UncachedAnswer
from wam_ros.models.block import Block, RotaryTable, rotary_table
from wam_ros.models.config import StemConfig, WamDiffConfig
from wam_ros.models.heading import HeadingHead
from wam_ros.models.norm import RmsNorm
from wam_ros.models.siglip import TiledVision
from wam_ros.models.stem import Stem
from wam_ros.models.tokenizer import NUMBER_COUNT
from wam_ros.models.vocabulary_head import HybridVocabulary

LayerCache = tuple[Tensor, Tensor]
"""Keys and values of the prompt in one layer, each (B, H, P, D)."""

COMPUTE_PARTS = ("vision", "blocks", "norm")
"""The modules that may run in a shorter type; the rest is small, or decides between neighbouring numbers."""


class WamDiff(nn.Module):
    """A masked-diffusion planner's network; everything it needs to know is in its config."""

    cos: Tensor
    sin: Tensor

    def __init__(self, config: WamDiffConfig) -> None:
        super().__init__()
        self.config = config
        vision = config.vision
        self.vision: Stem | TiledVision
        if isinstance(vision, StemConfig):
            self.vision = Stem(vision, config.width, config.normalisation)
        else:
            self.vision = TiledVision(vision, config.width, config.normalisation)
        self.vocabulary = HybridVocabulary(config.text_tokens, config.width, config.numbers)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = RmsNorm(config.width, config.norm_eps)
        self.heading = HeadingHead(config.heading_width)
        self.positions = None
        if config.positions == "learned":
            self.positions = nn.Parameter(torch.empty(config.max_positions, config.width))
            nn.init.normal_(self.positions, std=0.5)
        self.register_buffer("cos", torch.empty(0), persistent=False)
        self.register_buffer("sin", torch.empty(0), persistent=False)
        self.reset_buffers(self.device)

    def reset_buffers(self, device: torch.device) -> None:
        """Compute what is not saved on a device: the table of the number basis and the rotary angles."""
        config = self.config
        self.vocabulary.numbers.reset_buffers(device)
        count = config.max_positions if config.positions == "rotary" else 0
        cos, sin = rotary_table(count, config.head_width, config.rope_theta)
        self.cos, self.sin = cos.to(device), sin.to(device)

    def set_compute_dtype(self, dtype: torch.dtype) -> WamDiff:
        """Run vision and layers in `dtype`; vocabulary, numbers, positions and headings stay as they are."""
        for part in COMPUTE_PARTS:
            self.get_submodule(part).to(dtype)
        return self

    @property
    def compute_dtype(self) -> torch.dtype:
        """Of vision and layers."""
        return self.norm.weight.dtype

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.norm.weight.device

    def see(self, images: Tensor) -> Tensor:
        """Visual tokens (B, V, d) of images (B, H, W, 3) uint8 rgb."""
        visual: Tensor = self.vision(images)
        return visual

    def embed_prompt(self, tokens: Tensor, visual: Tensor) -> Tensor:
        """Rows (B, P, d) of ids (B, P); its image placeholders, in order, take the visual tokens (B, V, d)."""
        is_image = tokens < 0
        index = (is_image.cumsum(dim=-1) - 1).clamp(0, visual.shape[1] - 1)
        taken = visual.gather(1, index[..., None].expand(-1, -1, visual.shape[-1]))
        embedded = self.vocabulary.embed(tokens).to(visual.dtype)
        return self._placed(torch.where(is_image[..., None], taken, embedded), 0)

    def embed_answer(self, tokens: Tensor, prompt_length: int) -> Tensor:
        """Rows (..., L, d) of answer ids (..., L) after a prompt of the given length."""
        return self._placed(self.vocabulary.embed(tokens).to(self.compute_dtype), prompt_length)

    def read_prompt(self, rows: Tensor) -> list[LayerCache]:
        """Keys and values of each layer of prompt rows (B, P, d).

        In mode `full` the prompt also sees an answer that is all masks: its keys and values at the first pass.
        """
        prompt_length = rows.shape[1]
        pools: tuple[int, ...] = (prompt_length,)
        if self.config.attention == "full":
            masks = torch.full((rows.shape[0], self.config.answer_length), self.config.mask_id, device=rows.device)
            rows = torch.cat([rows, self.embed_answer(masks, prompt_length)], dim=1)
            pools = (prompt_length, self.config.answer_length)
        rotary = self._rotary(0, rows.shape[1])
        caches: list[LayerCache] = []
        for block in self._layers():
            q, k, v = block.project(rows, rotary)
            caches.append((k[:, :, :prompt_length], v[:, :, :prompt_length]))
            # What the last layer would make of the prompt is read by nobody.
            if len(caches) < len(self.blocks):
                rows = block.over_all(rows, q, k, v, pools)
        return caches

    def read_answers(self, rows: Tensor, caches: list[LayerCache]) -> Tensor:
        """Hidden rows (B, K, L, d) of answer rows (B, K, L, d), after the final norm."""
        rotary = self._rotary(caches[0][0].shape[2], rows.shape[2])
        for block, (k, v) in zip(self._layers(), caches):
            rows = block.over_prompt(rows, k, v, rotary)
        hidden: Tensor = self.norm(rows)
        return hidden

    def read_together(self, prompt_rows: Tensor, answer_rows: Tensor) -> Tensor:
        """Hidden answer rows (N, L, d) where prompt rows (N, P, d) and answer rows (N, L, d) all see each other."""
        pools = (prompt_rows.shape[1], answer_rows.shape[1])
        rows = torch.cat([prompt_rows, answer_rows], dim=1)
        rotary = self._rotary(0, rows.shape[1])
        for block in self._layers():
            rows = block.over_all(rows, *block.project(rows, rotary), pools)
        hidden: Tensor = self.norm(rows[:, pools[0] :])
        return hidden

    def forward(self, prompts: Tensor, visual: Tensor, answers: Tensor) -> Tensor:
        """Hidden answer rows (B, K, L, d), uncached: what training runs.

        Args:
            prompts: (B, P) ids.
            visual: (B, V, d).
            answers: (B, K, L) ids, masks where not known. In mode `prefix` each prompt is read once for its K answers.

        """
        prompt_rows = self.embed_prompt(prompts, visual)
        answer_rows = self.embed_answer(answers, prompts.shape[1])
        if self.config.attention == "prefix":
            return self.read_answers(answer_rows, self.read_prompt(prompt_rows))
        copies = answers.shape[1]
        hidden = self.read_together(prompt_rows.repeat_interleave(copies, dim=0), answer_rows.flatten(0, 1))
        return hidden.view(answer_rows.shape)

    def number_logits(self, hidden: Tensor) -> Tensor:
        """(..., 20001) float32 of hidden (..., d)."""
        return self.vocabulary.number_logits(hidden)

    def logits(self, hidden: Tensor) -> Tensor:
        """(..., vocabulary) float32 of hidden (..., d)."""
        return self.vocabulary.logits(hidden)

    @torch.no_grad()
    def new_cache(self, prompt_length: int, *, guided: bool = False) -> PromptCache:
        """Memory for the prompts of one observation after another.

        With `guided` (classifier-free guidance) its second context is read here, once: a prompt that is all masks, the
        image included, depends on nothing but its length and the weights.
        """
        cache = PromptCache(self.config, prompt_length, 2 if guided else 1, self.compute_dtype, self.device)
        if guided:
            masks = torch.full((1, prompt_length), self.config.mask_id, device=self.device)
            nothing = torch.zeros(1, 1, self.config.width, dtype=self.compute_dtype, device=self.device)
            cache.fill(1, self.read_prompt(self.embed_prompt(masks, nothing)))
        return cache

    @torch.no_grad()
    def prefill(self, prompt: Tensor, visual: Tensor, cache: PromptCache | None = None) -> PrefilledAnswer:
        """Read a prompt (P,) with its visual tokens (V, d) once, for any number of answer passes.

        The result reads `cache` (None = new memory, unguided) and holds until that is filled again.

        Raises:
            InputError: The prompt has another length than the cache, or other image places than visual tokens.

        """
        self.check_prompt(prompt, visual.shape[0])
        cache = self.new_cache(len(prompt)) if cache is None else cache
        if cache.prompt_length != len(prompt):
            msg = f"prompt of {len(prompt)} tokens for a cache of {cache.prompt_length}: make a cache of that length"
            raise InputError(msg)
        cache.fill(0, self.read_prompt(self.embed_prompt(prompt[None], visual[None])))
        return PrefilledAnswer(self, cache)

    def uncached(self, prompt: Tensor, visual: Tensor, *, guided: bool = False, frozen: bool = False) -> UncachedAnswer:
        """The twin of `prefill` that reads prompt and answer anew at each pass: its reference.

        Args:
            prompt: (P,) ids.
            visual: (V, d).
            guided: With the unconditional prompt as second context.
            frozen: Mode `full` only: read the prompt beside an answer of masks, not beside the current one.

        """
        self.check_prompt(prompt, visual.shape[0])
        return UncachedAnswer(self, prompt, visual, guided=guided, frozen=frozen)

    def check_prompt(self, prompt: Tensor, visual_tokens: int) -> None:
        """Refuse a prompt that the image or the positions do not fit.

        Raises:
            InputError: The text says which.

        """
        places = int((prompt < 0).sum())
        if places not in {0, visual_tokens}:
            msg = f"prompt has {places} places for an image of {visual_tokens} visual tokens: build it for that image"
            raise InputError(msg)
        needed = len(prompt) + self.config.answer_length
        if needed > self.config.max_positions:
            msg = f"prompt and answer take {needed} positions, the network has {self.config.max_positions}"
            raise InputError(msg)
        if len(prompt) and int(prompt.max()) >= self.config.text_tokens + NUMBER_COUNT:
            msg = f"prompt token {int(prompt.max())} is outside the vocabulary of {self.config.vocabulary_size}"
            raise InputError(msg)

    def _layers(self) -> list[Block]:
        return list(self.blocks)  # type: ignore[arg-type]

    def _placed(self, rows: Tensor, first: int) -> Tensor:
        if self.positions is None:
            return rows
        return rows + self.positions[first : first + rows.shape[-2]].to(rows.dtype)

    def _rotary(self, first: int, count: int) -> RotaryTable | None:
        if self.positions is not None:
            return None
        return self.cos[first : first + count], self.sin[first : first + count]
