"""Joins this node with the others: sessions that another node holds, one secret, one time."""

import errno
from contextlib import AsyncExitStack

from handlers.wire.sockets.largest import largest_message
from server.auth.tokens import derive_key
from server.bus.names import RedisNames
from server.config import ConfigError
from server.nodes.address import KnownAddresses, NodeAddresses
from server.nodes.agreement import Agreement
from server.nodes.internal_server import InternalServer, RequestSigner
from server.nodes.session_proxy import SessionProxy
from server.sockets.server import SocketServer
from server.wiring.services import Runtime


def session_proxy(runtime: Runtime) -> SessionProxy:
    """Returns the proxy to the other nodes' sessions; `join_nodes` opens it."""
    settings, others = runtime.settings, runtime.bus.lease
    return SessionProxy(
        runtime.bus.node,
        KnownAddresses(_addresses(runtime), lambda other: other in others.others),
        _signer(runtime),
        most=settings.nodes.passed_on_max,
        patience_s=settings.sockets.ping_interval_s + settings.sockets.ping_timeout_s + 5,
        message_max_bytes=largest_message(settings.chat.text_max_chars),
    )


def agreement(runtime: Runtime) -> Agreement:
    """Returns the comparison of secrets and clocks with the other nodes; `join_nodes` opens it."""
    # Nodes with different secrets must meet under this name to compare them.
    key = RedisNames(runtime.settings.redis.prefix, runtime.outside.site.id).together("members")
    return Agreement(runtime.outside.redis, key, runtime.bus.node, runtime.outside.site.fingerprint)


async def join_nodes(
    runtime: Runtime,
    sockets: SocketServer,
    session_proxy: SessionProxy,
    agreement: Agreement,
    path: str,
    stack: AsyncExitStack,
) -> None:
    """Forward requests to the other nodes, answer theirs, and compare secret and clock with them."""
    settings = runtime.settings
    internal_server = InternalServer(
        runtime.bus.node,
        _addresses(runtime),
        _signer(runtime),
        path,
        sockets.eio.handle_own,
        host=settings.nodes.host or settings.http.host,
        port=settings.nodes.port,
        url=settings.nodes.url,
    )
    await session_proxy.open()
    stack.push_async_callback(session_proxy.close)
    stack.push_async_callback(internal_server.close)
    try:
        await internal_server.open()
    except OSError as error:
        is_port = error.errno in (errno.EADDRINUSE, errno.EACCES)
        key, value = ("port", settings.nodes.port) if is_port else ("host", settings.nodes.host)
        raise ConfigError(f"nodes.{key}", f"{value} cannot be listened on ({error.strerror})") from None
    stack.push_async_callback(agreement.close)
    await agreement.open(internal_server.url)


def _addresses(runtime: Runtime) -> NodeAddresses:
    return NodeAddresses(runtime.outside.redis, runtime.bus.names)


def _signer(runtime: Runtime) -> RequestSigner:
    return RequestSigner(derive_key(runtime.outside.secret, "nodes"))
