"""What a ROS workspace sees of this package: manifest, executables, launch files, parameters, DDS profiles, install."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from wam_ros.core.resources import resource
from wam_ros.ros.process import use_large_image_profile

ROOT = Path(__file__).resolve().parents[1]
# ROS packages that the PyPI wheels lack, so that no ament index need know them here.
NOT_ON_PYPI = {"launch", "launch_ros", "launch_pytest", "message_filters", "cv_bridge", "rviz2"}
OPTIONAL = {"cv_bridge"}
# Python module -> its rosdep key.
ROSDEP_KEYS = {
    "numpy": "python3-numpy",
    "cv2": "python3-opencv",
    "yaml": "python3-yaml",
    "transforms3d": "python3-transforms3d",
    "jsonschema": "python3-jsonschema",
}
PROFILES = ("large_images.xml", "large_images_localhost.xml")
LAUNCH_FILES = sorted(file for file in (ROOT / "launch").iterdir() if file.is_file())
# Parameters that every node of rclpy has.
OF_RCLPY = {"use_sim_time", "start_type_description_service"}


def imported(folders: tuple[str, ...]) -> set[str]:
    """Top-level modules that the Python files of the folders import; wam_ros/msg is generated."""
    files = [file for name in folders for file in (ROOT / name).rglob("*") if file.is_file()]
    names: set[str] = set()
    for file in files:
        if (file.suffix == ".py" or file.parent.name == "scripts") and file.parent != ROOT / "wam_ros" / "msg":
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    names |= {alias.name for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.level == 0:
                    names.add(node.module or "")
                elif isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.importorskip":
                    names.add(ast.literal_eval(node.args[0]))
    return {name.partition(".")[0] for name in names} - {"wam_ros", "test"}


def declared(*tags: str) -> set[str]:
    manifest = ET.parse(ROOT / "package.xml").getroot()  # noqa: S314  # our own file
    return {str(entry.text) for tag in tags for entry in manifest.iter(tag)}


def wanted_dependencies(folders: tuple[str, ...]) -> set[str]:
    from ament_index_python import get_packages_with_prefixes

    prefix = os.environ.get("AMENT_PREFIX_PATH", sys.prefix)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AMENT_PREFIX_PATH", prefix)
        ros_packages = set(get_packages_with_prefixes()) | NOT_ON_PYPI
    names = imported(folders)
    return (names & (ros_packages - OPTIONAL)) | {ROSDEP_KEYS[name] for name in names & ROSDEP_KEYS.keys()}


@pytest.mark.ros
def test_the_manifest_declares_what_is_imported() -> None:
    wanted = wanted_dependencies(("wam_ros", "scripts", "launch"))
    assert {"rclpy", "sensor_msgs", "launch_ros", "python3-numpy"} <= wanted, "the scan finds nothing"
    assert wanted - declared("depend", "exec_depend") == set()


@pytest.mark.ros
def test_the_manifest_declares_what_the_tests_import() -> None:
    wanted = wanted_dependencies(("test",))
    assert "launch_pytest" in wanted
    assert wanted - declared("depend", "exec_depend", "test_depend") == set()


def test_executables_run_and_cmake_installs_them() -> None:
    scripts = sorted((ROOT / "scripts").iterdir())
    assert {"planner", "player", "recorder", "wam"} <= {script.name for script in scripts}
    for script in scripts:
        assert os.access(script, os.X_OK), f"{script} is not executable"
        assert script.read_text(encoding="utf-8").startswith("#!/usr/bin/env python3\n")
    cmake = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    assert "/scripts/*" in cmake
    assert "DESTINATION lib/${PROJECT_NAME}" in cmake


@pytest.mark.parametrize("file", LAUNCH_FILES, ids=lambda file: file.name)
def test_launch_files_compile_and_start_what_exists(file: Path) -> None:
    assert file.name.endswith(".launch.py"), "ros2 launch completes only names that end so"
    tree = ast.parse(file.read_text(encoding="utf-8"))
    compile(tree, str(file), "exec")
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert "generate_launch_description" in functions
    started = [
        {keyword.arg: keyword.value.value for keyword in node.keywords if isinstance(keyword.value, ast.Constant)}
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and any(keyword.arg == "executable" for keyword in node.keywords)
    ]
    assert started
    for process in started:
        if process["package"] == "wam_ros":
            assert (ROOT / "scripts" / str(process["executable"])).is_file()
        else:
            assert process == {"package": "rviz2", "executable": "rviz2"}


@pytest.mark.ros
def test_parameter_file_and_schema_are_what_the_table_says() -> None:
    pytest.importorskip("rclpy")
    from wam_ros.ros import parameters

    text = (ROOT / "config" / "planner.param.yaml").read_text(encoding="utf-8")
    schema_text = (ROOT / "config" / "schema" / "planner.schema.json").read_text(encoding="utf-8")
    remedy = "run `python -m wam_ros.ros.parameters`"
    assert text == parameters.param_yaml(), remedy
    assert schema_text == parameters.schema_json(), remedy
    values, schema = yaml.safe_load(text), json.loads(schema_text)
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.validate(values, schema)
    assert values["/**"]["ros__parameters"].keys() == parameters.defaults().keys()


@pytest.mark.ros
@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("budget_ms", 1e6, "greater than the maximum"),
        ("planner", "autopilot", "is not one of"),
        ("autostart", "yes", "is not of type 'boolean'"),
        ("budgetms", 80.0, "does not match any of the regexes"),
    ],
)
def test_the_schema_refuses_what_the_node_refuses(name: str, value: Any, problem: str) -> None:
    pytest.importorskip("rclpy")
    from wam_ros.core.errors import ConfigError
    from wam_ros.ros import parameters

    changed = {"/**": {"ros__parameters": {**yaml.safe_load(parameters.param_yaml())["/**"]["ros__parameters"]}}}
    changed["/**"]["ros__parameters"][name] = value
    with pytest.raises(jsonschema.ValidationError, match=problem):
        jsonschema.validate(changed, parameters.schema())
    with pytest.raises(ConfigError, match=name):
        parameters.NodeConfig.from_values({**parameters.defaults(), name: value})


@pytest.fixture
def planner_node() -> Iterator[Any]:
    rclpy = pytest.importorskip("rclpy")
    from test.ros.harness import next_domain
    from wam_ros.ros.planner_node import PlannerNode

    context = rclpy.Context()
    rclpy.init(context=context, domain_id=next_domain())
    node = PlannerNode(context=context)
    yield node
    node.destroy_node()
    context.try_shutdown()


@pytest.mark.ros
def test_the_node_declares_the_parameters_of_the_schema(planner_node: Any) -> None:
    text = (ROOT / "config" / "schema" / "planner.schema.json").read_text(encoding="utf-8")
    properties = json.loads(text)["properties"]["/**"]["properties"]["ros__parameters"]["properties"]
    found = planner_node.get_parameters_by_prefix("")
    assert found.keys() - OF_RCLPY == properties.keys()
    for name, schema in properties.items():
        descriptor = planner_node.describe_parameter(name)
        value = found[name].value
        assert (list(value) if isinstance(value, list) else value) == schema["default"]
        assert descriptor.description == schema["description"]
        both = (*descriptor.floating_point_range, *descriptor.integer_range)
        ranges = [(one.from_value, one.to_value) for one in both]
        assert ranges == ([(schema["minimum"], schema["maximum"])] if "minimum" in schema else [])
        assert descriptor.additional_constraints == (f"one of {', '.join(schema['enum'])}" if "enum" in schema else "")


@pytest.mark.parametrize("name", PROFILES)
def test_dds_profiles_are_well_formed(name: str) -> None:
    dds = {"": "http://www.eprosima.com"}
    root = ET.parse(resource(f"config/fastdds/{name}")).getroot()  # noqa: S314  # our own file
    defined = {
        entry.findtext("transport_id", namespaces=dds) for entry in root.iterfind(".//transport_descriptor", dds)
    }
    used = {entry.text for entry in root.iterfind(".//userTransports/transport_id", dds)}
    assert used == defined
    assert len(used) == 2
    assert root.findtext(".//segment_size", namespaces=dds) == str(64 * 1024 * 1024)
    addresses = [entry.text for entry in root.iterfind(".//interfaceWhiteList/address", dds)]
    assert addresses == (["127.0.0.1"] if "localhost" in name else [])


def fastdds_output(profile: Path) -> str:
    script = "import rclpy; from rclpy.node import Node\nwith rclpy.init(): Node('probe').destroy_node()\n"
    from test.ros.harness import next_domain

    env = {**os.environ, "FASTDDS_DEFAULT_PROFILES_FILE": str(profile), "ROS_DOMAIN_ID": str(next_domain())}
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


@pytest.mark.ros
def test_fast_dds_takes_the_profiles(tmp_path: Path) -> None:
    pytest.importorskip("rclpy")
    for name in PROFILES:
        assert "Error" not in fastdds_output(resource(f"config/fastdds/{name}"))
    broken = tmp_path / "broken.xml"
    text = resource(f"config/fastdds/{PROFILES[0]}").read_text(encoding="utf-8")
    broken.write_text(text.replace("segment_size", "segment_sice"), encoding="utf-8")
    assert "Error" in fastdds_output(broken)


@pytest.mark.parametrize(
    ("discovery", "profile"),
    [
        ("LOCALHOST", "large_images_localhost.xml"),
        ("localhost", "large_images_localhost.xml"),
        ("SUBNET", "large_images.xml"),
        (None, "large_images.xml"),
    ],
)
def test_the_profile_goes_as_far_as_discovery(
    monkeypatch: pytest.MonkeyPatch, discovery: str | None, profile: str
) -> None:
    for name in ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE"):
        monkeypatch.setenv(name, "")  # so that it is put back after the test
        monkeypatch.delenv(name)
    if discovery is None:
        monkeypatch.delenv("ROS_AUTOMATIC_DISCOVERY_RANGE", raising=False)
    else:
        monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", discovery)
    use_large_image_profile()
    assert Path(os.environ["FASTDDS_DEFAULT_PROFILES_FILE"]) == resource(f"config/fastdds/{profile}")


@pytest.mark.parametrize("name", ["FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE"])
def test_a_profile_of_the_user_stays(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for one in ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE"):
        monkeypatch.setenv(one, "")
        monkeypatch.delenv(one)
    monkeypatch.setenv(name, "/mine.xml")
    use_large_image_profile()
    found = {key: value for key, value in os.environ.items() if key.endswith("_DEFAULT_PROFILES_FILE")}
    assert found == {name: "/mine.xml"}


PROBE = """
import sys
sys.path = [entry for entry in sys.path if entry != SOURCE]
import wam_ros, wam_ros.msg
from rclpy.serialization import deserialize_message, serialize_message
from wam_ros.core.resources import resource
message = wam_ros.msg.Trajectory(reason="installed", points=[wam_ros.msg.TrajectoryPoint()])
assert deserialize_message(serialize_message(message), wam_ros.msg.Trajectory) == message
print(wam_ros.__file__, wam_ros.msg.__file__, resource("config/planner.param.yaml"), sep="\\n")
"""


def checkout(copy: Path) -> None:
    """Copy what belongs to the checkout, without ignored files."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("this is no git checkout")
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():  # a deleted file is listed until the deletion is committed
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)


def workspace_environment() -> dict[str, str]:
    env = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "LD_LIBRARY_PATH"}}
    env.pop("_ROS_WHEELS_BOOTSTRAP_COMPLETE", None)
    for key in ("AMENT_PREFIX_PATH", "CMAKE_PREFIX_PATH"):
        env.setdefault(key, sys.prefix)
    env["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), env.get("PATH", "")])
    return env


@pytest.mark.ros
@pytest.mark.slow
def test_colcon_builds_and_installs_the_checkout(tmp_path: Path) -> None:
    env = workspace_environment()
    colcon = shutil.which("colcon", path=env["PATH"])
    if colcon is None:
        pytest.skip("colcon is not installed")
    source = tmp_path / "src" / "wam_ros"
    checkout(source)
    command = [colcon, "build", "--cmake-args", "-DBUILD_TESTING=OFF", f"-DPython3_EXECUTABLE={sys.executable}"]
    built = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    prefix = tmp_path / "install" / "wam_ros"

    for script in (source / "scripts").iterdir():
        assert os.access(prefix / "lib" / "wam_ros" / script.name, os.X_OK), f"{script.name} is not installed"
    share = prefix / "share" / "wam_ros"
    for folder in ("launch", "config", "rviz", "msg"):
        wanted = {file.relative_to(source) for file in (source / folder).rglob("*") if file.is_file()}
        assert wanted
        assert {file for file in wanted if not (share / file).is_file()} == set()
    (package,) = prefix.glob("lib/python3*/site-packages/wam_ros")
    modules = {file.relative_to(source / "wam_ros") for file in (source / "wam_ros").rglob("*.py")}
    assert {module for module in modules if not (package / module).is_file()} == set()

    def run(command: str, *arguments: str) -> str:
        shell = ["bash", "-c", f'source "{tmp_path}/install/setup.bash" && exec {command} "$@"', "bash", *arguments]
        done = subprocess.run(shell, cwd="/", env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    printed = run(sys.executable, "-c", f"SOURCE = {str(ROOT)!r}{PROBE}").splitlines()
    assert printed == [
        str(package / "__init__.py"),
        str(package / "msg" / "__init__.py"),
        str(share / "config" / "planner.param.yaml"),
    ]
    assert run(f"{prefix}/lib/wam_ros/wam", "--version").startswith("wam_ros ")
    assert "usage: wam player" in run(f"{prefix}/lib/wam_ros/player", "--help", "--ros-args", "-r", "__ns:=/car")
