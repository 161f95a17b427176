"""Passes a polling request, or an upgrade to WebSocket, on to the node that holds its session (design section 5, promise 6).

So any load balancer will do, without sticky sessions. A session whose node is gone is answered as an unknown one, upon which
clients connect anew and sync.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator
from functools import partial
from time import monotonic
from typing import Any

import aiohttp
from aiohttp import WSMsgType, hdrs, web

from server.nodes.address import NodeAddresses, node_of
from server.nodes.door import Seal

log = logging.getLogger(__name__)

KNOWN_FOR_S = 2.0  # how long an address is believed; a request to a node that is gone costs one refused connection
CONNECT_WITHIN_S = 2.0
CLOSE_WITHIN_S = 2.0
CLOSE_GONE = 1012  # "service restart": come back
CLOSE_PACKET = b"1"  # Engine.IO's
# Headers that concern one connection, not the request (RFC 9110, 7.6.1), and what each side sets for itself.
_OF_CONNECTION = frozenset(
    ("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade")
)
_OF_HANDSHAKE = ("sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions")


class PassOn:
    """`most` requests and upgrades at a time; one more is answered with 503.

    A poll may be held open by its owner for `patience_s`. Bodies are streamed in pieces; the owner bounds them.
    """

    def __init__(
        self, node: str, addresses: NodeAddresses, seal: Seal, *, most: int, patience_s: float, frame_max_bytes: int
    ) -> None:
        self._node = node
        self._addresses = addresses
        self._seal = seal
        self._most = most
        self._frame_max_bytes = frame_max_bytes
        self._timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_WITHIN_S, sock_read=patience_s)
        self._known: dict[str, tuple[str | None, float]] = {}
        self._http: aiohttp.ClientSession | None = None
        self._leaving: set[asyncio.Future[None]] = (
            set()
        )  # one for each upgrade or poll that is held, done when it is to end
        self.under_way = 0
        self.passed_on = 0  # requests and upgrades so far

    async def open(self) -> None:
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), timeout=self._timeout, auto_decompress=False
        )

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()

    def see_off_all(self) -> list[Callable[[], None]]:
        """This node will go: each client that it holds for another is told to come back by one of these."""
        return [partial(_end, leaving) for leaving in self._leaving]

    @contextlib.contextmanager
    def _until_we_leave(self) -> Iterator["asyncio.Future[None]"]:
        leaving: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._leaving.add(leaving)
        try:
            yield leaving
        finally:
            self._leaving.discard(leaving)

    async def __call__(self, request: web.Request) -> web.StreamResponse | None:
        """The owner's answer; None if this node is to answer: it holds the session itself, or nobody does."""
        node = node_of(request.query.get("sid", ""))
        if not node or node == self._node:
            return None
        url = await self._find(node)
        if url is None or self._http is None:
            return None
        if self.under_way >= self._most:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "1"})
        self.under_way += 1
        self.passed_on += 1
        try:
            if request.headers.get(hdrs.UPGRADE, "").lower() == "websocket":
                return await self._tunnel(self._http, request, url)
            if request.method == hdrs.METH_GET:
                return await self._pass_poll(self._http, request, url)
            return await self._pass(self._http, request, url)
        except aiohttp.ClientConnectionError:
            self._known.pop(node, None)
            return None
        finally:
            self.under_way -= 1

    async def _find(self, node: str) -> str | None:
        url, until = self._known.get(node, (None, 0.0))
        if monotonic() < until:
            return url
        url = await self._addresses.find(node)
        if len(self._known) > 1000:  # made-up ids name made-up nodes
            self._known.clear()
        self._known[node] = url, monotonic() + KNOWN_FOR_S
        return url

    async def _pass_poll(self, http: aiohttp.ClientSession, request: web.Request, url: str) -> web.StreamResponse:
        """The same for a request that its owner may hold; if we go meanwhile, its session ends, since an answer could be lost."""
        with self._until_we_leave() as leaving:
            passing = asyncio.ensure_future(self._pass(http, request, url))
            try:
                both: list[asyncio.Future[Any]] = [passing, leaving]
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                if not passing.done():
                    await self._end_session(http, request, url)  # upon which its owner answers
                return await passing
            finally:
                passing.cancel()

    async def _end_session(self, http: aiohttp.ClientSession, request: web.Request, url: str) -> None:
        headers = self._seal.headers(hdrs.METH_POST, request.path_qs)
        async with http.post(url + request.path_qs, headers=headers, data=CLOSE_PACKET):
            pass

    async def _pass(self, http: aiohttp.ClientSession, request: web.Request, url: str) -> web.StreamResponse:
        async with http.request(
            request.method,
            url + request.path_qs,
            headers=self._headers(request),
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            data=request.content if request.can_read_body else None,
            allow_redirects=False,
        ) as answer:
            headers = [(name, value) for name, value in answer.headers.items() if name.lower() not in _OF_CONNECTION]
            response = web.StreamResponse(status=answer.status)
            response.headers.extend(headers)
            await response.prepare(request)
            async for piece in answer.content.iter_any():
                await response.write(piece)
            await response.write_eof()
            return response

    async def _tunnel(self, http: aiohttp.ClientSession, request: web.Request, url: str) -> web.StreamResponse | None:
        """Frames both ways, until either side closes; None if the owner does not take the upgrade."""
        headers = {name: value for name, value in self._headers(request).items() if name.lower() not in _OF_HANDSHAKE}
        options = {"autoclose": False, "autoping": False, "max_msg_size": self._frame_max_bytes + 1}
        try:
            owner = await http.ws_connect(url + request.path_qs, headers=headers, **options)  # type: ignore[call-overload]
        except aiohttp.WSServerHandshakeError:
            return None
        async with owner:
            client = web.WebSocketResponse(
                timeout=CLOSE_WITHIN_S,
                autoclose=False,
                autoping=False,
                compress=False,
                max_msg_size=self._frame_max_bytes + 1,
            )
            await client.prepare(request)
            ways = [asyncio.ensure_future(_pump(client, owner)), asyncio.ensure_future(_pump(owner, client))]
            with self._until_we_leave() as leaving:
                try:
                    await asyncio.wait([*ways, leaving], return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for way in ways:
                        way.cancel()
                    await asyncio.gather(*ways, return_exceptions=True)
                if leaving.done():
                    await client.close(code=CLOSE_GONE, message=b"the way to the node of this session ends")
            return client

    def _headers(self, request: web.Request) -> dict[str, str]:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _OF_CONNECTION}
        return headers | self._seal.headers(request.method, request.path_qs)


def _end(leaving: "asyncio.Future[None]") -> None:
    if not leaving.done():
        leaving.set_result(None)


_Socket = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


async def _pump(source: _Socket, sink: _Socket) -> None:
    """Hand frames over until the source ends; the sink is then closed with the same code, or as one whose node is gone."""
    code, reason = CLOSE_GONE, b"the node of this session is gone"
    with contextlib.suppress(ConnectionError, aiohttp.ClientError, RuntimeError):
        async for message in source:
            match message.type:
                case WSMsgType.TEXT:
                    await sink.send_str(message.data)
                case WSMsgType.BINARY:
                    await sink.send_bytes(message.data)
                case WSMsgType.PING:
                    await sink.ping(message.data)
                case WSMsgType.PONG:
                    await sink.pong(message.data)
                case WSMsgType.CLOSE:
                    code, reason = message.data or 1000, (message.extra or "").encode()
                    break
    with contextlib.suppress(ConnectionError, aiohttp.ClientError, RuntimeError):
        await sink.close(code=code, message=reason)
