"""Applies stored changes to the rows of chats and members.

Changes of members are entries of the log first; `apply` then brings the rows up to date with one of them. It may be done
again at any time, also after a crash: each row remembers the seq of the last change that it took. The first time must be in the
order of the log: a Left would find nobody to take out before its Joined was applied.
"""

from collections.abc import Collection, Mapping

from pymongo import UpdateOne

from models.documents.chat import Role
from models.documents.entry import Entry, ExpirySet, Joined, Left, PhotoSet, PinnersSet, RoleSet, SubjectSet
from models.errors import ChatNotFound
from models.stores.chat_rows import chat_of, member_key, member_row, members_of_chat
from models.stores.database import Collection as CollectionOfRows
from models.stores.database import Row, insert_missing
from models.stores.entry_rows import photo_row

_MARKS = ("delivered", "read", "shown.delivered", "shown.read")


class ChatChanges:
    """Applies changes to the rows of these two collections. A chat of more than `large` members becomes a large one for ever."""

    def __init__(self, chats: CollectionOfRows, members: CollectionOfRows, *, large: int) -> None:
        self._chats = chats
        self._members = members
        self._large = large

    async def apply(self, change: Entry) -> Collection[int]:
        """Bring chat and member rows up to date with one stored change. Twice does no harm; a late one is skipped.

        Returns the accounts that are in a large chat by this change, all of them when it has become one.
        """
        came: Collection[int] = ()
        match change.body:
            case Joined(accounts, numbers, admins):
                came = await self._join(change, dict(zip(accounts, numbers, strict=True)), frozenset(admins))
            case Left(account, _):
                await self._leave(change, account)
            case RoleSet(account, _, role):
                await self._members.update_one(
                    _older(change, account) | {"active": True}, {"$set": {"role": role.value, "changed": change.seq}}
                )
            case SubjectSet(subject):
                await self._chats.update_one(
                    {"_id": change.chat_id, "subject_seq": {"$not": {"$gte": change.seq}}},
                    {
                        "$set": {
                            "subject": subject,
                            "subject_by": change.number,
                            "subject_at": change.at,
                            "subject_seq": change.seq,
                        }
                    },
                )
            case PhotoSet(photo):
                await self._chats.update_one(
                    {"_id": change.chat_id, "photo_seq": {"$not": {"$gte": change.seq}}},
                    {"$set": {"photo": photo_row(photo), "photo_seq": change.seq}},
                )
            case ExpirySet(seconds):
                await self._chats.update_one(
                    {"_id": change.chat_id, "expiry_seq": {"$not": {"$gte": change.seq}}},
                    {"$set": {"expires_after_s": seconds, "expiry_seq": change.seq}},
                )
            case PinnersSet(pinners):
                await self._chats.update_one(
                    {"_id": change.chat_id, "pinners_seq": {"$not": {"$gte": change.seq}}},
                    {"$set": {"pinners": pinners.value, "pinners_seq": change.seq}},
                )
            case _:
                raise TypeError(f"{change.kind} changes no chat")
        if isinstance(change.body, Joined | Left):
            await self._chats.update_one({"_id": change.chat_id}, {"$max": {"members_seq": change.seq}})
        return came

    async def _join(self, change: Entry, numbers: Mapping[int, str], admins: Collection[int]) -> Collection[int]:
        def role(account_id: int) -> Role:
            return Role.ADMIN if account_id in admins else Role.MEMBER

        row = await self._chats.find_one({"_id": change.chat_id})
        if row is None:
            raise ChatNotFound
        chat = chat_of(row)
        await insert_missing(
            self._members,
            [
                member_row(
                    chat.id, account_id, number, role(account_id), first_seq=change.seq, kind=chat.kind, at=change.at
                )
                for account_id, number in numbers.items()
            ],
        )
        # Former members come back with another span; the rows just inserted carry this seq and are left alone.
        await self._members.bulk_write(
            [
                UpdateOne(
                    _older(change, account_id) | {"active": False},
                    {
                        "$set": {"active": True, "changed": change.seq, "role": role(account_id).value},
                        "$push": {"spans": [change.seq, None]},
                        "$max": {**dict.fromkeys(_MARKS, change.seq - 1), "activity": change.at},
                        "$unset": {"left_at": "", "look": "", "unlisted": ""},
                    },
                )
                for account_id in numbers
            ],
            ordered=False,
        )
        return await self._mark_large(change.chat_id, numbers)

    async def _leave(self, change: Entry, account_id: int) -> None:
        # Read before the row is changed: a later subject is applied only after this change.
        chat = await self._chats.find_one({"_id": change.chat_id}, {"subject": True, "photo": True}) or {}
        look = {"subject": chat.get("subject", ""), "photo": chat.get("photo")}
        await self._members.update_one(
            _older(change, account_id) | {"active": True},
            [
                {
                    "$set": {
                        "active": False,
                        "changed": change.seq,
                        "role": Role.MEMBER.value,
                        "spans": _close_last(change.seq),
                        "left_at": change.at,
                        "look": {"$literal": look},
                    }
                }
            ],
        )

    async def _mark_large(self, chat_id: int, accounts: Collection[int]) -> Collection[int]:
        """Mark the rows of those who came to a large chat, or of all members if it has just become one.

        Returns the accounts marked.

        Rows before the chat: once the chat says it, every row does. Of two who do this at once, the later one sees all rows.
        """
        chat = await self._chats.find_one({"_id": chat_id}, {"large": True})
        if chat is not None and chat.get("large"):
            here: Row = {"_id": {"$in": [member_key(chat_id, account_id) for account_id in accounts]}}
            await self._members.update_many(here, {"$set": {"large": True}})
            # Applied late, the change brings nobody back who has left since.
            rows = await self._members.find(here | {"active": True}, {"account": True}).to_list(None)
            return [row["account"] for row in rows]
        if await self._members.count_documents(members_of_chat(chat_id), limit=self._large + 1) <= self._large:
            return ()
        await self._members.update_many(members_of_chat(chat_id), {"$set": {"large": True}})
        await self._chats.update_one({"_id": chat_id}, {"$set": {"large": True}})
        rows = await self._members.find(members_of_chat(chat_id), {"account": True}).to_list(None)
        return [row["account"] for row in rows]


def _older(change: Entry, account_id: int) -> Row:
    return {"_id": member_key(change.chat_id, account_id), "changed": {"$lt": change.seq}}


def _close_last(seq: int) -> Row:
    """Returns the expression for `spans` with an end put to the last one."""
    count = {"$size": "$spans"}
    last: Row = {"$arrayElemAt": ["$spans", -1]}
    before: Row = {"$cond": [{"$gt": [count, 1]}, {"$slice": ["$spans", {"$subtract": [count, 1]}]}, []]}
    return {"$concatArrays": [before, [[{"$arrayElemAt": [last, 0]}, seq]]]}
