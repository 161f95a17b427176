"""Passes a polling request, or an upgrade to WebSocket, on to the node that holds its session (design section 5, promise 6).

So any load balancer will do, without sticky sessions. A session whose node is gone is answered as an unknown one, upon which
clients connect anew and sync; so is one whose node stalls, once that node's lease has ended. Then WebSockets to it end, too.
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

from models.tasks import cancel
from server.http import request_ids
from server.http.held_line import watch_line
from server.nodes.address import KnownAddresses, node_of
from server.nodes.internal_server import HEADER, RequestSigner
from server.nodes.websocket_relay import relay

T = TypeVar("T")
log = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0  # whether the owners of what is under way are alive
CONNECT_WITHIN_S = 2.0
CLOSE_PACKET = b"1"  # Engine.IO's
UPGRADE_WITHIN_S = 10.0  # for the owner to take one
# Headers that concern one connection, not the request (RFC 9110, 7.6.1), and what each side says for itself.
_OF_CONNECTION = frozenset(
    ("connection", "expect", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade")
)
_OF_HANDSHAKE = frozenset(("sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions"))
_OF_BODY = frozenset(("content-encoding", "content-length"))  # aiohttp has decoded it, and passes it on in chunks


class SessionProxy:
    """`most` requests and upgrades at a time; one more is answered with 503.

    A poll may be held open by its owner for `patience_s`. Bodies are streamed, and no more of one than any owner takes.
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
        self._waiting: defaultdict[str, set[asyncio.Timeout]] = defaultdict(set)  # for an answer, by owner
        self._joined: defaultdict[str, set[asyncio.Future[None]]] = defaultdict(set)  # upgrades, by owner
        self._http: aiohttp.ClientSession | None = None
        self._watch: asyncio.Task[None] | None = None
        # One for each upgrade or poll that is held, done when it is to end.
        self._draining: set[asyncio.Future[None]] = set()
        self.under_way = 0
        self.forwarded = 0  # requests and upgrades so far
        self.unanswered = 0  # those of them whose owner was gone, or stalled
        self.refused = 0  # requests beyond `most`

    async def open(self) -> None:
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_WITHIN_S, sock_read=self._patience_s),
            auto_decompress=False,
            middlewares=(_once,),
        )
        self._watch = asyncio.create_task(self._watch_owners(), name="owners of what was passed on")

    async def close(self) -> None:
        if self._watch is not None:
            await cancel(self._watch)
        if self._http is not None:
            await self._http.close()

    def drain_all(self) -> list[Callable[[], None]]:
        """This node will go: each client that it holds for another is told to come back by one of these."""
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
        """The owner's answer; None if this node is to answer: it holds the session itself, or nobody does."""
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
        # What is signed is what is sent: nothing in it is quoted anew.
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
        """Passes on a request that its owner may hold open.

        If we go meanwhile, or the client does, its session ends, since an answer could be lost.
        """
        with self._until_drained() as draining, watch_line(request, partial(_end, draining)):
            forwarding = asyncio.ensure_future(self._forward(http, request, node, target))
            try:
                both: list[asyncio.Future[Any]] = [forwarding, draining]
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                if not forwarding.done():
                    await self._end_session(http, request, target)  # upon which its owner answers
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
                if request.method == hdrs.METH_GET:  # what this poll brought is lost
                    await self._end_session(http, request, target)
                return web.Response()

    async def _relay_websocket(
        self, http: aiohttp.ClientSession, request: web.Request, node: str, target: URL
    ) -> web.StreamResponse | None:
        """Frames both ways, until either side closes; None if the owner does not take the upgrade."""
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
                    max_msg_size=0,  # the owner's own bound counts: what it tells a client may be long
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
        """TimeoutError in the block once the lease of this node has ended, or after `within_s`."""
        async with asyncio.timeout(within_s) as until:
            with _among(self._waiting, node, until):
                yield

    async def _watch_owners(self) -> None:
        """A node that stalls takes connections and answers none: nobody stays with it for longer than its lease lasts."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            for node in {*self._waiting, *self._joined}:
                if await self._addresses.find(node) is None:
                    for until in self._waiting.pop(node, ()):
                        until.reschedule(loop.time())
                    for draining in self._joined.get(node, ()):
                        _end(draining)

    def _headers(self, request: web.Request) -> CIMultiDict[str]:
        """The client's, without what concerns its own connection, and with our proof."""
        named = {name.strip().lower() for name in request.headers.get(hdrs.CONNECTION, "").split(",")}
        left_out = _OF_CONNECTION | _OF_BODY | named | {HEADER.lower()}
        headers = CIMultiDict((name, value) for name, value in request.headers.items() if name.lower() not in left_out)
        headers.update(self._signer.headers(request.method, request.path_qs))
        headers[request_ids.HEADER] = request_ids.id_of(request)
        return headers


async def _once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Ask no second time, as aiohttp would where a line broke: another poll brings what follows what was lost with its answer."""
    try:
        return await send(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientConnectionError(str(error)) from error


class _ClientGone(Exception):
    """Nobody is there any more to take an answer."""


async def _stream(request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    """Hand an answer over as it comes. Raises _ClientGone."""
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
        # Half an answer cannot be mended by a second one: the client sees its line break, and comes back.
        request.transport.abort()
    return response


async def _at_most(content: aiohttp.StreamReader, most: int) -> AsyncIterator[bytes]:
    """A body, cut where it is longer than anybody takes."""
    async for piece in content.iter_any():
        yield piece[:most]
        most -= len(piece)
        if most <= 0:
            return


@contextmanager
def _among(members: defaultdict[str, set[T]], node: str, member: T) -> Iterator[None]:
    """Among the members of this node while the block runs."""
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
