"""What every process has that looks into somebody's file: bounds on its time and memory, and the way in which it answers."""

import os
import struct
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

REFUSED = 3  # the exit status, with one line for people on stderr
LENGTH = struct.Struct(">I")
NEEDED = struct.Struct(">Q")


class Refused(Exception):
    """Says why a file cannot be used, in words that its sender may read."""


def limit(cpu_s: int) -> None:
    """Limit this process to `cpu_s` seconds of processor time, and let it write no file, not even a core dump."""
    try:
        import resource
    except ImportError:  # not made for Windows
        return
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def limit_memory(more_bytes: int) -> None:
    """Limit further memory to this many bytes of address space."""
    # Not made for Windows; elsewhere than on Linux the estimate alone must do.
    with suppress(ImportError, OSError, ValueError):
        import resource

        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
        most = pages * resource.getpagesize() + more_bytes
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))


def wait_for(needed_bytes: int) -> None:
    """Write how much memory is needed, and wait until it may be taken."""
    sys.stdout.buffer.write(NEEDED.pack(needed_bytes))
    sys.stdout.buffer.flush()
    if not sys.stdin.buffer.read(1):
        raise Refused("Nobody waits for this picture.")


def answer(file: str, cpu_s: int, make: Callable[[BinaryIO], Sequence[bytes]]) -> int:
    """Limit this process, and write the parts that `make` returns of the file of this descriptor, or why it refuses it.

    Returns the exit status.
    """
    limit(cpu_s)
    try:
        with os.fdopen(int(file), "rb") as source:
            parts = make(source)
    except Refused as refusal:
        sys.stderr.write(f"{refusal}\n")
        return REFUSED
    for part in parts:
        sys.stdout.buffer.write(LENGTH.pack(len(part)) + part)
    return 0
