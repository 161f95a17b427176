"""Nodes with nothing but what tells of events, assembled from the real parts over one real database, and a clock set by hand."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from models.documents.account import Account
from models.documents.entry import Entry
from models.documents.event import Event, OutboxItem
from models.documents.notification import Device
from models.documents.phone import Phone
from models.services.chats.announcer import Announcer
from models.services.chats.journal import Journal
from models.services.chats.membership import MembershipCache
from models.services.contacts.directory import Directory
from models.services.events.alerts import EventAlerts
from models.services.events.broadcast import BroadcastEvent
from models.services.events.chat_log import AppendEventFacts
from models.services.events.invitation_texts import TextInvitations
from models.services.events.inviting import JoinEvents
from models.services.events.outbox import EventFactListener, EventOutbox
from models.services.events.reminders import ForgetEvents, Remind
from models.services.notifications.queue import Notify
from models.services.notifications.sms import LimitTexts, TextRules
from models.stores.accounts import Accounts
from models.stores.chats import Chats
from models.stores.counters import Counters
from models.stores.database import Database
from models.stores.devices import Devices
from models.stores.entries import Entries
from models.stores.events import Events
from models.stores.invitation_tokens import InvitationTokens
from models.stores.notifications import Notifications
from models.stores.quotas import Quotas
from tests.support.auth_fakes import HandClock
from tests.support.event_acts import EventActs
from tests.support.fakes import RecordingFanout

TEMPLATES = ("{organizer}: {event_title} {event_link}", "Come to {event_title} of {organizer} {event_link}")
URL = "https://parley.example"


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
class EventWorld(EventActs):
    """People, events and nodes over one database. `node` is the first."""

    database: Database
    clock: HandClock
    stack: AsyncExitStack
    entries: Entries = field(init=False)
    tokens: InvitationTokens = field(init=False)
    devices: Devices = field(init=False)
    notifications: Notifications = field(init=False)
    node: EventNode = field(init=False)

    async def open(self) -> None:
        counters = Counters(self.database)
        self.accounts, self.chats = Accounts(self.database, counters), Chats(self.database, counters)
        self.entries, self.events = Entries(self.database), Events(self.database, counters)
        self.tokens = InvitationTokens(self.database, b"a key of tests")
        self.devices, self.notifications = Devices(self.database), Notifications(self.database)
        for store in (self.accounts, self.chats, self.events, self.tokens, self.devices, self.notifications):
            await store.prepare()
        self.node = await self.start_node()

    async def start_node(
        self, *, before: Sequence[EventFactListener] = (), behind: Sequence[EventFactListener] = ()
    ) -> EventNode:
        """Another node. `before` are ways of telling in front of the real ones, `behind` those after them."""
        fanout = RecordingFanout()
        memberships = MembershipCache(self.chats, self.entries, fanout.signal, lambda _: None)
        announcer = Announcer(self.chats, self.entries, memberships, fanout, self.clock)
        journal = Journal(self.database, self.clock, [announcer.stored])
        for part in (announcer, journal):
            await part.open()
            self.stack.push_async_callback(part.close)
        notify = Notify(self.notifications, self.devices, lambda: None, is_push_on=True)
        quotas = Quotas(self.database)
        limit = LimitTexts(quotas, self.clock, TextRules(has_limits=False))
        text = TextInvitations(self.accounts, self.tokens, notify, limit, self.clock, TEMPLATES, URL)
        ways = [
            *before,
            AppendEventFacts(self.events, self.accounts, memberships, journal, announcer),
            BroadcastEvent(self.accounts, Directory(self.accounts), memberships, fanout),
            EventAlerts(self.accounts, notify, text, self.clock),
            *behind,
        ]
        tell = EventOutbox(self.events, ways, self.clock)
        return EventNode(
            tell,
            Remind(self.events, tell, self.clock),
            JoinEvents(self.events, self.accounts, self.chats, memberships, journal, announcer),
            ForgetEvents(self.events, tell, self.clock),
            fanout,
        )

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
