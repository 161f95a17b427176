"""Stores chats: of two people, of groups and of events, and who is in a chat now, in which role.

Changes of a chat and its members are applied by chat_changes.py.
"""

from collections.abc import Collection
from datetime import datetime

from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from models.documents.chat import Chat, ChatKind, Role, Roster
from models.documents.entry import Entry, PersonalChange
from models.documents.phone import is_number
from models.errors import ChatNotFound
from models.stores.chat_changes import ChatChanges
from models.stores.chat_rows import (
    CHATS,
    MEMBERS,
    UNLISTED,
    UNLISTED_SELF,
    chat_of,
    member_key,
    member_row,
    members_of_chat,
)
from models.stores.counters import Counters
from models.stores.database import Database, insert_missing
from models.stores.entry_rows import photo_files, with_photo
from models.stores.personal_state import PersonalState

CHAT_INDEXES = [
    # Two first messages between the same two people at once are settled here, and so are two groups of one second.
    IndexModel([("pair", ASCENDING)], unique=True, name="pair", partialFilterExpression={"pair": {"$exists": True}}),
    IndexModel([("group", ASCENDING)], unique=True, name="group", partialFilterExpression={"group": {"$exists": True}}),
    IndexModel([("event", ASCENDING)], unique=True, name="event", partialFilterExpression={"event": {"$exists": True}}),
    IndexModel([("photo.$**", ASCENDING)], name="files"),  # which of them show this file
]
SLICE = 1000  # members read at once, some 3 ms of work


class Chats:
    """The chats of this installation; members.py has what each member read and hid."""

    def __init__(self, database: Database, counters: Counters, *, large: int = 32) -> None:
        """A chat that has had more than `large` members is a large one for ever (Chat.is_large)."""
        self._chats = database.collection(CHATS)
        self._members = database.collection(MEMBERS)
        self._counters = counters
        self._changes = ChatChanges(self._chats, self._members, large=large)
        self._personal = PersonalState(database)

    async def prepare(self) -> None:
        await self._chats.create_indexes(CHAT_INDEXES)

    async def list_used(self, names: Collection[str]) -> set[str]:
        """Returns those of these files that are shown as some chat's photo."""
        rows = await self._chats.find(with_photo(names), {"photo": True}).to_list(None)
        return photo_files(rows).intersection(names)

    async def find(self, chat_id: int) -> Chat | None:
        row = await self._chats.find_one({"_id": chat_id})
        return None if row is None else chat_of(row)

    async def find_group(self, group: str) -> Chat | None:
        row = await self._chats.find_one({"group": group})
        return None if row is None else chat_of(row)

    async def find_direct(self, first: int, second: int) -> Chat | None:
        row = await self._chats.find_one({"pair": _pair(first, second)})
        return None if row is None else chat_of(row)

    async def list_by_ids(self, chat_ids: Collection[int]) -> list[Chat]:
        rows = await self._chats.find({"_id": {"$in": list(chat_ids)}}).to_list(None)
        return [chat_of(row) for row in rows]

    async def require_direct(self, sender: tuple[int, str], recipient: tuple[int, str], now: datetime) -> Chat:
        """Returns the direct chat of two (account id, number); makes it if there is none.

        It is in nobody's list until something is said in it that they may see. Of one account twice it is the chat with oneself.
        """
        pair = _pair(sender[0], recipient[0])
        row = await self._chats.find_one({"pair": pair})
        if row is None:
            row = {
                "_id": await self._counters.next_id(CHATS),
                "kind": ChatKind.DIRECT.value,
                "created_at": now,
                "created_by": sender[0],
                "pair": pair,
            }
            try:
                await self._chats.insert_one(row)
            except DuplicateKeyError:
                row = await self._chats.find_one({"pair": pair})
                if row is None:
                    raise
        chat = chat_of(row)
        people = dict((recipient, sender))  # one row in a chat with oneself
        are_new = await insert_missing(
            self._members,
            [
                member_row(
                    chat.id,
                    account_id,
                    number,
                    Role.MEMBER,
                    first_seq=1,
                    is_listed=False,
                    kind=chat.kind,
                    at=chat.created_at,
                )
                for account_id, number in people.items()
            ],
        )
        if chat.kind is ChatKind.SELF and not are_new:
            # An earlier version made it, and crashed before anything was said in it.
            key = member_key(chat.id, sender[0])
            await self._members.update_one({"_id": key, "unlisted": UNLISTED}, {"$set": {"unlisted": UNLISTED_SELF}})
        return chat

    async def create_group(self, founder: tuple[int, str], subject: str, now: datetime) -> Chat:
        """Make a group without members; its first entry, a Joined, brings them.

        The group's id is the founder's number and the second, or a later one if that is taken (docs/messaging-api.md, "Identifiers").
        A counter for each number finds it by one write, however many groups there are and however many requests come at once.
        """
        chat_id = await self._counters.next_id(CHATS)
        # A group's id is digits, whatever the events API let somebody call a number.
        prefix = founder[1] if is_number(founder[1]) else str(founder[0])
        least = int(now.timestamp())
        while True:
            second = await self._counters.next_from(f"groups of {prefix}", least)
            row = {
                "_id": chat_id,
                "kind": ChatKind.GROUP.value,
                "created_at": now,
                "created_by": founder[0],
                "created_by_number": founder[1],
                "group": f"{prefix}-{second}",
                "subject": subject,
                "subject_by": founder[1],
                "subject_at": now,
            }
            try:
                await self._chats.insert_one(row)
            except DuplicateKeyError:  # by a group from before there were counters
                least = await self._last_second(prefix) + 1
                continue
            return chat_of(row)

    async def _last_second(self, prefix: str) -> int:
        """Returns the highest second in the ids of this number's groups, or 0. All seconds have ten digits until 2286."""
        ids = {"$gte": f"{prefix}-", "$lt": f"{prefix}."}  # a point is what follows a hyphen
        rows = await self._chats.find({"group": ids}, {"group": True}).sort("group", -1).limit(1).to_list(1)
        return int(rows[0]["group"].rpartition("-")[2]) if rows else 0

    async def create_event_chat(self, event_id: int, owner: tuple[int, str], subject: str, now: datetime) -> Chat:
        """Make the chat of an event without members; a Joined brings them."""
        row = {
            "_id": await self._counters.next_id(CHATS),
            "kind": ChatKind.EVENT.value,
            "created_at": now,
            "created_by": owner[0],
            "created_by_number": owner[1],
            "event": event_id,
            "subject": subject,
            "subject_by": owner[1],
            "subject_at": now,
        }
        await self._chats.insert_one(row)
        return chat_of(row)

    async def load_roster(self, chat_id: int, *, known: int = 0) -> Roster:
        """Returns a chat with its present members. Raises ChatNotFound.

        `known`: what `list_members_seqs` said of it before.
        """
        fields = {"account": True, "role": True, "number": True, "unlisted": True, "changed": True}
        cursor = self._members.find({**members_of_chat(chat_id), "active": True}, fields, batch_size=SLICE)
        roles: dict[int, Role] = {}
        numbers: dict[int, str] = {}
        unlisted: set[int] = set()
        changed = 0
        # A large chat in pieces, between which others have their turn.
        while len(rows := await cursor.to_list(SLICE)) > 0:
            roles |= {row["account"]: Role(row["role"]) for row in rows}
            numbers |= {row["account"]: row["number"] for row in rows}
            unlisted |= {row["account"] for row in rows if row.get("unlisted")}
            changed = max(changed, *(row["changed"] for row in rows))
            if len(rows) < SLICE:
                break
        # After its members: a change between the two reads makes `changed` too high, which costs a query, never a recipient.
        row = await self._chats.find_one({"_id": chat_id})
        if row is None:
            raise ChatNotFound
        changed = max(changed, row.get("members_seq", 0))
        return Roster(chat_of(row), roles, numbers, frozenset(unlisted), changed=changed, known=known)

    async def list_members_seqs(self, chat_ids: Collection[int]) -> dict[int, int]:
        """Returns the seq of the last applied change of members in each of these chats; 0 for none."""
        rows = await self._chats.find({"_id": {"$in": list(chat_ids)}}, {"members_seq": True}).to_list(None)
        return {row["_id"]: row.get("members_seq", 0) for row in rows}

    async def list_groups(self, account_id: int) -> list[Chat]:
        """Returns the groups that an account is in now, oldest first."""
        # Rows of earlier versions have no kind.
        query = {"account": account_id, "active": True, "unlisted": None, "large": {"$in": [None, True]}}
        of_kind = {"kind": {"$in": [None, ChatKind.GROUP.value]}}
        rows = await self._members.find(query | of_kind, {"_id": False, "chat": True}).hint("listed").to_list(None)
        groups = {"_id": {"$in": [row["chat"] for row in rows]}, "kind": ChatKind.GROUP.value}
        return [chat_of(row) for row in await self._chats.find(groups).sort("_id", ASCENDING).to_list(None)]

    async def forget_photo(self, chat_id: int) -> set[str]:
        """Take away the photo of a chat without members. Returns the names of its files."""
        row = await self._chats.find_one_and_update({"_id": chat_id}, {"$set": {"photo": None}}, {"photo": True})
        return photo_files([] if row is None else [row])

    async def apply(self, change: Entry) -> Collection[int]:
        """Apply one stored change of a chat, as `ChatChanges.apply`. Returns the accounts that are in a large chat by it.

        A change in a chat with oneself is applied to the account's own state.
        """
        if isinstance(change.body, PersonalChange):
            await self._personal.apply(change)
            return ()
        return await self._changes.apply(change)


def _pair(first: int, second: int) -> str:
    """Returns the key of a direct chat; a text, since an index over an array would be one over each of its items."""
    return f"{min(first, second)}:{max(first, second)}"
