"""A group of a thousand: everybody who is there is told, and no answer grows with it."""

import asyncio
import json

from tests.conversation.talk import answered, newcomers, phones, say, synced, texts
from tests.support.node import Node, Person
from tests.support.parts import Parts

MEMBERS, PRESENT, DEVICES = 1000, 25, 4  # devices each
ANSWER_MAX_BYTES = 4000


async def test_a_message_reaches_all_who_are_connected(node: Node, parts: Parts) -> None:
    people = await newcomers(node, PRESENT)
    absent = [Person(str(49_309_000_000 + n), 1_000_000 + n, "") for n in range(MEMBERS - PRESENT)]
    group = await parts.found_group(*people, *absent)
    devices = [await node.connect(person, "/chat") for person in people for _ in range(DEVICES)]
    await asyncio.gather(*(say(device, f"{n}", chat=group.id) for n, device in enumerate(devices[:20])))
    for device in devices:
        await device.until(lambda device=device: len(texts(device)) == 20)
        assert sorted(map(int, texts(device))) == list(range(20))
    (late,) = await phones(node, people[0])
    (ready,) = await late.expect("ready")
    assert len(json.dumps(ready)) < ANSWER_MAX_BYTES
    state = (await synced(late, {group.id: 16}))[group.id]
    assert state["status"] == "delta"
    assert len(json.dumps(state)) < ANSWER_MAX_BYTES
    assert [mark["account"] for mark in state["marks"]] == [people[0].account_id]
    assert len((await answered(late, "history", {"chat": group.id, "before": 2}))["entries"][0]["accounts"]) == MEMBERS
