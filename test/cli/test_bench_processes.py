from __future__ import annotations

import os
import signal
import sys
import time

import pytest

from wam_ros.cli.bench_processes import BenchFailedError, meter, output_of, own_domain


def printed(code: str, limit_s: float = 20.0) -> str:
    return output_of([sys.executable, "-c", code], dict(os.environ), limit_s)


def test_what_was_printed_counts_though_the_process_never_ends() -> None:
    begun = time.monotonic()
    assert printed("import time; print('rows', flush=True); time.sleep(60)", 2.0) == "rows\n"
    assert time.monotonic() - begun < 30.0


def test_silence_and_failure_are_told() -> None:
    with pytest.raises(BenchFailedError, match="printed nothing in 1 s"):
        printed("import time; time.sleep(60)", 1.0)
    with pytest.raises(BenchFailedError, match=r"exit code 3:\n.*no planner"):
        printed("import sys; print('no planner', file=sys.stderr); sys.exit(3)")
    with pytest.raises(BenchFailedError, match="exit code 0"):
        printed("pass")


@pytest.mark.ros
def test_the_meter_ends_also_where_interrupts_are_ignored_as_in_a_scripts_background_jobs() -> None:
    pytest.importorskip("rclpy")
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with meter(own_domain()) as stalls:
            time.sleep(0.1)
    finally:
        signal.signal(signal.SIGINT, before)
    assert all(begin < end for begin, end in stalls)
