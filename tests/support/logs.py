"""Logs that are written row by row, so that a test has a chat of any length and content at once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from models.documents.chat import Chat
from models.documents.chat_summary import ChatSummary
from models.documents.entry import Deletion, Draft, Edit, Entry, Joined, Message, Reaction
from models.services.chats.membership import MembershipCache
from models.services.chats.summaries import ReadChatSummaries
from models.stores.accounts import Accounts
from models.stores.chat_summaries import ChatSummaries
from models.stores.chats import Chats
from models.stores.counters import Counters
from models.stores.database import Database
from models.stores.entries import Entries
from models.stores.entry_rows import ENTRIES, INDEXES, entry_row, stored_entry
from models.stores.members import Members

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ReadAnyHeads(ReadChatSummaries):
    """Heads of whatever is asked, chats that an account left included."""

    async def __call__(self, account_id: int, chat_ids: Collection[int] | None = None) -> list[ChatSummary]:
        return (await self.of_all([account_id], chat_ids))[account_id]

    async def of_all(
        self, accounts: Collection[int], chat_ids: Collection[int] | None = None
    ) -> dict[int, list[ChatSummary]]:
        """By account, of all chats that these are in, or of those of `chat_ids` that they are or were in."""
        found: dict[int, list[ChatSummary]] = {account_id: [] for account_id in accounts}
        ends = await self.ends(accounts)
        if chat_ids is not None:
            ends = {account_id: dict(await self.ends_of(account_id, chat_ids)) for account_id in accounts}
        for account_id, head in await self.heads.list_heads(ends):
            found[account_id].append(head)
        return found


@dataclass
class Logs:
    """The stores of one database, and pens to write logs with."""

    database: Database
    chats: Chats
    members: Members
    entries: Entries
    heads: ReadAnyHeads
    _ends: dict[int, int] = field(default_factory=dict)

    async def direct(self, first: int, second: int) -> Chat:
        """The direct chat of two accounts, in both their lists."""
        chat = await self.chats.require_direct((first, f"49{first}"), (second, f"49{second}"), SINCE)
        for account_id in {first, second}:
            await self.members.reveal(chat.id, account_id)
        return chat

    async def group(self, *members: int) -> Chat:
        """A group of these accounts, founded by the first, whose log begins with their joining."""
        chat = await self.chats.create_group((members[0], f"49{members[0]}"), "Friends", SINCE)
        joined = Joined(members, tuple(f"49{one}" for one in members), members[:1])
        await self.change(chat, members[0], joined)
        return chat

    async def change(self, chat: Chat, by: int, body: Any) -> Entry:
        """Write a change of the chat itself, and apply it."""
        seq = await self.write(chat, [(by, body)])
        draft = Draft(chat.id, by, f"49{by}", f"c{seq}", body)
        change = stored_entry(draft, seq, self.at(seq))
        await self.chats.apply(change)
        await self.entries.settle(change)
        return change

    async def write(self, chat: Chat, said: Sequence[tuple[int, Any]], **fields: Any) -> int:
        """Append bodies by (sender, body), each with these fields of the row; the seq of the last. Changes count as applied."""
        rows = []
        for sender, body in said:
            seq = self._ends[chat.id] = self._ends.get(chat.id, 0) + 1
            kept_from = fields.get("hidden_from", ())
            row = entry_row(Draft(chat.id, sender, f"49{sender}", f"c{seq}", body, tuple(kept_from)), seq, self.at(seq))
            row.pop("pending", None)
            rows.append(row | fields)
        if rows:
            await self.database.collection(ENTRIES).insert_many(rows)
        return self._ends[chat.id]

    async def say(self, chat: Chat, sender: int, count: int = 1, **fields: Any) -> int:
        """Append so many texts; the seq of the last."""
        return await self.write(chat, [(sender, Message(text="hello"))] * count, **fields)

    async def react(self, chat: Chat, sender: int, of: int, count: int) -> int:
        return await self.write(chat, [(sender, Reaction(of, "👍"))] * count)

    async def delete(self, chat: Chat, sender: int, seq: int) -> None:
        await self._change_message(chat, sender, Deletion(seq))

    async def edit(self, chat: Chat, sender: int, edit: Edit) -> None:
        await self._change_message(chat, sender, edit)

    async def _change_message(self, chat: Chat, sender: int, body: Deletion | Edit) -> None:
        seq = await self.write(chat, [(sender, body)])
        draft = Draft(chat.id, sender, f"49{sender}", f"c{seq}", body)
        await self.entries.apply(stored_entry(draft, seq, self.at(seq)))

    def end_of(self, chat: Chat) -> int:
        return self._ends.get(chat.id, 0)

    def at(self, seq: int) -> datetime:
        return SINCE + timedelta(seconds=seq)


async def open_logs(database: Database) -> Logs:
    chats = Chats(database, Counters(database))
    members = Members(database)
    for store in (chats, members):
        await store.prepare()
    await database.collection(ENTRIES).create_indexes(INDEXES)
    entries = Entries(database)
    return Logs(
        database,
        chats,
        members,
        entries,
        ReadAnyHeads(
            ChatSummaries(database),
            MembershipCache(chats, entries, lambda _: None, lambda _: None),
            Accounts(database, Counters(database)),
        ),
    )
