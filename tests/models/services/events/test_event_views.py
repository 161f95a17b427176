"""What showing events asks of the database: as much for many as for one."""

from datetime import UTC, datetime

from models.documents.entry import Deletion, Draft, Edit, Message
from models.documents.event import Event, Invitation, OutboxItem, Posted, PostedMessage
from models.documents.phone import Phone
from models.documents.session import Actor
from models.services.contacts.visibility import MayView
from models.services.events.listing import EventViews
from models.services.users.views import UserViews
from models.stores.accounts import Accounts
from models.stores.contacts import Contacts
from models.stores.counters import Counters
from models.stores.database import Database
from models.stores.entries import Entries
from models.stores.entry_rows import INDEXES, entry_row
from models.stores.members import Members

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SEQ, SAID = 7, "We should meet there"


async def write(database: Database, chat: int, seq: int, body: Message | Edit | Deletion) -> None:
    """Put an entry into a log as the journal would have, a change not applied yet."""
    draft = Draft(chat, 1, "1", f"{chat} {seq}", body)
    await database.raw["entries"].insert_one(entry_row(draft, seq, NOW))


async def build(database: Database) -> EventViews:
    accounts, contacts = Accounts(database, Counters(database)), Contacts(database)
    for store in (accounts, contacts):
        await store.prepare()
    await database.raw["entries"].create_indexes(INDEXES)
    return EventViews(accounts, Entries(database), UserViews(MayView(contacts)), Members(database))


def event(
    event_id: int, owner: int, guest: int, *, seq: int | None = SEQ, outbox: tuple[OutboxItem, ...] = ()
) -> Event:
    invitation = Invitation(event_id, guest, Phone(str(guest), str(guest)), NOW)
    messages = (PostedMessage(event_id, owner, seq),)
    return Event(
        event_id, event_id, owner, "Dinner", NOW, NOW, NOW, invitations=[invitation], messages=messages, outbox=outbox
    )


async def test_people_and_messages_of_many_events_are_four_queries(database: Database) -> None:
    see = await build(database)
    ids = [(await see.accounts.find_or_create(Phone(f"+{n}", f"{n}"), NOW)).id for n in range(100, 140)]
    events = [event(n + 1, ids[n], ids[n + 20]) for n in range(20)]
    for one in events:
        await write(database, one.chat_id, SEQ, Message(text=SAID))
    await database.raw.command({"profile": 2})
    seen = await see(Actor(ids[0], "100", "session"), events)
    await database.raw.command({"profile": 0})
    assert [[words for _, words in one.messages] for one in seen] == [[SAID]] * 20
    assert all(one.event.account_ids <= one.people.keys() for one in seen)
    asked = [
        row["ns"].partition(".")[2] for row in await database.raw["system.profile"].find({"op": "query"}).to_list()
    ]
    assert sorted(asked) == ["accounts", "entries", "entries", "members"]


async def test_words_are_those_of_the_log_with_what_waits_to_change_them_and_until_then_those_of_the_outbox(
    database: Database,
) -> None:
    see = await build(database)
    owner = (await see.accounts.find_or_create(Phone("+100", "100"), NOW)).id
    item = OutboxItem("i", NOW, owner, Posted(4, "Not in the log yet"))
    events = [event(n, owner, owner) for n in (1, 2, 3)] + [event(4, owner, owner, seq=None, outbox=(item,))]
    for chat in (1, 2, 3):
        await write(database, chat, SEQ, Message(text=SAID))
    await write(database, 2, SEQ + 1, Edit(SEQ, "Or here"))
    await write(database, 3, SEQ + 1, Deletion(SEQ))
    seen = await see(Actor(owner, "100", "session"), events)
    words = [[words for _, words in one.messages] for one in seen]
    assert words == [[SAID], ["Or here"], [], ["Not in the log yet"]]
    assert await see(Actor(owner, "100", "session"), []) == []
