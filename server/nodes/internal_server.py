"""The port for other nodes: answers only requests that are signed with the installation's secret."""

import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import time

from aiohttp import web
from redis.exceptions import RedisError

from models.tasks import BackgroundTasks
from server.http.request_ids import name_requests
from server.http.unreadable import Runner
from server.nodes.address import NodeAddresses, own_address

log = logging.getLogger(__name__)

HEADER = "Parley-Passed-On"
GOOD_FOR_S = 30  # as far as the clocks of two nodes may differ
LEASE_S = 8.0
RENEW_S = 2.0
ENDS_WITHIN_S = 2.0  # for requests under way when the node stops; their sessions have ended before


class RequestSigner:
    """Proves that a request comes from a node of this installation; `key` is derived from `auth.secret`.

    This keeps out everybody who merely reaches the port. An eavesdropper between two nodes could repeat a request within GOOD_FOR_S, but
    would have read the session id too, which is as good at the public port: that network must be a private one.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def headers(self, method: str, path_qs: str) -> dict[str, str]:
        """Returns the headers that prove a request."""
        at = str(int(time()))
        return {HEADER: f"{at} {self._sign(at, method, path_qs)}"}

    def verifies(self, headers: Mapping[str, str], method: str, path_qs: str) -> bool:
        """Whether the headers prove this request, and are not older than GOOD_FOR_S."""
        at, _, signature = headers.get(HEADER, "").partition(" ")
        if not (at.isascii() and at.isdigit() and len(at) <= 12) or abs(time() - int(at)) > GOOD_FOR_S:
            return False
        proof = signature.encode(errors="surrogateescape")  # headers may hold bytes that are not text
        return hmac.compare_digest(proof, self._sign(at, method, path_qs).encode())

    def _sign(self, at: str, method: str, path_qs: str) -> str:
        return hmac.digest(self._key, f"{at}\n{method}\n{path_qs}".encode(errors="surrogateescape"), "sha256").hex()


class InternalServer:
    """Listens, and keeps this node's address in Redis for the others.

    `answer` answers a request as if a client had sent it to this node. `url` replaces the address that others are told, for nodes behind
    address translation.
    """

    def __init__(
        self,
        node: str,
        addresses: NodeAddresses,
        signer: RequestSigner,
        path: str,
        answer: Callable[[web.Request], Awaitable[web.StreamResponse]],
        *,
        host: str,
        port: int,
        url: str = "",
    ) -> None:
        self._node = node
        self._addresses = addresses
        self._signer = signer
        self._path = path
        self._answer = answer
        self._host, self._port, self._url = host, port, url
        self._runner: web.AppRunner | None = None
        self._tasks = BackgroundTasks()

    async def open(self) -> None:
        """Listen, and write the address. Raises OSError when the port is taken, RedisError when Redis cannot be reached."""
        app = web.Application(middlewares=[name_requests])
        app.router.add_route("*", self._path, self._answer_signed)
        self._runner = Runner(app, access_log=None, handle_signals=False, shutdown_timeout=ENDS_WITHIN_S)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        self._url = self._url.rstrip("/") or _url_at(own_address(self._host), self._runner.addresses)
        await self._addresses.keep(self._node, self._url, LEASE_S)
        self._tasks.repeat("node address", self._renew, every_s=RENEW_S)

    @property
    def url(self) -> str:
        """Returns where the other nodes reach this one, once it is open."""
        return self._url

    async def close(self) -> None:
        """Remove the address, wait a moment for requests under way, and stop listening."""
        if self._tasks.is_running:
            await self._tasks.stop()
            try:
                await self._addresses.forget(self._node)
            except (RedisError, OSError):
                log.info("the address of this node ends with its lease")
        if self._runner is not None:
            await self._runner.cleanup()

    async def _renew(self) -> None:
        try:
            await self._addresses.keep(self._node, self._url, LEASE_S)
        except (RedisError, OSError) as error:
            log.debug("the address waits to be renewed: %s", type(error).__name__)

    async def _answer_signed(self, request: web.Request) -> web.StreamResponse:
        if not self._signer.verifies(request.headers, request.method, request.path_qs):
            raise web.HTTPForbidden
        return await self._answer(request)


def _url_at(host: str, listeners: Sequence[tuple[str, int]]) -> str:
    """Returns the URL of the listener for `host`; a port chosen by the system differs between IPv4 and IPv6."""
    is_ipv6 = ":" in host
    port = next((port for address, port, *_ in listeners if (":" in address) == is_ipv6), listeners[0][1])
    return f"http://[{host}]:{port}" if is_ipv6 else f"http://{host}:{port}"
