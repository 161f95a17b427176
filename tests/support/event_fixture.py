"""Nodes with nothing but what tells of events, assembled from the real parts over one real database, and a clock set by hand."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from models.documents.account import Account
from models.documents.entry import Entry
from models.documents.event import Event, OutboxItem
from models.documents.notification import Device
from models.documents.phone import Phone
from models.services.events.inviting import JoinEvents
from models.services.events.outbox import EventFactListener, EventOutbox
from models.services.events.reminders import ForgetEvents, Remind
from models.services.notifications.queue import Notify
from models.services.notifications.sms import LimitTexts, TextRules
from models.stores.database import Database
from models.stores.devices import Devices
from models.stores.entries import Entries
from models.stores.invitation_tokens import InvitationTokens
from models.stores.notifications import Notifications
from server.config import Settings
from server.metrics import Metrics
from server.wiring import chats, contacts, events
from server.wiring.stores import Stores
from tests.support.event_acts import EventActs
from tests.support.fakes import HandClock, RecordingFanout

TEMPLATES = ("{organizer}: {event_title} {event_link}", "Come to {event_title} of {organizer} {event_link}")
URL = "https://parley.example"
SETTINGS = Settings(http={"public_url": URL}, events={"sms_templates": TEMPLATES})
CACHED_S = 30.0


@dataclass
class Broken:
    """A way of telling that fails so often."""

    times: int = 1

    async def __call__(self, event: Event, item: OutboxItem) -> None:
        if self.times:
            self.times -= 1
            raise ConnectionError("a fault of tests")


@dataclass
class EventNode:
    """One node: what it tells goes to its own fan-out, and to the stores that it shares with others."""

    tell: EventOutbox
    remind: Remind
    join: JoinEvents
    forget: ForgetEvents
    fanout: RecordingFanout


@dataclass(kw_only=True)
class EventFixture(EventActs):
    """People, events and nodes over one database. `node` is the first."""

    database: Database
    clock: HandClock
    stack: AsyncExitStack
    stores: Stores = field(init=False)
    entries: Entries = field(init=False)
    tokens: InvitationTokens = field(init=False)
    devices: Devices = field(init=False)
    notifications: Notifications = field(init=False)
    node: EventNode = field(init=False)

    async def open(self) -> None:
        self.stores = stores = Stores(self.database, "a secret of tests", self.clock, large_chat=1000)
        self.accounts, self.chats, self.events = stores.accounts, stores.chats, stores.events
        self.entries, self.tokens = stores.entries, stores.invitation_tokens
        self.devices, self.notifications = stores.devices, stores.notifications
        for store in (
            self.accounts,
            self.chats,
            stores.members,
            self.events,
            self.tokens,
            self.devices,
            self.notifications,
        ):
            await store.prepare()
        self.node = await self.start_node()

    async def start_node(
        self, *, before: Sequence[EventFactListener] = (), behind: Sequence[EventFactListener] = ()
    ) -> EventNode:
        """Another node. `before` are ways of telling in front of the real ones, `behind` those after them."""
        fanout, stores, clock = RecordingFanout(), self.stores, self.clock
        known = contacts.build(stores, fanout, clock, SETTINGS.limits, cached_s=CACHED_S)
        log = chats.build_log(stores, self.database, fanout, clock, SETTINGS, known, Metrics(), cached_s=CACHED_S)
        for part in (log.announcer, log.journal):
            await part.open()
            self.stack.push_async_callback(part.close)
        notify = Notify(self.notifications, self.devices, lambda: None, is_push_on=True)
        limit = LimitTexts(stores.quotas, clock, TextRules(has_limits=False))
        facts = events.build_facts(
            stores, fanout, clock, SETTINGS, known, log, notify, limit, before=before, after=behind
        )
        return EventNode(facts.outbox, facts.remind, facts.join, facts.forget, fanout)

    async def register(self, number: str, *, is_registered: bool = True, **fields: object) -> Account:
        """Somebody with a device, or a number that nobody has proved."""
        account = await self.accounts.find_or_create(Phone.from_text(number), self.clock.now())
        account = await self.accounts.change(account.id, {"is_registered": is_registered} | fields)
        await self.devices.append(Device(f"device of {account.id}", account.id, "a session", self.clock.now()))
        return account

    async def log(self, event: Event) -> list[Entry]:
        """The entries of the event's chat."""
        return await self.entries.list_range(event.chat_id, 1, 2**31, limit=1000)

    async def members(self, event: Event) -> set[int]:
        roster = await self.chats.load_roster(event.chat_id)
        return set(roster.members)

    async def pushes(self, kind: str | None = None) -> list[tuple[int, str]]:
        """(account, alert) of the pushes that were queued so far, as they come, of one type or of all."""
        rows = await self.database.collection("notifications").find({"alert": {"$exists": True}}).to_list(None)
        return [(row["account"], row["alert"]) for row in rows if kind is None or row["type"] == kind]

    async def texts(self) -> list[tuple[str, str]]:
        """(number, body) of the SMS that were queued so far."""
        rows = await self.database.collection("notifications").find({"body": {"$exists": True}}).to_list(None)
        return [(row["phone"], row["body"]) for row in rows]

    async def forget_pushes(self) -> None:
        """What was queued so far is not looked at any more; its keys stay taken."""
        await self.database.collection("notifications").update_many({}, {"$unset": {"alert": "", "body": ""}})
