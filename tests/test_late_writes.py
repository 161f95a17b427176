"""A database that stands still while a node dies: what it stores afterwards for the dead node is found all the same."""

import asyncio
from pathlib import Path

from benchmarks.servers import befriend, sign_in
from server.bus.late_writes import AT_ONCE_S
from server.embedded import EmbeddedStores
from tests.support.processes import running_cluster
from tests.support.stores import stopped


async def until_unread(port: int, size: int) -> None:
    """Wait until what lies unread in some connection of this machine to a port is at least so large."""
    async with asyncio.timeout(30):
        while _most_unread(port) < size:  # noqa: ASYNC110 (the system tells nobody)
            await asyncio.sleep(0.01)


def _most_unread(port: int) -> int:
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return max((int(row[4].partition(":")[2], 16) for row in rows if row[1].endswith(f":{port:04X}")), default=0)


async def test_clients_are_told_to_sync_again_once_the_database_goes_on(stores: EmbeddedStores, tmp_path: Path) -> None:
    assert stores.mongod is not None
    async with running_cluster(stores, tmp_path, 2) as cluster:
        first, second = cluster.nodes
        ann, tom = [await sign_in(cluster.http, first, number) for number in ("4930901850", "4930901851")]
        await befriend(cluster.http, first, ann, tom)
        anns, toms = await cluster.connect(first, ann), await cluster.connect(second, tom)
        hello = await anns.send({"contact": tom.number, "client_id": "hello", "text": "hello"})
        await toms.expect("message_created")
        chat, text = hello["message"]["chat"], "important" * 1500

        def count_resyncs() -> int:
            return sum(name == "resync" for name, _ in toms.heard)

        told = count_resyncs()
        async with stopped(stores):
            unanswered = await anns.wire.ask("message_send", {"chat": chat, "client_id": "late", "text": text})
            await until_unread(stores.mongod.port, len(text))
            await first.kill()
            await toms.expect("resync", told + 1, within_s=60)
            await asyncio.sleep(2 * AT_ONCE_S)  # a database that goes on sooner has only hesitated
            resyncs = count_resyncs()  # however many there were: the database holds nothing new yet
        unanswered.cancel()
        found: list[str] = []
        while not found:
            resyncs += 1
            await toms.expect("resync", resyncs, within_s=60)
            answer = await toms.wire.call("sync", {"cursors": {str(chat): hello["message"]["seq"]}})
            (state,) = answer["chats"]
            found = [entry["text"] for entry in state["entries"]]
        assert found == [text]
