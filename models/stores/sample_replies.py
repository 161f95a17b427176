"""Sample replies: a few rows that are the same for everybody."""

from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from models.documents.sample_reply import FIRST, ReplyType, SampleReply
from models.stores.counters import Counters
from models.stores.database import Database, Row, insert_missing

NAME = "sample_replies"
SHOWN = [("type", ASCENDING), ("text", ASCENDING)]
INDEXES = [IndexModel([("text", ASCENDING)], unique=True, name="text"), IndexModel(SHOWN, name="shown")]
SEEDED = "sample replies"


class SampleReplies:
    """All sample replies. The first ones are stored once in the life of a database, so removed ones stay removed."""

    def __init__(self, database: Database, counters: Counters) -> None:
        self._replies = database.collection(NAME)
        self._seeds = database.collection("seeds")
        self._counters = counters

    async def prepare(self) -> None:
        """Create the indexes, and the first replies unless that was done.

        Two nodes may do it at once, and a crash may stop it.
        """
        await self._replies.create_indexes(INDEXES)
        if await self._seeds.find_one({"_id": SEEDED}) is not None:
            return
        await self._put_missing([(text, kind) for kind, texts in FIRST.items() for text in texts])
        await self._seeds.update_one({"_id": SEEDED}, {"$setOnInsert": {"done": True}}, upsert=True)

    async def _put_missing(self, replies: list[tuple[str, ReplyType]]) -> None:
        ids = await self._counters.next_ids(NAME, len(replies))
        rows = [_row(reply_id, text, kind) for reply_id, (text, kind) in zip(ids, replies, strict=True)]
        await insert_missing(self._replies, rows)

    async def list_all(self) -> list[SampleReply]:
        """Returns all replies by type, acceptances first, then by text."""
        rows = await self._replies.find().sort(SHOWN).to_list(None)
        return [SampleReply(row["_id"], row["text"], ReplyType(row["type"])) for row in rows]

    async def append(self, text: str, kind: ReplyType) -> SampleReply | None:
        """Add a reply. Returns None if its text exists already."""
        reply_id = await self._counters.next_id(NAME)
        try:
            await self._replies.insert_one(_row(reply_id, text, kind))
        except DuplicateKeyError:
            return None
        return SampleReply(reply_id, text, kind)

    async def remove(self, text: str) -> bool:
        """Delete the reply with this text. Returns whether it existed."""
        return (await self._replies.delete_one({"text": text})).deleted_count == 1


def _row(reply_id: int, text: str, kind: ReplyType) -> Row:
    return {"_id": reply_id, "text": text, "type": kind.value}
