"""Measures how soon clients with long chats get `ready`, and what MongoDB reads for it: `python -m benchmarks.greetings`.

One node in a process of its own, over a throw-away MongoDB and Redis. The members of a group that holds thousands of messages, none
of which they have read, connect all at once, and each writes one line into the group as soon as it is let in. Printed are the
time from the first connect to the first answer, and of each member from its line to the acknowledgement and from its connect to
`ready`. Then somebody with 40 chats connects, once while each holds 210 messages and once while it holds 2,100; printed are the
rows and index keys that MongoDB examined, with all of them unread (which is counted up to 1,000) and all of them read. Goals: the
first answer within 1.5 s, half of the lines acknowledged within a second,
and as many rows for long chats that are read as for short ones. Exit status 1 where a goal is missed.

Measured on 2 cores shared with much other work: the first answer after 1.2 s, acknowledged after 0.8 s (p50) and 1.6 s (p99); 280
rows for 40 chats that are read, whatever they hold. When up to 2,000 entries of each chat were read, it was 2.4, 6.4 and 7.9 s, and
156,282 rows for the longer chats.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any

import aiohttp

from benchmarks.servers import Person, Server, ask_rest, make_group, running_server, sign_in
from benchmarks.wire import connected
from models.documents.entry import Draft, Message
from models.stores.database import Database, open_database
from models.stores.entry_rows import ENTRIES, entry_row
from server.clock import SystemClock
from server.embedded import throw_away_stores
from server.wiring.outside import APP

DATABASE = "greetings"
FIRST_GOAL_S, MEDIAN_GOAL_S = 1.5, 1.0
CHATS, SHORT, LONG = 40, 210, 2100
SIGN_INS_AT_ONCE = 8
WITHIN_S = 60.0
_numbers = count(49_309_500_000)
_client_ids = count()


@dataclass
class Times:
    """Seconds: since everybody began to connect, since each did, since each wrote."""

    first: list[float] = field(default_factory=list)
    ready: list[float] = field(default_factory=list)
    ack: list[float] = field(default_factory=list)


async def new_people(http: aiohttp.ClientSession, server: Server, how_many: int) -> list[Person]:
    people: list[Person] = []
    while len(people) < how_many:
        numbers = [str(next(_numbers)) for _ in range(min(SIGN_INS_AT_ONCE, how_many - len(people)))]
        people += await asyncio.gather(*(sign_in(http, server, number) for number in numbers))
    return people


async def know(http: aiohttp.ClientSession, server: Server, one: Person, others: Sequence[Person]) -> None:
    book = [{"contact_id": other.number} for other in others]
    await ask_rest(http, server, one, "/api/contacts/import-contacts/", {"contacts": book})


async def fill(database: Database, chat_id: int, writers: Sequence[Person], upto: int) -> None:
    """Write a log up to this seq, as the journal would have."""
    entries = database.raw[ENTRIES]
    keys = {"$gt": chat_id << 32, "$lt": (chat_id + 1) << 32}
    rows = await entries.find({"_id": keys}, {"_id": True}).sort("_id", -1).limit(1).to_list(1)
    last = rows[0]["_id"] - (chat_id << 32) if rows else 0
    at = SystemClock().now()
    drafts = []
    for seq in range(last + 1, upto + 1):
        writer = writers[seq % len(writers)]
        body = Message(text="An ordinary message of an ordinary length.")
        drafts.append(entry_row(Draft(chat_id, writer.account_id, writer.number, f"f{seq}", body), seq, at))
    await entries.insert_many(drafts)


async def come_and_write(
    http: aiohttp.ClientSession, server: Server, person: Person, group: str, began: float, times: Times
) -> None:
    """Connect, write a line as soon as one is let in, and wait for its answer and for `ready`."""
    is_ready = asyncio.Event()
    came = monotonic()

    def hear(_: str, __: dict[str, Any]) -> None:
        times.ready.append(monotonic() - came)
        is_ready.set()

    async with connected(http, server.url, person.token, hear, frozenset({"ready"}), within_s=WITHIN_S) as wire:
        wrote = monotonic()
        body = {"group": group, "client_id": f"g{next(_client_ids)}", "text": "Here I am."}
        async with asyncio.timeout(WITHIN_S):
            answer = await wire.call("message_send", body)
        assert answer["ok"], answer
        times.ack.append(monotonic() - wrote)
        times.first.append(monotonic() - began)
        async with asyncio.timeout(WITHIN_S):
            await is_ready.wait()


async def measure_group(
    http: aiohttp.ClientSession, server: Server, database: Database, members: int, messages: int
) -> Times:
    people = await new_people(http, server, members)
    await know(http, server, people[0], people[1:])
    group = await make_group(http, server, people[0], *people[1:])
    row = await database.raw["chats"].find_one({"group": group})
    assert row is not None, "it was made"
    await fill(database, row["_id"], people[:10], messages)
    # Nobody knows anything yet, as after a restart.
    await server.stop()
    await server.start()
    times, began = Times(), monotonic()
    await asyncio.gather(*(come_and_write(http, server, person, group, began, times) for person in people))
    return times


async def fill_all(database: Database, me: Person, others: Sequence[Person], upto: int) -> None:
    """Write the logs of all chats of one person with these others up to this seq."""
    by_id = {other.account_id: other for other in others}
    for row in await database.raw["chats"].find({"pair": {"$regex": f"^{me.account_id}:"}}).to_list(None):
        await fill(database, row["_id"], [by_id[int(row["pair"].partition(":")[2])]], upto)


async def measure_list(http: aiohttp.ClientSession, server: Server, database: Database, me: Person) -> tuple[int, int]:
    """Returns the rows and keys that MongoDB examined for one `ready`."""
    is_ready = asyncio.Event()
    await database.raw.command("profile", 2)
    async with connected(http, server.url, me.token, lambda *_: is_ready.set(), frozenset({"ready"})):
        await asyncio.wait_for(is_ready.wait(), WITHIN_S)
    await database.raw.command("profile", 0)
    asked = {"docsExamined": {"$exists": True}, "ns": {"$ne": f"{DATABASE}.system.profile"}, "appName": APP}
    found = await database.raw["system.profile"].find(asked).to_list(None)
    await database.raw.drop_collection("system.profile")
    return sum(row["docsExamined"] for row in found), sum(row.get("keysExamined", 0) for row in found)


async def run(members: int, messages: int) -> int:
    """Print the figures; 1 if a goal was missed."""
    with tempfile.TemporaryDirectory(prefix="parley-greetings-") as folder:
        async with AsyncExitStack() as stack:
            stores = await stack.enter_async_context(throw_away_stores())
            database = await stack.enter_async_context(open_database(stores.mongodb_url, DATABASE, app="benchmark"))
            http = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
            server = Server(Path(folder), stores.mongodb_url, stores.redis_url, {"PARLEY_MONGODB__DATABASE": DATABASE})
            await stack.enter_async_context(running_server(server))
            me, *others = await new_people(http, server, CHATS + 1)
            await know(http, server, me, others)
            for other in others:
                form = {"contact": other.number, "message": "hello"}
                await ask_rest(http, server, me, "/api/messages/send-message/", form)
            examined: dict[tuple[int, str], tuple[int, int]] = {}
            for upto in (SHORT, LONG):
                await fill_all(database, me, others, upto)
                examined[upto, "unread"] = await measure_list(http, server, database, me)
                mine = {"account": me.account_id}
                await database.raw["members"].update_many(mine, {"$set": {"read": upto, "delivered": upto}})
                examined[upto, "read"] = await measure_list(http, server, database, me)
                await database.raw["members"].update_many(mine, {"$set": {"read": 0, "delivered": 0}})
            times = await measure_group(http, server, database, members, messages)
    print(f"{members} members of a group of {messages} messages connect and write")
    print(f"first answer after {min(times.first):.2f} s   goal {FIRST_GOAL_S:.1f}")
    _show("send to acknowledgement", times.ack, f"   goal {MEDIAN_GOAL_S:.1f} for p50")
    _show("connect to ready", times.ready)
    for (upto, what), (rows, keys) in examined.items():
        print(f"greeted with {CHATS} chats of {upto} messages, all {what}: {rows} rows, {keys} keys examined")
    is_good = min(times.first) <= FIRST_GOAL_S and median(times.ack) <= MEDIAN_GOAL_S
    return 0 if is_good and examined[LONG, "read"][0] <= examined[SHORT, "read"][0] * 1.1 else 1


def _show(what: str, values: list[float], goal: str = "") -> None:
    values.sort()
    print(f"{what:<26} p50 {median(values):.2f} s   p99 {values[len(values) * 99 // 100]:.2f} s{goal}")


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser("benchmarks.greetings", description="Answers to a crowd that comes to long chats.")
    parser.add_argument("--members", type=int, default=200)
    parser.add_argument("--messages", type=int, default=5000, help="in the group's log")
    arguments = parser.parse_args(argv)
    return asyncio.run(run(arguments.members, arguments.messages))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
