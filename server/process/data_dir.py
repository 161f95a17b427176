"""Creates and locks the data directory: readable by its owner only, and used by one instance at a time."""

import contextlib
import errno
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from server.startup_error import StartupError

LOCK_NAME = "lock"
OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)
ROOM_MB = 64  # mongod asks for more than a journal file at its start, and ends by itself where it gets less
DYING_S = 0.3  # what the system needs to take apart an instance that was killed a moment ago


@contextmanager
def hold_data_dir(path: Path) -> Iterator[None]:
    """Create the directory if missing and hold its lock.

    StartupError when it cannot be written or another instance holds it.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock_fd = os.open(path / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
        is_writable = os.access(path, os.W_OK | os.X_OK)
    except OSError as error:
        raise StartupError(f"data_dir: {path} is not writable ({error.strerror})") from None
    try:
        if not is_writable:
            raise StartupError(f"data_dir: {path} is not writable")
        give_up_at = time.monotonic() + DYING_S
        while not _locks(lock_fd):
            if time.monotonic() > give_up_at:
                pid = os.pread(lock_fd, 20, 0).decode("ascii", "replace").strip()
                raise StartupError(f"data_dir: {path} is in use by another instance (process {pid or 'unknown'})")
            time.sleep(0.02)
        try:
            os.pwrite(lock_fd, f"{os.getpid()}\n".encode().ljust(20), 0)
            yield
        except OSError as error:
            if error.errno not in OF_THE_DISK:
                raise
            raise StartupError(f"data_dir: {path} cannot be written ({error.strerror})") from None
    finally:
        os.close(lock_fd)


def is_full(path: Path) -> str:
    """Returns a text for operators if the disk has too little room for a database, else an empty one."""
    free_mb = shutil.disk_usage(path).free >> 20
    return f"its disk is full: {free_mb} MB are free" if free_mb < ROOM_MB else ""


def is_in_use(path: Path) -> bool:
    """Returns whether an instance holds the directory now."""
    try:
        lock_fd = os.open(path / LOCK_NAME, os.O_RDONLY)
    except FileNotFoundError:
        return False
    with contextlib.closing(os.fdopen(lock_fd)):
        return not _locks(lock_fd)


def _locks(lock_fd: int) -> bool:
    try:
        fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
