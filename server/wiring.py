"""The only file that knows every concrete class: what is made of what, opened in this order and closed in reverse."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta

import aiohttp
from aiohttp import web
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from handlers.rest.auth import PUBLIC, AuthRoutes
from handlers.rest.contacts import ContactRoutes
from handlers.rest.roots import RootRoutes
from handlers.sockets.base import Gate
from handlers.sockets.chat import ChatNamespace
from handlers.sockets.presence import PresenceNamespace
from handlers.sockets.receipts import ReceiptsNamespace
from handlers.sockets.typing import TypingNamespace
from models.documents.entry import Entry
from models.documents.pin import EVENTS_DIGITS, PinRules
from models.events import AccountChanged, ChatMembersChanged, PresenceChanged, SessionsRevoked, Signal
from models.ports import CodeSender
from models.services.add_contact import AddContact
from models.services.announcer import Announcer
from models.services.authenticate import Authenticate
from models.services.change_contact import ChangeContact
from models.services.change_message import ChangeMessage
from models.services.directory import Directory
from models.services.end_session import EndSession
from models.services.find_contact import FindContact
from models.services.greet import Greet
from models.services.has_written import HasWritten
from models.services.import_contacts import ImportContacts
from models.services.limits import TokenBuckets
from models.services.list_chats import ListChats
from models.services.list_contacts import ListContacts
from models.services.list_sessions import ListSessions
from models.services.move_marks import MoveMarks
from models.services.presence import Presence
from models.services.prove_number import ProveNumber
from models.services.read_history import ReadHistory
from models.services.register_profile import RegisterProfile
from models.services.remove_contacts import RemoveContacts
from models.services.request_pin import RequestPin
from models.services.require_contact import RequireContact
from models.services.resolve_chat import ResolveChat
from models.services.rosters import Rosters
from models.services.send_message import SendMessage
from models.services.show_typing import ShowTyping
from models.services.start_session import StartSession
from models.services.sync_chats import SyncChats, SyncRules
from models.services.verify_pin import VerifyPin
from models.stores.accounts import Accounts
from models.stores.chats import Chats
from models.stores.contacts import Contacts
from models.stores.counters import Counters
from models.stores.database import Database, open_database
from models.stores.entries import Entries
from models.stores.heads import Heads
from models.stores.journal import Journal
from models.stores.pins import Pins
from models.stores.quotas import Quotas
from models.stores.sessions import Sessions
from server import pages
from server.auth.middleware import identify
from server.auth.tokens import JwtTokens, derive_key
from server.clock import SystemClock
from server.config import Settings
from server.faults import refusal_of
from server.healing import keep_healing
from server.http import build_application
from server.proxies import locate_clients
from server.secret import load_secret
from server.sms.log import LoggedCodes
from server.sms.outbox import OutboxCodes
from server.sms.twilio import TwilioCodes
from server.sms.webhook import WebhookCodes
from server.sockets.bus import Bus
from server.sockets.connections import Connections
from server.sockets.fanout import SocketFanout
from server.sockets.presence_board import RedisPresenceBoard
from server.sockets.server import SocketServer
from server.versions import require_version

SOCKETS = "/socket.io/"


async def build(settings: Settings, mongodb_url: str, redis_url: str) -> web.Application:
    """Assemble the application; what it opens it closes in its shutdown and cleanup hooks."""
    async with AsyncExitStack() as stack:
        outside = await _open_outside(stack, settings, mongodb_url, redis_url)
        node = _Node(settings, outside)
        await node.open(stack)
        app = node.application()
        open_parts = stack.pop_all()

    async def close(_: web.Application) -> None:
        await open_parts.aclose()

    app.on_shutdown.append(node.drain)
    app.on_cleanup.append(close)
    return app


@dataclass(frozen=True, slots=True)
class _Outside:
    """What the node is built upon."""

    database: Database
    redis: Redis
    http: aiohttp.ClientSession


async def _open_outside(stack: AsyncExitStack, settings: Settings, mongodb_url: str, redis_url: str) -> _Outside:
    mongodb = settings.mongodb
    database = await stack.enter_async_context(
        open_database(mongodb_url, mongodb.database, mongodb.driver, timeout_s=mongodb.timeout_s)
    )
    # No silent reconnects: whoever was cut off may have missed something, and must know (bus.py).
    redis = Redis.from_url(redis_url, socket_timeout=settings.redis.timeout_s, retry=Retry(NoBackoff(), 0))
    stack.push_async_callback(redis.aclose)
    http = await stack.enter_async_context(aiohttp.ClientSession())
    return _Outside(database, redis, http)


@dataclass(slots=True)
class _Node:
    """One node's parts, from the stores upwards."""

    settings: Settings
    outside: _Outside
    sockets: SocketServer = field(init=False)
    bus: Bus = field(init=False)
    journal: Journal = field(init=False)
    announcer: Announcer = field(init=False)
    routes: list[web.RouteDef] = field(init=False)
    authenticate: Authenticate = field(init=False)
    is_draining: bool = False

    async def open(self, stack: AsyncExitStack) -> None:
        settings, database, clock = self.settings, self.outside.database, SystemClock()
        limits, chat = settings.limits, settings.chat
        secret = load_secret(settings).get_secret_value()

        counters = Counters(database)
        accounts, contacts, chats = Accounts(database, counters), Contacts(database), Chats(database, counters)
        sessions, quotas, pins = Sessions(database), Quotas(database), Pins(database, derive_key(secret, "pins"))
        entries, heads = Entries(database), Heads(database)
        for store in (accounts, contacts, chats, sessions, quotas, pins):
            await store.prepare()

        connections = Connections()
        self.bus = bus = Bus(self.outside.redis, large=chat.large_chat_members)
        connections.on_enter, connections.on_leave = bus.hold, bus.release
        fanout = SocketFanout(connections, bus)
        self.sockets = self._socket_server(connections)

        directory, rosters = Directory(accounts), Rosters(chats, entries)
        require_contact = RequireContact(contacts, directory, HasWritten(accounts, chats, entries))
        resolve = ResolveChat(chats, rosters, directory, require_contact, clock)
        self.announcer = Announcer(chats, entries, rosters, fanout)
        self.journal = Journal(
            database,
            clock,
            self._stored,
            batch_max_entries=settings.journal.batch_max_entries,
            queue_max_entries=settings.journal.queue_max_entries,
        )
        marks = MoveMarks(resolve, chats, entries, rosters, fanout, everybody_up_to=chat.receipts_max_members)
        typing = ShowTyping(resolve, rosters, directory, fanout, expires_s=settings.typing.expires_s)
        board = RedisPresenceBoard(self.outside.redis, bus)
        presence = Presence(accounts, contacts, directory, board, fanout, clock, grace_s=settings.presence.grace_s)
        messages = TokenBuckets(limits.messages_per_s, limits.messages_burst, is_enabled=limits.enabled)
        list_chats = ListChats(heads)
        tokens = JwtTokens(secret, clock)
        self.authenticate = authenticate = Authenticate(tokens, sessions, accounts, clock)

        gate = Gate(
            authenticate,
            connections,
            TokenBuckets(limits.requests_per_s, limits.requests_burst, is_enabled=limits.enabled),
            TokenBuckets(limits.connects_per_minute / 60, limits.connects_per_minute, is_enabled=limits.enabled),
            refusal_of,
            settings.sockets.in_flight_max,
        )
        change = ChangeMessage(resolve, chats, entries, self.journal, fanout, messages)
        send = SendMessage(resolve, require_contact, directory, rosters, chats, self.journal, fanout, messages)
        rules = SyncRules(chat.sync_max_entries, chat.delta_max_entries, chat.receipts_max_members)
        for namespace in (
            ChatNamespace(
                gate,
                send,
                change,
                ReadHistory(resolve, chats, entries),
                SyncChats(heads, chats, entries, rosters, rules),
                list_chats,
                Greet(directory, list_chats, fanout),
                typing,
                text_max_chars=chat.text_max_chars,
            ),
            TypingNamespace(gate, typing),
            PresenceNamespace(gate, presence),
            ReceiptsNamespace(gate, marks),
        ):
            self.sockets.register_namespace(namespace)

        def hear(signal: Signal) -> None:
            match signal:
                case SessionsRevoked(session_ids):
                    authenticate.forget(session_ids)
                    for session_id in session_ids:
                        self.sockets.close_session(session_id)
                case AccountChanged(account_id):
                    directory.forget(account_id)
                    require_contact.forget(account_id)
                    presence.changed(account_id)
                case ChatMembersChanged(chat_id):
                    rosters.forget(chat_id)
                case PresenceChanged(account_id):
                    presence.changed(account_id)

        fanout.subscribe(hear)

        pin_rules = PinRules(
            ttl_s=settings.auth.pin_ttl_s,
            tries=settings.auth.pin_tries,
            resend_s=settings.auth.pin_resend_s,
            per_address_per_hour=settings.auth.pin_per_address_per_hour,
            has_send_limits=limits.enabled,
            debug_pin=settings.auth.debug_pin,
        )
        auth = AuthRoutes(
            RequestPin(
                accounts,
                pins,
                quotas,
                self._code_sender(clock),
                clock,
                pin_rules,
                digits=EVENTS_DIGITS,
                app_scheme=settings.auth.app_scheme,
            ),
            VerifyPin(
                accounts,
                ProveNumber(pins, clock, pin_rules),
                StartSession(sessions, tokens, clock, timedelta(days=settings.auth.session_days)),
                fanout,
            ),
            RegisterProfile(accounts, sessions, tokens, fanout, settings.auth.public_registration),
            ListSessions(sessions, clock),
            EndSession(sessions, authenticate, fanout),
        )
        address_book = ContactRoutes(
            ListContacts(contacts, accounts),
            FindContact(contacts, accounts),
            AddContact(contacts, accounts, fanout),
            ImportContacts(contacts, accounts, fanout),
            ChangeContact(contacts, fanout),
            RemoveContacts(contacts, fanout),
        )
        self.routes = [*RootRoutes(settings.http.public_url).routes(), *auth.routes(), *address_book.routes()]

        await bus.open()
        stack.push_async_callback(bus.close)
        await presence.open()
        stack.push_async_callback(presence.close)
        await marks.open()
        stack.push_async_callback(marks.close)
        stack.callback(typing.close)
        await self.announcer.open()
        stack.push_async_callback(self.announcer.close)
        await self.journal.open()
        stack.push_async_callback(self.journal.close)
        healing = asyncio.create_task(keep_healing(entries, chats, clock), name="healing")
        stack.push_async_callback(_cancel, healing)

    def application(self) -> web.Application:
        http = self.settings.http
        app = build_application(
            [*self.routes, *pages.routes(self.ready)],
            [
                locate_clients(http.trusted_proxies),
                require_version,
                identify(self.authenticate, public=PUBLIC, outside={*pages.OUTSIDE, SOCKETS}),
            ],
            body_max_bytes=http.body_max_bytes,
            origins=http.cors_origins,
        )
        app.router.add_static("/static", pages.STATIC)
        self.sockets.attach(app)
        return app

    async def ready(self) -> dict[str, bool]:
        """Which parts work: a load balancer sends people only where all do."""
        try:
            async with asyncio.timeout(2.0):
                await self.outside.database.ping()
            has_database = True
        except Exception:  # noqa: BLE001 (any reason at all makes it not ready)
            has_database = False
        return {"database": has_database, "bus": self.bus.is_up, "not_draining": not self.is_draining}

    async def drain(self, _: web.Application) -> None:
        """Store what was accepted, answer it, and send everybody away with a reason that says "come back"."""
        self.is_draining = True
        await self.journal.close()
        await self.announcer.close()
        await self.sockets.close()

    def _stored(self, entries: Sequence[Entry]) -> None:
        self.announcer.stored(entries)

    def _socket_server(self, connections: Connections) -> SocketServer:
        sockets = self.settings.sockets
        return SocketServer(
            connections,
            origins=self.settings.http.cors_origins,
            ping_interval_s=sockets.ping_interval_s,
            ping_timeout_s=sockets.ping_timeout_s,
            frame_max_bytes=sockets.frame_max_bytes,
            queue_max_packets=sockets.queue_max_packets,
        )

    def _code_sender(self, clock: SystemClock) -> CodeSender:
        sms, http = self.settings.sms, self.outside.http
        match sms.provider:
            case "log":
                return LoggedCodes()
            case "outbox":
                return OutboxCodes(self.settings.data_dir / sms.outbox, clock)
            case "twilio":
                return TwilioCodes(
                    http,
                    account_sid=sms.twilio.account_sid,
                    auth_token=sms.twilio.auth_token.get_secret_value(),
                    from_number=sms.twilio.from_number,
                    url=str(sms.twilio.url),
                    timeout_s=sms.timeout_s,
                )
            case "webhook":
                return WebhookCodes(
                    http,
                    clock,
                    url=str(sms.webhook.url),
                    secret=sms.webhook.secret.get_secret_value(),
                    timeout_s=sms.timeout_s,
                )


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
