"""Networks and what belongs to their weights: tokenizer, prompt, checkpoint. torch only; decoding is not known here."""

from wam_ros.models.answer import PrefilledAnswer, PromptCache, UncachedAnswer
from wam_ros.models.checkpoint import Checkpoint, load_checkpoint, random_checkpoint, save_checkpoint
from wam_ros.models.config import PRESETS, WamDiffConfig, preset
from wam_ros.models.model import WamDiff
from wam_ros.models.prompt import Prompt, Situation, build_prompt, command_from_instruction, unconditional_prompt
from wam_ros.models.tokenizer import HybridTokenizer

__all__ = [
    "PRESETS",
    "Checkpoint",
    "HybridTokenizer",
    "PrefilledAnswer",
    "Prompt",
    "PromptCache",
    "Situation",
    "UncachedAnswer",
    "WamDiff",
    "WamDiffConfig",
    "build_prompt",
    "command_from_instruction",
    "load_checkpoint",
    "preset",
    "random_checkpoint",
    "save_checkpoint",
    "unconditional_prompt",
]
