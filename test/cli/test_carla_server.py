from __future__ import annotations

import signal
import socket
import subprocess
import sys

import pytest

from test.carla_server.server_process import serving
from wam_ros.cli.main import main

pytest.importorskip("carla")
pytest.importorskip("libsumo")


def test_an_interrupt_ends_it_with_a_line() -> None:
    """SIGTERM is at the end of test_fuzz."""
    with serving("--vehicles", "0", "--pedestrians", "0") as server:
        code, output = server.end(signal.SIGINT)
    assert code == 0
    assert output == "carla-server: ended by SIGINT\n"


def test_a_port_in_use_is_a_clear_error(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["carla-server", "--port", str(port), "--vehicles", "0", "--pedestrians", "0"]) == 1
    error = capsys.readouterr().err
    assert f"wam carla-server: port {port} of 127.0.0.1 is in use" in error
    assert "--port" in error


def test_an_unknown_town_is_a_clear_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["carla-server", "--town", "Town99", "--port", "0"]) == 1
    assert "no town 'Town99'" in capsys.readouterr().err


def test_help_needs_none_of_the_heavy_parts() -> None:
    program = (
        "import sys\n"
        "from wam_ros.cli.main import main\n"
        "try: main(['carla-server', '--help'])\n"
        "except SystemExit as end: code = end.code\n"
        "heavy = {'carla', 'libsumo', 'panda3d', 'torch'} & set(sys.modules)\n"
        "sys.exit(code or str(heavy) if heavy else code)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60.0, check=False)
    assert done.returncode == 0, done.stderr
    assert "--streaming-port" in done.stdout
