"""Whatever happened to the logs, and whenever the index was made or a node died, search finds what reading everything finds."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.documents.chat import Chat
from models.documents.chat_ref import ChatRef
from models.documents.entry import Deletion, Edit, Entry, Joined, Left, Message
from models.documents.search import Search
from models.documents.search_block import BLOCK
from models.documents.search_words import read_query
from models.services.search import walk
from models.stores.database import Database
from models.stores.search_blocks import SearchBlocks
from tests.support.searched_logs import (
    EVERY_WORD,
    SearchedLogs,
    number_of,
    open_searched_logs,
    some_message,
    some_text,
)

PEOPLE = (1, 2, 3, 4)


class Died(Exception):
    """The node was killed."""


class DyingBlocks(SearchBlocks):
    """The store of a node that is killed before some write."""

    def __init__(self, database: Database, writes: int) -> None:
        super().__init__(database)
        self._writes = writes

    def _live(self) -> None:
        self._writes -= 1
        if self._writes < 0:
            raise Died

    async def insert(self, *args: object) -> None:
        self._live()
        await super().insert(*args)  # type: ignore[arg-type]

    async def advance(self, *args: object) -> None:
        self._live()
        await super().advance(*args)  # type: ignore[arg-type]

    async def replace(self, *args: object) -> bool:
        self._live()
        return await super().replace(*args)  # type: ignore[arg-type]


class Story:
    """What happens in some chats, drawn at random."""

    def __init__(self, world: SearchedLogs, seed: int) -> None:
        self.world = world
        self.logs = world.logs
        self.choose = random.Random(seed)
        self.chats: list[Chat] = []
        self.inside: dict[int, set[int]] = {}
        self.texts: list[str] = []  # of edits and what they replaced

    async def begin(self) -> None:
        direct = await self.logs.direct(1, 2)
        self.chats = [direct, await self.logs.group(*PEOPLE), await self.logs.group(3, 1, 2)]
        self.inside = {self.chats[0].id: {1, 2}, self.chats[1].id: set(PEOPLE), self.chats[2].id: {1, 2, 3}}

    async def happen(self) -> None:
        chat = self.choose.choice(self.chats)
        acts: list[Callable[[Chat], Awaitable[None]]] = [
            self.say,
            self.say,
            self.say,
            self.edit,
            self.edit,
            self.delete,
            self.hide,
            self.come_or_go,
            self.index,
            self.die,
        ]
        await self.choose.choice(acts)(chat)

    async def say(self, chat: Chat) -> None:
        writers = sorted(self.inside[chat.id]) or [1]
        count = self.choose.choice([1, 3, 20, 40])
        said = [(self.choose.choice(writers), some_message(self.choose)) for _ in range(count)]
        fields: dict[str, object] = {}
        if self.choose.random() < 0.3:
            fields["hidden_from"] = [self.choose.choice(PEOPLE)]
        if self.choose.random() < 0.2:  # the clock of that node was wrong
            fields["at"] = self.logs.at(self.logs.end_of(chat) + 1) + timedelta(seconds=self.choose.randint(-90, 90))
        await self.logs.write(chat, said, **fields)

    async def _some_message(self, chat: Chat) -> Entry | None:
        entries = await self.logs.entries.list_range(chat.id, 1, 2**31, limit=2**31)
        messages = [entry for entry in entries if isinstance(entry.body, Message) and not entry.is_deleted]
        return self.choose.choice(messages) if messages else None

    async def edit(self, chat: Chat) -> None:
        message = await self._some_message(chat)
        if message is not None:
            text = some_text(self.choose)
            assert isinstance(message.body, Message)
            self.texts += [message.body.words or "", text]
            await self.world.change(
                chat, message.sender_id, Edit(message.seq, text), is_applied=self.choose.random() < 0.7
            )

    async def delete(self, chat: Chat) -> None:
        message = await self._some_message(chat)
        if message is not None:
            await self.world.change(
                chat, message.sender_id, Deletion(message.seq), is_applied=self.choose.random() < 0.7
            )

    async def hide(self, chat: Chat) -> None:
        end = self.logs.end_of(chat)
        if end:
            who = self.choose.choice(sorted(self.inside[chat.id]) or [1])
            await self.logs.members.hide_message(chat.id, who, self.choose.randint(1, end))

    async def come_or_go(self, chat: Chat) -> None:
        if chat.pair is not None:
            return
        who, inside = self.choose.choice(PEOPLE), self.inside[chat.id]
        if who in inside:
            inside.discard(who)
            await self.logs.change(chat, who, Left(who, number_of(who)))
        else:
            inside.add(who)
            await self.logs.change(chat, who, Joined((who,), (number_of(who),)))

    async def index(self, _: Chat) -> None:
        ends = {chat.id: self.logs.end_of(chat) for chat in self.chats}
        await self.world.index.extend(ends, most=self.choose.randint(1, 6))

    async def die(self, chat: Chat) -> None:
        """A node dies while it makes the index, and another goes on."""
        blocks = self.world.blocks
        self.world.blocks = DyingBlocks(self.logs.database, self.choose.randint(0, 3))
        self.world.restart()
        with suppress(Died):
            await self.index(chat)
        self.world.blocks = blocks
        self.world.restart()

    def some_search(self) -> Search:
        if self.texts and self.choose.random() < 0.6:
            words = self.choose.choice(self.texts).split()[-1:]
        else:
            words = self.choose.choices(EVERY_WORD, k=self.choose.choice([1, 1, 1, 2, 3]))
            words = [word[: self.choose.randint(1, len(word))] for word in words]
        try:
            query = read_query(" ".join(words))
        except Exception:  # noqa: BLE001 (a part of a character may be no word)
            query = read_query("c")
        search = Search(query, limit=self.choose.choice([1, 3, 50]))
        if self.choose.random() < 0.3:
            search = replace(search, sender=number_of(self.choose.choice(PEOPLE)))
        if self.choose.random() < 0.2:
            search = replace(search, type=self.choose.choice("tidlc"))
        if self.choose.random() < 0.3:
            search = replace(search, chat=ChatRef(chat_id=self.chats[0].id))
        return search

    async def end(self) -> int:
        """All changes get into blocks that are full; whatever was edited is looked for. Returns how many hits there were."""
        for chat in self.chats:
            await self.logs.write(chat, [(1, Message(text="hay"))] * BLOCK)
        found = await self.compare()
        for text in self.choose.sample(self.texts, min(6, len(self.texts))):
            search = Search(read_query((text.split() or ["hay"])[-1]))
            for account_id in (1, self.choose.choice(PEOPLE)):
                hits = await self.world.find(account_id, search)
                assert hits == await self.world.scan(account_id, search), (account_id, search)
                found += len(hits)
        return found

    async def compare(self) -> int:
        found = 0
        for account_id in PEOPLE * 3:
            search = self.some_search()
            if search.chat is not None and account_id > 2:
                search = replace(search, chat=None)
            hits = await self.world.find(account_id, search)
            assert hits == await self.world.scan(account_id, search), (account_id, search)
            found += len(hits)
        return found


async def test_whoever_has_more_logs_than_one_request_looks_into_finds_all_of_them(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("EXAMINED_MAX", "EXAMINED_FIRST", "CHATS_AT_ONCE"):
        monkeypatch.setattr(walk, name, 1)
    world = await open_searched_logs(database)
    chats = [await world.logs.group(1, 2) for _ in range(3)]
    for chat in chats:
        await world.logs.write(chat, [(1, Message(text="needle"))] * (3 * BLOCK))
    await world.index.extend({chat.id: world.logs.end_of(chat) for chat in chats}, most=100)
    search = Search(read_query("needle"), limit=50)
    hits = await world.find(1, search)
    assert len(hits) == 9 * BLOCK
    assert hits == await world.scan(1, search)


@pytest.mark.parametrize("few", [1, 100], ids=["more than expected", "few"])
async def test_what_the_newest_blocks_do_not_have_is_found_in_older_ones(
    database: Database, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(walk, "EXAMINED_FIRST", 1)
    monkeypatch.setattr(walk, "FEW", few)
    world = await open_searched_logs(database)
    chats = [await world.logs.group(1, 2) for _ in range(2)]
    for chat in chats:
        await world.logs.write(chat, [(1, Message(text="needle"))] * (2 * BLOCK))
        await world.logs.write(chat, [(1, Message(text="hay"))] * (2 * BLOCK))
    await world.index.extend({chat.id: world.logs.end_of(chat) for chat in chats}, most=100)
    search = Search(read_query("needle"), limit=50)
    hits = await world.find(1, search)
    assert len(hits) == 4 * BLOCK
    assert hits == await world.scan(1, search)


async def test_search_finds_what_a_scan_finds_whatever_happened(database: Database) -> None:
    loop = asyncio.get_running_loop()
    world = await open_searched_logs(database)
    found = 0

    async def live(seed: int) -> None:
        nonlocal found
        for name in ("entries", "members", "chats", "search_blocks", "search_positions"):
            await database.raw[name].delete_many({})
        world.logs._ends.clear()
        story = Story(world, seed)
        await story.begin()
        for _ in range(story.choose.randint(5, 25)):
            await story.happen()
            if story.choose.random() < 0.2:
                found += await story.compare()
        found += await story.end()

    @settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.integers(0, 2**32))
    def explore(seed: int) -> None:
        asyncio.run_coroutine_threadsafe(live(seed), loop).result(120)

    await asyncio.to_thread(explore)
    assert found > 10, "the logs had little to find"
