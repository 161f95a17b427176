"""Joins this node with the others: sessions that another node holds, one secret, one time."""

import errno
from contextlib import AsyncExitStack

from handlers.wire.sockets.largest import largest_message
from server.auth.tokens import derive_key
from server.bus.names import RedisNames
from server.config import ConfigError
from server.nodes.address import KnownAddresses, NodeAddresses, session_id
from server.nodes.agreement import Agreement
from server.nodes.internal_server import InternalServer, RequestSigner
from server.nodes.session_proxy import SessionProxy
from server.sockets.server import SocketServer
from server.wiring.services import Runtime


async def join_nodes(
    runtime: Runtime, sockets: SocketServer, path: str, stack: AsyncExitStack
) -> tuple[SessionProxy, Agreement]:
    """Start what answers other nodes, passes requests on to them, and compares secrets and clocks with theirs."""
    settings, node = runtime.settings, runtime.bus.node
    addresses = NodeAddresses(runtime.outside.redis, runtime.bus.names)
    seal = RequestSigner(derive_key(runtime.outside.secret, "nodes"))
    session_proxy = SessionProxy(
        node,
        KnownAddresses(addresses, lambda other: other in runtime.bus.lease.others),
        seal,
        most=settings.nodes.passed_on_max,
        patience_s=settings.sockets.ping_interval_s + settings.sockets.ping_timeout_s + 5,
        message_max_bytes=largest_message(settings.chat.text_max_chars),
    )
    door = InternalServer(
        node,
        addresses,
        seal,
        path,
        sockets.eio.handle_own,
        host=settings.nodes.host or settings.http.host,
        port=settings.nodes.port,
        url=settings.nodes.url,
    )
    await session_proxy.open()
    stack.push_async_callback(session_proxy.close)
    stack.push_async_callback(door.close)
    try:
        await door.open()
    except OSError as error:
        is_port = error.errno in (errno.EADDRINUSE, errno.EACCES)
        key, value = ("port", settings.nodes.port) if is_port else ("host", settings.nodes.host)
        raise ConfigError(f"nodes.{key}", f"{value} cannot be listened on ({error.strerror})") from None
    sockets.eio.make_sid = lambda: session_id(node)
    sockets.eio.session_proxy = session_proxy
    # The secret is what is compared, so it is no part of this name.
    key = RedisNames(settings.redis.prefix, runtime.outside.site.id).together("members")
    agreement = Agreement(runtime.outside.redis, key, node, runtime.outside.site.fingerprint)
    stack.push_async_callback(agreement.close)
    await agreement.open(door.url)
    return session_proxy, agreement
