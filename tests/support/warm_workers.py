"""Workers of a server that was started warm (warm_start.py) are forked, too, by a nursery that the server has for them.

They are its children with their own streams, environment and limits, in its group, and told by the kernel when it dies, as by
server/embedded/launcher.py, which they go without. Their name is `--worker`, as they share their command line with the nursery.
"""

import asyncio
import ctypes
import json
import os
import resource
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

PR_SET_PDEATHSIG, PR_SET_NAME, PR_SET_CHILD_SUBREAPER = 1, 15, 36  # linux/prctl.h
LIMITS = [getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")]
LAUNCH_WORDS = 6  # Python, its two options, the launcher, and what that is told
NAME = b"--worker"
ADOPTED_WITHIN_S = 30.0


class Worker:
    """What server/process/workers.py asks of an asyncio.subprocess.Process."""

    def __init__(self, pid: int, stdout: asyncio.StreamReader, pipe: asyncio.BaseTransport) -> None:
        self.pid, self.stdout = pid, stdout
        self.returncode: int | None = None
        self._pipe = pipe
        self._loop = asyncio.get_running_loop()
        self._ended = self._loop.create_future()
        self._pidfd = os.pidfd_open(pid)
        self._loop.add_reader(self._pidfd, self._reap)

    @classmethod
    async def start(cls, nursery: socket.socket, argv: tuple[str, ...], environment: dict[str, str]) -> Self:
        reading, writing = os.pipe()
        null = os.open(os.devnull, os.O_RDWR)
        request = {
            "argv": argv[LAUNCH_WORDS:],
            "cwd": str(Path.cwd()),
            "environment": environment,
            "limits": [(each, *resource.getrlimit(each)) for each in LIMITS],
            "session": False,
            "group": os.getpgrp(),
            "ignores_hangup": signal.getsignal(signal.SIGHUP) is signal.SIG_IGN,
            "parent": os.getpid(),
        }
        socket.send_fds(nursery, [json.dumps(request).encode()], [null, writing, 2])
        pid = int(nursery.recv(32))
        for fd in (null, writing):
            os.close(fd)
        stdout = asyncio.StreamReader()
        pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stdout), os.fdopen(reading, "rb", 0)
        )
        return cls(pid, stdout, pipe)

    async def wait(self) -> int:
        await asyncio.shield(self._ended)
        assert self.returncode is not None
        return self.returncode

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def _reap(self) -> None:
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._pipe.close()
        self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        self._ended.set_result(None)


def start_workers_warm(serve: Callable[[socket.socket], None]) -> None:
    """Have this process, which is to start workers, fork them. `serve` forks for whoever asks, until nobody can any more."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        ours.close()
        os.setpgid(0, 0)  # a signal to the group of the server is none to its nursery
        serve(theirs)
        os._exit(0)
    theirs.close()
    cold = asyncio.create_subprocess_exec

    async def start(*argv: str, **options: Any) -> Any:
        if NAME.decode() in argv:
            return await Worker.start(ours, argv, options["env"])
        return await cold(*argv, **options)

    patch.object(asyncio, "create_subprocess_exec", start).start()


def become_child_of(parent: int) -> None:
    """End when the parent ends, which has this process once the one between them has ended."""
    give_up_at = time.monotonic() + ADOPTED_WITHIN_S
    while os.getppid() != parent and time.monotonic() < give_up_at:
        time.sleep(0.001)
    prctl = ctypes.CDLL(None).prctl
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    prctl(PR_SET_NAME, NAME, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
