from __future__ import annotations

import platform

import pytest
import torch

from wam_ros.core.errors import ConfigError
from wam_ros.core.processor import cpu_flags, cpu_model
from wam_ros.models import compute_dtype
from wam_ros.models.compute_dtype import compute_dtype_of


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [
        ("flags\t\t: fpu fma avx2 f16c", torch.float32),
        ("flags\t\t: fpu avx2 avx512f avx512bw", torch.float32),
        ("flags\t\t: fpu avx2 avx512f avx512_bf16", torch.bfloat16),
        ("flags\t\t: fpu avx2 amx_bf16 amx_tile", torch.bfloat16),
        ("Features\t: fp asimd i8mm bf16", torch.bfloat16),
        ("Features\t: fp asimd", torch.float32),
        ("", torch.float32),
    ],
)
def test_auto_is_bfloat16_where_the_processor_multiplies_it(
    monkeypatch: pytest.MonkeyPatch, flags: str, wanted: torch.dtype
) -> None:
    monkeypatch.setattr(compute_dtype, "cpu_flags", lambda: flags)
    assert compute_dtype_of("auto") is wanted
    assert compute_dtype_of("auto", torch.device("cpu")) is wanted
    assert compute_dtype_of("bfloat16") is torch.bfloat16
    assert compute_dtype_of("float32") is torch.float32


def test_another_name_is_refused() -> None:
    with pytest.raises(ConfigError, match="'float16', wanted auto, bfloat16, float32"):
        compute_dtype_of("float16")


def test_this_processor_tells_what_it_can() -> None:
    assert "\n" not in cpu_flags() + cpu_model()
    if platform.machine() == "x86_64":
        assert "sse2" in cpu_flags().split()
