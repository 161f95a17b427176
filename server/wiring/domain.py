"""The services that both doors use, over the stores: who may, the message path, marks, typing, presence."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import AsyncExitStack
from functools import partial

from handlers.rest.links import Links
from models.documents.chat import Chat
from models.documents.entry import Entry
from models.services.accounts.authenticate import Authenticate, ChooseAccount
from models.services.chats.announce_again import AnnounceAgain, ReannounceQueue
from models.services.chats.announcer import AnnouncedListener, Announcer
from models.services.chats.journal import Journal
from models.services.chats.listing import ListChats
from models.services.chats.log_tail_cache import LogTailCache
from models.services.chats.membership import MembershipCache
from models.services.chats.receipts import AdvanceReceipts, StampReadReceipts
from models.services.chats.record_changes import RecordChanges
from models.services.chats.recovery import recover_pending_changes
from models.services.chats.resolve import ResolveChat
from models.services.chats.send import AdmitMessage, FindStored, SendMessage
from models.services.chats.summaries import ReadChatSummaries, Summaries
from models.services.chats.sync import SyncChats, SyncRules
from models.services.chats.typing import BroadcastTyping
from models.services.contacts.contact_rule import HasWritten, RequireContact
from models.services.contacts.directory import Directory
from models.services.contacts.new_number_limit import LimitNewNumbers
from models.services.contacts.visibility import MayView
from models.services.events.access import HiddenEvents, RequireEvent
from models.services.events.alerts import EventAlerts
from models.services.events.broadcast import BroadcastEvent
from models.services.events.chat_log import AppendEventFacts
from models.services.events.invitation_texts import TextInvitations
from models.services.events.inviting import JoinEvents
from models.services.events.outbox import EventOutbox
from models.services.events.reminders import ForgetEvents, Remind
from models.services.groups.members import LeaveGroup
from models.services.groups.turn import ChangeGroup
from models.services.media.fetching import LimitFetches
from models.services.media.photos import SetPhoto, TakePhoto
from models.services.media.renditions import DefaultPictures, Renditions
from models.services.media.storage import RemoveUnusedMedia, StoreMedia
from models.services.notifications.sms import LimitTexts, TextRules
from models.services.presence.presence import Presence
from models.services.presence.sweep import SweepPresence
from models.services.runtime.admission import ConnectAdmission
from models.services.runtime.batch_loader import BatchLoader
from models.services.runtime.token_bucket import TokenBuckets
from models.services.users.views import UserViews
from models.tasks import cancel
from server.auth.passwords import Argon2Passwords
from server.auth.tokens import JwtTokens, derive_key
from server.bus.bus import Bus
from server.bus.late_writes import LateWrites
from server.bus.presence_board import RedisPresenceStore
from server.bus.socket_board import RedisConnectedAccounts
from server.clock import SystemClock
from server.config import ChatSettings, Settings
from server.http.lines_per_address import LinesPerAddress
from server.media.fetcher import HttpFetcher
from server.media.imaging import PictureProcesses
from server.media.initials import Initials
from server.metrics import Metrics
from server.process.database_health import DatabaseHealth
from server.process.periodic import keep_doing
from server.sockets.connections import Connections
from server.sockets.fanout import SocketFanout
from server.wiring.notifications import NotificationParts
from server.wiring.outside import Outside
from server.wiring.sms import sms_provider
from server.wiring.stores import Stores


def _sync(stores: Stores, read_chat_summaries: ReadChatSummaries, chat: ChatSettings, clock: SystemClock) -> SyncChats:
    rules = SyncRules(chat.sync_max_entries, chat.delta_max_entries, chat.receipts_max_members, chat.sync_max_chats)
    return SyncChats(
        read_chat_summaries,
        BatchLoader(read_chat_summaries.ends, at_once=64),
        BatchLoader(read_chat_summaries.standings, at_once=2000),
        BatchLoader(stores.chats.list_left, at_once=500),
        BatchLoader(partial(stores.chats.list_receipts_up_to, members_max=rules.marks_max_members), at_once=500),
        stores.entries,
        LogTailCache(stores.entries),
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
        self.user_views = UserViews(MayView(stores.contacts))
        self.default_pictures = DefaultPictures(
            derive_key(self.secret, "default pictures"), Initials(files.default_picture_font)
        )
        self.links = Links(settings.http.public_url, self.default_pictures if files.default_pictures else None)

        believe_s = 0.9 * settings.nodes.believe_s  # the rest is for what is under way when the time is up
        self.directory = Directory(stores.accounts, ttl_s=believe_s)
        self.reannounce_queue = ReannounceQueue(clock)
        self.memberships = MembershipCache(
            stores.chats, stores.entries, fanout.signal, self.reannounce_queue.recovered, ttl_s=believe_s
        )
        self.sms = sms_provider(settings, outside.http, clock)
        self.socket_board = RedisConnectedAccounts(self.bus)
        self.notifications = NotificationParts(
            settings,
            stores,
            clock,
            self.directory,
            self.socket_board,
            self.sms,
            self.metrics.notified,
        )
        self.summaries = Summaries(stores.places, self.memberships, clock)
        self.announcer = Announcer(
            stores.chats, stores.entries, self.memberships, fanout, clock, self._announced_listeners()
        )
        self.announce_again = AnnounceAgain(
            self.reannounce_queue, stores.entries, self.memberships, self.directory, self.announcer, clock
        )
        has_written = HasWritten(stores.accounts, stores.chats, stores.entries)
        self.require_contact = RequireContact(stores.contacts, self.directory, has_written, ttl_s=believe_s)
        self.resolve = ResolveChat(stores.chats, self.memberships, self.directory, self.require_contact, fanout, clock)
        self.marks = AdvanceReceipts(
            self.resolve,
            stores.chats,
            stores.entries,
            self.memberships,
            self.directory,
            fanout,
            StampReadReceipts(stores.chats, stores.read_dates, clock),
            everybody_up_to=chat.receipts_max_members,
        )
        self.typing = BroadcastTyping(
            self.resolve, self.memberships, self.directory, fanout, expires_s=settings.typing.expires_s
        )
        self.journal = Journal(
            outside.database,
            clock,
            (
                self._count_stored,
                self.reannounce_queue.stored,
                self.announcer.stored,
                self.summaries.stored,
                self.typing.stored,
            ),
            (self.announce_again.found, self.typing.found),
            batch_max_entries=settings.journal.batch_max_entries,
            queue_max_entries=settings.journal.queue_max_entries,
            is_first=self.summaries.is_first,
        )
        grace_s = settings.presence.grace_s
        board = RedisPresenceStore(outside.redis, self.bus, grace_s=grace_s)
        self.presence = Presence(
            stores.accounts, stores.contacts, self.directory, board, fanout, clock, grace_s=grace_s
        )
        self.bus.on_lost = self.presence.republish
        self.bus.on_met = self.presence.recheck
        self.late_writes = LateWrites(outside.database.settle, fanout.resync)
        self.bus.on_died = self.late_writes.node_died
        self.sweep_presence = SweepPresence(stores.accounts, board, fanout, clock)
        self.connect_admission = ConnectAdmission(settings.sockets.joins_per_s, settings.sockets.join_waits_s)
        self.lines = LinesPerAddress(limits.lines_per_address if limits.enabled else 0, settings.http.trusted_proxies)
        self.request_limit = TokenBuckets(limits.requests_per_s, limits.requests_burst, is_enabled=limits.enabled)
        self.message_limit = TokenBuckets(limits.messages_per_s, limits.messages_burst, is_enabled=limits.enabled)
        self.find_stored = FindStored(self.resolve, stores.chats, stores.entries, self.journal)
        self.admit_message = AdmitMessage(self.require_contact, self.directory)
        self.send = SendMessage(
            self.resolve,
            self.admit_message,
            self.memberships,
            stores.chats,
            self.find_stored,
            self.journal,
            fanout,
            self.message_limit,
        )
        self.record = RecordChanges(self.journal, self.announcer)
        self.change_group = ChangeGroup(stores.chats, self.memberships, self.record)
        self.read_chat_summaries = ReadChatSummaries(stores.heads, self.memberships)
        self.list_chats = ListChats(self.read_chat_summaries, stores.places, self.summaries.list_noted)
        self.first_pages = BatchLoader(self.list_chats.first_pages, at_once=64)
        self.sync = _sync(stores, self.read_chat_summaries, chat, clock)
        self.leave_group = LeaveGroup(self.change_group, stores.chats, self.record)
        log_event = AppendEventFacts(stores.events, stores.accounts, self.memberships, self.journal, self.announcer)
        self.broadcast_event = BroadcastEvent(stores.accounts, self.directory, self.memberships, fanout)
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
        event_alerts = EventAlerts(stores.accounts, notify, text, clock)
        self.event_outbox = EventOutbox(stores.events, [log_event, self.broadcast_event, event_alerts], clock)
        self.remind = Remind(stores.events, self.event_outbox, clock)
        self.forget_events = ForgetEvents(stores.events, self.event_outbox, clock)
        self.join_events = JoinEvents(
            stores.events, stores.accounts, stores.chats, self.memberships, self.journal, self.announcer
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
            believed_for_s=believe_s,
        )

    def _count_stored(self, entries: Sequence[Entry]) -> None:
        self.metrics.stored([entry.kind for entry in entries])

    def _announced_listeners(self) -> list[AnnouncedListener]:
        pushes = self.notifications.announced
        return [self._measure_announced] if pushes is None else [self._measure_announced, pushes]

    def _measure_announced(self, entry: Entry, _chat: Chat, _told: Collection[int]) -> None:
        if not self.reannounce_queue.was_found(entry):
            self.metrics.announced((self.clock.now() - entry.at).total_seconds())

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
                    recover_pending_changes,
                    stores.entries,
                    self.memberships,
                    self.clock,
                    self.reannounce_queue.recovered,
                    self.remove_media,
                ),
                30.0,
                "applied %d changes that a crash had left",
            ),
            ("moving chats up", self.summaries.sweep, 30.0, "moved up %d chats that a crash had left"),
            ("telling", self.event_outbox.sweep, 10.0, "told %d things that a fault had left"),
            ("sweeping presence", self.sweep_presence, 1.0, "%d people of nodes that are gone went offline"),
            ("reminding", self.remind, 300.0, "reminded of %d events"),  # the window is two hours wide
            ("removing files", self.remove_media.sweep, 3600.0, "removed %d files that nothing pointed to"),
            ("sweeping", stores.media.sweep, 3600.0, "removed %d uploads that a crash had left"),  # half a day old
        ):
            task = asyncio.create_task(keep_doing(name, work, every_s, done), name=name)
            stack.push_async_callback(cancel, task)
