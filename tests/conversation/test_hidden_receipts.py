"""The privacy setting `read_receipts`: who hides what they read is shown nobody's reading either, in direct chats."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from models.services.chats import receipts
from server.embedded import EmbeddedStores
from tests.conversation.talk import friends, newcomers, phones, say, synced
from tests.conversation.test_receipts import last_of, mark
from tests.support.node import Device, Node, Person, running_node, settings_for
from tests.support.parts import parts_of

PRIVACY = "/api/account/privacy-settings/"


async def choose(node: Node, person: Person, choice: str) -> None:
    status, body = await node.rest("POST", PRIVACY, person, json={"read_receipts": choice})
    assert (status, body) == (200, {"read_receipts": choice})


async def marks(device: Device, chat: int) -> dict[int, tuple[int, int]]:
    """(delivered, read) by account, as sync shows them."""
    state = (await synced(device))[chat]
    return {one["account"]: (one["delivered"], one["read"]) for one in state["marks"]}


async def read_list(node: Node, writer: Person, reader: Person) -> list[str]:
    """The texts of the writer's messages that REST says the other has read, by both of its lists."""
    _, found = await node.rest("GET", f"/api/messages/read/{reader.number}/", writer)
    _, listed = await node.rest("GET", f"/api/messages/chats/{reader.number}/", writer)
    told = [message for message in listed["messages"] if not message["received"] and message["read"]]
    assert [message["id"] for message in told] == [message["id"] for message in found["messages"]]
    return [message["text"] for message in told]


async def told_read(device: Device, whose: Device, delivered: int) -> int:
    """How far a device was told that somebody has read, once it was told how far they have received."""
    await device.until(lambda: last_of(device, whose)[0] >= delivered)
    return last_of(device, whose)[1]


@pytest.fixture
async def two_nodes(
    stores: EmbeddedStores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Node, Node]]:
    monkeypatch.setattr(receipts, "TELL_EVERY_S", 0.1)
    settings = settings_for(tmp_path)
    async with running_node(stores, settings) as one, running_node(stores, settings) as other:
        yield one, other


@pytest.mark.parametrize("hider", ["reader", "writer"])
async def test_reading_is_shown_in_no_answer_in_either_direction_while_one_of_two_hides_it(
    two_nodes: tuple[Node, Node], hider: str
) -> None:
    here, there = two_nodes
    people = await friends(here, 2)
    (ann,), (tom,) = await phones(here, people[0]), await phones(there, people[1])
    (tablet,) = await phones(here, tom.person)
    chat = (await say(ann, "one", contact=tom.person.number))["chat"]
    await mark(tom, "read", chat, 1)
    assert await told_read(ann, tom, 1) == 1
    # Chosen at one node, and held at the other, whose caches have seen the choice of before.
    await choose(here, (tom if hider == "reader" else ann).person, "none")
    for text in ("two", "three"):
        await say(ann, text, chat=chat)
    await say(tom, "four", chat=chat)
    await mark(tom, "read", chat, 3)
    await mark(ann, "read", chat, 4)
    ann_id, tom_id = ann.person.account_id, tom.person.account_id
    assert await told_read(ann, tom, 3) == 1, "delivered is shown, read is not"
    assert await told_read(tom, ann, 4) == 0
    for node in two_nodes:
        (anns,), (toms,) = await phones(node, ann.person), await phones(node, tom.person)
        assert await marks(anns, chat) == {ann_id: (4, 4), tom_id: (3, 1)}
        assert await marks(toms, chat) == {ann_id: (4, 0), tom_id: (3, 3)}
        assert await read_list(node, ann.person, tom.person) == ["one"]
        assert await read_list(node, tom.person, ann.person) == []
    await tablet.until(lambda: last_of(tablet, tom) == (3, 3))
    assert (await synced(tablet))[chat]["unread"] == 0, "one's own devices know it all"
    _, listed = await here.rest("GET", f"/api/messages/chats/{ann.person.number}/", tom.person)
    received = [message for message in listed["messages"] if message["received"]]
    assert all(message["read"] for message in received), "and so does the reader in every list"


async def test_a_hidden_reading_of_what_was_received_before_says_nothing_at_that_moment(
    two_nodes: tuple[Node, Node],
) -> None:
    here, there = two_nodes
    people = await friends(here, 2)
    (ann,), (tom,) = await phones(here, people[0]), await phones(here, people[1])
    (tablet,) = await phones(there, tom.person)  # at a node that has told nothing of this chat yet
    chat = (await say(ann, "one", contact=tom.person.number))["chat"]
    await mark(tom, "delivered", chat, 1)
    assert await told_read(ann, tom, 1) == 0
    told = len(ann.told("receipt"))
    await choose(there, tom.person, "none")
    await mark(tablet, "read", chat, 1)
    await tom.until(lambda: last_of(tom, tom) == (1, 1))
    await say(ann, "two", chat=chat)
    await mark(tablet, "delivered", chat, 2)
    assert await told_read(ann, tom, 2) == 0, "what is received is told as ever"
    of_tom = [body for body in ann.told("receipt")[told:] if body["account"] == tom.person.account_id]
    assert {(body["delivered"], body["read"]) for body in of_tom} == {(2, 0)}


async def test_what_was_hidden_is_not_shown_by_a_change_of_mind_but_by_what_is_read_then(
    two_nodes: tuple[Node, Node],
) -> None:
    here, there = two_nodes
    people = await friends(here, 2)
    (ann,), (tom,) = await phones(here, people[0]), await phones(there, people[1])
    await choose(there, tom.person, "none")
    chat = (await say(ann, "one", contact=tom.person.number))["chat"]
    await mark(tom, "read", chat, 1)
    assert await told_read(ann, tom, 1) == 0
    await choose(here, tom.person, "all")
    await say(ann, "two", chat=chat)
    await mark(tom, "delivered", chat, 2)
    assert await told_read(ann, tom, 2) == 0
    assert (await marks(ann, chat))[tom.person.account_id] == (2, 0)
    assert await read_list(here, ann.person, tom.person) == []
    await mark(tom, "read", chat, 2)
    await ann.until(lambda: last_of(ann, tom) == (2, 2))
    assert await read_list(here, ann.person, tom.person) == ["one", "two"]
    _, body = await here.rest("GET", f"/api/messages/read/{tom.person.number}/", ann.person)
    assert len({message["read"] for message in body["messages"]}) == 1, "all at the time of what was read then"


async def test_groups_are_not_affected(node: Node) -> None:
    people = await friends(node, 3)
    ann, tom = await phones(node, *people[:2])
    group = await parts_of(node).found_group(*people)
    await choose(node, tom.person, "none")
    await say(ann, "to all", chat=group.id)
    await mark(tom, "read", group.id, 2)
    await ann.until(lambda: last_of(ann, tom) == (2, 2))
    assert (await marks(ann, group.id))[tom.person.account_id] == (2, 2)


async def test_marking_as_read_by_rest_hides_it_too(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    await choose(node, tom.person, "none")
    chat = (await say(ann, "one", contact=tom.person.number))["chat"]
    body = {"contact": ann.person.number}
    status, updated = await node.rest("POST", "/api/messages/update-last-read/", tom.person, json=body)
    assert (status, updated["updated"]) == (200, 1)
    assert await told_read(ann, tom, 1) == 0
    assert (await marks(ann, chat))[tom.person.account_id] == (1, 0)


async def test_the_setting_is_shown_and_takes_all_and_none_alone(node: Node) -> None:
    (ann,) = await newcomers(node, 1)
    everything = {"status_message": "all", "photo": "all", "last_seen": "all", "read_receipts": "all"}
    assert await node.rest("GET", PRIVACY, ann) == (200, everything)
    for wrong in ("contacts", "some", 1, True):
        status, body = await node.rest("POST", PRIVACY, ann, json={"read_receipts": wrong, "photo": "none"})
        assert (status, body["code"]) == (400, "malformed")
    changed = {"read_receipts": "none", "photo": "contacts"}
    assert await node.rest("POST", PRIVACY, ann, json=changed) == (200, changed)
    assert await node.rest("GET", PRIVACY, ann) == (200, everything | changed)
    again = {"read_receipts": "all"}
    assert await node.rest("POST", PRIVACY, ann, data=again) == (200, again)
    assert await node.rest("GET", PRIVACY, ann) == (200, everything | changed | again)
