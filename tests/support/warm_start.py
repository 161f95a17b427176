"""Starts `run.py` from a process that has imported all of it: more than half of what a start costs is imports.

`warm_starts` is for the whole run. Whatever starts `python …/run.py …` by `subprocess` meanwhile gets a child of its own, with its own
streams, environment, folder, group, limits and disregard of SIGHUP, which runs that file as `__main__` from the first line on. It is
forked by a nursery, which is this file run as a program, and handed to the test process, which waits for it as for any other child.
Starts with options or with variables of Python that are not known here, and those of other programs that start `run.py`, are as they
always are. Its own workers a server forks, too (warm_workers.py).

The processes that look into files (server/media), which this process starts for each of them, are forked likewise, except
within `cold_pictures`: those that are looked at themselves start as they do on a server.
"""

import ctypes
import gc
import json
import os
import resource
import runpy
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)  # not the folder of this file
from server.media.imaging import CLEANING_WORKER, WORKER  # noqa: E402
from tests.support.warm_workers import LIMITS, become_child_of, start_workers_warm  # noqa: E402

RUN = str(ROOT / "run.py")
PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h: a grandchild whose parent ends becomes a child of this process
PICTURES = {str(WORKER): "server.media.picture_worker", str(CLEANING_WORKER): "server.media.cleaning_worker"}
PICTURE_WORDS = [sys.executable, "-P", "-B"]  # before the program; behind it stands the file's descriptor
REQUEST_BYTES = 1 << 20

cold = subprocess.Popen._execute_child  # type: ignore[attr-defined]


@dataclass(frozen=True)
class OpenFilesLimit:
    """The `preexec_fn` of a start that may have so many open files and cannot ask for more, as by `ulimit -n`."""

    most: int

    def __call__(self) -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.most, self.most))


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
        environment = {**os.environ, "MALLOC_ARENA_MAX": "1"}  # which decoders start with
        self._process = subprocess.Popen(
            command, cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env=environment
        )
        theirs.close()


@contextmanager
def warm_starts() -> Iterator[None]:
    """Children that are told to run `run.py` are forked from one that has imported it, until the block ends."""
    nursery = Nursery()

    def execute(self: Any, *options: Any) -> None:
        names = cold.__code__.co_varnames[1 : cold.__code__.co_argcount]
        given = dict(zip(names, options, strict=True))
        argv, passed = [str(each) for each in given["args"]], []
        if _is_picture(given):
            argv, passed = [sys.executable, argv[3], "3", *argv[5:]], [int(argv[4])]
        elif not _is_known(given):
            cold(self, *options)
            return
        streams = [given["p2cread"], given["c2pwrite"], given["errwrite"]]
        request = {
            "argv": argv,
            "cwd": str(given["cwd"] or Path.cwd()),
            "environment": dict(os.environ if given["env"] is None else given["env"]),
            "limits": [(each, *resource.getrlimit(each)) for each in LIMITS] + _limits_of(given["preexec_fn"]),
            "session": given["start_new_session"],
            "group": given["process_group"],
            "ignores_hangup": signal.getsignal(signal.SIGHUP) is signal.SIG_IGN,
        }
        streams = [fd if fd != -1 else number for number, fd in enumerate(streams)]
        self.pid = nursery.start(request, [*streams, *passed])
        self._child_created = True
        self._close_pipe_fds(*(given[name] for name in names if name in PIPES))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess.Popen, "_execute_child", execute)
        yield
    nursery.end()


PIPES = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
# Options that a start may not have, and what they are without it.
UNKNOWN = {
    "pass_fds": (), "shell": False, "gid": None, "gids": None, "uid": None, "umask": -1,
}  # fmt: skip


def _is_known(given: dict[str, Any]) -> bool:
    args = given["args"]
    # a list by `subprocess`, a tuple by `asyncio`
    is_ours = isinstance(args, list | tuple) and [str(each) for each in args[:2]] == [sys.executable, RUN]
    is_usual = all(given[name] == usual for name, usual in UNKNOWN.items())
    is_usual = is_usual and (given["preexec_fn"] is None or isinstance(given["preexec_fn"], OpenFilesLimit))
    return is_ours and is_usual and (given["env"] is None or _of_python(given["env"]) == _of_python(os.environ))


def _is_picture(given: dict[str, Any]) -> bool:
    args = given["args"]
    if not _pictures_are_warm or not isinstance(args, list | tuple) or list(args[:3]) != PICTURE_WORDS:
        return False
    is_usual = all(given[name] == usual for name, usual in UNKNOWN.items() if name != "pass_fds")
    is_usual = is_usual and given["preexec_fn"] is None and [str(fd) for fd in given["pass_fds"]] == [args[4]]
    return is_usual and args[3] in PICTURES


_pictures_are_warm = True


@contextmanager
def cold_pictures() -> Iterator[None]:
    """Processes that look into files start cold until the block ends."""
    global _pictures_are_warm
    _pictures_are_warm = False
    try:
        yield
    finally:
        _pictures_are_warm = True


def _limits_of(preexec: OpenFilesLimit | None) -> list[tuple[int, int, int]]:
    return [] if preexec is None else [(resource.RLIMIT_NOFILE, preexec.most, preexec.most)]


def _of_python(environment: Mapping[str, str]) -> dict[str, str]:
    """Returns what Python reads at its own start, which a process that is forked has behind it."""
    return {name: value for name, value in environment.items() if name.startswith("PYTHON")}


def serve(line: socket.socket) -> None:
    """Import everything, and fork."""
    import server.cli.logins
    import server.cli.main
    import server.cli.sample_replies
    import server.process.lifecycle  # noqa: F401 - that is what it is here for
    from models.documents.collation import load_table
    from models.documents.reaction import load_emoji
    from models.languages.language import load_languages

    load_table()  # which each server reads behind its start
    load_emoji()
    load_languages()
    gc.freeze()
    fork_for(line)


def fork_for(line: socket.socket) -> None:
    """Fork a child for each request, until nobody asks any more."""
    while True:
        data, streams, _, _ = socket.recv_fds(line, REQUEST_BYTES, 4)
        if not data:
            return
        request = json.loads(data)
        if request["argv"][1] in PICTURES:
            load_decoders()
        reading, writing = os.pipe()
        middle = os.fork()
        if middle == 0:
            if child := os.fork():
                os.write(writing, str(child).encode())
                os._exit(0)
            for fd in (reading, writing, line.detach()):
                os.close(fd)
            become(request, streams)
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
        if fd != number:
            os.dup2(fd, number)
            os.close(fd)
    signal.signal(signal.SIGHUP, signal.SIG_IGN if request["ignores_hangup"] else signal.SIG_DFL)
    for each, soft, hard in request["limits"]:
        resource.setrlimit(each, (soft, hard))
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = request["argv"][1:]
    if sys.argv[0] in PICTURES:
        look_into_file()
    if "parent" in request:
        become_child_of(request["parent"])
    elif "--workers" in sys.argv:
        start_workers_warm(fork_for)
    runpy.run_path(sys.argv[0], run_name="__main__")
    sys.exit()


@cache
def load_decoders() -> None:
    """Load what each process that looks into a file would load, once somebody wants one."""
    import server.media.recordings  # noqa: F401 - that is what it is here for

    Image.init()
    gc.freeze()


def look_into_file() -> NoReturn:
    """Be the worker for one file, and end without tidying up what was never used."""
    try:
        status = import_module(PICTURES[sys.argv[0]]).main(*sys.argv[1:])
    except BaseException:  # noqa: BLE001 - as at the end of a program
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
