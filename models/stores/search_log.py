"""Reads of the log what search needs: many rows of many chats at once, and of each row only what can be found."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from models.documents.entry import Kind, Message, entry_key, split_key
from models.stores.chat_rows import MEMBERS
from models.stores.database import Database, Row
from models.stores.entry_rows import ENTRIES
from models.stores.last_seqs import read_last_seq

KEYS_AT_ONCE = 1024  # rows of one query; some 10 ms
LONG_CHARS = 2000  # some 2 ms to fold
_SEARCHED = ("text", "caption", "name", "file_name")  # fields of a message
_POLL = ("poll.question", "poll.options")
_MESSAGE = Kind.MESSAGE.value
REWORDINGS = (Kind.EDIT.value, Kind.DELETION.value)
_FIELDS = dict.fromkeys(
    ("kind", "at", "of", "type", "number", "deleted", "edit_seq", "first", *_SEARCHED, *_POLL), True
)


class LogRow(NamedTuple):
    """An entry of a log as it is stored: what its texts are, if it is a message or an edit. One is made of each row that is indexed.

    `of` is the message that an edit or a deletion changes; `edit_seq` the edit whose text a message has, 0 for its first.
    """

    key: int
    kind: str
    at: datetime
    number: str
    texts: tuple[str, ...] = ()
    first_text: str | None = None
    type: str = ""
    of: int = 0
    edit_seq: int = 0

    @property
    def is_message(self) -> bool:
        """Returns whether this is a message that is not deleted."""
        return bool(self.type)

    @property
    def chars(self) -> int:
        return sum(map(len, self.texts))

    @property
    def is_long(self) -> bool:
        """Returns whether others should not wait until this row and more are looked at."""
        return any(len(text) > LONG_CHARS for text in self.texts)

    @property
    def changed_key(self) -> int | None:
        """Returns the key of the message that an edit or a deletion changes."""
        return entry_key(split_key(self.key)[0], self.of) if self.of else None


class SearchLog:
    """The log of all chats, as search reads it. Rows do not have the changes that are stored and not applied yet."""

    def __init__(self, database: Database) -> None:
        self._entries = database.collection(ENTRIES)
        self._members = database.collection(MEMBERS)

    async def last_seq(self, chat_id: int) -> int:
        return await read_last_seq(self._entries, chat_id)

    async def list_chats(self, account_id: int) -> list[int]:
        """Returns every chat that an account is or was in. Reads the index alone."""
        rows = self._members.find({"account": account_id}, {"_id": False, "chat": True}).hint("listed")
        return [row["chat"] for row in await rows.to_list(None)]

    async def list_rows(self, keys: Iterable[int], kinds: Collection[str] | None = None) -> list[LogRow]:
        """Returns the entries with these keys, of these kinds or of any, in the order of their keys."""
        wanted = list(keys)
        rows: list[LogRow] = []
        for start in range(0, len(wanted), KEYS_AT_ONCE):
            query: Row = {"_id": {"$in": wanted[start : start + KEYS_AT_ONCE]}}
            if kinds is not None:
                query["kind"] = {"$in": list(kinds)}
            found = await self._entries.find(query, _FIELDS).hint("_id_").sort("_id", 1).to_list(None)
            rows += map(_log_row, found)
            await asyncio.sleep(0)
        return rows

    async def list_rewording(self, chat_ids: Collection[int]) -> set[int]:
        """Returns the keys of the messages of these chats that have an edit or a deletion which is stored and not applied."""
        query = {"chat": {"$in": list(chat_ids)}, "pending": True, "kind": {"$in": list(REWORDINGS)}}
        rows = await self._entries.find(query, {"chat": True, "of": True}).hint("pending").to_list(None)
        return {entry_key(row["chat"], row["of"]) for row in rows}

    async def list_wordings(self, keys: Iterable[int]) -> dict[int, list[str]]:
        """Returns all texts that edits gave to the messages with these keys."""
        by_chat: dict[int, list[int]] = {}
        for key in keys:
            chat_id, seq = split_key(key)
            by_chat.setdefault(chat_id, []).append(seq)
        found: dict[int, list[str]] = {}
        for chat_id, seqs in by_chat.items():
            query = {"chat": chat_id, "of": {"$in": seqs}, "kind": Kind.EDIT.value}
            for row in await self._entries.find(query, {"of": True, "text": True}).hint("changes").to_list(None):
                found.setdefault(entry_key(chat_id, row["of"]), []).append(row["text"])
        return found


def texts_of(message: Message) -> list[str]:
    """Returns the texts by which a message is found: what its author wrote, names, the question and the options of a poll."""
    texts = [text for text in (getattr(message, name) for name in _SEARCHED) if text is not None]
    return texts if message.poll is None else [*texts, message.poll.question, *message.poll.options]


def _log_row(row: Mapping[str, Any]) -> LogRow:
    kind = row["kind"]
    if kind == _MESSAGE and not row.get("deleted"):
        texts = tuple([row[name] for name in _SEARCHED if name in row])
        if "poll" in row:
            texts += row["poll"]["question"], *row["poll"]["options"]
        first_text = row["first"].get("text") if "first" in row else None
        return LogRow(
            row["_id"], kind, row["at"], row["number"], texts, first_text, row["type"], edit_seq=row.get("edit_seq", 0)
        )
    of = row["of"] if kind in REWORDINGS else 0
    texts = (row["text"],) if kind == Kind.EDIT.value and "text" in row else ()
    return LogRow(row["_id"], kind, row["at"], row["number"], texts, of=of)
