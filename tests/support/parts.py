"""The inside of a running node, for what has no public door yet: groups by the journal, blocks by the store."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

from models.documents.chat import Chat
from models.documents.entry import Body, Draft, Entry, Joined, Message
from models.facts import AccountChanged
from models.ports import Fanout
from models.services.chats.announcer import Announcer
from models.services.chats.journal import Journal
from models.services.notifications.queue import Notify
from models.stores.accounts import Accounts
from models.stores.chats import Chats
from models.stores.counters import Counters
from models.stores.database import Database
from models.stores.entries import Entries
from models.stores.entry_rows import entry_row
from models.stores.members import Members
from server.bus.listeners import Listeners
from server.clock import SystemClock
from server.wiring.services import SERVICES, Services
from tests.support.node import Node, Person


def deafen(node: Node) -> None:
    """From now on no signal of other nodes arrives here: as in the moment before it does."""
    bus = services_of(node).runtime.bus
    bus._listeners = replace(bus._listeners, signal=Listeners())


@dataclass
class Parts:
    """What a test does behind the doors, as the services behind the doors would do it."""

    database: Database
    journal: Journal
    announcer: Announcer
    fanout: Fanout
    chats: Chats = field(init=False)
    members: Members = field(init=False)
    accounts: Accounts = field(init=False)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        counters = Counters(self.database)
        self.chats, self.members = Chats(self.database, counters), Members(self.database)
        self.accounts = Accounts(self.database, counters)

    async def found_group(self, founder: Person, *others: Person, subject: str = "Us") -> Chat:
        """A group with all of these in it from its first entry on."""
        chat = await self.chats.create_group((founder.account_id, founder.number), subject, SystemClock().now())
        people = [founder, *others]
        joined = Joined(
            tuple(one.account_id for one in people), tuple(one.number for one in people), (founder.account_id,)
        )
        await self.change_chat(founder, chat.id, joined)
        return chat

    async def change_chat(self, by: Person, chat_id: int, body: Body) -> Entry:
        """Store a change of a chat, and wait until it holds."""
        stored = await self.journal.append(Draft(chat_id, by.account_id, by.number, uuid4().hex, body))
        await self.announcer.applied(stored.entry)
        return stored.entry

    async def write(self, who: Person, chat_id: int, how_many: int, text: str = "line", **fields: Any) -> None:
        """Many messages at once, put behind the last row of a log as the journal would have."""
        last = await Entries(self.database).last_seq(chat_id)
        at = SystemClock().now()
        raw = self.database.raw["entries"]
        for first in range(last + 1, last + 1 + how_many, 10_000):
            drafts = (
                (Draft(chat_id, who.account_id, who.number, f"w{seq}", Message(text=text), **fields), seq)
                for seq in range(first, min(first + 10_000, last + 1 + how_many))
            )
            await raw.insert_many([entry_row(draft, seq, at) for draft, seq in drafts], ordered=False)

    async def is_member(self, chat_id: int, person: Person) -> bool:
        member = await self.members.find_member(chat_id, person.account_id)
        return member is not None and member.is_active

    async def block(self, who: Person, whom: Person) -> None:
        await self.accounts.block(who.account_id, whom.number)
        self.fanout.signal(AccountChanged(who.account_id))

    async def unblock(self, who: Person, whom: Person) -> None:
        await self.accounts.unblock(who.account_id, whom.number)
        self.fanout.signal(AccountChanged(who.account_id))


def parts_of(node: Node) -> Parts:
    """What a test does behind the doors of a node that runs in this process."""
    services = services_of(node)
    runtime, log = services.runtime, services.log
    return Parts(runtime.outside.database, log.journal, log.announcer, runtime.fanout)


def notify_of(node: Node) -> Notify:
    """What the services behind the doors compose notifications against."""
    return services_of(node).notifications.notify


def services_of(node: Node) -> Services:
    """All services of a node that runs in this process."""
    return node.runner.app[SERVICES]
