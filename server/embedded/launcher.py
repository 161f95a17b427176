"""Starts as the child: asks the kernel to signal it when its parent ends, then becomes the real program.

Run as `python -I -S launcher.py PARENT_PID SIGNAL PROGRAM ARGUMENT...`. It is a program and not a `preexec_fn`, because
that would fork a process that has threads. The signal is tied to the *thread* that started the child, so that thread
must live as long as the child (see child.py). The tie survives exec.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    parent_pid, death_signal = int(sys.argv[1]), int(sys.argv[2])
    if sys.platform == "linux":
        if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
            sys.exit(f"prctl failed: {os.strerror(ctypes.get_errno())}")
        if os.getppid() != parent_pid:
            return  # the parent ended before its end was watched
    os.execv(sys.argv[3], sys.argv[3:])  # noqa: S606 - the arguments are ours


main()
