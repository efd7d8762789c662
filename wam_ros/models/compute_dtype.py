"""In which type a network's large parts compute: as told, or as suits the device. It changes no network."""

from __future__ import annotations

import torch

from wam_ros.core.errors import ConfigError
from wam_ros.core.processor import cpu_flags

DTYPES = {"bfloat16": torch.bfloat16, "float32": torch.float32}
AUTO = "auto"
NAMES = (AUTO, *DTYPES)
_MULTIPLIES_BFLOAT16 = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
"""Flags of processors with such an instruction, x86's and Arm's; others imitate it, far slower than float32."""


def compute_dtype_of(name: str, device: torch.device | str = "cpu") -> torch.dtype:
    """The type by its name; "auto" is bfloat16 where the device multiplies it in hardware, else float32.

    Args:
        name: bfloat16, float32 or auto.
        device: That the network runs on.

    Raises:
        ConfigError: No such name.

    """
    if name == AUTO:
        return torch.bfloat16 if _multiplies_bfloat16(torch.device(device)) else torch.float32
    if name not in DTYPES:
        msg = f"compute type {name!r}, wanted {', '.join(NAMES)}"
        raise ConfigError(msg)
    return DTYPES[name]


def dtype_name(dtype: torch.dtype) -> str:
    """The name of a type, without torch's."""
    return str(dtype).removeprefix("torch.")


def _multiplies_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return not _MULTIPLIES_BFLOAT16.isdisjoint(cpu_flags().split())
