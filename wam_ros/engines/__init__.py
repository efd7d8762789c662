"""How a masked-diffusion network is run: prefill once, then steps over the answer's rows. Knows no checkpoint."""

from wam_ros.engines.answer import EngineAnswer
from wam_ros.engines.eager import EagerEngine
from wam_ros.engines.engine import Engine, PrefixCache
from wam_ros.engines.engine_key import EngineKey
from wam_ros.engines.inductor import InductorEngine
from wam_ros.engines.network import Network
from wam_ros.engines.registry import BACKENDS, make_engine

__all__ = [
    "BACKENDS",
    "EagerEngine",
    "Engine",
    "EngineAnswer",
    "EngineKey",
    "InductorEngine",
    "Network",
    "PrefixCache",
    "make_engine",
]
