"""The only file that knows every concrete class: what is made of what, opened in this order and closed in reverse."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
from aiohttp import web
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from handlers.rest.account import AccountRoutes
from handlers.rest.auth import PUBLIC, AuthRoutes
from handlers.rest.contacts import ContactRoutes
from handlers.rest.groups import GroupRoutes
from handlers.rest.links import Links
from handlers.rest.media import OUTSIDE as MEDIA
from handlers.rest.media import MediaRoutes
from handlers.rest.media_messages import MediaMessageRoutes
from handlers.rest.messages import MessageRoutes
from handlers.rest.oauth import OUTSIDE as OAUTH
from handlers.rest.oauth import OAuthRoutes
from handlers.rest.people import PeopleRoutes
from handlers.rest.photos import AccountPhotoRoutes, ContactPhotoRoutes, GroupPhotoRoutes, PhotoDoor
from handlers.rest.roots import RootRoutes
from handlers.sockets.base import Gate
from handlers.sockets.chat import ChatNamespace
from handlers.sockets.presence import PresenceNamespace
from handlers.sockets.receipts import ReceiptsNamespace
from handlers.sockets.typing import TypingNamespace
from models.documents.media import MediaKind, MediaRule
from models.documents.oauth import OAuthRules
from models.documents.pin import EVENTS_DIGITS, MESSAGING_DIGITS, PinRules
from models.events import AccountChanged, ChatMembersChanged, PresenceChanged, SessionsRevoked, Signal, WentOffline
from models.ports import CodeSender
from models.services.add_contact import AddContact
from models.services.add_participant import AddParticipant
from models.services.announcer import Announcer
from models.services.ask_for_code import AskForCode
from models.services.authenticate import Authenticate
from models.services.block_numbers import BlockNumbers
from models.services.change_contact import ChangeContact
from models.services.change_group import ChangeGroup
from models.services.change_message import ChangeMessage
from models.services.choose_account import ChooseAccount
from models.services.create_account import CreateAccount
from models.services.create_group import CreateGroup
from models.services.date_reads import DateReads
from models.services.directory import Directory
from models.services.end_session import EndSession
from models.services.fetch_url import FetchUrl
from models.services.find_account import FindAccount
from models.services.find_contact import FindContact
from models.services.greet import Greet
from models.services.has_written import HasWritten
from models.services.import_contacts import ImportContacts
from models.services.leave_group import LeaveGroup
from models.services.limits import TokenBuckets
from models.services.list_chats import ListChats
from models.services.list_contacts import ListContacts
from models.services.list_groups import ListGroups
from models.services.list_messages import ListMessages
from models.services.list_photo_history import ListPhotoHistory
from models.services.list_photos import ListPhotos
from models.services.list_receipts import ListDelivered, ListRead
from models.services.list_sessions import ListSessions
from models.services.mark_read import MarkRead
from models.services.may_see import MaySee
from models.services.move_marks import MoveMarks
from models.services.open_log import OpenLog
from models.services.open_media import OpenMedia
from models.services.presence import Presence
from models.services.prove_number import ProveNumber
from models.services.read_heads import ReadHeads
from models.services.read_history import ReadHistory
from models.services.record_changes import RecordChanges
from models.services.refresh_tokens import RefreshTokens
from models.services.register_account import RegisterAccount
from models.services.register_profile import RegisterProfile
from models.services.remove_account import RemoveAccount
from models.services.remove_contacts import RemoveContacts
from models.services.remove_participant import RemoveParticipant
from models.services.remove_photo import RemovePhoto
from models.services.request_pin import RequestPin
from models.services.require_contact import RequireContact
from models.services.require_participants import RequireParticipants
from models.services.require_recipient import RequireRecipient
from models.services.resolve_chat import ResolveChat
from models.services.revoke_token import RevokeToken
from models.services.rosters import Rosters
from models.services.see_photos import SeePhotos
from models.services.send_message import SendMessage
from models.services.set_group_photo import SetGroupPhoto
from models.services.set_nickname import SetNickname
from models.services.set_photo import SetPhoto
from models.services.set_privacy import SetPrivacy
from models.services.set_role import SetRole
from models.services.set_status_message import SetStatusMessage
from models.services.set_subject import SetSubject
from models.services.show_group import ShowGroup
from models.services.show_photo import ShowPhoto
from models.services.show_presence import ShowPresence
from models.services.show_statuses import ShowStatuses
from models.services.show_typing import ShowTyping
from models.services.sign_in_by_password import SignInByPassword
from models.services.start_session import StartSession
from models.services.store_media import StoreMedia
from models.services.sync_chats import SyncChats, SyncRules
from models.services.take_photo import TakePhoto
from models.services.tell_typing import TellTyping
from models.services.title_chats import TitleChats
from models.services.verify_pin import VerifyPin
from models.stores.accounts import Accounts
from models.stores.chats import Chats
from models.stores.contacts import Contacts
from models.stores.counters import Counters
from models.stores.database import Database, open_database
from models.stores.entries import Entries
from models.stores.heads import Heads
from models.stores.journal import Journal
from models.stores.logins import Logins
from models.stores.media import MediaFiles
from models.stores.messages import Messages
from models.stores.ownerships import Ownerships
from models.stores.photos import Photos
from models.stores.pins import Pins
from models.stores.presence_snapshots import PresenceSnapshots
from models.stores.quotas import Quotas
from models.stores.read_dates import ReadDates
from models.stores.sessions import Sessions
from models.stores.status_histories import StatusHistories
from models.tasks import cancel
from server import pages
from server.auth.middleware import identify
from server.auth.passwords import Argon2Passwords
from server.auth.tokens import JwtTokens, derive_key
from server.clock import SystemClock
from server.config import Settings
from server.faults import refusal_of
from server.healing import keep_healing
from server.http import build_application
from server.media.fetcher import HttpFetcher
from server.media.imaging import PictureProcesses
from server.media.sweeping import keep_sweeping
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


class _Node:
    """One node's parts, from the stores upwards: each is made once here, and both doors use the same."""

    def __init__(self, settings: Settings, outside: _Outside) -> None:
        self.settings, self.outside = settings, outside
        self.is_draining = False
        self.clock = clock = SystemClock()
        self.secret = load_secret(settings).get_secret_value()
        chat, limits, database = settings.chat, settings.limits, outside.database

        counters = Counters(database)
        self.accounts, self.contacts = Accounts(database, counters), Contacts(database)
        self.messages, self.read_dates = Messages(database), ReadDates(database)
        self.chats, self.entries, self.heads = Chats(database, counters), Entries(database), Heads(database)
        self.sessions, self.quotas = Sessions(database), Quotas(database)
        self.pins = Pins(database, derive_key(self.secret, "pins"))
        self.media, self.photos = MediaFiles(database, derive_key(self.secret, "media"), clock), Photos(database)
        self.logins, self.ownerships = Logins(database, counters), Ownerships(database, counters)
        self.status_histories, self.snapshots = StatusHistories(database), PresenceSnapshots(database)

        self.connections = Connections()
        self.bus = Bus(outside.redis, large=chat.large_chat_members, prefix=settings.redis.prefix)
        self.connections.on_enter, self.connections.on_leave = self.bus.hold, self.bus.release
        self.fanout = fanout = SocketFanout(self.connections, self.bus)
        fanout.subscribe(self._hear)
        self.sockets = self._socket_server()

        files = settings.media
        self.imaging = PictureProcesses(max_pixels=files.photo_max_pixels)
        self.fetcher = HttpFetcher(
            timeout_s=files.fetch_timeout_s,
            max_redirects=files.fetch_max_redirects,
            allow_private_addresses=files.allow_private_addresses,
        )
        self.store_media = StoreMedia(self.media, self.imaging)
        self.links = Links(settings.http.public_url)

        self.directory = Directory(self.accounts)
        self.rosters = Rosters(self.chats, self.entries)
        self.announcer = Announcer(self.chats, self.entries, self.rosters, fanout)
        self.journal = Journal(
            database,
            clock,
            self.announcer.stored,
            batch_max_entries=settings.journal.batch_max_entries,
            queue_max_entries=settings.journal.queue_max_entries,
        )
        has_written = HasWritten(self.accounts, self.chats, self.entries)
        self.require_contact = RequireContact(self.contacts, self.directory, has_written)
        self.resolve = ResolveChat(self.chats, self.rosters, self.directory, self.require_contact, fanout, clock)
        self.marks = MoveMarks(
            self.resolve,
            self.chats,
            self.entries,
            self.rosters,
            self.directory,
            fanout,
            DateReads(self.chats, self.read_dates, clock),
            everybody_up_to=chat.receipts_max_members,
        )
        self.typing = ShowTyping(
            self.resolve, self.rosters, self.directory, fanout, expires_s=settings.typing.expires_s
        )
        self.presence = Presence(
            self.accounts,
            self.contacts,
            self.directory,
            RedisPresenceBoard(outside.redis, self.bus),
            fanout,
            clock,
            grace_s=settings.presence.grace_s,
        )
        self.message_limit = TokenBuckets(limits.messages_per_s, limits.messages_burst, is_enabled=limits.enabled)
        self.send = SendMessage(
            self.resolve,
            self.require_contact,
            self.directory,
            self.rosters,
            self.chats,
            self.entries,
            self.journal,
            fanout,
            self.message_limit,
        )
        self.record = RecordChanges(self.journal, self.announcer)
        self.change_group = ChangeGroup(self.chats, self.rosters, self.record)
        self.read_heads = ReadHeads(self.heads, self.rosters)
        self.list_chats = ListChats(self.read_heads)
        self.leave_group = LeaveGroup(self.change_group, self.chats, self.record)
        self.passwords = Argon2Passwords()
        self.code_sender = self._code_sender()
        self.tokens = JwtTokens(self.secret, clock)
        self.authenticate = Authenticate(
            self.tokens, self.sessions, self.accounts, self.logins, ChooseAccount(self.ownerships), clock
        )

    async def open(self, stack: AsyncExitStack) -> None:
        """Make the indexes, start what works in the background; closed in reverse."""
        for store in (
            self.accounts,
            self.contacts,
            self.chats,
            self.sessions,
            self.quotas,
            self.pins,
            self.read_dates,
            self.media,
        ):
            await store.prepare()
        for files in (self.media, self.photos):
            await files.prepare()
        await self.logins.prepare()
        await self.ownerships.prepare()
        for part in (self.bus, self.presence, self.marks, self.announcer, self.journal):
            await part.open()
            stack.push_async_callback(part.close)
        stack.callback(self.typing.close)
        stack.callback(self.passwords.close)
        healing = asyncio.create_task(keep_healing(self.entries, self.chats, self.clock), name="healing")
        stack.push_async_callback(cancel, healing)
        sweeping = asyncio.create_task(keep_sweeping(self.media), name="sweeping")
        stack.push_async_callback(cancel, sweeping)

    def application(self) -> web.Application:
        http = self.settings.http
        routes = [
            *pages.routes(self._ready, self.settings.sms.provider),
            *RootRoutes(http.public_url).routes(),
            *self._auth().routes(),
            *self._oauth().routes(),
            *self._account().routes(),
            *self._address_book().routes(),
            *self._people().routes(),
            *self._groups().routes(),
            *self._messages().routes(),
            *MediaRoutes(OpenMedia(self.media)).routes(),
            *self._photo_routes(),
            *self._media_messages().routes(),
        ]
        app = build_application(
            routes,
            [
                locate_clients(http.trusted_proxies),
                require_version,
                identify(self.authenticate, public=PUBLIC, outside={*pages.OUTSIDE, *MEDIA, *OAUTH, SOCKETS}),
            ],
            body_max_bytes=http.body_max_bytes,
            origins=http.cors_origins,
        )
        self._register_namespaces()
        self.sockets.attach(app)
        return app

    async def drain(self, _: web.Application) -> None:
        """Store what was accepted, answer it, and send everybody away with a reason that says "come back"."""
        self.is_draining = True
        await self.journal.close()
        await self.announcer.close()
        await self.sockets.close()

    async def _ready(self) -> dict[str, bool]:
        """Which parts work: a load balancer sends people only where all do."""
        try:
            async with asyncio.timeout(2.0):
                await self.outside.database.ping()
            has_database = True
        except Exception:  # noqa: BLE001 (any reason at all makes it not ready)
            has_database = False
        return {"database": has_database, "bus": self.bus.is_up, "not_draining": not self.is_draining}

    def _hear(self, signal: Signal) -> None:
        """What some node said can no longer be believed."""
        match signal:
            case SessionsRevoked(session_ids):
                self.authenticate.forget(session_ids)
                for session_id in session_ids:
                    self.sockets.close_session(session_id)
            case AccountChanged(account_id):
                self.directory.forget(account_id)
                self.require_contact.forget(account_id)
                self.presence.changed(account_id, is_viewer=True)
            case ChatMembersChanged(chat_id):
                self.rosters.forget(chat_id)
            case PresenceChanged(account_id):
                self.presence.changed(account_id)
            case WentOffline(account_id):
                self.presence.hide(account_id)

    def _register_namespaces(self) -> None:
        limits, chat = self.settings.limits, self.settings.chat
        gate = Gate(
            self.authenticate,
            self.connections,
            TokenBuckets(limits.requests_per_s, limits.requests_burst, is_enabled=limits.enabled),
            TokenBuckets(limits.connects_per_minute / 60, limits.connects_per_minute, is_enabled=limits.enabled),
            refusal_of,
            self.settings.sockets.in_flight_max,
        )
        rules = SyncRules(chat.sync_max_entries, chat.delta_max_entries, chat.receipts_max_members, chat.sync_max_chats)
        for namespace in (
            ChatNamespace(
                gate,
                self.send,
                ChangeMessage(
                    self.resolve,
                    self.directory,
                    self.chats,
                    self.entries,
                    self.journal,
                    self.fanout,
                    self.message_limit,
                ),
                ReadHistory(self.resolve, self.rosters, self.chats, self.entries),
                SyncChats(self.read_heads, self.chats, self.entries, rules),
                self.list_chats,
                Greet(self.directory, self.list_chats, self.fanout),
                self.typing,
                text_max_chars=chat.text_max_chars,
            ),
            TypingNamespace(gate, self.typing),
            PresenceNamespace(gate, self.presence),
            ReceiptsNamespace(gate, self.marks),
        ):
            self.sockets.register_namespace(namespace)

    def _pin_rules(self) -> PinRules:
        auth = self.settings.auth
        return PinRules(
            ttl_s=auth.pin_ttl_s,
            tries=auth.pin_tries,
            resend_s=auth.pin_resend_s,
            per_address_per_hour=auth.pin_per_address_per_hour,
            has_send_limits=self.settings.limits.enabled,
            debug_pin=auth.debug_pin,
        )

    def _request_pin(self, digits: int) -> RequestPin:
        return RequestPin(
            self.accounts,
            self.pins,
            self.quotas,
            self.code_sender,
            self.clock,
            self._pin_rules(),
            digits=digits,
            app_scheme=self.settings.auth.app_scheme if digits == EVENTS_DIGITS else "",
        )

    def _auth(self) -> AuthRoutes:
        auth = self.settings.auth
        return AuthRoutes(
            self._request_pin(EVENTS_DIGITS),
            VerifyPin(
                self.accounts,
                ProveNumber(self.pins, self.clock, self._pin_rules()),
                StartSession(self.sessions, self.tokens, self.clock, timedelta(days=auth.session_days)),
                self.fanout,
            ),
            RegisterProfile(self.accounts, self.sessions, self.tokens, self.fanout, auth.public_registration),
            ListSessions(self.sessions, self.clock),
            EndSession(self.sessions, self.authenticate, self.fanout),
        )

    def _account(self) -> AccountRoutes:
        request_pin, find = self._request_pin(MESSAGING_DIGITS), FindAccount(self.accounts)
        return AccountRoutes(
            CreateAccount(self.accounts, self.ownerships, request_pin, self.clock),
            AskForCode(self.accounts, self.ownerships, request_pin, self.clock),
            RegisterAccount(
                self.accounts,
                self.ownerships,
                self.sessions,
                ProveNumber(self.pins, self.clock, self._pin_rules()),
                self.fanout,
            ),
            RemoveAccount(
                self.accounts,
                self.ownerships,
                self.sessions,
                self.contacts,
                self.chats,
                self.entries,
                (self.status_histories, self.snapshots, self.photos),
                self.leave_group,
                self.record,
                self.fanout,
            ),
            find,
            SetStatusMessage(self.accounts, self.status_histories, self.fanout, self.clock),
            SetNickname(self.accounts, self.fanout),
            SetPrivacy(self.accounts, self.fanout),
            self.presence,
        )

    def _people(self) -> PeopleRoutes:
        may_see = MaySee(self.contacts)
        return PeopleRoutes(
            ShowStatuses(self.require_contact, self.contacts, self.accounts, self.status_histories, may_see),
            ShowPresence(self.presence, self.require_contact, self.contacts, self.accounts, self.snapshots, self.clock),
            BlockNumbers(self.accounts, self.fanout),
            FindAccount(self.accounts),
        )

    def _oauth(self) -> OAuthRoutes:
        rules = OAuthRules(
            client_ids=self.settings.oauth.client_ids,
            token_lifetime=timedelta(days=self.settings.auth.session_days),
            guesses_per_login=self.settings.oauth.guesses_per_login,
            guesses_per_address=self.settings.oauth.guesses_per_address,
            has_limits=self.settings.limits.enabled,
        )
        return OAuthRoutes(
            SignInByPassword(self.logins, self.passwords, self.sessions, self.quotas, self.tokens, self.clock, rules),
            RefreshTokens(self.logins, self.sessions, self.tokens, self.fanout, self.clock, rules),
            RevokeToken(self.tokens, self.sessions, self.fanout),
            rules,
            self.clock,
        )

    def _address_book(self) -> ContactRoutes:
        contacts, accounts, fanout = self.contacts, self.accounts, self.fanout
        return ContactRoutes(
            ListContacts(contacts, accounts),
            FindContact(contacts, accounts),
            AddContact(contacts, accounts, fanout),
            ImportContacts(contacts, accounts, fanout),
            ChangeContact(contacts, fanout),
            RemoveContacts(contacts, fanout),
        )

    def _groups(self) -> GroupRoutes:
        members_max = self.settings.chat.group_max_members
        record, change, leave = self.record, self.change_group, self.leave_group
        participants = RequireParticipants(self.require_contact)
        return GroupRoutes(
            CreateGroup(self.chats, participants, record, self.clock, members_max),
            ListGroups(self.chats),
            ShowGroup(self.chats, self.rosters),
            SetSubject(change, record),
            AddParticipant(change, participants, record, members_max),
            RemoveParticipant(change, leave, record),
            SetRole(change, self.chats, record),
            leave,
        )

    def _messages(self) -> MessageRoutes:
        open_log = OpenLog(self.resolve, self.rosters, self.chats)
        return MessageRoutes(
            self.send,
            self.typing,
            TellTyping(self.typing, self.require_contact),
            TitleChats(self.read_heads, self.contacts, self.accounts),
            ListMessages(open_log, self.entries, self.messages, self.read_dates),
            ListDelivered(open_log, self.messages),
            ListRead(open_log, self.chats, self.messages, self.read_dates),
            MarkRead(open_log, self.messages, self.marks),
            self.links,
            self.settings.chat.text_max_chars,
        )

    def _photo_routes(self) -> list[web.RouteDef]:
        media, fanout, clock = self.settings.media, self.fanout, self.clock
        take = TakePhoto(self.imaging, self.fetcher, self.store_media, media.photo_max_bytes)
        door = PhotoDoor(take, OpenMedia(self.media), self.links)
        see = SeePhotos(self.contacts)
        show = ShowPhoto(self.accounts, self.require_contact, see)
        return [
            *AccountPhotoRoutes(
                door,
                show,
                SetPhoto(take, self.accounts, self.photos, fanout, clock),
                RemovePhoto(self.accounts, self.photos, fanout, clock),
            ).routes(),
            *ContactPhotoRoutes(
                door,
                show,
                ListPhotoHistory(self.accounts, self.photos, self.require_contact, see),
                ListPhotos(self.contacts, self.accounts, see),
            ).routes(),
            *GroupPhotoRoutes(
                door,
                ShowGroup(self.chats, self.rosters),
                SetGroupPhoto(self.chats, self.rosters, take, self.change_group, self.record),
            ).routes(),
        ]

    def _media_messages(self) -> MediaMessageRoutes:
        media = self.settings.media
        limits = {
            MediaKind.IMAGE: media.image_max_bytes,
            MediaKind.VOICE: media.audio_max_bytes,
            MediaKind.AUDIO: media.audio_max_bytes,
            MediaKind.VIDEO: media.video_max_bytes,
        }
        return MediaMessageRoutes(
            self.send,
            self.typing,
            RequireRecipient(self.resolve, self.require_contact, self.directory, self.message_limit),
            self.store_media,
            FetchUrl(self.fetcher, self.store_media),
            {kind: MediaRule(kind, below_bytes) for kind, below_bytes in limits.items()},
            self.links,
        )

    def _socket_server(self) -> SocketServer:
        sockets = self.settings.sockets
        return SocketServer(
            self.connections,
            origins=self.settings.http.cors_origins,
            ping_interval_s=sockets.ping_interval_s,
            ping_timeout_s=sockets.ping_timeout_s,
            frame_max_bytes=sockets.frame_max_bytes,
            queue_max_packets=sockets.queue_max_packets,
            queue_max_chars=sockets.queue_max_chars,
            join_within_s=sockets.join_within_s,
        )

    def _code_sender(self) -> CodeSender:
        sms, http, clock = self.settings.sms, self.outside.http, self.clock
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
