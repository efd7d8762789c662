"""How a masked-diffusion network is run: prefill once, then steps over the answer's rows. Knows no checkpoint."""

from wam_ros.engines.answer import EngineAnswer
from wam_ros.engines.build import build_engine
from wam_ros.engines.built import BuiltEngine
from wam_ros.engines.cuda_graphs import CudaGraphEngine
from wam_ros.engines.eager import EagerEngine
from wam_ros.engines.engine import Engine, PrefixCache
from wam_ros.engines.engine_key import EngineKey
from wam_ros.engines.engine_store import StoredEngine, stored_engines
from wam_ros.engines.inductor import InductorEngine
from wam_ros.engines.network import Network
from wam_ros.engines.program_engine import FallBack
from wam_ros.engines.registry import BACKENDS, EngineChoice, make_engine

__all__ = [
    "BACKENDS",
    "BuiltEngine",
    "CudaGraphEngine",
    "EagerEngine",
    "Engine",
    "EngineAnswer",
    "EngineChoice",
    "EngineKey",
    "FallBack",
    "InductorEngine",
    "Network",
    "PrefixCache",
    "StoredEngine",
    "build_engine",
    "make_engine",
    "stored_engines",
]
