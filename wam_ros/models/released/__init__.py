"""Published checkpoints (LLaDA, LLaDA-V, WAM-Diff) into our network, and the same network with random weights."""

from wam_ros.models.released.fresh import random_network
from wam_ros.models.released.hf_vocabulary import HfVocabulary
from wam_ros.models.released.layouts import LLADA, LLADA_V, WAM_DIFF, Layout, Source, layout_of
from wam_ros.models.released.loader import load_released
from wam_ros.models.released.settings import released_config

__all__ = [
    "LLADA",
    "LLADA_V",
    "WAM_DIFF",
    "HfVocabulary",
    "Layout",
    "Source",
    "layout_of",
    "load_released",
    "random_network",
    "released_config",
]
