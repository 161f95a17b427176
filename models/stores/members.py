"""Stores the members of chats: who is or was in a chat, how far each has read, and what each hides from itself.

Members come and go by the changes of their chat (chat_changes.py).
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument, UpdateOne

from models.documents.chat import Member
from models.documents.chat_settings import ChatSettings
from models.documents.entry import entry_key
from models.stores.chat_rows import (
    CHATS,
    MEMBERS,
    first_key,
    member_key,
    member_of,
    members_of_chat,
    spans_of,
)
from models.stores.database import Database, Row, aggregate, drop_indexes
from models.stores.entry_rows import ENTRIES
from models.stores.setting_rows import read_settings

SLICE = 10_000  # rows asked for by their keys at once
_NO_SETTINGS = {"settings": False}  # which may hold long drafts

MEMBER_INDEXES = [
    # Chats that an account left lately: few of its chats, and none for most accounts.
    IndexModel(
        [("account", ASCENDING), ("left_at", ASCENDING)],
        name="left",
        partialFilterExpression={"left_at": {"$exists": True}},
    ),
    # All chats of one account, and its chat list in order (chat_places.py). The members of one chat are a range of `_id`.
    IndexModel(
        [
            ("account", ASCENDING),
            ("active", ASCENDING),
            ("unlisted", ASCENDING),
            ("large", ASCENDING),
            ("kind", ASCENDING),
            ("activity", DESCENDING),
            ("chat", DESCENDING),
        ],
        name="listed",
    ),
    # What a node asks for each account that connects to it.
    IndexModel([("account", ASCENDING), ("large", ASCENDING)], name="large", partialFilterExpression={"large": True}),
    # The drafts of one account.
    IndexModel(
        [("account", ASCENDING)],
        name="drafts",
        partialFilterExpression={"settings.draft.value.text": {"$exists": True}},
    ),
]
# Seqs of messages in a member row that the account hid from itself; when there are more, only the last are kept there.
HIDDEN_MAX, HIDDEN_KEPT = 500, 250


class Members:
    """The member rows of all chats (`_id`: chat_rows.py, `member_key`)."""

    def __init__(self, database: Database) -> None:
        self._chats = database.collection(CHATS)
        self._members = database.collection(MEMBERS)
        self._entries = database.collection(ENTRIES)

    async def prepare(self) -> None:
        await self._members.create_indexes(MEMBER_INDEXES)
        await drop_indexes(self._members, "account")  # the beginning of `listed`

    async def list_audience(self, chat_id: int, seq: int) -> set[int]:
        """Returns the accounts that were in a chat at one entry of its log, also those that have left since."""
        rows = await self._members.find(members_of_chat(chat_id), {"account": True, "spans": True}).to_list(None)
        return {row["account"] for row in rows if any(span.covers(seq) for span in spans_of(row))}

    async def find_member(self, chat_id: int, account_id: int) -> Member | None:
        """Returns the member row of an account that is or was in a chat, or None."""
        row = await self._members.find_one({"_id": member_key(chat_id, account_id), "spans": {"$ne": []}})
        return None if row is None else member_of(row)

    async def list_memberships(self, account_id: int, chat_ids: Collection[int]) -> list[Member]:
        """Returns the rows of one account in these chats, also in those it left."""
        keys = [member_key(chat_id, account_id) for chat_id in chat_ids]
        return [member_of(row) for row in await self._members.find({"_id": {"$in": keys}}).to_list(None)]

    async def list_participants(self, chat_ids: Collection[int]) -> dict[int, list[Member]]:
        """Returns the members of these chats, by chat, in the order in which they joined (together: the older account first)."""
        found = await self.list_receipts(chat_ids)
        for members in found.values():
            members.sort(key=lambda member: (member.since, member.account_id))
        return found

    async def list_all_memberships(self, account_id: int) -> list[Member]:
        """Returns every row of one account, also in chats it left."""
        return [member_of(row) for row in await self._members.find({"account": account_id}).to_list(None)]

    async def list_large(self, account_ids: Collection[int]) -> dict[int, dict[int, int]]:
        """Returns the large chats that these accounts are in now, by account: chat id -> seq of its last change of membership."""
        query = {"account": {"$in": list(account_ids)}, "large": True, "active": True}
        found: dict[int, dict[int, int]] = {}
        # Without the hint MongoDB may read every row of the accounts: it measures by those it meets first.
        rows = self._members.find(query, {"account": True, "chat": True, "changed": True}).hint("large")
        for row in await rows.to_list(None):
            found.setdefault(row["account"], {})[row["chat"]] = row["changed"]
        return found

    async def forget_past(self, chat_id: int, account_id: int, last_seq: int) -> None:
        """Hide everything up to this seq from a member of a direct chat, and take the chat off its list until more is said."""
        fresh = {
            "spans": [[last_seq + 1, None]],
            "delivered": last_seq,
            "read": last_seq,
            "hidden": [],
            "hidden_count": 0,
            "unlisted": True,
        }
        await self._members.update_one({"_id": member_key(chat_id, account_id), "active": True}, {"$set": fresh})

    async def list_left(self, account_ids: Collection[int]) -> dict[int, dict[int, datetime]]:
        """Returns the chats that these accounts left, by account: chat id -> when. Earlier versions stored no such time."""
        query = {"account": {"$in": list(account_ids)}, "left_at": {"$exists": True}}
        rows = (
            await self._members.find(query, {"account": True, "chat": True, "left_at": True}).hint("left").to_list(None)
        )
        found: dict[int, dict[int, datetime]] = {}
        for row in rows:
            found.setdefault(row["account"], {})[row["chat"]] = row["left_at"]
        return found

    async def forget_left(self, account_id: int) -> None:
        """Take from an account what it may read of the chats that it left.

        The rows stay, empty: by the seq of their last change, an older Joined that is applied again is known as late.
        """
        await self._members.update_many(
            {"account": account_id, "active": False},
            {"$set": {"spans": [], "unlisted": True}, "$unset": {"hidden": "", "look": "", "left_at": ""}},
        )

    async def first_readable(self, chat_id: int) -> int | None:
        """Returns the first seq of a chat that anybody may still read, present or former member; None if nobody may."""
        rows = await self._members.find(members_of_chat(chat_id), {"spans": True}).to_list(None)
        return min((span.first for row in rows for span in spans_of(row)), default=None)

    async def list_receipts(self, chat_ids: Collection[int]) -> dict[int, list[Member]]:
        """Returns the rows of all members of these chats, by chat, with their receipts."""
        found: dict[int, list[Member]] = {chat_id: [] for chat_id in chat_ids}
        if found:
            query = {"$or": [members_of_chat(chat_id) for chat_id in found], "active": True}
            for row in await self._members.find(query, _NO_SETTINGS).to_list(None):
                found[row["chat"]].append(member_of(row))
        return found

    async def list_receipts_up_to(self, chat_ids: Collection[int], members_max: int) -> dict[int, list[Member]]:
        """Returns as `list_receipts`, in one query, for those chats that have at most so many members."""
        in_chat: Row = {
            "$expr": {
                "$and": [
                    {"$gt": ["$_id", first_key("$$chat")]},
                    {"$lt": ["$_id", first_key({"$add": ["$$chat", 1]})]},
                ]
            },
            "active": True,
        }
        rows = await aggregate(
            self._chats,
            [
                {"$match": {"_id": {"$in": list(chat_ids)}}},
                {"$project": {"_id": True}},
                {
                    "$lookup": {
                        "from": MEMBERS,
                        "let": {"chat": "$_id"},
                        "pipeline": [
                            {"$match": in_chat},
                            {"$limit": members_max + 1},
                            {"$unset": ["hidden", "settings"]},
                        ],
                        "as": "members",
                    }
                },
            ],
        )
        return {
            row["_id"]: [member_of(one) for one in row["members"]] for row in rows if len(row["members"]) <= members_max
        }

    async def reveal(self, chat_id: int, account_id: int) -> None:
        """List a direct chat for an account that may see something in it now."""
        await self._members.update_one({"_id": member_key(chat_id, account_id)}, {"$unset": {"unlisted": ""}})

    async def hide_message(self, chat_id: int, account_id: int, seq: int) -> None:
        """Hide one message from one account for ever ("delete for me")."""
        hidden: Row = {"$ifNull": ["$hidden", []]}
        hide: Row = {
            "hidden": {"$concatArrays": [hidden, [seq]]},
            "hidden_count": {"$add": [{"$ifNull": ["$hidden_count", {"$size": hidden}]}, 1]},
        }
        row = await self._members.find_one_and_update(
            {"_id": member_key(chat_id, account_id), "hidden": {"$ne": seq}},
            [{"$set": hide}],
            {"hidden": True},
            return_document=ReturnDocument.AFTER,
        )
        if row is not None and len(row["hidden"]) > HIDDEN_MAX:
            await self._fold(chat_id, account_id, row["hidden"][:-HIDDEN_KEPT])

    async def _fold(self, chat_id: int, account_id: int, seqs: Sequence[int]) -> None:
        """Note in these messages that the account has hidden them, and then no longer in its own row, which would grow for ever."""
        for start in range(0, len(seqs), HIDDEN_MAX):
            keys = [entry_key(chat_id, seq) for seq in seqs[start : start + HIDDEN_MAX]]
            await self._entries.update_many({"_id": {"$in": keys}}, {"$addToSet": {"hidden_by": account_id}})
        await self._members.update_one(
            {"_id": member_key(chat_id, account_id)},
            {"$pullAll": {"hidden": list(seqs)}, "$max": {"folded": max(seqs)}},
        )

    async def clear(self, chat_id: int, account_id: int, seq: int) -> None:
        """Hide everything up to this entry from one account for ever."""
        await self._members.update_one(
            {"_id": member_key(chat_id, account_id), "cleared": {"$not": {"$gte": seq}}},
            {"$set": {"cleared": seq}, "$pull": {"hidden": {"$lte": seq}}},
        )

    async def list_members(self, places: Collection[tuple[int, int]]) -> list[Member]:
        """Returns the rows of these (chat id, account id), without their settings."""
        keys = [member_key(chat_id, account_id) for chat_id, account_id in places]
        rows = await self._members.find({"_id": {"$in": keys}}, _NO_SETTINGS).to_list(None)
        return [member_of(row) for row in rows]

    async def list_settings(self, places: Collection[tuple[int, int]]) -> dict[tuple[int, int], ChatSettings]:
        """Returns what these (chat id, account id) have set of what is pushed to them; those that have set nothing are left out."""
        keys = [member_key(chat_id, account_id) for chat_id, account_id in places]
        fields = dict.fromkeys(("chat", "account", "settings.muted_until", "settings.notify"), True)
        found: dict[tuple[int, int], ChatSettings] = {}
        for start in range(0, len(keys), SLICE):
            query = {"_id": {"$in": keys[start : start + SLICE]}, "settings": {"$exists": True}}
            for row in await self._members.find(query, fields).to_list(None):
                found[row["chat"], row["account"]] = read_settings(row)
        return found

    async def count_draft_chars(self, account_id: int, but: Collection[int]) -> int:
        """Returns how many characters the drafts of an account have together, except those of some chats."""
        query = {"account": account_id, "settings.draft.value.text": {"$exists": True}}
        fields = {"chat": True, "settings.draft.value.text": True}
        rows = await self._members.find(query, fields).hint("drafts").to_list(None)
        return sum(len(row["settings"]["draft"]["value"]["text"]) for row in rows if row["chat"] not in but)

    async def advance_receipts(self, receipts: Mapping[tuple[int, int, bool], tuple[int, int]]) -> None:
        """Advance receipts: (chat id, account id, whether others are shown it) -> (delivered, read). None goes back."""
        writes = []
        for (chat_id, account_id, is_shown), (delivered, read) in receipts.items():
            moved = {"delivered": delivered, "read": read}
            if is_shown:
                moved |= {"shown.delivered": delivered, "shown.read": read}
            writes.append(UpdateOne({"_id": member_key(chat_id, account_id)}, {"$max": moved}))
        if writes:
            await self._members.bulk_write(writes, ordered=False)
