"""Watches how many files this process has open: each connection is one.

Near the limit new connections are refused politely, so that MongoDB, Redis, files and the probes of a balancer keep
working. A process that has run out of them cannot answer at all: the system ends its new connections, or leaves them
hanging.
"""

import asyncio
import logging
import resource
import socket
from collections.abc import Callable, Collection
from pathlib import Path
from time import monotonic
from typing import cast

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from typing_extensions import override

from models.errors import Unavailable
from server.startup_error import StartupError

log = logging.getLogger(__name__)

OPEN = Path("/proc/self/fd")
OPEN_FILES: web.AppKey["OpenFiles"] = web.AppKey("open_files")
LEAST = 128  # an idle node has about forty open, and MongoDB's driver opens more under load
# Reserved for other uses than clients: a quarter, or enough for a hundred requests at once.
RESERVE_SHARE, RESERVE_MAX = (
    4,
    256,
)
FRESH_S, SHORT_FRESH_S = 0.25, 0.01
RETRY_AFTER_S = 5
QUIET_S = 60.0  # between two log lines about one thing
FULL = f"HTTP/1.1 503 Service Unavailable\r\nRetry-After: {RETRY_AFTER_S}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def count_open_files() -> int:
    """Returns how many files are open. Linux before 6.2 has to count them, which takes 20 ms at 18,000."""
    said = OPEN.stat().st_size
    return said or sum(1 for _ in OPEN.iterdir()) - 1  # without the folder itself, which is open while it is read


def open_files_limit() -> int:
    """Returns how many files this process may open, a negative number where there is no limit."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return -1 if soft == resource.RLIM_INFINITY else soft


class OpenFiles:
    """Decides whether there is room for one more connection; always so where the system does not tell how many files are open."""

    def __init__(self, limit: int) -> None:
        """`limit` is that of open_files_limit."""
        self.limit = limit
        self.reserve = min(limit // RESERVE_SHARE, RESERVE_MAX)
        self.refused = 0
        self._is_bounded = limit > 0 and OPEN.exists()
        self._count, self._counted_at = 0, 0.0
        self._said_at = -QUIET_S

    def warn(self, passed_on_max: int) -> None:
        """Log what the limit means if it is lower than the settings may need.

        Raises StartupError where it is too low to run at all.
        """
        if not self._is_bounded:
            return
        if self.limit < LEAST:
            raise StartupError(
                f"this process may have {self.limit} open files and needs {LEAST} at least: raise `ulimit -n`"
            )
        if self.limit - self.reserve < passed_on_max:
            log.warning(
                "this process may have %d open files: enough for %d people, and nodes.passed_on_max allows %d requests for other "
                "nodes beside them; raise LimitNOFILE of its unit, or `ulimit -n`",
                self.limit,
                self.limit - self.reserve,
                passed_on_max,
            )

    def admit(self) -> bool:
        """Returns whether one more connection fits, and counts it if so."""
        has_room = self._room() > self.reserve // 4
        if not has_room:
            self.refused += 1
            self._say()
        self._count += 1
        return has_room

    def is_short(self) -> bool:
        """Returns whether the remaining files are reserved for other uses than clients."""
        is_short = self._room() <= self.reserve
        if is_short:
            self._say()
        return is_short

    def _room(self) -> int:
        if not self._is_bounded:
            return 1 << 30
        now = monotonic()
        # The estimate only grows between two counts, so it is counted again before a client is refused.
        fresh_s = FRESH_S if self.limit - self._count > self.reserve else SHORT_FRESH_S
        if now - self._counted_at > fresh_s:
            self._count, self._counted_at = count_open_files(), now
        return self.limit - self._count

    def _say(self) -> None:
        now = monotonic()
        if now - self._said_at >= QUIET_S:
            self._said_at = now
            log.warning(
                "%d of %d open files are in use: newcomers are refused until there are fewer (raise LimitNOFILE, or `ulimit -n`)",
                self._count,
                self.limit,
            )


def refuse_when_short(
    files: OpenFiles, show: Callable[[web.Request, Unavailable], web.Response], *, probes: Collection[str]
) -> Middleware:
    """Returns the outermost middleware: 503 and a closed connection while files are short, except for sessions that exist.

    `probes` are answered all the same. `show` makes the answer of a refusal.
    """

    @web.middleware
    async def refuse(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not files.is_short() or "sid" in request.query:
            return await handler(request)
        if request.path in probes:
            response = await handler(request)
        else:
            files.refused += 1
            response = show(request, Unavailable(retry_after_ms=RETRY_AFTER_S * 1000))
        response.force_close()
        return response

    return refuse


class BoundedSite(web.SockSite):
    """Listens as aiohttp's SockSite does, and refuses and closes a connection for which no file is left."""

    def __init__(self, runner: web.BaseRunner, listener: socket.socket, files: OpenFiles, *, backlog: int) -> None:
        super().__init__(runner, listener, backlog=backlog)
        self._files = files

    @override
    async def start(self) -> None:
        await web.BaseSite.start(self)
        server = self._runner.server
        assert server is not None

        def answer() -> asyncio.BaseProtocol:
            return server() if self._files.admit() else _Full()

        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(answer, sock=self._sock, backlog=self._backlog)


class _Full(asyncio.Protocol):
    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        line = cast("asyncio.Transport", transport)  # uvloop's class does not derive from it
        line.write(FULL.encode())
        line.close()
