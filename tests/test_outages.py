"""MongoDB or Redis away: people wait or are told to try again, and everything goes on by itself."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from benchmarks.senders import Sender
from benchmarks.servers import Person, befriend, holding_breath, kill_redis, sign_in
from benchmarks.wire import Refused
from models.stores.database import open_database
from models.stores.entries import Entries
from server.config import MongodbSettings
from server.embedded import EmbeddedStores
from server.embedded.binaries import MONGOD, find_binary
from server.embedded.mongod import Mongod
from tests.support.processes import Cluster, Listener, running_cluster
from tests.support.stores import quick_place

DATABASE = "outages"


@dataclass
class OwnStores:
    """Stores of this module alone, nobody else's: Redis is started again by itself, mongod when a test says so."""

    embedded: EmbeddedStores
    mongod: Mongod

    async def kill_mongod(self) -> None:
        os.kill(await self.mongod.pid(), signal.SIGKILL)
        await self.mongod.ended()


@pytest.fixture(scope="module")
async def own_stores() -> AsyncIterator[OwnStores]:
    with TemporaryDirectory(prefix="parley-", dir=quick_place()) as name:
        mongod = Mongod(Path(name), MongodbSettings(), find_binary(MONGOD, ""))
        await mongod.start()
        async with EmbeddedStores(Path(name), MongodbSettings(url=mongod.url), stop_patience_s=0.2) as running:
            yield OwnStores(running, mongod)
        await mongod.stop(0.2)


@pytest.fixture(scope="module")
async def cluster(own_stores: OwnStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    settings = {"PARLEY_MONGODB__DATABASE": DATABASE, "PARLEY_MONGODB__TIMEOUT_S": "1", "PARLEY_REDIS__TIMEOUT_S": "1"}
    async with running_cluster(own_stores.embedded, tmp_path_factory.mktemp("outages"), 1, **settings) as running:
        yield running


@pytest.fixture(scope="module")
async def people(cluster: Cluster) -> list[Person]:
    found = [await sign_in(cluster.http, cluster.nodes[0], f"4930901821{n}") for n in range(4)]
    await befriend(cluster.http, cluster.nodes[0], *found)
    return found


async def send_until_stored(phone: Listener, body: dict[str, Any]) -> dict[str, Any]:
    """As clients do: the same message again for as long as they are told to try again."""
    while not (answer := await phone.send(body))["ok"]:
        assert answer["error"]["retryable"], answer
        await asyncio.sleep(answer["error"].get("retry_after_ms", 100) / 1000)
    return answer


async def test_a_mongod_killed_under_load_costs_nothing_but_time(
    cluster: Cluster, people: list[Person], own_stores: OwnStores
) -> None:
    node = cluster.nodes[0]
    ann, *others = people
    phone, listener = await cluster.connect(node, ann), await cluster.connect(node, ann)
    chats = []
    for other in others:
        answer = await phone.send({"contact": other.number, "client_id": "open", "text": "hi"})
        chats.append(answer["message"]["chat"])
    sender = Sender(cluster.http, node.url, ann, chats, Random(1), window=32)
    writing = asyncio.create_task(sender.run())
    for kill in range(1, 3):
        await listener.expect("message_created", 300 * kill, within_s=60)
        await own_stores.kill_mongod()
        await own_stores.mongod.start()
    await listener.expect("message_created", 900, within_s=60)
    sender.finish()
    await asyncio.wait_for(writing, 60)
    assert sender.breaks == 0, "nobody is sent away because the database is"
    assert sender.changed_answers == []
    assert set(sender.refusals) <= {"unavailable"}
    await listener.expect("message_created", len(chats) + len(sender.sent))
    async with open_database(own_stores.mongod.url, DATABASE) as database:
        for chat in chats:
            log = await Entries(database).list_range(chat, 1, 2**31, limit=10**6)
            assert [entry.seq for entry in log] == list(range(1, len(log) + 1))
            mine = [(sent.seq, sent.client_id) for sent in sender.sent if sent.chat == chat]
            assert sorted(mine) == [(entry.seq, entry.client_id) for entry in log[1:]]
            assert sender.refusals or mine == sorted(mine), "in the order sent"
            assert listener.seqs(chat) == list(range(1, len(log) + 1)), "told once, in order"


async def test_while_mongodb_is_away_sends_are_told_to_try_again_and_rest_answers_503_until_it_is_back(
    cluster: Cluster, people: list[Person], own_stores: OwnStores
) -> None:
    node = cluster.nodes[0]
    ann, tom = people[:2]
    headers = {"Authorization": f"Bearer {ann.token}"}
    phone, listener = await cluster.connect(node, ann), await cluster.connect(node, tom)
    body = {"contact": tom.number, "client_id": "patience", "text": "hi"}
    await phone.send(body | {"client_id": "before"})
    stranger = await sign_in(cluster.http, node, "49309018219")
    known = people[3]
    await cluster.connect(node, known)  # a session of which the node has just heard
    await own_stores.kill_mongod()
    waiting = await phone.wire.ask("message_send", body)

    async with cluster.http.get(f"{node.url}/api/contacts/", headers=headers) as answer:
        assert answer.status == 503
        assert (await answer.json())["code"] == "unavailable"
        assert int(answer.headers["Retry-After"]) > 0
    async with cluster.http.get(f"{node.url}/readyz") as answer:
        assert answer.status == 503
    async with cluster.http.get(f"{node.url}/healthz") as answer:
        assert answer.status == 200
    asked = await phone.wire.call("history", {"contact": tom.number})
    assert asked["error"] == {**asked["error"], "code": "unavailable", "retryable": True}
    newcomer = await cluster.connect(node, known, is_greeted=False)
    with pytest.raises(Refused) as nobody:
        await cluster.connect(node, stranger)
    assert nobody.value.data == {**nobody.value.data, "code": "unavailable", "retryable": True}
    refused = await asyncio.wait_for(waiting, 60)
    assert refused["error"] == {**refused["error"], "code": "unavailable", "retryable": True}
    assert refused["error"]["retry_after_ms"] > 0

    again = await phone.wire.ask("message_send", body)
    await own_stores.mongod.start()
    await again  # stored, or refused once more: a start may take longer than a send waits
    answered = await send_until_stored(phone, body)
    await newcomer.expect("ready")
    await send_until_stored(phone, body | {"client_id": "after"})
    await listener.expect("message_created", 3)
    seq = answered["message"]["seq"]
    assert listener.seqs(answered["message"]["chat"]) == [seq - 1, seq, seq + 1], "told once, also after the refusal"
    async with cluster.http.get(f"{node.url}/api/contacts/", headers=headers) as answer:
        assert answer.status == 200


async def test_with_redis_away_chat_on_the_node_goes_on_and_its_return_tells_everybody_to_sync(
    cluster: Cluster, people: list[Person], own_stores: OwnStores
) -> None:
    valkey = own_stores.embedded.valkey
    assert valkey is not None
    node = cluster.nodes[0]
    ann, tom = people[:2]
    phone, listener = await cluster.connect(node, ann), await cluster.connect(node, tom)
    with holding_breath(await valkey.pid()):
        for n in range(20):
            answer = await asyncio.wait_for(
                phone.send({"contact": tom.number, "client_id": f"no redis {n}", "text": "hi"}), 60
            )
            assert answer["ok"], answer
        await listener.expect("message_created", 20)
    await kill_redis(own_stores.embedded)
    answer = await phone.send({"contact": tom.number, "client_id": "redis is dead", "text": "hi"})
    assert answer["ok"], answer
    await listener.expect("message_created", 21)
    await listener.expect("resync")
    await phone.expect("resync")
    newcomer = await cluster.connect(node, people[2])
    assert (await newcomer.wire.call("chats", {}))["ok"]
