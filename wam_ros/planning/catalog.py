"""The planners by name, who drives by default, and the weights and vehicle descriptions that ship with the package."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wam_ros.core.config import unknown_key
from wam_ros.core.errors import ConfigError
from wam_ros.core.protocols import Planner
from wam_ros.core.resources import resource
from wam_ros.core.vehicle import VehicleDescription
from wam_ros.planning.constant_velocity import ConstantVelocityPlanner
from wam_ros.planning.expert_planner import ExpertPlanner, TruthBuffer
from wam_ros.planning.route_follower import RouteFollower

BASELINES = ("constant_velocity", "route_follower")
WAM_DIFF, CNN = "wam_diff", "cnn"
PLANNER_NAMES = (*BASELINES, WAM_DIFF, CNN)  # these need nothing but an observation
PRIVILEGED = "privileged_expert"  # needs the truth of a simulated world besides
DEFAULT_DRIVER = WAM_DIFF  # drives a simulated world where nobody is named
SHIPPED_WEIGHTS = "config/weights/small"  # of wam_diff
RANDOM_WEIGHTS = "random:small"
ENGINE_BACKENDS = ("eager", "inductor", "tensorrt")
FALL_BACKS = ("eager", "none")
FIXED_DTYPES = ("bfloat16", "float32")
COMPUTE_DTYPES = ("auto", *FIXED_DTYPES)
QUANTISATIONS = ("none", "int8", "fp8")
DECODE_ORDERS = ("reverse-causal", "bisect", "causal", "confidence", "random", "scenario")
EARLY_COMMITS = ("off", "factor", "threshold")


@dataclass(frozen=True)
class PlannerOptions:
    """What the planners can be told; each looks at its own.

    Fields:
        target_speed: That the route follower seeks [m/s].
        checkpoint: Of wam_diff and cnn: a folder, or "random:PRESET" for weights that nobody trained; empty = see
            `weights_of`.
        compute_dtype: Of its network; auto = as suits the device, see models.compute_dtype.
        quantisation: Of the products of its layers: none, int8 or fp8, see models.quantised.
        device: That wam_diff's network runs on: cpu, cuda or cuda:N.
        backend: That runs wam_diff's network, of engines.BACKENDS.
        engines: Folder of `wam engine build`; empty = none.
        fall_back: Where the backend cannot be had: eager or none.
        weight_noise: Makes wam_diff worse on purpose, see models.perturbed; 0 = none.
        visual_stride: wam_diff reads every so many-th visual token, see models.thinned; 1 = all.
        threads: Of torch; more than one makes the slowest plans slower on a busy machine.
        order: In which it commits waypoints.
        steps: Decoding steps at most; 0 = one per waypoint.
        guidance, guidance_floor: Scale of classifier-free guidance, 0 = none, and its floor, see DecodeSettings.
        early_commit, early_level: Whether steps commit more than is due where the net is sure, see EarlyCommit.
        start_level: Probability of going from which on a vehicle at rest goes, see decoding.start_rule; 0 = no rule.
        candidates: Plans in all, the main one included.

    """

    target_speed: float = 13.9
    checkpoint: str = ""
    compute_dtype: str = "auto"
    quantisation: str = "none"
    device: str = "cpu"
    backend: str = "eager"
    engines: str = ""
    fall_back: str = "eager"
    weight_noise: float = 0.0
    visual_stride: int = 1
    threads: int = 1
    order: str = "reverse-causal"
    steps: int = 0
    guidance: float = 0.0
    guidance_floor: float = 1e-3
    early_commit: str = "off"
    early_level: float = 1.0
    start_level: float = 0.5
    candidates: int = 1


def shipped_weights() -> Path | None:
    """The folder of the weights of wam_diff that ship with the package; None where none do."""
    try:
        return resource(SHIPPED_WEIGHTS)
    except ConfigError:
        return None


def weights_of(planner: str, checkpoint: str) -> str:
    """The weights that a planner takes where `checkpoint` is asked for; empty for planners that have none.

    An empty `checkpoint` means the shipped weights, and weights that nobody trained for a planner without shipped ones.
    """
    if planner not in {WAM_DIFF, CNN}:
        return ""
    if checkpoint:
        return checkpoint
    shipped = shipped_weights() if planner == WAM_DIFF else None
    return RANDOM_WEIGHTS if shipped is None else str(shipped)


def make_planner(name: str, vehicle: VehicleDescription, options: PlannerOptions | None = None) -> Planner:
    """The planner of that name.

    Raises:
        ConfigError: There is no such planner, or an option of it is wrong.

    """
    options = PlannerOptions() if options is None else options
    match name:
        case "constant_velocity":
            return ConstantVelocityPlanner()
        case "route_follower":
            return RouteFollower(vehicle, options.target_speed)
        case "wam_diff":
            return _wam_diff(options)
        case "cnn":
            from wam_ros.planning.cnn_planner import load_cnn_planner

            return load_cnn_planner(weights_of(CNN, options.checkpoint), options.threads)
        case "privileged_expert":
            from wam_ros.planning.expert import PrivilegedExpert

            return ExpertPlanner(PrivilegedExpert(vehicle), TruthBuffer())
    msg = f"planner: {unknown_key(name, (*PLANNER_NAMES, PRIVILEGED))}"
    raise ConfigError(msg)


def _wam_diff(options: PlannerOptions) -> Planner:
    from wam_ros.decoding import DecodeSettings  # torch takes a second to load
    from wam_ros.engines import EngineChoice
    from wam_ros.planning.wam_diff import load_wam_diff

    settings = DecodeSettings(
        order=options.order,  # type: ignore[arg-type]  # it checks
        steps=options.steps or None,
        guidance=options.guidance,
        guidance_floor=options.guidance_floor,
        early_commit=options.early_commit,  # type: ignore[arg-type]  # likewise
        early_level=options.early_level,
        start_level=options.start_level,
        candidates=options.candidates,
    )
    weights = weights_of(WAM_DIFF, options.checkpoint)
    engines = Path(options.engines) if options.engines else None
    choice = EngineChoice(options.backend, engines, options.fall_back)  # type: ignore[arg-type]  # it checks
    return load_wam_diff(
        weights,
        settings,
        options.compute_dtype,
        options.threads,
        choice,
        weight_noise=options.weight_noise,
        visual_stride=options.visual_stride,
        quantisation=options.quantisation,
        device=options.device,
    )


def load_vehicle(name_or_path: str) -> VehicleDescription:
    """A vehicle by its name under config/vehicle, or by the path of a YAML file.

    Raises:
        ConfigError: There is none of that name, or the file is wrong.

    """
    path = Path(name_or_path)
    if path.suffix in {".yaml", ".yml"}:
        return VehicleDescription.load(path)
    folder = resource("config/vehicle")
    shipped = sorted(file.stem for file in folder.glob("*.yaml"))
    if name_or_path not in shipped:
        msg = f"vehicle: {unknown_key(name_or_path, shipped)}; or give the path of a .yaml file"
        raise ConfigError(msg)
    return VehicleDescription.load(folder / f"{name_or_path}.yaml")
