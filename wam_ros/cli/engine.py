"""`wam engine`: build a network's programs ahead of driving, and say what built ones are good for. Composes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wam_ros.planning.catalog import COMPUTE_DTYPES, QUANTISATIONS, PlannerOptions

if TYPE_CHECKING:
    from wam_ros.engines import EngineKey, StoredEngine
    from wam_ros.models import Checkpoint

_BACKENDS = ("inductor", "tensorrt", "onnx")


def add_parser(subparsers: Any) -> None:
    """Add `engine` with `build` and `info`."""
    parser = subparsers.add_parser("engine", help="build a network's programs ahead of driving")
    commands = parser.add_subparsers(dest="engine_command", required=True)
    build = commands.add_parser("build", help="compile prefill and step for a checkpoint on this machine")
    build.add_argument("--weights", required=True, metavar="DIR", help="a checkpoint, also published, or random:PRESET")
    build.add_argument("--backend", choices=_BACKENDS, required=True, help="onnx is for other runtimes: not run here")
    build.add_argument("--out", type=Path, required=True, metavar="DIR", help="gets a folder per engine")
    build.add_argument(
        "--compute-dtype", choices=COMPUTE_DTYPES, default=PlannerOptions.compute_dtype, help="(%(default)s)"
    )
    build.add_argument("--quantisation", choices=QUANTISATIONS, default="none", help="(%(default)s)")
    build.add_argument("--device", default="cpu", help="cpu, cuda or cuda:N (%(default)s)")
    build.add_argument("--threads", type=int, default=1, help="of torch on a CPU, as when driving (%(default)s)")
    build.add_argument("--candidates", type=int, default=1, help="plans in all, as when driving (%(default)s)")
    build.add_argument("--guided", action="store_true", help="for classifier-free guidance")
    build.set_defaults(run=run_build)
    info = commands.add_parser("info", help="what engines were built for, and whether this machine can use them")
    info.add_argument("path", type=Path, metavar="DIR", help="an engine's folder, or one with several")
    info.set_defaults(run=run_info)


def run_build(args: argparse.Namespace) -> int:
    """`wam engine build`."""
    import torch

    from wam_ros.engines import EngineKey, build_engine
    from wam_ros.models.quantised import Quantisation, quantise
    from wam_ros.planning.wam_diff_weights import checkpoint_of

    torch.set_num_threads(args.threads)
    checkpoint = checkpoint_of(args.weights, args.compute_dtype, args.device)
    checkpoint = quantise(checkpoint, Quantisation(args.quantisation))
    prompt_length, visual_tokens = _shapes(checkpoint)
    key = EngineKey.here(
        args.backend,
        checkpoint.model,
        checkpoint.weights_hash,
        prompt_length=prompt_length,
        visual_tokens=visual_tokens,
        answers=args.candidates,
        contexts=2 if args.guided else 1,
    )
    print(f"prompt of {prompt_length} tokens, {visual_tokens} of them the image's; {checkpoint.provenance}", flush=True)
    _print(build_engine(checkpoint.model, key, args.out))
    return 0


def run_info(args: argparse.Namespace) -> int:
    """`wam engine info`: 1 where an engine cannot be used here."""
    from wam_ros.core.errors import ConfigError
    from wam_ros.engines import stored_engines

    usable = True
    for engine in stored_engines(args.path):
        _print(engine)
        faults = _faults_here(engine.key)
        try:
            engine.check_files()
        except ConfigError as err:
            faults.append(str(err))
        print(
            f"  {'cannot be used here: ' + '; '.join(faults) if faults else 'files are whole, built for this machine'}"
        )
        usable = usable and not faults
    return 0 if usable else 1


def _shapes(checkpoint: Checkpoint) -> tuple[int, int]:
    """Tokens of the prompt, and of the image, for the checkpoint's own camera."""
    import torch

    from wam_ros.models import Situation, build_prompt

    camera, model = checkpoint.camera, checkpoint.model
    with torch.inference_mode():
        black = torch.zeros(1, camera.height, camera.width, 3, dtype=torch.uint8, device=model.device)
        visual_tokens = model.see(black).shape[1]
    # Compact prompts are all of one length; literal ones may differ by a word, and then run without the program.
    prompt = build_prompt(
        Situation("straight", (0.0, 0.0), (0.0, 0.0), 0.0, None), checkpoint.tokenizer, model.config, visual_tokens
    )
    return len(prompt.tokens), visual_tokens


def _faults_here(key: EngineKey) -> list[str]:
    """How this machine differs from the one that built it; the weights are asked for when they are loaded."""
    import torch

    from wam_ros.engines.engine_key import device_in_words, libraries_of, source_hash
    from wam_ros.models import WamDiff

    here = {
        "torch_version": str(torch.__version__),
        "libraries": libraries_of(key.backend),
        "source": source_hash(WamDiff),
    }
    if key.device.startswith("cpu"):
        here["device"] = device_in_words(torch.device("cpu"))
    elif torch.cuda.is_available():
        here["device"] = device_in_words(torch.device("cuda"))
    else:
        here["device"] = "no CUDA device"
    return [
        f"{name} {getattr(key, name)!r}, here {value!r}" for name, value in here.items() if getattr(key, name) != value
    ]


def _print(engine: StoredEngine) -> None:
    import dataclasses

    sizes = [
        f"{name} {(engine.folder / name).stat().st_size / 1e6:.1f} MB"
        for name in engine.files
        if (engine.folder / name).is_file()
    ]
    print(engine.folder)
    for name, value in dataclasses.asdict(engine.key).items():
        print(f"  {name}: {value}")
    print(f"  files: {', '.join(sizes)}")
