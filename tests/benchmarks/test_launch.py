"""What a benchmark has started ends with it."""

import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WITHIN_S = 60
PARENT = """
import subprocess, sys
from benchmarks.launch import bound_to_this_process
sleeper = "import time; print('here', flush=True); time.sleep(600)"
subprocess.Popen(bound_to_this_process([sys.executable, "-c", sleeper])).wait()
"""


def test_a_program_is_gone_when_the_one_that_started_it_was_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    try:
        assert parent.stdout.readline() == b"here\n"
    finally:
        parent.send_signal(signal.SIGKILL)
    # The pipe ends when nobody holds it any more: neither the parent nor what it started.
    said, _ = parent.communicate(timeout=WITHIN_S)
    assert said == b""
