"""The sockets: the server that carries them, and one namespace for each part of the protocol."""

from functools import partial

from handlers.sockets.base import BaseNamespace, NamespaceContext
from handlers.sockets.chat import ChatNamespace
from handlers.sockets.events import EventsNamespace
from handlers.sockets.presence import PresenceNamespace
from handlers.sockets.receipts import ReceiptsNamespace
from handlers.sockets.typing import TypingNamespace
from handlers.wire.sockets.largest import largest_message
from models.services.chats.change import ChangeMessage
from models.services.chats.history import ReadHistory
from models.services.chats.listing import SendReady
from models.services.runtime.token_bucket import TokenBuckets
from server.faults import refusal_of
from server.sockets.server import SocketServer
from server.wiring.domain import Domain


def socket_server(domain: Domain) -> SocketServer:
    sockets = domain.settings.sockets
    return SocketServer(
        domain.connections,
        origins=domain.settings.http.cors_origins,
        ping_interval_s=sockets.ping_interval_s,
        ping_timeout_s=sockets.ping_timeout_s,
        message_max_bytes=largest_message(domain.settings.chat.text_max_chars),
        queue_max_packets=sockets.queue_max_packets,
        queue_max_chars=sockets.queue_max_chars,
        account_max_chars=sockets.account_max_chars,
        lines=domain.lines,
        join_within_s=sockets.join_within_s,
        in_flight_max=sockets.in_flight_max,
    )


def namespaces(domain: Domain) -> list[BaseNamespace]:
    stores = domain.stores
    limits, chat = domain.settings.limits, domain.settings.chat
    gate = NamespaceContext(
        domain.authenticate,
        domain.connections,
        TokenBuckets(limits.requests_per_s, limits.requests_burst, is_enabled=limits.enabled),
        TokenBuckets(limits.connects_per_minute / 60, limits.connects_per_minute, is_enabled=limits.enabled),
        refusal_of,
        partial(domain.metrics.refused, "sockets"),
        sockets_per_account=limits.sockets_per_account if limits.enabled else 0,
    )
    return [
        ChatNamespace(
            gate,
            domain.send,
            ChangeMessage(
                domain.resolve,
                domain.directory,
                stores.chats,
                stores.entries,
                domain.journal,
                domain.fanout,
                domain.message_limit,
                domain.find_stored,
                domain.remove_media,
            ),
            domain.find_stored,
            ReadHistory(domain.resolve, domain.memberships, stores.chats, stores.entries),
            domain.sync,
            domain.list_chats,
            SendReady(domain.directory, domain.first_pages, domain.fanout),
            domain.connect_admission,
            text_max_chars=chat.text_max_chars,
        ),
        TypingNamespace(gate, domain.typing),
        PresenceNamespace(gate, domain.presence),
        ReceiptsNamespace(gate, domain.marks),
        EventsNamespace(gate),
    ]
