"""The planner `wam_diff`: joins the masked-diffusion network and the anytime decoder to the planner socket.

Preprocessing (image, prompt) and postprocessing (trajectory, headings, confidence) are here; tensors stay inside.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from wam_ros.core.camera import CameraImage, CanonicalCamera
from wam_ros.core.ego import EgoState
from wam_ros.core.errors import PlannerError
from wam_ros.core.geometry import SE2, Array, wrap_angle
from wam_ros.core.observation import Observation
from wam_ros.core.plan import Candidate, Plan, PlanStatus, Trajectory
from wam_ros.core.polyline import Polyline
from wam_ros.core.timing import Deadline, MonotonicClock
from wam_ros.decoding import (
    AnswerLayout,
    Calibration,
    DecodedAnswer,
    DecodeSettings,
    Scenario,
    StepTimes,
    decode,
    plan_confidence,
    waypoint_confidence,
)
from wam_ros.decoding.layout import WAYPOINT_TIMES
from wam_ros.engines import Engine, EngineAnswer, EngineChoice, make_engine
from wam_ros.models import (
    Checkpoint,
    HybridTokenizer,
    Situation,
    WamDiffConfig,
    build_prompt,
)
from wam_ros.models.compute_dtype import dtype_name
from wam_ros.models.perturbed import perturbed
from wam_ros.models.prompt import command_from_instruction
from wam_ros.models.quantised import Quantisation, quantise
from wam_ros.models.thinned import thinned
from wam_ros.planning.decode_twins import DecodeTwins
from wam_ros.planning.retreats import without_retreats
from wam_ros.planning.sharp_bends import without_sharp_bends
from wam_ros.planning.wam_diff_device import device_clock
from wam_ros.planning.wam_diff_weights import checkpoint_of, random_of

NAME = "wam_diff"
_WARM_UP_PLANS = 3
_LOOK_AHEAD = 40.0  # m of route that the scenario-aware order looks at


def answer_layout(tokenizer: HybridTokenizer) -> AnswerLayout:
    """Where a tokenizer's ids stand in an answer."""
    return AnswerLayout(
        tokenizer.mask_id, tokenizer.comma_id, tokenizer.end_id, tokenizer.number_base, tokenizer.vocabulary_size
    )


class WamDiffPlanner:
    """Masked diffusion over number tokens with an anytime decode loop.

    Args:
        checkpoint: Network, tokenizer, camera and calibration.
        settings: The decoder's choices.
        engine: What runs the network.

    Raises:
        ConfigError: The backend cannot run here and there is no fall-back.

    """

    def __init__(
        self, checkpoint: Checkpoint, settings: DecodeSettings | None = None, engine: EngineChoice | None = None
    ) -> None:
        self._checkpoint, self._device = checkpoint, checkpoint.model.device
        self._settings = DecodeSettings() if settings is None else settings
        self._layout = answer_layout(checkpoint.tokenizer)
        stored = checkpoint.calibration
        self._calibration = None if stored is None else Calibration.from_mapping(stored)
        self._engine: Engine = make_engine(
            EngineChoice() if engine is None else engine,
            checkpoint.model,
            checkpoint.weights_hash,
            guided=self._settings.guidance > 0.0,
            answers=self._settings.candidates,
        )
        self._step_times = StepTimes()
        self._clock: MonotonicClock | None = None  # that the step times were taken by
        self.parts_ms: dict[str, float] = {}  # of the latest plan, for benchmarks

    @property
    def name(self) -> str:
        """`wam_diff`."""
        return NAME

    @property
    def weights_hash(self) -> str:
        """SHA-256 of the weights file; "random-SEED" for weights that nobody trained."""
        return self._checkpoint.weights_hash

    @property
    def camera(self) -> CanonicalCamera | None:
        """The camera that the checkpoint was trained for."""
        return self._checkpoint.camera

    @property
    def provenance(self) -> str:
        """What made the weights and in which type they compute, for people."""
        return f"{self._checkpoint.provenance}; computes in {dtype_name(self._checkpoint.model.compute_dtype)}"

    @property
    def calibration_identity(self) -> str:
        """Hash of the maps that its confidences go through."""
        return (Calibration() if self._calibration is None else self._calibration).identity

    @property
    def settings(self) -> DecodeSettings:
        """How answers are decoded."""
        return self._settings

    @property
    def engine(self) -> Engine:
        """What runs the network; its fall-backs are for diagnostics."""
        return self._engine

    def warm_up(self) -> None:
        """Plan for a black image a few times: memory is taken, programs are built, step times are known.

        Compact prompts are all of one length; literal ones of another length run without built programs.
        """
        camera = self._checkpoint.camera
        pixels = np.zeros((camera.height, camera.width, 3), np.uint8)
        ego = EgoState(0, "odom", SE2(0.0, 0.0, 0.0), 0.0)
        blank = Observation(0, ego, {"front": CameraImage(0, pixels, "rgb8", camera.model())})
        with torch.inference_mode():
            prompt, visual = self._read(blank)
            self._engine.prepare(len(prompt), len(visual))
        for _ in range(_WARM_UP_PLANS):
            self.plan(blank, Deadline.unlimited())

    def reset(self) -> None:
        """Nothing is remembered of the drive; step times are of the machine and stay."""

    def plan(self, observation: Observation, deadline: Deadline) -> Plan:
        """A whole plan after the first pass, bettered until the deadline.

        Raises:
            PlannerError: There is no image, or the network gave numbers that are not finite.

        """
        if deadline.clock is not self._clock:  # a virtual clock must not learn from the warm-up on the real one
            self._clock, self._step_times = deadline.clock, StepTimes()
        now = device_clock(self._device)
        with torch.inference_mode():
            begun = now()
            prompt, visual = self._read(observation)
            seen = now()
            prefilled = EngineAnswer(self._engine, self._engine.prefill(prompt, visual))
            read = now()  # it waits for a GPU: the first step's time must not hold the prefill's
            deadline.worked("encode", 0)
            scenario = _scenario(observation)
            answer = decode(prefilled, self._layout, self._settings, deadline, self._step_times, scenario, self._device)
            self._step_times = answer.step_times
            decoded = now()
            plan = self._to_plan(answer, observation.ego)
        ended = now()
        self.parts_ms = {
            "stem": (seen - begun) * 1e3,
            "prefill": (read - seen) * 1e3,
            "decode": (decoded - read) * 1e3,
            "rest": (ended - decoded) * 1e3,
        }
        return plan

    @property
    def preset(self) -> str:
        """Name of the network's shape."""
        return self._checkpoint.model.config.name

    def measured_twins(self, observation: Observation) -> DecodeTwins:
        """Cached and uncached decoding of one observation, for benchmarks and tests."""
        prompt, visual = self._read(observation)
        return DecodeTwins(
            self._checkpoint.model, self._engine, prompt, visual, self._layout, self._settings, _scenario(observation)
        )

    def _read(self, observation: Observation) -> tuple[Tensor, Tensor]:
        """Prompt (P,) and visual tokens (V, d) of an observation, on the network's device."""
        if not observation.images:
            msg = "no image"
            raise PlannerError(msg)
        image = next(iter(observation.images.values()))
        checkpoint = self._checkpoint
        if (image.width, image.height) != (checkpoint.camera.width, checkpoint.camera.height):
            msg = (
                f"image of {image.width}x{image.height}, the checkpoint sees "
                f"{checkpoint.camera.width}x{checkpoint.camera.height}; calibrate the camera so that it can be warped"
            )
            raise PlannerError(msg)
        pixels = torch.from_numpy(np.array(image.rgb()))  # a copy: views may be read-only or reversed
        visual = checkpoint.model.see(pixels.to(self._device)[None])[0]
        config = checkpoint.model.config
        situation = situation_of(observation, config.route_distances)
        prompt = build_prompt(situation, checkpoint.tokenizer, config, len(visual))
        return prompt.tokens.to(self._device), visual

    def _to_plan(self, answer: DecodedAnswer, ego: EgoState) -> Plan:
        waypoints = published_waypoints(answer, ego.speed)
        headings = self._checkpoint.model.heading(waypoints).cpu()
        trajectories = [
            _trajectory(ego, points.double().numpy(), turns.double().numpy())
            for points, turns in zip(waypoints.cpu(), headings)
        ]
        confidence = plan_confidence(answer.first_pass, waypoints[0], trajectories[0], self._calibration)
        plan = Plan(
            trajectories[0],
            NAME,
            weights_hash=self.weights_hash,
            waypoint_confidence=confidence.waypoints.cpu().numpy(),
            confidence=confidence.overall,
            calibrated=confidence.calibrated,
            steps_done=answer.steps_done,
            steps_planned=answer.steps_planned,
            candidates=self._candidates(answer, waypoints, trajectories),
        )
        if answer.complete:
            return plan
        why = answer.fault or f"deadline: {answer.steps_done} of {answer.steps_planned} steps"
        return plan.with_status(PlanStatus.ANYTIME, why)

    def _candidates(
        self, answer: DecodedAnswer, waypoints: Tensor, trajectories: list[Trajectory]
    ) -> tuple[Candidate, ...]:
        if len(trajectories) < 2:
            return ()
        confidences = waypoint_confidence(answer.first_pass, waypoints).cpu()
        return tuple(
            Candidate(trajectory, score, confidence.numpy())
            for trajectory, score, confidence in zip(trajectories, answer.scores.tolist(), confidences)
        )


def published_waypoints(answer: DecodedAnswer, speed: float) -> Tensor:
    """(K, 8, 2) of an answer as published, without small steps back or aside; `speed` is the vehicle's [m/s]."""
    read, back = answer.waypoints, speed < 0.0
    told = [without_retreats(points.double().numpy(), reverse=back) for points in read.cpu()]
    return torch.tensor(
        np.array([without_sharp_bends(points, reverse=back) for points in told]), dtype=read.dtype, device=read.device
    )


def situation_of(observation: Observation, route_distances: tuple[float, ...]) -> Situation:
    """What the prompt tells of an observation: the one way for training and driving.

    Args:
        observation: Ego state, route and instruction.
        route_distances: Arc lengths ahead of the ego's foot on the route at which its points are told [m].

    """
    ego = observation.ego
    route: list[tuple[float, float] | None] | None = None
    if observation.route is not None:
        line = observation.route.line
        ahead = line.project(ego.pose.position).arc_length + np.asarray(route_distances)
        points = ego.pose.inverse().apply(line.position(ahead))
        route = [(float(x), float(y)) if at <= line.length else None for (x, y), at in zip(points, ahead, strict=True)]
    return Situation(
        command=command_from_instruction(observation.instruction),
        velocity=(ego.speed, ego.lateral_speed),
        acceleration=(ego.acceleration, ego.lateral_acceleration),
        yaw_rate=ego.yaw_rate,
        route=route,
    )


def _scenario(observation: Observation) -> Scenario:
    curvature = None
    if observation.route is not None:
        line = observation.route.line
        curvature = curvature_ahead(line, line.project(observation.ego.pose.position).arc_length)
    return Scenario(observation.ego.speed, curvature, observation.instruction)


def curvature_ahead(line: Polyline, here: float) -> float:
    """The curvature of largest magnitude ahead of an arc length [m] of a route, as scenarios tell it [1/m]."""
    curvatures = line.curvature(here + np.arange(0.0, _LOOK_AHEAD, 4.0))
    return float(curvatures[np.argmax(np.abs(curvatures))])


def _trajectory(ego: EgoState, points: Array, headings: Array) -> Trajectory:
    """Waypoints (8, 2) and headings (8,) in base_link at t0, told in the ego's frame."""
    yaw = np.asarray(wrap_angle(headings + ego.pose.yaw))
    return Trajectory.from_waypoints(ego, np.array(WAYPOINT_TIMES), ego.pose.apply(points), yaw)


def load_wam_diff(
    checkpoint: str,
    settings: DecodeSettings | None = None,
    compute_dtype: str = "auto",
    threads: int = 1,
    engine: EngineChoice | None = None,
    weight_noise: float = 0.0,
    visual_stride: int = 1,
    quantisation: str = "none",
    device: str = "cpu",
) -> WamDiffPlanner:
    """The planner of a checkpoint folder, or of "random:PRESET": weights that nobody trained.

    Sets the number of torch's threads for the whole process.

    Args:
        checkpoint: Folder, ours or of a published layout (see models.released), or preset.
        settings: The decoder's choices.
        compute_dtype: Of vision and layers: bfloat16, float32 or auto, see `models.compute_dtype`.
        threads: Of torch.
        engine: What runs the network.
        weight_noise: Makes it worse on purpose, see `perturbed`; 0 = none.
        visual_stride: It reads every so many-th visual token, see `thinned`; 1 = all.
        quantisation: Of the products of its layers: none, int8 or fp8, see `quantised`.
        device: That it runs on: cpu, cuda or cuda:N.

    Raises:
        ConfigError: The folder cannot be used, there is no such preset or device, or the backend cannot run here.

    """
    torch.set_num_threads(threads)
    made = checkpoint_of(checkpoint, compute_dtype, device)
    if weight_noise != 0.0:
        made = perturbed(made, weight_noise)
    if visual_stride != 1:
        made = thinned(made, visual_stride)
    made = quantise(made, Quantisation(quantisation))
    return WamDiffPlanner(made, settings, engine)


def random_wam_diff(
    config: WamDiffConfig,
    settings: DecodeSettings | None = None,
    compute_dtype: str = "auto",
    threads: int = 1,
    engine: EngineChoice | None = None,
    device: str = "cpu",
) -> WamDiffPlanner:
    """As `load_wam_diff`, for a network of any shape with weights that nobody trained."""
    torch.set_num_threads(threads)
    return WamDiffPlanner(random_of(config, compute_dtype, device), settings, engine)
