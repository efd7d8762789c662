"""Build tools/interfaces into the environment that runs this script: the interface packages that PyPI lacks."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Configure and build with the environment's own cmake and generators."""
    prefix = Path(sys.prefix)
    scripts = sysconfig.get_path("scripts")
    env = {
        **os.environ,
        "AMENT_PREFIX_PATH": str(prefix),
        "CMAKE_PREFIX_PATH": str(prefix),
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
    }
    build = ROOT / "build" / "interfaces"
    site_packages = Path(sysconfig.get_path("purelib")).relative_to(prefix)
    configure = [
        *("cmake", "-G", "Ninja", "-S", str(ROOT / "tools" / "interfaces"), "-B", str(build)),
        *(f"-DCMAKE_INSTALL_PREFIX={prefix}", f"-DPYTHON_INSTALL_DIR={site_packages}"),
        f"-DPython3_EXECUTABLE={sys.executable}",
    ]
    subprocess.run(configure, env=env, check=True)
    subprocess.run(["cmake", "--build", str(build), "--", "-k", "1"], env=env, check=True)


if __name__ == "__main__":
    main()
