"""Compares the journal with one `insert_one` per message, in one run: `python -m benchmarks.journal`.

Same database, same rows, same write concern (majority, journaled), same number of messages in the air, same number of
chats; the two ways take turns, so that a busy machine is busy for both. The peer numbers messages the usual way: a counter
in memory and an insert, never tried again. Goal: at least 5 times as many stored messages per second with 64 in the air.

Measured on 2 cores shared with other work: 9.1 times (8,953 to 1,163 per second, medians of 5 rounds).
"""

import argparse
import asyncio
import json
import statistics
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from time import perf_counter

from models.documents.entry import Draft, Entry, Message
from models.services.chats.journal import Journal
from models.stores.database import Database, open_database
from models.stores.entry_rows import ENTRIES, INDEXES, entry_row
from server.clock import SystemClock
from server.embedded import throw_away_stores

GOAL = 5.0
TEXT = "An ordinary message of an ordinary length, as people write them to each other."

Store = Callable[[Draft], Awaitable[object]]


@asynccontextmanager
async def by_journal(database: Database) -> AsyncIterator[Store]:
    def hear(entries: Sequence[Entry]) -> None:
        """Nobody listens: the fan-out is measured elsewhere."""

    journal = Journal(database, SystemClock(), [hear])
    await journal.open()
    try:
        yield journal.append
    finally:
        await journal.close()


@asynccontextmanager
async def by_insert_one(database: Database) -> AsyncIterator[Store]:
    entries, clock = database.collection(ENTRIES), SystemClock()
    await entries.create_indexes(INDEXES)
    seqs: dict[int, count[int]] = {}

    async def store(draft: Draft) -> None:
        seq = next(seqs.setdefault(draft.chat_id, count(1)))
        await entries.insert_one(entry_row(draft, seq, clock.now()))

    yield store


async def measure(store: Store, seconds: float, in_the_air: int, chats: int) -> float:
    """Stored messages per second."""
    numbers = count()
    stored = 0
    ends_at = perf_counter() + seconds

    async def write() -> None:
        nonlocal stored
        while perf_counter() < ends_at:
            n = next(numbers)
            await store(Draft(n % chats + 1, n % 7 + 1, "4930901820", str(n), Message(text=TEXT)))
            stored += 1

    started_at = perf_counter()
    await asyncio.gather(*[write() for _ in range(in_the_air)])
    return stored / (perf_counter() - started_at)


async def run(rounds: int, seconds: float, in_the_air: int, chats: int) -> list[tuple[float, float]]:
    """(journal, insert_one) per second of each round."""
    results: list[tuple[float, float]] = []
    async with throw_away_stores() as stores:
        for number in range(rounds):
            pair: dict[str, float] = {}
            ways = [("journal", by_journal), ("insert_one", by_insert_one)]
            for name, way in ways if number % 2 else reversed(ways):
                async with open_database(stores.mongodb_url, f"{name}_{number}") as database:
                    async with way(database) as store:
                        await measure(store, min(0.5, seconds), in_the_air, chats)
                    await database.collection(ENTRIES).drop()
                    async with way(database) as store:
                        pair[name] = await measure(store, seconds, in_the_air, chats)
                    await database.raw.client.drop_database(database.raw.name)
            results.append((pair["journal"], pair["insert_one"]))
            print(f"round {number + 1}: {pair['journal']:8.0f} {pair['insert_one']:8.0f}", flush=True)
    return results


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser("benchmarks.journal", description="Group commit against one insert per message.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each way in each round")
    parser.add_argument("--in-the-air", type=int, default=64)
    parser.add_argument("--chats", type=int, default=16)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there too")
    arguments = parser.parse_args(argv)
    results = asyncio.run(run(arguments.rounds, arguments.seconds, arguments.in_the_air, arguments.chats))
    ratio = statistics.median(journal / single for journal, single in results)
    rows = {"journal": [one for one, _ in results], "insert_one each": [other for _, other in results]}
    print(f"\n{'stored messages/s':<20}{'median':>10}{'least':>10}{'most':>10}")
    for name, values in rows.items():
        print(f"{name:<20}{statistics.median(values):>10.0f}{min(values):>10.0f}{max(values):>10.0f}")
    print(f"\n{ratio:.1f} times as many (median of {len(results)} rounds), goal {GOAL:.0f}")
    if arguments.json is not None:
        arguments.json.write_text(json.dumps({"rounds": results, "ratio": ratio, "goal": GOAL}, indent=2))
    return 0 if ratio >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
