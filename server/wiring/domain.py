"""The services that both doors use, over the stores: who may, the message path, marks, typing, presence."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import AsyncExitStack
from functools import partial

from handlers.rest.links import Links
from models.documents.chat import Chat
from models.documents.entry import Entry
from models.services.announce_again import AnnounceAgain
from models.services.announcer import Announcer
from models.services.authenticate import Authenticate
from models.services.batched import Batched
from models.services.change_group import ChangeGroup
from models.services.choose_account import ChooseAccount
from models.services.date_reads import DateReads
from models.services.default_pictures import DefaultPictures
from models.services.directory import Directory
from models.services.doorkeeper import Doorkeeper
from models.services.find_stored import FindStored
from models.services.forget_events import ForgetEvents
from models.services.has_written import HasWritten
from models.services.hidden_events import HiddenEvents
from models.services.join_events import JoinEvents
from models.services.leave_group import LeaveGroup
from models.services.limit_fetches import LimitFetches
from models.services.limit_new_numbers import LimitNewNumbers
from models.services.limit_texts import LimitTexts, TextRules
from models.services.limits import TokenBuckets
from models.services.list_chats import ListChats
from models.services.log_event import LogEvent
from models.services.may_see import MaySee
from models.services.move_marks import MoveMarks
from models.services.notify_of_event import NotifyOfEvent
from models.services.presence import Presence
from models.services.read_heads import ReadHeads
from models.services.record_changes import RecordChanges
from models.services.remind import Remind
from models.services.remove_unused_media import RemoveUnusedMedia
from models.services.renditions import Renditions
from models.services.require_contact import RequireContact
from models.services.require_event import RequireEvent
from models.services.resolve_chat import ResolveChat
from models.services.rosters import Rosters
from models.services.see_users import SeeUsers
from models.services.send_message import SendMessage
from models.services.set_photo import SetPhoto
from models.services.show_event import ShowEvent
from models.services.show_typing import ShowTyping
from models.services.store_media import StoreMedia
from models.services.summaries import Summaries
from models.services.sweep_presence import SweepPresence
from models.services.sync_chats import SyncChats, SyncRules
from models.services.tails import Tails
from models.services.take_photo import TakePhoto
from models.services.tell_event import TellEvent
from models.services.text_invitations import TextInvitations
from models.stores.journal import Journal
from models.tasks import cancel
from server.auth.passwords import Argon2Passwords
from server.auth.tokens import JwtTokens, derive_key
from server.bus.bus import Bus
from server.bus.presence_board import RedisPresenceBoard
from server.bus.socket_board import RedisSocketBoard
from server.clock import SystemClock
from server.config import ChatSettings, Settings
from server.database_health import DatabaseHealth
from server.healing import heal
from server.late_writes import LateWrites
from server.lines_per_address import LinesPerAddress
from server.media.fetcher import HttpFetcher
from server.media.imaging import PictureProcesses
from server.media.initials import Initials
from server.metrics import Metrics
from server.recurring import keep_doing
from server.sockets.connections import Connections
from server.sockets.fanout import SocketFanout
from server.wiring.notifications import NotificationParts
from server.wiring.outside import Outside
from server.wiring.sms import sms_provider
from server.wiring.stores import Stores


def _sync(stores: Stores, read_heads: ReadHeads, chat: ChatSettings, clock: SystemClock) -> SyncChats:
    rules = SyncRules(chat.sync_max_entries, chat.delta_max_entries, chat.receipts_max_members, chat.sync_max_chats)
    return SyncChats(
        read_heads,
        Batched(read_heads.ends, at_once=64),
        Batched(read_heads.standings, at_once=2000),
        Batched(stores.chats.list_left, at_once=500),
        Batched(partial(stores.chats.list_marks_up_to, members_max=rules.marks_max_members), at_once=500),
        stores.entries,
        Tails(stores.entries),
        rules,
        clock,
    )


def _text_rules(settings: Settings) -> TextRules:
    sms = settings.sms
    return TextRules(
        countries=sms.countries,
        texts_per_number=sms.texts_per_number_per_day,
        texts_of_all=sms.texts_per_day,
        codes_of_all=sms.codes_per_day,
        has_limits=settings.limits.enabled,
    )


class Domain:
    """One node's services, from the fan-out upwards: each is made once here, and REST and sockets use the same."""

    def __init__(self, settings: Settings, outside: Outside) -> None:
        self.settings, self.outside = settings, outside
        self.clock = clock = SystemClock()
        self.secret = outside.secret
        self.stores = stores = Stores(outside.database, self.secret, clock, large_chat=settings.chat.large_chat_members)
        chat, limits = settings.chat, settings.limits

        self.metrics = Metrics()
        self.database_health = DatabaseHealth(outside.database)
        self.connections = Connections()
        self.bus = Bus(
            outside.redis, large=chat.large_chat_members, prefix=settings.redis.prefix, site=outside.site.name
        )
        self.bus.large_chats.read = stores.chats.list_large
        self.connections.on_enter, self.connections.on_leave = self.bus.hold, self.bus.release
        self.fanout = fanout = SocketFanout(self.connections, self.bus)

        files = settings.media
        self.imaging = PictureProcesses(
            max_pixels=files.photo_max_pixels,
            memory_bytes=files.picture_memory_mb << 20,
            cpu_s=files.picture_cpu_s,
            limit=TokenBuckets(limits.pictures_per_minute / 60, limits.pictures_per_minute, is_enabled=limits.enabled),
        )
        self.fetcher = HttpFetcher(
            timeout_s=files.fetch_timeout_s,
            max_redirects=files.fetch_max_redirects,
            allow_private_addresses=files.allow_private_addresses,
            nameservers=files.nameservers,
        )
        self.fetches = LimitFetches(per_account=files.fetches_per_account, at_once=files.fetches_at_once)
        self.store_media = StoreMedia(stores.media, self.imaging)
        self.take_photo = TakePhoto(self.imaging, self.fetcher, self.store_media, files.photo_max_bytes)
        self.renditions = Renditions(stores.media, self.imaging, self.store_media, stores.photos, stores.accounts)
        self.remove_media = RemoveUnusedMedia(
            stores.media, (stores.entries, stores.photos, stores.accounts, stores.chats, stores.favourites)
        )
        self.set_photo = SetPhoto(self.take_photo, self.renditions, stores.accounts, stores.photos, fanout, clock)
        self.see_users = SeeUsers(MaySee(stores.contacts))
        self.default_pictures = DefaultPictures(
            derive_key(self.secret, "default pictures"), Initials(files.default_picture_font)
        )
        self.links = Links(settings.http.public_url, self.default_pictures if files.default_pictures else None)

        cache_ttl_s = 0.9 * settings.nodes.cache_ttl_s  # the rest is for what is under way when the time is up
        self.directory = Directory(stores.accounts, ttl_s=cache_ttl_s)
        self.rosters = Rosters(stores.chats, stores.entries, fanout.signal, self._recovered, ttl_s=cache_ttl_s)
        self.sms = sms_provider(settings, outside.http, clock)
        self.socket_board = RedisSocketBoard(self.bus)
        self.notifications = NotificationParts(
            settings,
            stores,
            clock,
            self.directory,
            self.socket_board,
            self.sms,
            self.metrics.notified,
        )
        self.summaries = Summaries(stores.places, self.rosters, clock)
        self.announcer = Announcer(stores.chats, stores.entries, self.rosters, fanout, clock, self._announced)
        self.announce_again = AnnounceAgain(stores.entries, self.rosters, self.directory, self.announcer, clock)
        self.journal = Journal(
            outside.database,
            clock,
            self._stored,
            self.announce_again.found,
            batch_max_entries=settings.journal.batch_max_entries,
            queue_max_entries=settings.journal.queue_max_entries,
            is_first=self.summaries.is_first,
        )
        has_written = HasWritten(stores.accounts, stores.chats, stores.entries)
        self.require_contact = RequireContact(stores.contacts, self.directory, has_written, ttl_s=cache_ttl_s)
        self.resolve = ResolveChat(stores.chats, self.rosters, self.directory, self.require_contact, fanout, clock)
        self.marks = MoveMarks(
            self.resolve,
            stores.chats,
            stores.entries,
            self.rosters,
            self.directory,
            fanout,
            DateReads(stores.chats, stores.read_dates, clock),
            everybody_up_to=chat.receipts_max_members,
        )
        self.typing = ShowTyping(
            self.resolve, self.rosters, self.directory, fanout, expires_s=settings.typing.expires_s
        )
        grace_s = settings.presence.grace_s
        board = RedisPresenceBoard(outside.redis, self.bus, grace_s=grace_s)
        self.presence = Presence(
            stores.accounts, stores.contacts, self.directory, board, fanout, clock, grace_s=grace_s
        )
        self.bus.on_lost = self.presence.say_again
        self.bus.on_met = self.presence.doubt
        self.late_writes = LateWrites(outside.database.settle, fanout.resync)
        self.bus.on_died = self.late_writes.node_died
        self.sweep_presence = SweepPresence(stores.accounts, board, fanout, clock)
        self.doorkeeper = Doorkeeper(settings.sockets.joins_per_s, settings.sockets.join_waits_s)
        self.lines = LinesPerAddress(limits.lines_per_address if limits.enabled else 0, settings.http.trusted_proxies)
        self.request_limit = TokenBuckets(limits.requests_per_s, limits.requests_burst, is_enabled=limits.enabled)
        self.message_limit = TokenBuckets(limits.messages_per_s, limits.messages_burst, is_enabled=limits.enabled)
        self.find_stored = FindStored(self.resolve, stores.chats, stores.entries, self.journal)
        self.send = SendMessage(
            self.resolve,
            self.require_contact,
            self.directory,
            self.rosters,
            stores.chats,
            self.find_stored,
            self.journal,
            fanout,
            self.message_limit,
        )
        self.record = RecordChanges(self.journal, self.announcer)
        self.change_group = ChangeGroup(stores.chats, self.rosters, self.record)
        self.read_heads = ReadHeads(stores.heads, self.rosters)
        self.list_chats = ListChats(self.read_heads, stores.places, self.summaries.list_noted)
        self.first_pages = Batched(self.list_chats.first_pages, at_once=64)
        self.sync = _sync(stores, self.read_heads, chat, clock)
        self.leave_group = LeaveGroup(self.change_group, stores.chats, self.record)
        log_event = LogEvent(stores.events, stores.accounts, self.rosters, self.journal, self.announcer)
        self.show_event = ShowEvent(stores.accounts, self.directory, self.rosters, fanout)
        notify = self.notifications.notify
        self.limit_new_numbers = LimitNewNumbers(
            stores.contacts,
            stores.phone_books,
            stores.favourites,
            stores.quotas,
            clock,
            limits.new_numbers_per_day,
            limits.enabled,
        )
        self.limit_texts = LimitTexts(stores.quotas, clock, _text_rules(settings))
        text = TextInvitations(
            stores.accounts,
            stores.invitation_tokens,
            notify,
            self.limit_texts,
            clock,
            settings.events.sms_templates,
            settings.http.public_url or f"http://{settings.http.host}:{settings.http.port}",
        )
        notify_of_event = NotifyOfEvent(stores.accounts, notify, text, clock)
        self.tell_event = TellEvent(stores.events, [log_event, self.show_event, notify_of_event], clock)
        self.remind = Remind(stores.events, self.tell_event, clock)
        self.forget_events = ForgetEvents(stores.events, self.tell_event, clock)
        self.join_events = JoinEvents(
            stores.events, stores.accounts, stores.chats, self.rosters, self.journal, self.announcer
        )
        self.hidden_events = HiddenEvents(self.directory)
        self.require_event = RequireEvent(stores.events, self.hidden_events)
        self.passwords = Argon2Passwords()
        self.tokens = JwtTokens(self.secret, clock)
        self.authenticate = Authenticate(
            self.tokens,
            stores.sessions,
            stores.accounts,
            stores.logins,
            ChooseAccount(stores.ownerships),
            clock,
            believed_for_s=cache_ttl_s,
        )

    def _stored(self, entries: Sequence[Entry]) -> None:
        self.metrics.stored([entry.kind for entry in entries])
        self.announce_again.stored(entries)
        self.announcer.stored(entries)
        self.summaries.stored(entries)

    def _recovered(self, change: Entry) -> None:
        self.announce_again.recovered(change)

    def _announced(self, entry: Entry, chat: Chat, told: Collection[int]) -> None:
        if not self.announce_again.was_found(entry):
            self.metrics.announced((self.clock.now() - entry.at).total_seconds())
        if self.notifications.announced is not None:
            self.notifications.announced(entry, chat, told)

    async def open(self, stack: AsyncExitStack) -> None:
        """Make the indexes, start what works in the background; closed in reverse."""
        await self.stores.prepare()
        await self.database_health.open()
        stack.push_async_callback(self.database_health.close)
        await self.notifications.open(stack)
        for part in (
            self.bus,
            self.presence,
            self.marks,
            self.announcer,
            self.announce_again,
            self.summaries,
            self.journal,
        ):
            await part.open()
            stack.push_async_callback(part.close)
        stack.push_async_callback(self.late_writes.close)
        await self.stores.entries.name_files()
        stack.callback(self.typing.close)
        stack.callback(self.passwords.close)
        stack.push_async_callback(self.fetcher.close)
        stores = self.stores
        for name, work, every_s, done in (
            (
                "healing",
                partial(
                    heal, stores.entries, self.rosters, self.clock, self.announce_again.recovered, self.remove_media
                ),
                30.0,
                "applied %d changes that a crash had left",
            ),
            ("moving chats up", self.summaries.sweep, 30.0, "moved up %d chats that a crash had left"),
            ("telling", self.tell_event.sweep, 10.0, "told %d things that a fault had left"),
            ("sweeping presence", self.sweep_presence, 1.0, "%d people of nodes that are gone went offline"),
            ("reminding", self.remind, 300.0, "reminded of %d events"),  # the window is two hours wide
            ("removing files", self.remove_media.sweep, 3600.0, "removed %d files that nothing pointed to"),
            ("sweeping", stores.media.sweep, 3600.0, "removed %d uploads that a crash had left"),  # half a day old
        ):
            task = asyncio.create_task(keep_doing(name, work, every_s, done), name=name)
            stack.push_async_callback(cancel, task)
