"""Programs for `inductor` built ahead: AOTInductor packages without weights, which they share with the network.

A package is a zip with a shared library in it. Loading one runs its native code: load only what you built.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import nn
from torch._inductor import aoti_compile_and_package, aoti_load_package
from torch.export import ExportedProgram

from wam_ros.core.errors import ConfigError
from wam_ros.engines.network import Network

SUFFIX = ".pt2"
# Neither copied into the file nor folded away: a file of some MB for weights of any size.
_WEIGHTS_STAY_OUTSIDE = {"aot_inductor.package_constants_in_so": False, "always_keep_tensor_constants": True}


def write_package(exported: ExportedProgram, path: Path) -> None:
    """Compile for this machine.

    Raises:
        RuntimeError: The compiler failed.

    """
    aoti_compile_and_package(exported, package_path=str(path), inductor_configs=_WEIGHTS_STAY_OUTSIDE)


def load_package(path: Path, network: Network) -> Callable[..., Any]:
    """A program that reads the network's own weights; they must stay where they are as long as it is used.

    Raises:
        ConfigError: The package wants weights that the network lacks.

    """
    assert isinstance(network, nn.Module)
    runner = aoti_load_package(str(path))
    weights = {f"network.{name}": weight for name, weight in (*network.named_parameters(), *network.named_buffers())}
    wanted = runner.get_constant_fqns()
    unknown = [name for name in wanted if name not in weights]
    if unknown:
        msg = f"{path}: wants weights that the network lacks: {', '.join(unknown[:5])}; build it anew"
        raise ConfigError(msg)
    runner.load_constants({name: weights[name] for name in wanted}, check_full_update=True, user_managed=True)
    run: Callable[..., Any] = runner
    return run
