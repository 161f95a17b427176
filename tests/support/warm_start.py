"""Starts `run.py` from a process that has imported all of it: more than half of what a start costs is imports.

`warm_starts` is for the whole run. Whatever starts `python …/run.py …` by `subprocess` meanwhile gets a child of its own, with its own
streams, environment, folder, group and limits, which runs that file as `__main__` from the first line on. It is forked by a nursery,
which is this file run as a program, and handed to the test process, which waits for it as for any other child. Starts with options that
are not known here, and those of other programs that start `run.py` (a shell, `nohup`, its own workers), are as they always are.
"""

import ctypes
import gc
import json
import os
import resource
import runpy
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUN = str(ROOT / "run.py")
PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h: a grandchild whose parent ends becomes a child of this process
LIMITS = [getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")]
REQUEST_BYTES = 1 << 20

cold = subprocess.Popen._execute_child  # type: ignore[attr-defined]


class Nursery:
    """The process that forks; it begins with the first start that it is asked for."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None

    def start(self, request: dict[str, Any], streams: list[int]) -> int:
        """Returns the process id of a new child of this process."""
        if self._line is None:
            self._begin()
        assert self._line is not None
        socket.send_fds(self._line, [json.dumps(request).encode()], streams)
        return int(self._line.recv(32))

    def end(self) -> None:
        if self._process is not None and self._line is not None:
            self._line.close()
            self._process.wait()

    def _begin(self) -> None:
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, __file__, str(theirs.fileno())]
        self._process = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        theirs.close()


@contextmanager
def warm_starts() -> Iterator[None]:
    """Children that are told to run `run.py` are forked from one that has imported it, until the block ends."""
    nursery = Nursery()

    def execute(self: Any, *options: Any) -> None:
        names = cold.__code__.co_varnames[1 : cold.__code__.co_argcount]
        given = dict(zip(names, options, strict=True))
        if not _is_known(given):
            cold(self, *options)
            return
        streams = [given["p2cread"], given["c2pwrite"], given["errwrite"]]
        request = {
            "argv": [str(each) for each in given["args"]],
            "cwd": str(given["cwd"] or Path.cwd()),
            "environment": dict(os.environ if given["env"] is None else given["env"]),
            "limits": [(each, *resource.getrlimit(each)) for each in LIMITS],
            "session": given["start_new_session"],
            "group": given["process_group"],
        }
        self.pid = nursery.start(request, [fd if fd != -1 else number for number, fd in enumerate(streams)])
        self._child_created = True
        self._close_pipe_fds(*(given[name] for name in names if name in PIPES))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess.Popen, "_execute_child", execute)
        yield
    nursery.end()


PIPES = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
# Options that a start may not have, and what they are without it.
UNKNOWN = {
    "preexec_fn": None, "pass_fds": (), "shell": False, "gid": None, "gids": None, "uid": None, "umask": -1,
}  # fmt: skip


def _is_known(given: dict[str, Any]) -> bool:
    args = given["args"]
    is_ours = isinstance(args, list) and [str(each) for each in args[:2]] == [sys.executable, RUN]
    return is_ours and all(given[name] == usual for name, usual in UNKNOWN.items())


def serve(line: socket.socket) -> None:
    """Fork a child for each request, until nobody asks any more."""
    sys.path[0] = str(ROOT)
    import server.cli.logins
    import server.cli.main
    import server.cli.sample_replies
    import server.process.lifecycle  # noqa: F401 - that is what it is here for

    gc.freeze()
    while True:
        data, streams, _, _ = socket.recv_fds(line, REQUEST_BYTES, 3)
        if not data:
            return
        reading, writing = os.pipe()
        middle = os.fork()
        if middle == 0:
            if child := os.fork():
                os.write(writing, str(child).encode())
                os._exit(0)
            for fd in (reading, writing, line.detach()):
                os.close(fd)
            become(json.loads(data), streams)
        os.waitpid(middle, 0)  # from now on the child is the test's
        line.send(os.read(reading, 32))
        for fd in (reading, writing, *streams):
            os.close(fd)


def become(request: dict[str, Any], streams: list[int]) -> None:
    """Be the process that was asked for, to its end."""
    if request["session"]:
        os.setsid()
    if request["group"] != -1:
        os.setpgid(0, request["group"])
    for number, fd in enumerate(streams):
        os.dup2(fd, number)
        os.close(fd)
    for each, soft, hard in request["limits"]:
        resource.setrlimit(each, (soft, hard))
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = request["argv"][1:]
    runpy.run_path(sys.argv[0], run_name="__main__")
    sys.exit()


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
