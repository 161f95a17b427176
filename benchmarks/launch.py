"""Starts programs that end when the process that started them ends, however that happens."""

import os
import signal
import sys
from collections.abc import Sequence

from server.embedded.child import LAUNCHER


def bound_to_this_process(command: Sequence[str]) -> list[str]:
    """Returns a command that becomes `command` (whose program is a whole path) and is killed when the starting thread is gone."""
    return [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), str(int(signal.SIGKILL)), *command]
