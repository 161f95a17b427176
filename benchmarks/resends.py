"""Compares messages that are sent again with messages that are sent first, in one run: `python -m benchmarks.resends`.

A client that got no answer sends its message again, and after an outage all of them do. Two things are measured on the journal,
in turn with fresh messages, so that a busy machine is busy for both:

    storm     200 clients send again, to a journal that never saw them, 20,000 messages which are stored: answers per second,
              against as many clients that send fresh ones. Goal: at least half as many.
    repeaters 64 clients write, alone and beside five that repeat one message each 20 times a second: fresh messages stored per
              second. Goal: at least four fifths as many.

Also how many index keys MongoDB examines for each of 200 messages that are sent again, with 200 and with 20,000 stored: one
and a half at most either way.

Measured on 2 cores with much other work: storm 0.97 (3,852 to 3,891 per second), beside repeaters 0.88 (3,427 to 3,874); on a
quieter one storm 0.87 (11,506 to 13,274). When each was looked up by itself: 0.22 and 0.18.
"""

import argparse
import asyncio
import json
import statistics
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from time import perf_counter

from models.documents.entry import Draft, Entry, Message
from models.services.chats.journal import Journal
from models.stores.database import Database, open_database
from models.stores.entry_rows import ENTRIES
from server.clock import SystemClock
from server.embedded import throw_away_stores

STORM_GOAL, REPEATERS_GOAL, KEYS_GOAL = 0.5, 0.8, 1.5
CLIENTS, WRITERS, REPEATERS, EVERY_S = 200, 64, 5, 0.05
CHATS = 16
TURNS = 3  # pairs of each, so short that both meet the same other work on the machine
TEXT = "An ordinary message of an ordinary length, as people write them to each other."


@dataclass(frozen=True)
class Round:
    """Answers per second of each kind, and index keys examined for each resend."""

    fresh: float
    storm: float
    alone: float
    beside_repeaters: float
    keys: float
    keys_of_few: float


@asynccontextmanager
async def new_journal(database: Database) -> AsyncIterator[Journal]:
    def hear(entries: Sequence[Entry]) -> None:
        """Nobody listens: the fan-out is measured elsewhere."""

    journal = Journal(database, SystemClock(), [hear])
    await journal.open()
    try:
        yield journal
    finally:
        await journal.close()


def draft(client: int, client_id: str) -> Draft:
    return Draft(client % CHATS + 1, client + 1, "4930901820", client_id, Message(text=TEXT))


async def send_all(journal: Journal, messages: int) -> float:
    """Each client sends its share, one after the other; answers per second."""

    async def send(client: int) -> None:
        for n in range(messages // CLIENTS):
            await journal.append(draft(client, f"message {n}"))

    started_at = perf_counter()
    await asyncio.gather(*map(send, range(CLIENTS)))
    return messages / (perf_counter() - started_at)


async def write(journal: Journal, seconds: float, repeaters: int) -> float:
    """Fresh messages stored per second while some repeat one each, whose first time is over."""
    numbers, stored = count(), 0
    ends_at = perf_counter() + seconds

    async def write_on(client: int) -> None:
        nonlocal stored
        while perf_counter() < ends_at:
            await journal.append(draft(client, f"{perf_counter()} {next(numbers)}"))
            stored += 1

    async def repeat(client: int) -> None:
        while True:
            await asyncio.gather(journal.append(draft(client, "message 0")), asyncio.sleep(EVERY_S))

    repeating = [asyncio.create_task(repeat(client)) for client in range(repeaters)]
    started_at = perf_counter()
    await asyncio.gather(*[write_on(REPEATERS + client) for client in range(WRITERS)])
    took_s = perf_counter() - started_at
    for task in repeating:
        task.cancel()
    for task in repeating:
        with suppress(asyncio.CancelledError):
            await task
    return stored / took_s


async def keys_examined(database: Database) -> float:
    """For each message, one of each client's, that is sent again to a new journal; by MongoDB's own count."""
    await database.raw.command("profile", 2)
    async with new_journal(database) as journal:
        await send_all(journal, CLIENTS)
    await database.raw.command("profile", 0)
    profile = database.raw["system.profile"]
    of_entries = {"ns": f"{database.raw.name}.{ENTRIES}", "op": {"$in": ["query", "getmore", "command"]}}
    rows = await profile.find(of_entries, {"keysExamined": True}).to_list(None)
    await profile.drop()
    return float(sum(row.get("keysExamined", 0) for row in rows)) / CLIENTS


async def measure(database: Database, messages: int, seconds: float) -> Round:
    async with new_journal(database) as journal:
        await send_all(journal, CLIENTS)
        keys_of_few = await keys_examined(database)
        fresh = await send_all(journal, messages)
    async with new_journal(database) as journal:
        storm = await send_all(journal, messages)
    async with new_journal(database) as journal:
        await write(journal, min(0.5, seconds), REPEATERS)
        rates: dict[int, list[float]] = {0: [], REPEATERS: []}
        for repeaters in (0, REPEATERS, REPEATERS, 0) * TURNS:
            rates[repeaters].append(await write(journal, seconds / (2 * TURNS), repeaters))
    alone, beside = statistics.mean(rates[0]), statistics.mean(rates[REPEATERS])
    return Round(fresh, storm, alone, beside, await keys_examined(database), keys_of_few)


async def run(rounds: int, messages: int, seconds: float) -> list[Round]:
    results: list[Round] = []
    async with throw_away_stores() as stores:
        for number in range(rounds):
            async with open_database(stores.mongodb_url, f"resends_{number}") as database:
                one = await measure(database, messages, seconds)
                await database.raw.client.drop_database(database.raw.name)
            results.append(one)
            print(f"round {number + 1}: {one}", flush=True)
    return results


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        "benchmarks.resends", description="What is sent again, against what is sent first."
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--messages", type=int, default=20_000, help="that are sent, and sent again, in each round")
    parser.add_argument(
        "--seconds", type=float, default=3.0, help="of writing alone, and beside repeaters, in each round"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there too")
    arguments = parser.parse_args(argv)
    results = asyncio.run(run(arguments.rounds, arguments.messages, arguments.seconds))
    storm = statistics.median(one.storm / one.fresh for one in results)
    repeaters = statistics.median(one.beside_repeaters / one.alone for one in results)
    keys = max(max(one.keys, one.keys_of_few) for one in results)
    print(f"\n{'answers/s':<20}{'median':>10}{'least':>10}{'most':>10}")
    for name in ("fresh", "storm", "alone", "beside_repeaters"):
        values = [getattr(one, name) for one in results]
        print(f"{name:<20}{statistics.median(values):>10.0f}{min(values):>10.0f}{max(values):>10.0f}")
    print(f"\nstorm: {storm:.2f} times as many as fresh (median of {len(results)} rounds), goal {STORM_GOAL}")
    print(f"beside repeaters: {repeaters:.2f} times as many as alone, goal {REPEATERS_GOAL}")
    print(f"index keys for each resend: at most {keys:.2f}, goal {KEYS_GOAL}")
    if arguments.json is not None:
        arguments.json.write_text(json.dumps([asdict(one) for one in results], indent=2))
    return 0 if storm >= STORM_GOAL and repeaters >= REPEATERS_GOAL and keys <= KEYS_GOAL else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
