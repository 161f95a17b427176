"""Forwards polling requests and WebSockets to the node that holds their session (docs/architecture.md, "Session proxy").

So any load balancer will do, without sticky sessions. If the node of a session is gone, the session is answered as unknown, upon which
clients connect anew and sync. So it is when the node stalls, once its lease has expired; WebSockets to it end then, too.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar

import aiohttp
from aiohttp import hdrs, web
from multidict import CIMultiDict
from yarl import URL

from models.tasks import BackgroundTasks
from server.http import request_ids
from server.http.held_line import watch_line
from server.nodes.address import KnownAddresses, node_of
from server.nodes.internal_server import HEADER, RequestSigner
from server.nodes.websocket_relay import relay

T = TypeVar("T")
log = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0  # at whether the owners of forwarded requests are alive
CONNECT_WITHIN_S = 2.0
CLOSE_PACKET = b"1"  # Engine.IO's
UPGRADE_WITHIN_S = 10.0  # for the owner to accept it
# Headers of a connection, not of the request (RFC 9110, 7.6.1), and those that each side sets itself.
_OF_CONNECTION = frozenset(
    ("connection", "expect", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade")
)
_OF_HANDSHAKE = frozenset(("sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions"))
_OF_BODY = frozenset(("content-encoding", "content-length"))  # aiohttp has decoded the body, and sends it on in chunks


class SessionProxy:
    """Forwards requests whose session id names another node, the session's owner.

    `most` requests and upgrades are under way at a time; one more is answered with 503. The owner may hold a poll open for `patience_s`.
    Bodies are streamed, up to `message_max_bytes` and a byte.
    """

    def __init__(
        self,
        node: str,
        addresses: KnownAddresses,
        signer: RequestSigner,
        *,
        most: int,
        patience_s: float,
        message_max_bytes: int,
    ) -> None:
        self._node = node
        self._addresses = addresses
        self._signer = signer
        self._most = most
        self._patience_s = patience_s
        self._message_max_bytes = message_max_bytes
        # Requests without an answer yet, by owner.
        self._waiting: defaultdict[str, set[asyncio.Timeout]] = defaultdict(set)
        self._joined: defaultdict[str, set[asyncio.Future[None]]] = defaultdict(set)  # WebSockets, by owner
        self._http: aiohttp.ClientSession | None = None
        self._tasks = BackgroundTasks()
        # One for each WebSocket or poll, done when it is to end.
        self._draining: set[asyncio.Future[None]] = set()
        self.under_way = 0
        self.forwarded = 0  # requests and upgrades so far
        self.unanswered = 0  # forwarded in vain: the owner was gone, or stalled
        self.refused = 0  # requests beyond `most`

    async def open(self) -> None:
        """Start forwarding; before this, every request is answered by this node."""
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_WITHIN_S, sock_read=self._patience_s),
            auto_decompress=False,
            middlewares=(_once,),
        )
        self._tasks.repeat("owners of forwarded sessions", self._watch_owners, every_s=LOOK_EVERY_S)

    async def close(self) -> None:
        """Close the connections to other nodes."""
        await self._tasks.stop()
        if self._http is not None:
            await self._http.close()

    def drain_all(self) -> list[Callable[[], None]]:
        """Returns one function for each client whose requests are being forwarded, which disconnects it."""
        return [partial(_end, draining) for draining in self._draining]

    @contextmanager
    def _until_drained(self) -> Iterator["asyncio.Future[None]"]:
        draining: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._draining.add(draining)
        try:
            yield draining
        finally:
            self._draining.discard(draining)

    async def __call__(self, request: web.Request) -> web.StreamResponse | None:
        """Returns the owner's answer, or None if this node is to answer, because it holds the session or no node does."""
        node = node_of(request.query.get("sid", ""))
        if not node or node == self._node:
            return None
        url = await self._addresses.find(node)
        if url is None or self._http is None:
            return None
        if self.under_way >= self._most:
            self.refused += 1
            answer = {"code": 3, "message": "Too many requests for other nodes"}
            return web.json_response(answer, status=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "1"})
        self.under_way += 1
        self.forwarded += 1
        # Encoded already: what is sent must be what is signed.
        target = URL(url + request.path_qs, encoded=True)
        is_get = request.method == hdrs.METH_GET
        is_upgrade = is_get and request.query.get("transport") == "websocket"
        way = self._relay_websocket if is_upgrade else self._forward_poll if is_get else self._forward
        try:
            answer_of_owner = await way(self._http, request, node, target)
        finally:
            self.under_way -= 1
        self.unanswered += answer_of_owner is None
        return answer_of_owner

    async def _forward_poll(
        self, http: aiohttp.ClientSession, request: web.Request, node: str, target: URL
    ) -> web.StreamResponse | None:
        """Forward a request that its owner may hold open.

        If this node stops meanwhile, or the client goes, the session is ended, because an answer could be lost.
        """
        with self._until_drained() as draining, watch_line(request, partial(_end, draining)):
            forwarding = asyncio.ensure_future(self._forward(http, request, node, target))
            try:
                both: list[asyncio.Future[Any]] = [forwarding, draining]
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                if not forwarding.done():
                    await self._end_session(http, request, target)  # which makes the owner answer
                return await forwarding
            finally:
                forwarding.cancel()

    async def _end_session(self, http: aiohttp.ClientSession, request: web.Request, target: URL) -> None:
        headers = self._signer.headers(hdrs.METH_POST, request.path_qs)
        with suppress(aiohttp.ClientError, TimeoutError):
            async with http.post(target, headers=headers, data=CLOSE_PACKET):
                pass

    async def _forward(
        self, http: aiohttp.ClientSession, request: web.Request, node: str, target: URL
    ) -> web.StreamResponse | None:
        try:
            async with self._unless_gone(node, None):
                answer = await http.request(
                    request.method,
                    target,
                    headers=self._headers(request),
                    skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
                    data=_at_most(request.content, self._message_max_bytes + 1) if request.can_read_body else None,
                    allow_redirects=False,
                )
        except (aiohttp.ClientError, TimeoutError):
            return None
        async with answer:
            if answer.status == HTTPStatus.FORBIDDEN:
                _say_refused(target)
                return None
            try:
                return await _stream(request, answer)
            except _ClientGone:
                if request.method == hdrs.METH_GET:  # the packets of this poll are lost
                    await self._end_session(http, request, target)
                return web.Response()

    async def _relay_websocket(
        self, http: aiohttp.ClientSession, request: web.Request, node: str, target: URL
    ) -> web.StreamResponse | None:
        """Relay frames both ways until either side closes. Returns None if the owner does not accept the upgrade."""
        headers = self._headers(request)
        for name in _OF_HANDSHAKE:
            headers.popall(name, None)
        try:
            async with self._unless_gone(node, UPGRADE_WITHIN_S):
                owner = await http.ws_connect(
                    target,
                    headers=headers,
                    autoclose=False,
                    autoping=False,
                    max_msg_size=0,  # packets to a client may be long; for those to the owner, its own bound counts
                    timeout=aiohttp.ClientWSTimeout(ws_receive=self._patience_s),
                )
        except aiohttp.WSServerHandshakeError as refusal:
            if refusal.status == HTTPStatus.FORBIDDEN:
                _say_refused(target)
            return None
        except (aiohttp.ClientError, TimeoutError):
            return None
        async with owner:
            with self._until_drained() as draining, _among(self._joined, node, draining):
                return await relay(request, owner, draining, message_max_bytes=self._message_max_bytes)

    @asynccontextmanager
    async def _unless_gone(self, node: str, within_s: float | None) -> AsyncIterator[None]:
        """Raise TimeoutError in the block when the owner's lease has expired, or after `within_s`."""
        async with asyncio.timeout(within_s) as until:
            with _among(self._waiting, node, until):
                yield

    async def _watch_owners(self) -> None:
        """End what is under way to a node whose lease has expired: one that stalls accepts connections and never answers."""
        now = asyncio.get_running_loop().time()
        for node in {*self._waiting, *self._joined}:
            if await self._addresses.find(node) is None:
                for until in self._waiting.pop(node, ()):
                    until.reschedule(now)
                for draining in self._joined.get(node, ()):
                    _end(draining)

    def _headers(self, request: web.Request) -> CIMultiDict[str]:
        """Returns the client's headers without those of its connection, and with the signature."""
        named = {name.strip().lower() for name in request.headers.get(hdrs.CONNECTION, "").split(",")}
        left_out = _OF_CONNECTION | _OF_BODY | named | {HEADER.lower()}
        headers = CIMultiDict((name, value) for name, value in request.headers.items() if name.lower() not in left_out)
        headers.update(self._signer.headers(request.method, request.path_qs))
        headers[request_ids.HEADER] = request_ids.id_of(request)
        return headers


async def _once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Send a request without aiohttp's retry: if packets were lost with a broken connection, a second poll would hide that."""
    try:
        return await send(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientConnectionError(str(error)) from error


class _ClientGone(Exception):
    """The client's connection broke while the answer was sent."""


async def _stream(request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    """Stream an answer to the client. Raises _ClientGone."""
    response = web.StreamResponse(status=answer.status)
    response.headers.extend(
        [(name, value) for name, value in answer.headers.items() if name.lower() not in _OF_CONNECTION]
    )
    try:
        await response.prepare(request)
        async for piece in answer.content.iter_any():
            await response.write(piece)
        await response.write_eof()
    except (aiohttp.ClientError, ConnectionError, TimeoutError):
        if request.transport is None or request.transport.is_closing():
            raise _ClientGone from None
        # Half an answer cannot be taken back: break the connection, so that the client comes back.
        request.transport.abort()
    return response


async def _at_most(content: aiohttp.StreamReader, most: int) -> AsyncIterator[bytes]:
    """Yields a body, cut after `most` bytes."""
    async for piece in content.iter_any():
        yield piece[:most]
        most -= len(piece)
        if most <= 0:
            return


@contextmanager
def _among(members: defaultdict[str, set[T]], node: str, member: T) -> Iterator[None]:
    """Keep a member in the node's set while the block runs."""
    members[node].add(member)
    try:
        yield
    finally:
        members[node].discard(member)
        if not members[node]:
            del members[node]


def _end(draining: "asyncio.Future[None]") -> None:
    if not draining.done():
        draining.set_result(None)


def _say_refused(target: URL) -> None:
    log.warning("the node at %s takes nothing from this one: their auth.secret or their clocks differ", target.origin())
