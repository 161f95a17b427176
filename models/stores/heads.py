"""Heads: the chats of one account with their ends and unread counts, computed from the log itself in one query.

There is no summary row that a crash could leave behind: what a client is told to be its chat's end is the last row that is
there. The price is two index seeks and one bounded count per chat.
"""

from collections.abc import Collection

from models.documents.chat import ChatKind
from models.documents.entry import Kind
from models.documents.head import UNREAD_MAX, Head
from models.stores.chat_rows import chat_of, member_of
from models.stores.chats import CHATS, MEMBERS
from models.stores.database import Database, Row, aggregate
from models.stores.entry_rows import read_entry
from models.stores.journal import ENTRIES


class Heads:
    """What an account's chat list is made of."""

    def __init__(self, database: Database) -> None:
        self._members = database.collection(MEMBERS)

    async def list_heads(self, account_id: int, chat_ids: Collection[int] | None = None) -> list[Head]:
        """All listed chats that the account is in; or those of `chat_ids` it is or was in. In no order."""
        match: Row = {"account": account_id, "active": True, "unlisted": {"$ne": True}}
        if chat_ids is not None:
            match = {"_id": {"$in": [chat_id << 32 | account_id for chat_id in chat_ids]}}
        return [_head(row, account_id) for row in await aggregate(self._members, _pipeline(match, account_id))]


def _pipeline(match: Row, account_id: int) -> list[Row]:
    # `$expr` with `$gt` and `$lt` is answered from the index since MongoDB 5.0.
    seen = {"hidden_from": {"$ne": account_id}}
    variables: Row = {
        "first": {"$multiply": ["$chat", 2**32]},
        "read": {"$add": [{"$multiply": ["$chat", 2**32]}, {"$toLong": "$read"}]},
        "end": {"$multiply": [{"$add": ["$chat", 1]}, 2**32]},
    }

    def entries(name: str, after: str, *stages: Row) -> Row:
        between: Row = {"$expr": {"$and": [{"$gt": ["$_id", after]}, {"$lt": ["$_id", "$$end"]}]}}
        pipeline: list[Row] = [{"$match": between}, *stages]
        return {"$lookup": {"from": ENTRIES, "let": variables, "pipeline": pipeline, "as": name}}

    newest: Row = {"$sort": {"_id": -1}}
    countable: Row = {"kind": Kind.MESSAGE.value, "sender": {"$ne": account_id}, "deleted": {"$ne": True}} | seen
    return [
        {"$match": match},
        {"$lookup": {"from": CHATS, "localField": "chat", "foreignField": "_id", "as": "in"}},
        entries("end", "$$first", newest, {"$limit": 1}, {"$project": {"_id": True}}),
        entries("last", "$$first", newest, {"$match": seen | {"kind": Kind.MESSAGE.value}}, {"$limit": 1}),
        entries("unread", "$$read", {"$match": countable}, {"$limit": UNREAD_MAX}, {"$count": "count"}),
        {
            "$lookup": {
                "from": MEMBERS,
                "let": {"pair": {"$first": "$in.pair"}, "chat": "$chat"},
                "pipeline": [
                    {
                        "$match": {
                            "$expr": {
                                "$and": [
                                    {"$gt": ["$_id", {"$multiply": ["$$chat", 2**32]}]},
                                    {"$lt": ["$_id", {"$multiply": [{"$add": ["$$chat", 1]}, 2**32]}]},
                                    {"$eq": [{"$type": "$$pair"}, "string"]},
                                ]
                            }
                        }
                    },
                    {"$limit": 2},
                    {"$project": {"account": True, "number": True}},
                ],
                "as": "people",
            }
        },
    ]


def _head(row: Row, account_id: int) -> Head:
    chat = chat_of(row["in"][0])
    member = member_of(row)
    last = read_entry(row["last"][0]) if row["last"] else None
    if last is not None and not member.may_see(last.seq):
        last = None  # said before this member came, or deleted for itself
    peer = None
    if chat.kind is ChatKind.DIRECT:
        others = [person["number"] for person in row["people"] if person["account"] != account_id]
        peer = others[0] if others else row["number"]
    return Head(
        chat,
        member,
        last_seq=row["end"][0]["_id"] - (chat.id << 32) if row["end"] else 0,
        last=last,
        unread=row["unread"][0]["count"] if row["unread"] else 0,
        peer_number=peer,
    )
