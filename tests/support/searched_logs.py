"""Logs in ten scripts, searched by the real services over a real database, and the scan that search must equal."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from models.documents.chat import Chat, Member
from models.documents.entry import Deletion, Draft, Edit, Entry, Message, entry_key, split_key
from models.documents.search import Hit, Search, SearchPage
from models.documents.search_block import BLOCK, Place, block_key
from models.documents.search_snippet import make_snippet
from models.documents.search_words import find_ranges
from models.documents.session import Actor
from models.services.chats.membership import MembershipCache
from models.services.chats.resolve import ResolveChat
from models.services.runtime.token_bucket import TokenBuckets
from models.services.search.index import NEVER, SearchIndex
from models.services.search.search import SearchMessages
from models.stores.database import Database
from models.stores.entry_rows import ENTRIES, entry_row, stored_entry
from models.stores.search_blocks import SearchBlocks
from models.stores.search_log import SearchLog, texts_of
from tests.support.logs import Logs, open_logs

WORDS: Mapping[str, tuple[str, ...]] = {
    "Latin": ("lunch", "Straße", "café", "cafe", "naïve", "ŁÓDŹ", "don't", "x"),
    "Cyrillic": ("обед", "Сказка", "сказ", "ёлка", "елка", "йод"),
    "Greek": ("ΣΟΦΌΣ", "σοφός", "άνθρωπος"),
    "Arabic": ("سَلَام", "سلام", "أهلا", "اهلا"),
    "Hebrew": ("שָׁלוֹם", "שלום"),
    "Devanagari": ("किताब", "कि", "नमस्ते"),
    "Han": ("午饭", "一起吃午饭吧", "午", "今天天气很好"),
    "Kana": ("ランチ", "ﾗﾝﾁ", "おひるごはん", "ガス", "がす"),
    "Hangul": ("점심", "점심을", "고등학교에서", "학교"),
    "Thai": ("กินข้าว", "ฉันกินข้าวแล้ว", "ข้าว"),
    "Emoji": ("👍", "👍🏽", "👨‍👩‍👧", "❤️", "❤", "🇩🇪"),
}
EVERY_WORD = tuple(word for words in WORDS.values() for word in words)


def number_of(account_id: int) -> str:
    return f"49{account_id}"


def actor_of(account_id: int) -> Actor:
    return Actor(account_id, number_of(account_id), "session")


@dataclass
class SearchedLogs:
    """Logs, and a node that searches them. `index` may be another one after a crash."""

    logs: Logs
    blocks: SearchBlocks
    log: SearchLog
    index: SearchIndex
    memberships: MembershipCache

    def restart(self) -> None:
        """Go on as a new process does: with nothing but what the database has."""
        self.index = SearchIndex(self.blocks, self.log)

    @property
    def search(self) -> SearchMessages:
        return SearchMessages(
            cast("ResolveChat", _ById()),
            self.memberships,
            self.logs.members,
            self.logs.entries,
            self.blocks,
            self.log,
            self.index,
            TokenBuckets(1, 1, is_enabled=False),
        )

    async def find(self, account_id: int, search: Search) -> list[Hit]:
        """All hits, page by page."""
        hits: list[Hit] = []
        page: SearchPage | None = None
        for _ in range(1000):
            before = search.before if page is None or page.next is None else page.next
            page = await self.search(actor_of(account_id), replace(search, before=before))
            assert len(page.hits) <= search.limit
            hits += page.hits
            if page.next is None:
                return hits
        raise AssertionError("the search has no end")

    async def scan(self, account_id: int, search: Search) -> list[Hit]:
        """What reading all of what a member may see finds, with no index."""
        hits: list[Hit] = []
        for member in await self.logs.members.list_all_memberships(account_id):
            if search.chat is None or search.chat.chat_id == member.chat_id:
                hits += await self._scan(member, search)
        return sorted(hits, key=lambda hit: hit.place, reverse=True)

    async def _scan(self, member: Member, search: Search) -> list[Hit]:
        entries = await self.logs.entries.list_range(member.chat_id, 1, 2**31, limit=2**31)
        lows = _lows(entries)
        hits = []
        for entry in await self.logs.entries.as_shown_to(member, entries):
            body, key = entry.body, entry_key(entry.chat_id, entry.seq)
            if not isinstance(body, Message) or entry.is_deleted:
                continue
            if search.sender not in (None, entry.number) or search.type not in (None, body.type):
                continue
            texts = texts_of(body)
            ranges = find_ranges(search.query, texts)
            if ranges is not None:
                hits.append(Hit(Place(max(entry.at, lows[block_key(key)]), key), entry, make_snippet(texts, ranges)))
        return hits

    async def change(self, chat: Chat, by: int, body: Edit | Deletion, *, is_applied: bool) -> Entry:
        """Store a change of a message, and apply it unless a crash comes in between."""
        seq = await self.logs.write(chat, [(by, body)])
        draft = Draft(chat.id, by, number_of(by), f"c{seq}", body)
        change = stored_entry(draft, seq, self.logs.at(seq))
        row = entry_row(draft, seq, change.at)
        await self.logs.database.collection(ENTRIES).replace_one({"_id": row["_id"]}, row)
        if is_applied:
            await self.logs.entries.apply(change)
        return change


class _ById:
    async def require_id(self, _: Actor, target: object) -> int:
        return target.chat_id  # type: ignore[attr-defined,no-any-return] # tests name chats by their ids


def _lows(entries: list[Entry]) -> dict[int, datetime]:
    """Returns for each block the newest time of what is before it."""
    lows: dict[int, datetime] = {}
    high = NEVER
    for entry in entries:
        if (entry.seq - 1) % BLOCK == 0:
            lows[entry_key(entry.chat_id, entry.seq)] = high
        high = max(high, entry.at)
    return lows


def some_text(choose: random.Random) -> str:
    """A few words, some of which hardly any other text has: most blocks then have no hit for them."""
    words = choose.choices(EVERY_WORD, k=choose.randint(1, 3))
    words += [f"{choose.choice(EVERY_WORD)}{choose.randint(0, 99_999)}" for _ in range(choose.randint(0, 2))]
    return choose.choice([" ", ", ", "\n"]).join(words)


def some_message(choose: random.Random) -> Message:
    """A message of any type that has something to find."""
    text = some_text(choose)
    match choose.choice("ttttidlc"):
        case "i":
            return Message("i", url="https://files.example/x.jpg", caption=text)
        case "d":
            return Message(
                "d", url="https://files.example/x", file_name=f"{choose.choice(EVERY_WORD)}.pdf", caption=text
            )
        case "l":
            return Message("l", latitude=1.0, longitude=2.0, caption=text)
        case "c":
            return Message("c", vcard="BEGIN:VCARD", name=choose.choice(EVERY_WORD))
        case _:
            return Message("t", text=text)


async def open_searched_logs(database: Database) -> SearchedLogs:
    logs = await open_logs(database)
    blocks, log = SearchBlocks(database), SearchLog(database)
    await blocks.prepare()
    memberships = MembershipCache(logs.chats, logs.entries, lambda _: None, lambda _: None)
    return SearchedLogs(logs, blocks, log, SearchIndex(blocks, log), memberships)


def places(hits: list[Hit]) -> list[tuple[int, int]]:
    return [split_key(hit.place.key) for hit in hits]
