"""What joins this node with the others for sessions that they hold."""

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
from server.wiring.domain import Domain


async def join_nodes(
    domain: Domain, sockets: SocketServer, path: str, stack: AsyncExitStack
) -> tuple[SessionProxy, Agreement]:
    """Name the sessions of this node, answer the others, pass on to them, and see whether all have one secret and one time."""
    settings, node = domain.settings, domain.bus.node
    addresses = NodeAddresses(domain.outside.redis, domain.bus.names)
    signer = RequestSigner(derive_key(domain.secret, "nodes"))
    session_proxy = SessionProxy(
        node,
        KnownAddresses(addresses, lambda other: other in domain.bus.lease.others),
        signer,
        most=settings.nodes.passed_on_max,
        patience_s=settings.sockets.ping_interval_s + settings.sockets.ping_timeout_s + 5,
        message_max_bytes=largest_message(settings.chat.text_max_chars),
    )
    internal_server = InternalServer(
        node,
        addresses,
        signer,
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
    sockets.eio.make_sid = lambda: session_id(node)
    sockets.eio.session_proxy = session_proxy
    # The secret is what is compared, so it is no part of this name.
    key = RedisNames(settings.redis.prefix, domain.outside.site.id).together("members")
    agreement = Agreement(domain.outside.redis, key, node, domain.outside.site.fingerprint)
    stack.push_async_callback(agreement.close)
    await agreement.open(internal_server.url)
    return session_proxy, agreement
