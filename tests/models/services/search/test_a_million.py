"""Search over a million messages, beside the scan that it spares: `PARLEY_SEARCH_MESSAGES` of them, printed with `-s`."""

import os
import random
import string
import sys
from time import perf_counter, process_time

import pytest

from models.documents.entry import Draft, Message
from models.documents.search import Search
from models.documents.search_words import read_query
from models.stores.database import Database
from models.stores.entry_rows import ENTRIES, entry_row
from tests.support.examined import examined
from tests.support.searched_logs import SearchedLogs, actor_of, open_searched_logs

MESSAGES = int(os.environ.get("PARLEY_SEARCH_MESSAGES", "1000000"))
CHATS = 100  # direct ones, besides one group that holds half of all
SCANS = 3 if MESSAGES < 1_000_000 else 1  # each reads everything
EXAMINED = 2  # queries of each kind whose rows are counted; the profile of more would not fit into its collection
ME = 1
choose = random.Random(17)


def vocabulary(size: int) -> list[str]:
    latin = ["".join(choose.choices(string.ascii_lowercase, k=choose.randint(2, 10))) for _ in range(size)]
    han = ["".join(chr(choose.randint(0x4E00, 0x9000)) for _ in range(choose.randint(1, 3))) for _ in range(size // 10)]
    return latin + han


WORDS = vocabulary(20_000)
WEIGHTS = [1 / place for place in range(1, len(WORDS) + 1)]


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")


def percentiles(times: list[float]) -> str:
    times = sorted(times)
    p50, p95 = times[len(times) // 2], times[min(len(times) - 1, len(times) * 95 // 100)]
    return f"p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms of {len(times)}"


async def fill(world: SearchedLogs) -> None:
    chats = [await world.logs.group(ME, 2), *[await world.logs.direct(ME, 10 + number) for number in range(CHATS)]]
    entries = world.logs.database.collection(ENTRIES)
    for chat in chats:
        end = world.logs.end_of(chat)
        count = MESSAGES // 2 if chat.group else MESSAGES // 2 // CHATS
        for first in range(end + 1, end + 1 + count, 5000):
            seqs = range(first, min(first + 5000, end + 1 + count))
            words = iter(choose.choices(WORDS, WEIGHTS, k=9 * len(seqs)))
            texts = [" ".join(next(words) for _ in range(choose.randint(1, 9))) for _ in seqs]
            drafts = [
                Draft(chat.id, 2, "492", f"c{seq}", Message(text=text)) for seq, text in zip(seqs, texts, strict=True)
            ]
            await entries.insert_many(
                [entry_row(draft, seq, world.logs.at(seq)) for draft, seq in zip(drafts, seqs, strict=True)],
                ordered=False,
            )


async def timed(world: SearchedLogs, query: str) -> tuple[float, int]:
    """How long the first page took, and how many pages it took until one had a hit."""
    search, started, pages = Search(read_query(query), limit=20), perf_counter(), 0
    before = search.before
    while True:
        page = await world.search(actor_of(ME), Search(search.query, limit=20, before=before))
        pages += 1
        if page.hits or page.next is None:
            return perf_counter() - started, pages
        before = page.next


@pytest.mark.long
@pytest.mark.timeout(3000)
async def test_a_million_messages_are_searched_in_a_fraction_of_the_time_that_a_scan_takes(database: Database) -> None:
    world = await open_searched_logs(database)
    started = perf_counter()
    await fill(world)
    tell(f"\n{MESSAGES} messages in {CHATS + 1} chats, written in {perf_counter() - started:.0f} s")

    started, worked = perf_counter(), process_time()
    ends = {chat_id: await world.log.last_seq(chat_id) for chat_id in await world.log.list_chats(ME)}
    while not await world.index.extend(ends, most=1000):
        pass
    tell(
        f"indexed in {perf_counter() - started:.0f} s, {(process_time() - worked) / MESSAGES * 1e6:.0f} us of this process for each"
    )
    size = await database.raw.command("collStats", "search_blocks")
    tell(f"index: {size['size'] / MESSAGES:.0f} bytes for each message, {size['storageSize'] / MESSAGES:.0f} on disk")

    scans = []
    for _ in range(SCANS):
        started, query = perf_counter(), Search(read_query(choose.choice(WORDS)))
        assert len(await world.scan(ME, query)) >= 0
        scans.append(perf_counter() - started)
    tell(f"scan: {percentiles(scans)}")

    slowest = 0.0
    for name, queries in {
        "common words": choose.choices(WORDS[:100], k=100),
        "rare words": choose.choices(WORDS[5000:20_000], k=100),
        "words that nobody wrote": ["zz" + "".join(choose.choices(string.ascii_lowercase, k=8)) for _ in range(100)],
        "beginnings of three letters": [word[:3] for word in choose.choices(WORDS[:20_000], k=100)],
        "two words": [" ".join(choose.choices(WORDS[:3000], k=2)) for _ in range(100)],
        "Chinese": [word[:2] for word in choose.choices(WORDS[20_000:], k=100)],
    }.items():
        found = [await timed(world, query) for query in queries]
        times = [took for took, _ in found]
        async with examined(database) as cost:
            for query in queries[:EXAMINED]:
                await timed(world, query)
        tell(
            f"{name}: {percentiles(times)}, {max(pages for _, pages in found)} pages at most, "
            f"{cost.rows // EXAMINED} rows and {cost.keys // EXAMINED} index keys examined"
        )
        slowest = max(slowest, sorted(times)[94])
    if MESSAGES >= 100_000:
        assert slowest < min(scans), "the index spares nothing"
