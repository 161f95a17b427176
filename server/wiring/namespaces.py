"""Makes the socket server, and one namespace for each part of the protocol."""

from functools import partial

from aiohttp import web

from handlers.sockets.base import BaseNamespace, NamespaceContext
from handlers.sockets.chat import ChatNamespace
from handlers.sockets.events import EventsNamespace
from handlers.sockets.personal import PersonalServices
from handlers.sockets.presence import PresenceNamespace
from handlers.sockets.receipts import ReceiptsNamespace
from handlers.sockets.typing import TypingNamespace
from handlers.wire.sockets.largest import largest_message
from models.services.runtime.token_bucket import TokenBuckets
from server.faults import refusal_of
from server.nodes.address import session_id
from server.nodes.session_proxy import SessionProxy
from server.sockets.server import SocketServer
from server.wiring.services import Runtime, Services

# For tests and benchmarks in the server's process.
SOCKET_SERVER: web.AppKey[SocketServer] = web.AppKey("socket_server")


def socket_server(runtime: Runtime, session_proxy: SessionProxy) -> SocketServer:
    settings, sockets = runtime.settings, runtime.settings.sockets
    return SocketServer(
        runtime.connections,
        origins=settings.http.cors_origins,
        ping_interval_s=sockets.ping_interval_s,
        ping_timeout_s=sockets.ping_timeout_s,
        message_max_bytes=largest_message(settings.chat.text_max_chars),
        make_sid=partial(session_id, runtime.bus.node),
        forward=session_proxy,
        count_refused=partial(runtime.metrics.refused, "sockets"),
        queue_max_packets=sockets.queue_max_packets,
        queue_max_chars=sockets.queue_max_chars,
        account_max_chars=sockets.account_max_chars,
        lines=runtime.lines,
        join_within_s=sockets.join_within_s,
        in_flight_max=sockets.in_flight_max,
    )


def namespaces(services: Services) -> list[BaseNamespace]:
    runtime, chats = services.runtime, services.chats
    limits = runtime.settings.limits
    context = NamespaceContext(
        services.accounts.authenticate,
        runtime.connections,
        TokenBuckets(limits.requests_per_s, limits.requests_burst, is_enabled=limits.enabled),
        TokenBuckets(limits.connects_per_minute / 60, limits.connects_per_minute, is_enabled=limits.enabled),
        refusal_of,
        partial(runtime.metrics.refused, "sockets"),
        sockets_per_account=limits.sockets_per_account if limits.enabled else 0,
    )
    return [
        ChatNamespace(
            context,
            chats.send,
            chats.change,
            chats.find_stored,
            chats.read_history,
            chats.sync,
            chats.list_chats,
            chats.member_names,
            chats.send_ready,
            runtime.connect_admission,
            chats.set_expiry,
            chats.clear,
            chats.forward,
            chats.list_wordings,
            chats.list_pinned,
            PersonalServices(chats.set_settings, chats.star, chats.list_starred),
            services.search.messages,
            text_max_chars=runtime.settings.chat.text_max_chars,
        ),
        TypingNamespace(context, services.log.typing),
        PresenceNamespace(context, services.presence.presence),
        ReceiptsNamespace(context, chats.marks),
        EventsNamespace(context),
    ]
