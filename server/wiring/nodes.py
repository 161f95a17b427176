"""What joins this node with the others for sessions that they hold."""

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
from server.wiring.domain import Domain


def session_proxy(domain: Domain) -> SessionProxy:
    """Returns the proxy to the other nodes' sessions; `join_nodes` opens it."""
    settings, others = domain.settings, domain.bus.lease
    return SessionProxy(
        domain.bus.node,
        KnownAddresses(_addresses(domain), lambda other: other in others.others),
        _signer(domain),
        most=settings.nodes.passed_on_max,
        patience_s=settings.sockets.ping_interval_s + settings.sockets.ping_timeout_s + 5,
        message_max_bytes=largest_message(settings.chat.text_max_chars),
    )


def agreement(domain: Domain) -> Agreement:
    """Returns the comparison of secrets and clocks with the other nodes; `join_nodes` opens it."""
    # The secret is what is compared, so it is no part of this name.
    key = RedisNames(domain.settings.redis.prefix, domain.outside.site.id).together("members")
    return Agreement(domain.outside.redis, key, domain.bus.node, domain.outside.site.fingerprint)


async def join_nodes(
    domain: Domain,
    sockets: SocketServer,
    session_proxy: SessionProxy,
    agreement: Agreement,
    path: str,
    stack: AsyncExitStack,
) -> None:
    """Forward requests to the other nodes, answer theirs, and compare secret and clock with them."""
    settings = domain.settings
    internal_server = InternalServer(
        domain.bus.node,
        _addresses(domain),
        _signer(domain),
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


def _addresses(domain: Domain) -> NodeAddresses:
    return NodeAddresses(domain.outside.redis, domain.bus.names)


def _signer(domain: Domain) -> RequestSigner:
    return RequestSigner(derive_key(domain.secret, "nodes"))
