"""Demo events for somebody who signs in for the first time: one to which they are invited, and one of their own."""

import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from models.documents.account import Account
from models.documents.entry import Draft, Joined
from models.documents.event import Event, Invitation
from models.languages.language import Language, gettext_noop
from models.ports import Clock
from models.services.chats.announcer import Announcer
from models.services.chats.journal import Journal
from models.stores.accounts import Accounts
from models.stores.chats import Chats
from models.stores.events import Events
from models.stores.instants import to_milliseconds
from models.stores.languages import Languages

log = logging.getLogger(__name__)

RECEIVED = (gettext_noop("Welcome! Say yes or no to this one"),)
SENT = (
    gettext_noop("My first event: coffee with friends"),
    gettext_noop("A walk in the park"),
    gettext_noop("Dinner at my place"),
)
IN = timedelta(days=7)
SPOTS = 10


@dataclass(frozen=True, slots=True)
class MakeDemoEvents:
    """Creates both without a push or a text to anybody (docs/events-api.md, "Demo events").

    `owner_number` is the account that invites; without it, that event is left out. Never raises, because a fault here must not keep
    anybody from signing in.
    """

    events: Events
    accounts: Accounts
    languages: Languages
    chats: Chats
    journal: Journal
    announcer: Announcer
    clock: Clock
    owner_number: str

    async def __call__(self, account: Account) -> None:
        try:
            reader = (await self.languages.map_readers([account.id]))[account.id]
            host = await self.accounts.find_by_number(self.owner_number) if self.owner_number else None
            if host is not None and host.id != account.id:
                await self._make(host, reader, RECEIVED, account)
            await self._make(account, reader, SENT)
        except Exception as error:  # noqa: BLE001 (whatever it is, it is no reason against signing in)
            log.warning("no demo events for account %d: %s", account.id, type(error).__name__)

    async def _make(
        self, owner: Account, reader: Language, titles: Sequence[str], guest: Account | None = None
    ) -> None:
        now, title = to_milliseconds(self.clock.now()), reader.gettext(secrets.choice(titles))
        event_id = await self.events.next_id()
        chat = await self.chats.create_event_chat(event_id, (owner.id, owner.number), title, now)
        invitations = [] if guest is None else [await self._invitation(guest, now)]
        date = (now + IN).replace(minute=0, second=0, microsecond=0)
        # With an empty outbox nobody is notified; the entries of the chat are made here.
        await self.events.create(
            Event(
                event_id,
                chat.id,
                owner.id,
                title,
                date,
                now,
                now,
                total_spots=SPOTS,
                spots_at_first=SPOTS,
                invitations=invitations,
            )
        )
        people = [owner] if guest is None else [owner, guest]
        joined = Joined(tuple(each.id for each in people), tuple(each.number for each in people), admins=(owner.id,))
        stored = await self.journal.append(Draft(chat.id, owner.id, owner.number, uuid4().hex, joined))
        await self.announcer.applied(stored.entry)

    async def _invitation(self, guest: Account, now: datetime) -> Invitation:
        return Invitation(await self.events.next_id("invitations"), guest.id, guest.phone, now)
