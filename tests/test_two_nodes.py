"""Two servers on one MongoDB and one Redis are one server to everybody who uses them."""

import asyncio
from collections.abc import AsyncIterator

import jwt
import pytest

from benchmarks.servers import Person, befriend, make_group, sign_in
from server.embedded import EmbeddedStores
from tests.support.processes import Cluster, running_cluster

WRITERS = 64
EACH = 6
MEMBERS = 8


@pytest.fixture(scope="module")
async def cluster(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    async with running_cluster(stores, tmp_path_factory.mktemp("nodes"), 2) as running:
        yield running


@pytest.fixture(scope="module")
async def people(cluster: Cluster) -> list[Person]:
    """Friends, half of whom signed in on either node."""
    found = [await sign_in(cluster.http, cluster.nodes[n % 2], f"4930901820{n}") for n in range(MEMBERS)]
    await befriend(cluster.http, cluster.nodes[0], *found)
    return found


async def history(cluster: Cluster, person: Person, chat: int) -> list[tuple[int, str, str]]:
    """(seq, kind, client id) of a whole chat."""
    listener = await cluster.connect(cluster.nodes[1], person)
    rows: list[tuple[int, str, str]] = []
    more = True
    while more:
        page = await listener.wire.call("history", {"chat": chat, "after": rows[-1][0] if rows else 0, "limit": 200})
        rows += [(entry["seq"], entry["kind"], entry["client_id"]) for entry in page["entries"]]
        more = page["more"]
    return rows


async def chat_of(cluster: Cluster, person: Person, group: str) -> int:
    listener = await cluster.connect(cluster.nodes[0], person)
    page = await listener.wire.call("history", {"group": group})
    chat: int = page["chat"]
    return chat


async def test_sixty_four_writers_over_both_nodes_number_one_group_without_hole_or_twin(
    cluster: Cluster, people: list[Person]
) -> None:
    group = await make_group(cluster.http, cluster.nodes[0], *people)
    chat = await chat_of(cluster, people[0], group)
    devices = [await cluster.connect(cluster.nodes[n % 2], person) for person in people for n in range(2)]
    writers = [await cluster.connect(cluster.nodes[n % 2], people[n // 2 % MEMBERS]) for n in range(WRITERS)]

    async def write(writer: int) -> list[int]:
        bodies = [{"chat": chat, "client_id": f"w{writer}-{n}", "text": "hi"} for n in range(EACH)]
        futures = [await writers[writer].wire.ask("message_send", body) for body in bodies]
        return [answer["message"]["seq"] for answer in await asyncio.gather(*futures)]

    per_writer = await asyncio.gather(*map(write, range(WRITERS)))
    assert all(seqs == sorted(seqs) for seqs in per_writer), "each connection's messages stand in the order sent"
    first, last = 2, WRITERS * EACH + 1  # the group begins with the entry that made it
    assert sorted(seq for seqs in per_writer for seq in seqs) == list(range(first, last + 1))
    rows = await history(cluster, people[3], chat)
    assert [seq for seq, _, _ in rows] == list(range(1, last + 1))
    for device in [*devices, *writers]:
        await device.expect("message_created", WRITERS * EACH)
    for device in [*devices, *writers]:
        assert sorted(device.seqs(chat)) == list(range(first, last + 1)), "everybody hears everything exactly once"


async def test_one_client_id_at_both_nodes_at_once_and_after_a_restart_is_one_entry_with_one_answer(
    cluster: Cluster, people: list[Person]
) -> None:
    ann, tom = people[:2]
    senders = [await cluster.connect(node, ann) for node in cluster.nodes for _ in range(2)]
    listeners = [await cluster.connect(node, tom) for node in cluster.nodes]
    body = {"contact": tom.number, "client_id": "only once", "text": "hi"}
    futures = [await senders[n % 4].wire.ask("message_send", body) for n in range(100)]
    answers = await asyncio.gather(*futures)
    assert answers == [answers[0]] * 100
    assert answers[0]["ok"], answers[0]
    chat = answers[0]["message"]["chat"]
    for node in cluster.nodes:
        await node.kill()
        await node.start()
    senders = [await cluster.connect(node, ann) for node in cluster.nodes]
    after = await asyncio.gather(*[await senders[n % 2].wire.ask("message_send", body) for n in range(100)])
    assert after == [answers[0]] * 100
    assert await history(cluster, tom, chat) == [(1, "message", "only once")]
    # A node may die between its acknowledgements and its announcement; then only a sync brings what it stored.
    assert all(listener.seqs(chat) in ([1], []) for listener in listeners), "nobody hears it twice"
    toms = await cluster.connect(cluster.nodes[0], tom)
    synced = await toms.wire.call("sync", {"cursors": {}})
    assert [[entry["seq"] for entry in state["entries"]] for state in synced["chats"] if state["chat"] == chat] == [[1]]


async def test_a_session_that_is_revoked_on_one_node_is_closed_on_the_other(
    cluster: Cluster, people: list[Person]
) -> None:
    leaving = await sign_in(cluster.http, cluster.nodes[0], people[-1].number)
    phones = [await cluster.connect(node, leaving) for node in cluster.nodes]
    other = await cluster.connect(cluster.nodes[1], people[-1])
    headers = {"Authorization": f"Bearer {leaving.token}"}
    session_id = jwt.decode(leaving.token, options={"verify_signature": False})["sid"]
    async with cluster.http.delete(f"{cluster.nodes[0].url}/auth/sessions/{session_id}", headers=headers) as answer:
        assert answer.status == 204, await answer.text()
    readers = [phone.wire.reader for phone in phones]
    assert all(readers)
    await asyncio.wait_for(asyncio.gather(*[reader for reader in readers if reader], return_exceptions=True), 30)
    assert (await other.wire.call("chats", {}))["ok"], "another session of the same account stays"


async def test_after_the_death_of_a_node_people_of_the_other_go_on_and_are_told_to_sync(
    cluster: Cluster, people: list[Person]
) -> None:
    ann, tom = people[:2]
    first, second = cluster.nodes
    ann_phone, tom_phone = await cluster.connect(first, ann), await cluster.connect(second, tom)
    sent = await ann_phone.send({"contact": tom.number, "client_id": "before", "text": "hi"})
    await tom_phone.expect("message_created")
    await first.kill()
    chat = sent["message"]["chat"]
    answer = await tom_phone.send({"chat": chat, "client_id": "alone", "text": "still here"})
    assert answer["ok"], answer
    assert answer["message"]["seq"] == sent["message"]["seq"] + 1
    ann_again = await cluster.connect(second, ann)
    again = await ann_again.send({"contact": tom.number, "client_id": "before", "text": "hi"})
    assert again == sent
    # What the dead node stored last it may have told nobody, and only a sync brings that.
    await tom_phone.expect("resync", within_s=60)
    await first.start()
    back = await cluster.connect(first, ann)
    await tom_phone.send({"chat": chat, "client_id": "back", "text": "welcome"})
    await back.expect("message_created")
