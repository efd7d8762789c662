"""What the machine can do at best, measured, and how near a network's programs come to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wam_ros.cli.bench_decode_work import Work, prefill_work, step_work
from wam_ros.cli.bench_report import percentile

if TYPE_CHECKING:
    import torch

    from wam_ros.engines import Engine

_SIDE = {"cpu": 1024, "cuda": 8192}  # of the matrices
_BUFFER_BYTES = {"cpu": 1 << 28, "cuda": 1 << 32}  # larger than caches, and long beside a launch
_TRIES = 5


@dataclass(frozen=True)
class Peaks:
    """The best of a few tries on one device, on a CPU with torch's threads of now.

    Fields:
        flops_per_s: Of the product of two large square matrices in the programs' type.
        bytes_per_s: The faster of reading and of copying a buffer that no cache holds. Programs whose weights fit the
            caches may beat it.

    """

    flops_per_s: float
    bytes_per_s: float


def measure_peaks(dtype: torch.dtype, device: torch.device) -> Peaks:
    """Takes about a second."""
    import torch

    side = _SIDE[device.type]
    one, other = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    buffer = torch.zeros(_BUFFER_BYTES[device.type] // 4, device=device)
    copy = torch.empty_like(buffer)
    matmul = min(_times_s(lambda: one @ other, device))
    reading = buffer.nbytes / min(_times_s(buffer.sum, device))
    copying = 2 * buffer.nbytes / min(_times_s(lambda: copy.copy_(buffer), device))
    return Peaks(2 * side**3 / matmul, max(reading, copying))


def achieved(engine: Engine, prompt_length: int, visual_tokens: int, peaks: Peaks, repeats: int) -> dict[str, Any]:
    """Figures of both programs of a WamDiff network, for a row; a share is the roofline's time by the median time."""
    import torch

    from wam_ros.models import WamDiff
    from wam_ros.models.tokenizer import IMAGE_PLACEHOLDER

    model = engine.network
    assert isinstance(model, WamDiff)
    config, device = model.config, model.device
    prompt = torch.full((prompt_length,), config.mask_id, device=device)
    prompt[:visual_tokens] = IMAGE_PLACEHOLDER
    visual = torch.zeros(visual_tokens, config.width, dtype=model.compute_dtype, device=device)
    tokens = torch.full((1, config.answer_length), config.mask_id, device=device)
    with torch.inference_mode():
        cache = engine.prefill(prompt, visual)
        prefill = _times_s(lambda: engine.prefill(prompt, visual), device, repeats)
        step = _times_s(lambda: engine.hidden(cache, tokens), device, repeats)
    return {
        "peak_gflop_per_s": round(peaks.flops_per_s / 1e9, 1),
        "peak_gb_per_s": round(peaks.bytes_per_s / 1e9, 1),
        **_figures("prefill", prefill_work(model, prompt_length), prefill, peaks),
        **_figures("step", step_work(model, prompt_length, 1, cache.contexts), step, peaks),
    }


def _figures(name: str, work: Work, times_s: list[float], peaks: Peaks) -> dict[str, Any]:
    median = percentile([took * 1e3 for took in times_s], 50)
    assert median is not None
    bound_ms = work.bound_s(peaks.flops_per_s, peaks.bytes_per_s) * 1e3
    return {
        f"{name}_gflop": round(work.flops / 1e9, 4),
        f"{name}_mb": round(work.bytes / 1e6, 2),
        f"{name}_program_ms_p50": median,
        f"{name}_roofline_ms": round(bound_ms, 4),
        f"{name}_share_of_peak": round(bound_ms / median, 3),
    }


def _times_s(function: Callable[[], Any], device: torch.device, tries: int = _TRIES) -> list[float]:
    """Durations after one call that does not count."""
    from wam_ros.planning.wam_diff_device import device_clock

    now, times = device_clock(device), []
    for _ in range(tries + 1):
        begun = now()
        function()
        times.append(now() - begun)
    return times[1:]
