"""Builds all services of one node; REST and sockets share them."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from aiohttp import web

from handlers.rest.links import Links
from models.services.chats.ending import EVERY_S as ENDING_EVERY_S
from models.services.chats.link_previews import PreviewLinks
from models.services.chats.recovery import recover_pending_changes
from models.services.events.invitation_texts import SweepInvitationTokens
from models.services.runtime.admission import ConnectAdmission
from models.services.runtime.token_bucket import TokenBuckets
from models.tasks import BackgroundTasks
from server.auth.passwords import Argon2Passwords
from server.auth.tokens import JwtTokens
from server.bus.bus import Bus
from server.bus.connected_accounts import RedisConnectedAccounts
from server.bus.late_writes import LateWrites
from server.bus.listeners import BusListeners
from server.bus.presence_store import RedisPresenceStore
from server.clock import SystemClock
from server.config import Settings
from server.http.lines_per_address import LinesPerAddress
from server.metrics import Metrics
from server.process.database_health import DatabaseHealth
from server.process.periodic import run_periodically
from server.sockets.connections import Connections
from server.sockets.fanout import SocketFanout
from server.wiring import (
    accounts,
    chats,
    contacts,
    events,
    groups,
    link_previews,
    media,
    notifications,
    presence,
    search,
    users,
)
from server.wiring.accounts import AccountServices
from server.wiring.chats import ChatLog, ChatServices
from server.wiring.contacts import ContactServices
from server.wiring.events import EventFacts, EventServices
from server.wiring.groups import GroupServices
from server.wiring.media import MediaServices
from server.wiring.notifications import NotificationServices
from server.wiring.outside import Outside
from server.wiring.presence import PresenceServices
from server.wiring.search import SearchServices
from server.wiring.sms import sms_provider
from server.wiring.stores import Stores
from server.wiring.users import UserServices

CACHED_SHARE = 0.9  # of nodes.cache_ttl_s; the rest is for requests under way when an entry expires


@dataclass(frozen=True, slots=True)
class Runtime:
    """The stores, the bus and other parts that all services are built upon, and the limits on clients."""

    settings: Settings
    outside: Outside
    clock: SystemClock
    stores: Stores
    metrics: Metrics
    database_health: DatabaseHealth
    connections: Connections
    bus_listeners: BusListeners
    bus: Bus
    fanout: SocketFanout
    passwords: Argon2Passwords
    tokens: JwtTokens
    connect_admission: ConnectAdmission
    lines: LinesPerAddress
    request_limit: TokenBuckets


@dataclass(frozen=True, slots=True)
class Services:
    """All services of a node, by package of models/services."""

    runtime: Runtime
    late_writes: LateWrites
    contacts: ContactServices
    media: MediaServices
    presence: PresenceServices
    notifications: NotificationServices
    log: ChatLog
    previews: PreviewLinks
    chats: ChatServices
    groups: GroupServices
    users: UserServices
    facts: EventFacts
    events: EventServices
    accounts: AccountServices
    links: Links
    search: SearchServices


SERVICES: web.AppKey[Services] = web.AppKey("services")  # for tests and benchmarks in the server's process


def build_runtime(settings: Settings, outside: Outside) -> Runtime:
    clock, chat, limits = SystemClock(), settings.chat, settings.limits
    stores = Stores(
        outside.database,
        outside.secret,
        clock,
        large_chat=chat.large_chat_members,
        retention=None if chat.retention_days is None else timedelta(days=chat.retention_days),
        upload_kept_for=timedelta(hours=settings.media.upload_kept_hours),
    )
    listeners = BusListeners()
    bus = Bus(
        outside.redis,
        listeners,
        stores.members.list_large,
        large=chat.large_chat_members,
        prefix=settings.redis.prefix,
        site=outside.site.name,
        lease_s=settings.nodes.lease_s,
    )
    connections = Connections(bus.hold, bus.release)
    return Runtime(
        settings,
        outside,
        clock,
        stores,
        Metrics(),
        DatabaseHealth(outside.database),
        connections,
        listeners,
        bus,
        SocketFanout(connections, bus, listeners),
        Argon2Passwords(),
        JwtTokens(outside.secret, clock),
        ConnectAdmission(settings.sockets.joins_per_s, settings.sockets.join_waits_s),
        LinesPerAddress(limits.lines_per_address if limits.enabled else 0, settings.http.trusted_proxies),
        TokenBuckets(limits.requests_per_s, limits.requests_burst, is_enabled=limits.enabled),
    )


def build_services(settings: Settings, outside: Outside) -> Services:
    """Returns the services, built in the order of their dependence: contacts and media first, accounts last."""
    runtime = build_runtime(settings, outside)
    stores, fanout, clock, bus, metrics = runtime.stores, runtime.fanout, runtime.clock, runtime.bus, runtime.metrics
    cached_s, grace_s = CACHED_SHARE * settings.nodes.cache_ttl_s, settings.presence.grace_s

    known = contacts.build(stores, fanout, clock, settings.limits, cached_s=cached_s)
    files = media.build(stores, fanout, clock, settings, outside.secret, known)
    board = RedisPresenceStore(outside.redis, bus, grace_s=grace_s)
    online = presence.build(stores, board, fanout, clock, known, grace_s=grace_s)
    texts, sockets = sms_provider(settings, outside.http, clock), RedisConnectedAccounts(bus)
    notes = notifications.build(stores, clock, settings, known.directory, sockets, texts, metrics.notified)
    queue = link_previews.build_queue(settings)
    announced = [*notes.announced, *link_previews.listeners(settings, queue)]
    search_index = search.build_index(stores)
    stored = [search_index.stored]
    log = chats.build_log(
        stores, outside.database, fanout, clock, settings, known, metrics, announced, stored, cached_s=cached_s
    )
    previews = link_previews.build(settings, stores, known, files, log, queue)
    talk = chats.build(stores, fanout, clock, settings, known, log, files.remove_unused, ended=[search_index.forget_at])
    grouped = groups.build(stores, clock, settings, known.require_contact, log)
    people = users.build(stores, fanout, settings, outside.http, known, files)
    facts = events.build_facts(stores, fanout, clock, settings, known, log, notes.notify, notes.limit_texts)
    hosted = events.build(stores, fanout, clock, settings, known, people.views, log, facts)
    owned = accounts.build(
        stores,
        fanout,
        clock,
        settings,
        runtime.tokens,
        runtime.passwords,
        texts,
        sockets,
        log,
        talk.end_messages,
        facts,
        grouped.leave,
        files.remove_unused,
        notes.notify,
        notes.limit_texts,
        notes.contact_joined,
        accounts.pin_rules(settings),
        cached_s=cached_s,
    )
    links = Links(settings.http.public_url, files.default_pictures if settings.media.default_pictures else None)
    late_writes = LateWrites(outside.database.settle, fanout.resync)
    runtime.bus_listeners.lease_lost.add(online.presence.republish)
    runtime.bus_listeners.node_met.add(online.presence.recheck)
    runtime.bus_listeners.node_died.add(late_writes.node_died)
    return Services(
        runtime,
        late_writes,
        known,
        files,
        online,
        notes,
        log,
        previews,
        talk,
        grouped,
        people,
        facts,
        hosted,
        owned,
        links,
        search.build(stores, settings.limits, log, search_index),
    )


async def open_services(services: Services, stack: AsyncExitStack) -> None:
    """Create the indexes and start the background work, which the stack closes in reverse."""
    runtime, log = services.runtime, services.log
    await runtime.stores.prepare()
    await runtime.database_health.open()
    stack.push_async_callback(runtime.database_health.close)
    await services.notifications.open(stack)
    for part in (
        runtime.bus,
        services.presence.presence,
        services.chats.marks,
        log.announcer,
        log.announce_again,
        log.summaries,
        log.journal,
        services.previews,
        services.search.index,
    ):
        await part.open()
        stack.push_async_callback(part.close)
    stack.push_async_callback(services.late_writes.close)
    await runtime.stores.entries.name_files()
    stack.callback(log.typing.close)
    stack.callback(runtime.passwords.close)
    stack.push_async_callback(services.media.fetcher.close)
    stack.push_async_callback(services.media.link_fetcher.close)
    tasks = BackgroundTasks()
    stack.push_async_callback(tasks.stop)
    _start_periodic_work(services, tasks)


def _start_periodic_work(services: Services, tasks: BackgroundTasks) -> None:
    stores, log, remove_media = services.runtime.stores, services.log, services.media.remove_unused
    recover = partial(
        recover_pending_changes,
        stores.entries,
        log.memberships,
        services.runtime.clock,
        log.reannounce.recovered,
        remove_media,
    )
    sweep_links = SweepInvitationTokens(stores.invitation_tokens, stores.event_lists)
    for name, work, every_s, done in (
        ("healing", recover, 30.0, "applied %d changes that a crash had left"),
        ("moving chats up", log.summaries.sweep, 30.0, "moved up %d chats that a crash had left"),
        (
            "ending messages",
            services.chats.end_messages,
            ENDING_EVERY_S,
            "took the content from %d entries that are over",
        ),
        ("telling", services.facts.outbox.sweep, 10.0, "told %d things that a fault had left"),
        ("sweeping presence", services.presence.sweep, 1.0, "%d people of nodes that are gone went offline"),
        ("reminding", services.facts.remind, 300.0, "reminded of %d events"),  # the window is two hours wide
        ("removing files", remove_media.sweep, 3600.0, "removed %d files that nothing pointed to"),
        ("sweeping", stores.media.sweep, 3600.0, "removed %d uploads that a crash had left"),  # half a day old
        ("sweeping links", sweep_links, 3600.0, "removed %d links of events that are gone"),
    ):
        run_periodically(tasks, name, work, every_s=every_s, done=done)
