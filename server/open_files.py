"""How many files this process has open, and how many it may have: a connection is one, too."""

import resource
from pathlib import Path

OPEN = Path("/proc/self/fd")


def count_open_files() -> int:
    """Returns how many are open. Linux 6.2 or later says so at once; else they are counted, which takes 20 ms at 18,000."""
    said = OPEN.stat().st_size
    return said or sum(1 for _ in OPEN.iterdir()) - 1  # one of them is the folder itself, open while it is read


def open_files_limit() -> int:
    """Returns how many this process may have; a negative number where there is no limit."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return -1 if soft == resource.RLIM_INFINITY else soft
