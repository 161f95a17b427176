"""What one search holds and looks at is bounded, whatever is in the logs."""

import gc
import weakref
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from models.documents.entry import Kind, entry_key
from models.documents.search import END, Search
from models.documents.search_block import BLOCK, Block, Place
from models.documents.search_words import read_query
from models.services.search import tails as tails_module
from models.services.search.tails import Tails
from models.services.search.walk import EXAMINED_MAX, Walk
from models.stores.search_blocks import Indexed
from models.stores.search_log import LogRow

CHAT = 1
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Text(str):
    """A text of which one can tell whether anybody holds it."""

    __slots__ = ("__weakref__",)


class Log:
    """A log of a few messages, the first of which is the oldest."""

    def __init__(self) -> None:
        self.texts: list[weakref.ref[Text]] = []

    async def list_rows(self, keys: Iterable[int], _: Collection[str] | None = None) -> list[LogRow]:
        rows = []
        for seq in (1, 2, 3):
            text = Text(f"hay {seq}")
            self.texts.append(weakref.ref(text))
            at = NOW + timedelta(seconds=seq)
            rows.append(LogRow(entry_key(CHAT, seq), Kind.MESSAGE.value, at, "1", (text,), type="t"))
        return rows


class Blocks:
    """An index of so many blocks, which may hold hits or not, but are too many to be found all at once."""

    def __init__(self) -> None:
        self.steps: list[int] = []

    async def list_indexed(self, _: Collection[int]) -> dict[int, Indexed]:
        return {}

    async def list_at(self, _: Collection[int]) -> list[Block]:
        return []

    async def list_matching(self, *_: object, examined: int) -> tuple[list[Block], Place]:
        self.steps.append(examined)
        return [], Place(NOW, 2**62 - sum(self.steps))

    async def list_all_matching(self, *_: object, most: int) -> None:
        return None


async def read_tails(search: Search, log: Log) -> Tails:
    tails = Tails(search)
    assert await tails.read([CHAT], cast("Any", Blocks()), cast("Any", log), cast("Any", None))
    return tails


async def test_no_text_of_a_tail_is_held_and_still_its_place_is_known() -> None:
    log = Log()
    tails = await read_tails(Search(read_query("needle")), log)
    gc.collect()
    assert [text() for text in log.texts] == [None] * 3
    key = entry_key(CHAT, 2)
    assert tails.find_places({key}) == {key: Place(NOW + timedelta(seconds=2), key)}


async def test_a_later_page_does_not_look_at_the_texts_of_newer_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []

    def note(_: Search, row: LogRow) -> bool:
        looked.append(row.key)
        return False

    monkeypatch.setattr(tails_module, "may_match", note)
    before = Place(NOW + timedelta(seconds=2), entry_key(CHAT, 2))
    await read_tails(Search(read_query("needle"), before=before), Log())
    assert looked == [entry_key(CHAT, 1)]


@pytest.mark.parametrize(
    ("count", "least"), [(1_000_000, EXAMINED_MAX), (35_000, EXAMINED_MAX // 2)], ids=["in order", "in vain at once"]
)
async def test_one_request_looks_into_so_many_blocks_and_no_more(count: int, least: int) -> None:
    search = Search(read_query("needle"), before=END)
    tails = Tails(search)
    tails.indexed = {CHAT: Indexed(count * BLOCK, NOW)}
    blocks = Blocks()
    walk = Walk(search, cast("Any", {CHAT: None}), tails, (), cast("Any", None), cast("Any", blocks), cast("Any", None))
    page = await walk()
    assert page.next is not None
    assert least <= sum(blocks.steps) <= EXAMINED_MAX
