"""All devices of all people in a chat hold the same, and each is told everything once."""

import asyncio
from datetime import UTC, datetime

from models.stores.counters import Counters
from tests.conversation.talk import answered, friends, hear, history, messages, newcomers, phones, say, silence
from tests.support.node import Device, Node
from tests.support.parts import Parts


def seqs(device: Device, chat: int) -> list[int]:
    return [message["seq"] for message in messages(device) if message["chat"] == chat]


async def test_every_device_is_told_everything_once_and_in_order(node: Node, parts: Parts) -> None:
    people = await friends(node, 3)
    devices = [await node.connect(person) for person in people for _ in range(3)]
    group = await parts.found_group(*people)
    await asyncio.gather(*(say(device, f"{n}", chat=group.id) for n in range(10) for device in devices))
    end = 1 + 10 * len(devices)
    for device in devices:
        await device.until(lambda device=device: end in seqs(device, group.id))
        assert seqs(device, group.id) == list(range(2, end + 1))


async def test_a_sender_s_other_devices_are_told_its_changes_too(node: Node) -> None:
    ann, tom = await friends(node, 2)
    phone, tablet, other = await phones(node, ann, ann, tom)
    chat = (await say(phone, "one", contact=tom.number))["chat"]
    await answered(phone, "message_edit", {"chat": chat, "seq": 1, "text": "two"})
    await answered(phone, "reaction_set", {"chat": chat, "seq": 1, "emoji": "👍"})
    await answered(phone, "message_delete", {"chat": chat, "seq": 1})
    await silence(other, phone)
    for device in (phone, tablet, other):
        await device.expect("message_created", 2)
        names = [event for namespace, event, _ in device.heard if namespace == "/chat" and event != "ready"]
        assert device.told("chat_changed")[0]["contact"] == (tom.number if device is not other else ann.number)
        assert names == [
            "chat_changed",
            "message_created",
            "message_edited",
            "reaction_changed",
            "message_deleted",
            "message_created",
        ]


async def test_a_chat_with_oneself_is_one(node: Node) -> None:
    (ann,) = await newcomers(node, 1)
    await node.rest("POST", "/api/contacts/add-contact/", ann, json={"contact_id": ann.number})
    phone, tablet = await phones(node, ann, ann)
    message = await say(phone, "note to self", contact=ann.number)
    await say(tablet, "and another", chat=message["chat"])
    for device in (phone, tablet):
        await hear(device, "and another")
        assert seqs(device, message["chat"]) == [1, 2]
        (listed,) = (await answered(device, "chats", {}))["chats"]
        assert (listed["contact"], listed["unread"]) == (ann.number, 0)
    await answered(phone, "read", {"chat": message["chat"], "seq": 2}, "/receipts")
    await tablet.expect("receipt")


async def test_two_first_messages_at_once_reach_both(node: Node) -> None:
    for _ in range(5):
        ann, tom = await phones(node, *await friends(node, 2))
        await asyncio.gather(say(ann, "1", contact=tom.person.number), say(tom, "2", contact=ann.person.number))
        for device in (ann, tom):
            for text in ("1", "2"):
                await hear(device, text)


async def test_a_chat_that_a_crash_left_without_people_is_made_whole(node: Node, parts: Parts) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    pair = f"{ann.person.account_id}:{tom.person.account_id}"
    chat_id = await Counters(parts.database).next_id("chats")
    row = {"_id": chat_id, "kind": "direct", "created_at": datetime.now(UTC), "created_by": 1, "pair": pair}
    await parts.database.raw["chats"].insert_one(row)
    assert (await say(ann, "hello", contact=tom.person.number))["chat"] == chat_id
    for device in (ann, tom):
        await hear(device, "hello")


async def test_ready_says_who_one_is_and_what_one_has(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    chat = (await say(ann, "hello", contact=tom.person.number))["chat"]
    (tablet,) = await phones(node, tom.person)
    (ready,) = await tablet.expect("ready")
    assert ready["account"]["id"] == tom.person.account_id
    assert ready["account"]["number"] == tom.person.number
    (listed,) = ready["chats"]
    assert (listed["chat"], listed["contact"], listed["last_seq"], listed["unread"]) == (chat, ann.person.number, 1, 1)
    assert {"kind": "message", **listed["last"]} == (await history(tablet, chat))[0]
    assert ready["next"] is None
