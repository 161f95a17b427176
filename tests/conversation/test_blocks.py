"""Whoever is blocked notices nothing and reaches nobody, not later either; in common groups people still meet."""

import pytest

from tests.conversation.talk import (
    about,
    answered,
    friends,
    hear,
    history,
    phones,
    refused,
    say,
    silence,
    synced,
    texts,
)
from tests.support.node import Device, Node
from tests.support.parts import Parts

Three = tuple[Device, Device, Device]


@pytest.fixture
async def three(node: Node) -> Three:
    """Ann, Tom who will block her, and Max, whose messages mark the time."""
    ann, tom, max_ = await phones(node, *await friends(node, 3))
    return ann, tom, max_


async def receipt(device: Device, event: str, chat: int, seq: int) -> None:
    await answered(device, event, {"chat": chat, "seq": seq}, "/receipts")


async def test_nothing_of_a_blocked_sender_arrives(three: Three, parts: Parts) -> None:
    ann, tom, max_ = three
    chat = (await say(ann, "before", contact=tom.person.number))["chat"]
    await hear(tom, "before")
    heard = len(about(tom, chat))
    await parts.block(tom.person, ann.person)
    message = await say(ann, "blocked", contact=tom.person.number)
    assert message["seq"] == 2  # acknowledged like any other
    await answered(ann, "message_edit", {"chat": chat, "seq": 2, "text": "blocked, edited"})
    await answered(ann, "reaction_set", {"chat": chat, "seq": 2, "emoji": "🙈"})
    await say(ann, "blocked too", contact=tom.person.number)
    await answered(ann, "message_delete", {"chat": chat, "seq": 5})
    await answered(ann, "typing_start", {"chat": chat}, "/typing")
    await receipt(ann, "read", chat, 1)
    await say(max_, contact=tom.person.number)
    await receipt(max_, "read", (await say(max_, contact=tom.person.number))["chat"], 1)
    await tom.expect("receipt")  # of Max, later than Ann's
    await silence(tom, max_)
    assert len(about(tom, chat)) == heard
    for _ in range(2):
        state = (await synced(tom, {chat: 1}))[chat]
        assert (state["entries"], state["unread"]) == ([], 1)
        assert {mark["account"]: mark["read"] for mark in state["marks"]}[ann.person.account_id] == 0
        assert [entry["text"] for entry in await history(tom, chat)] == ["before"]
        assert "blocked" not in str(await answered(tom, "chats", {}))
        await parts.unblock(tom.person, ann.person)  # the second time: what was kept back stays so
    await say(ann, "after", contact=tom.person.number)
    await hear(tom, "after")
    assert texts(tom)[0] == "before"
    assert "blocked" not in str([await history(tom, chat), await synced(tom, {chat: 1}), tom.heard])


async def test_who_is_blocked_sees_the_own_messages_as_sent(node: Node, three: Three, parts: Parts) -> None:
    ann, tom, _ = three
    (tablet,) = await phones(node, ann.person)
    await parts.block(tom.person, ann.person)
    chat = (await say(ann, "one", contact=tom.person.number))["chat"]
    await hear(tablet, "one")
    await answered(ann, "message_edit", {"chat": chat, "seq": 1, "text": "two"})
    await tablet.expect("message_edited")
    assert [entry["text"] for entry in await history(tablet, chat, after=0)] == ["two", "two"]
    assert (await synced(tablet))[chat]["contact"] == tom.person.number


async def test_a_chat_that_a_blocked_person_begins_does_not_exist_for_the_other(three: Three, parts: Parts) -> None:
    ann, tom, max_ = three
    await parts.block(tom.person, ann.person)
    chat = (await say(ann, "psst", contact=tom.person.number))["chat"]
    await silence(tom, max_)
    assert about(tom, chat) == []
    assert chat not in await synced(tom)
    assert "kind" not in (await synced(tom, {chat: 0}))[chat]
    assert [one["contact"] for one in (await answered(tom, "chats", {}))["chats"]] == [max_.person.number]
    for target in ({"chat": chat}, {"contact": ann.person.number}):
        assert await refused(tom, "history", target) == "chat_not_found"
        assert await refused(tom, "typing_start", target, "/typing") == "chat_not_found"
        assert await refused(tom, "read", {**target, "seq": 1}, "/receipts") == "chat_not_found"
    await parts.unblock(tom.person, ann.person)
    await say(ann, "hello", contact=tom.person.number)
    await hear(tom, "hello")
    assert [entry["text"] for entry in await history(tom, chat)] == ["hello"]


async def test_old_messages_are_no_way_around_a_block(three: Three, parts: Parts) -> None:
    ann, tom, max_ = three
    chat = (await say(ann, "before", contact=tom.person.number))["chat"]
    await say(tom, "answer", chat=chat)
    await parts.block(tom.person, ann.person)
    assert await refused(ann, "message_edit", {"chat": chat, "seq": 1, "text": "insult"}) == "forbidden"
    assert await refused(ann, "reaction_set", {"chat": chat, "seq": 2, "emoji": "🖕"}) == "forbidden"
    assert await refused(tom, "message_edit", {"chat": chat, "seq": 2, "text": "x"}) == "contact_blocked"
    assert await refused(tom, "reaction_set", {"chat": chat, "seq": 1, "emoji": "👍"}) == "contact_blocked"
    await answered(ann, "message_delete", {"chat": chat, "seq": 1})  # taking back says nothing
    await silence(tom, max_)
    assert [event for event, _ in about(tom, chat)][-1] == "message_deleted"
    assert [entry["text"] for entry in await history(tom, chat) if entry["kind"] == "message" and "text" in entry] == [
        "answer"
    ]


async def test_who_blocked_must_unblock_to_write(three: Three, parts: Parts) -> None:
    ann, tom, _ = three
    await parts.block(tom.person, ann.person)
    body = {"contact": ann.person.number, "client_id": "1", "text": "hi"}
    assert await refused(tom, "message_send", body) == "contact_blocked"
    assert (await answered(tom, "chats", {}))["chats"] == []  # nothing half-done remains
    await parts.unblock(tom.person, ann.person)
    await answered(tom, "message_send", body)
    await parts.block(tom.person, ann.person)
    again = await answered(tom, "message_send", body)  # what was sent keeps its answer
    assert again["message"]["seq"] == 1
    assert await refused(tom, "message_send", body | {"client_id": "2"}) == "contact_blocked"


async def test_marks_stand_still_for_the_other_while_one_is_blocked(node: Node, three: Three, parts: Parts) -> None:
    ann, tom, max_ = three
    for _ in range(3):
        chat = (await say(ann, contact=tom.person.number))["chat"]
    (tablet,) = await phones(node, tom.person)
    await receipt(tom, "read", chat, 1)
    await ann.until(lambda: bool(ann.told("receipt")))
    await parts.block(tom.person, ann.person)
    await receipt(tom, "read", chat, 2)
    await tablet.until(lambda: [body["read"] for body in tablet.told("receipt")][-1:] == [2])
    marks = {mark["account"]: mark["read"] for mark in (await synced(ann))[chat]["marks"]}
    assert marks[tom.person.account_id] == 1
    await parts.unblock(tom.person, ann.person)
    await receipt(tom, "read", chat, 3)
    await ann.until(lambda: [body["read"] for body in ann.told("receipt")] == [1, 3])


async def test_common_groups_still_flow(three: Three, parts: Parts) -> None:
    ann, tom, max_ = three
    group = await parts.found_group(ann.person, tom.person, max_.person)
    await parts.block(tom.person, ann.person)
    await say(ann, "to all", chat=group.id)
    await hear(tom, "to all")
    await say(tom, "me too", chat=group.id)
    await hear(ann, "me too")
    await answered(ann, "typing_start", {"chat": group.id}, "/typing")
    await tom.expect("typing")
    await receipt(tom, "read", group.id, 2)
    await ann.until(lambda: any(body["read"] == 2 for body in ann.told("receipt")))
