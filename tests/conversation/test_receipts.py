"""Receipts: marks that only move forward, told to those who may know, and merged so that a burst is one event."""

import asyncio
from pathlib import Path

from models.documents.entry import Left
from server.embedded import EmbeddedStores
from tests.conversation.talk import RECEIPTS_MAX_MEMBERS, answered, friends, phones, refused, say, synced
from tests.support.node import Device, Node, running_node, settings_for
from tests.support.parts import Parts


async def mark(device: Device, event: str, chat: int, seq: int) -> None:
    await answered(device, event, {"chat": chat, "seq": seq}, "/receipts")


def last_of(device: Device, whose: Device) -> tuple[int, int]:
    """The last receipt of somebody that a device was told: (delivered, read)."""
    told = [body for body in device.told("receipt") if body["account"] == whose.person.account_id]
    return (told[-1]["delivered"], told[-1]["read"]) if told else (0, 0)


async def test_read_implies_delivered(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    chat = (await say(ann, contact=tom.person.number))["chat"]
    await mark(tom, "read", chat, 1)
    await ann.until(lambda: last_of(ann, tom) == (1, 1))


async def test_marks_only_move_forward(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    for _ in range(3):
        chat = (await say(ann, contact=tom.person.number))["chat"]
    for event, seq in [("delivered", 3), ("read", 2), ("read", 1), ("delivered", 1)]:
        await mark(tom, event, chat, seq)
    await ann.until(lambda: last_of(ann, tom) == (3, 2))
    state = (await synced(tom))[chat]
    assert (state["delivered"], state["read"], state["unread"]) == (3, 2, 1)


async def test_a_burst_is_a_few_events_and_its_last_is_right(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    for _ in range(10):
        chat = (await say(ann, contact=tom.person.number))["chat"]
    await asyncio.gather(*(mark(tom, "read", chat, seq) for seq in range(1, 11)))
    await ann.until(lambda: last_of(ann, tom) == (10, 10))
    assert len(ann.told("receipt")) <= 3


async def test_own_other_devices_are_told(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    (tablet,) = await phones(node, tom.person)
    chat = (await say(ann, contact=tom.person.number))["chat"]
    await mark(tom, "read", chat, 1)
    await tablet.until(lambda: last_of(tablet, tom) == (1, 1))
    assert (await synced(tablet))[chat]["unread"] == 0


async def test_a_device_that_is_behind_is_told_how_far_the_person_is(node: Node) -> None:
    """Also after a restart, when nothing is known of what was told: a late mark must not look like a step back."""
    ann, tom = await phones(node, *await friends(node, 2))
    for _ in range(5):
        chat = (await say(ann, contact=tom.person.number))["chat"]
    marks = {(chat, tom.person.account_id, True): (5, 5)}
    from tests.support.parts import parts_of

    await parts_of(node).members.advance_receipts(marks)  # by another node
    await mark(tom, "read", chat, 2)
    await ann.until(lambda: bool(ann.told("receipt")))
    assert last_of(ann, tom) == (5, 5)


async def test_a_mark_beyond_the_end_is_refused(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    chat = (await say(ann, contact=tom.person.number))["chat"]
    for event in ("read", "delivered"):
        assert await refused(tom, event, {"chat": chat, "seq": 2}, "/receipts") == "malformed"
        assert await refused(tom, event, {"chat": chat, "seq": 0}, "/receipts") == "malformed"
        assert await refused(tom, event, {"chat": chat}, "/receipts") == "malformed"
    assert (await synced(tom))[chat]["read"] == 0


async def test_in_a_large_group_only_own_devices_are_told(node: Node, parts: Parts) -> None:
    people = await friends(node, RECEIPTS_MAX_MEMBERS + 1)
    ann, tom = await phones(node, *people[:2])
    (tablet,) = await phones(node, tom.person)
    large, small = await parts.found_group(*people), await parts.found_group(*people[:-1])
    for group in (large, small):
        await mark(tom, "read", group.id, 1)
    await ann.expect("receipt")  # of the small group, and marked later
    await tablet.until(lambda: {body["chat"] for body in tablet.told("receipt")} == {large.id, small.id})
    assert {body["chat"] for body in ann.told("receipt")} == {small.id}
    states = await synced(ann)
    assert [one["account"] for one in states[large.id]["marks"]] == [ann.person.account_id]
    assert len(states[small.id]["marks"]) == RECEIPTS_MAX_MEMBERS


async def test_marks_survive_a_restart(stores: EmbeddedStores, tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    async with running_node(stores, settings) as node:
        people = await friends(node, 2)
        ann, tom = await phones(node, *people)
        chat = (await say(ann, contact=tom.person.number))["chat"]
        await mark(tom, "read", chat, 1)
    async with running_node(stores, settings) as node:
        (ann,) = await phones(node, people[0])
        marks = {one["account"]: one["read"] for one in (await synced(ann))[chat]["marks"]}
        assert marks == {people[0].account_id: 0, people[1].account_id: 1}


async def test_who_was_removed_may_read_that_and_no_further(node: Node, parts: Parts) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    group = await parts.found_group(ann.person, tom.person)
    left = await parts.change_chat(ann.person, group.id, Left(tom.person.account_id, tom.person.number))
    behind = await say(ann, "among us", chat=group.id)
    assert (await synced(tom, {group.id: left.seq}))[group.id]["unread"] > 0
    await mark(tom, "read", group.id, left.seq)
    assert (await synced(tom, {group.id: left.seq}))[group.id]["unread"] == 0
    assert await refused(tom, "read", {"chat": group.id, "seq": behind["seq"]}, "/receipts") == "chat_not_found"
