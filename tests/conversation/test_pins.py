"""Pinned messages: for everybody in the chat, by whom the chat lets, exact after a crash, and never more than a few."""

from datetime import UTC, datetime
from typing import Any

import pytest

from models.documents.chat import Pinners
from models.documents.entry import Deletion, Pin, PinnersSet
from models.services.chats import change, pins
from models.services.chats.recovery import recover_pending_changes
from tests.conversation.talk import answered, friends, history, phones, refused, say, synced
from tests.conversation.test_out_and_in import add, remove, store_untold
from tests.support.node import Device, Node
from tests.support.parts import Parts, services_of


class Later:
    """A clock well behind everything that was stored, as the sweep meets it."""

    def now(self) -> datetime:
        return datetime(2100, 1, 1, tzinfo=UTC)


async def pin(device: Device, chat: int, seq: int, *, pinned: bool = True) -> dict[str, Any]:
    return await answered(device, "message_pin", {"chat": chat, "seq": seq, "pinned": pinned})


async def pinned(node: Node, device: Device, chat: int) -> list[int]:
    """The seqs of what is pinned, the same on both doors and in the log."""
    answer = await answered(device, "pinned", {"chat": chat})
    assert answer["chat"] == chat
    messages = [{"kind": "message", **message} for message in answer["messages"]]
    assert await node.rest("GET", f"/api/chats/{chat}/pinned/", device.person) == (
        200,
        {"chat": chat, "messages": messages},
    )
    shown = {
        entry["seq"]: entry for entry in await history(device, chat) if "pinned" in entry and entry["kind"] == "message"
    }
    assert shown == {message["seq"]: message for message in messages}
    return [message["seq"] for message in messages]


async def test_both_people_of_a_direct_chat_pin_and_unpin(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    chat = (await say(ann, "one", contact=tom.person.number))["chat"]
    await say(ann, "two", chat=chat)
    answer = await pin(tom, chat, 1)
    assert answer["message"]["pinned"] == {"at": answer["entry"]["at"], "by": tom.person.account_id}
    assert (await ann.expect("message_pinned"))[0] == answer["entry"]
    await pin(ann, chat, 2)
    assert await pinned(node, ann, chat) == [2, 1], "the last pinned one first"
    await pin(ann, chat, 1)
    assert await pinned(node, tom, chat) == [1, 2]
    unpinned = await pin(ann, chat, 1, pinned=False)
    assert "pinned" not in unpinned["message"]
    assert (unpinned["entry"]["of"], unpinned["entry"]["pinned"]) == (1, False)
    assert await pinned(node, tom, chat) == [2]


async def test_a_pin_is_nobodys_unread_message_and_a_deleted_message_loses_it(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    chat = (await say(ann, "one", contact=tom.person.number))["chat"]
    await pin(ann, chat, 1)
    assert (await synced(tom, {chat: 0}))[chat]["unread"] == 1
    await answered(ann, "message_delete", {"chat": chat, "seq": 1})
    assert await pinned(node, tom, chat) == []
    assert "pinned" not in (await history(tom, chat))[0]


async def test_in_a_group_admins_pin_until_an_admin_lets_all(node: Node, parts: Parts) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    group = await parts.found_group(ann.person, tom.person)
    path = f"/api/groups/{group.group}/pinners/"
    await say(tom, "one", chat=group.id)
    request = {"chat": group.id, "seq": 2, "pinned": True}
    assert await refused(tom, "message_pin", request) == "not_an_admin"
    await pin(ann, group.id, 2)
    assert await refused(tom, "message_pin", request | {"pinned": False}) == "not_an_admin"

    assert await node.rest("GET", path, tom.person) == (200, {"pinners": "admins"})
    assert (await node.rest("POST", path, tom.person, json={"pinners": "all"}))[0] == 403
    assert (await node.rest("POST", path, ann.person, json={"pinners": "some"}))[0] == 400
    assert await node.rest("POST", path, ann.person, json={"pinners": "all"}) == (200, {})
    assert await node.rest("GET", path, tom.person) == (200, {"pinners": "all"})
    await tom.until(lambda: any("pinners" in one.get("change", {}) for one in tom.told("chat_changed")))
    changed = tom.told("chat_changed")[-1]
    assert (changed["pinners"], changed["change"]["pinners"]) == ("all", "all")
    await answered(tom, "message_pin", request | {"pinned": False})
    assert await pinned(node, tom, group.id) == []


async def test_who_may_pin_holds_after_a_crash_between_storing_and_applying(node: Node, parts: Parts) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    group = await parts.found_group(ann.person, tom.person)
    await store_untold(parts, ann.person, group.id, PinnersSet(Pinners.ALL))
    assert await node.rest("GET", f"/api/groups/{group.group}/pinners/", tom.person) == (200, {"pinners": "all"})
    state = next(chat for chat in (await answered(tom, "chats", {}))["chats"] if chat["chat"] == group.id)
    assert state["pinners"] == "all"


async def test_a_pin_that_is_stored_and_not_applied_is_shown_all_the_same(node: Node, parts: Parts) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    chat = (await say(ann, "one", contact=tom.person.number))["chat"]
    await say(ann, "two", chat=chat)
    await pin(ann, chat, 1)
    await store_untold(parts, ann.person, chat, Pin(2, pinned=True))
    assert await pinned(node, tom, chat) == [2, 1]
    assert "pinned" in (await answered(tom, "chats", {}))["chats"][0]["last"]
    row = await parts.database.raw["entries"].find_one({"_id": (chat << 32) + 2})
    assert row is not None
    assert "pin" not in row, "nothing has applied it"
    await store_untold(parts, ann.person, chat, Deletion(1))
    assert await pinned(node, tom, chat) == [2]


async def test_a_pin_that_a_crash_left_is_applied_by_the_sweep_and_not_over_a_newer_one(
    node: Node, parts: Parts
) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    chat = (await say(ann, "one", contact=tom.person.number))["chat"]
    older = await store_untold(parts, ann.person, chat, Pin(1, pinned=True))
    await pin(tom, chat, 1, pinned=False)
    services = services_of(node)
    entries, memberships = services.runtime.stores.entries, services.log.memberships
    assert await recover_pending_changes(entries, memberships, Later(), lambda _: None) >= 1
    assert await entries.list_pending(chat, [older.kind.value]) == []
    assert await pinned(node, ann, chat) == []


async def test_a_chat_has_no_more_pins_than_can_be(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    chat = (await say(ann, contact=tom.person.number))["chat"]
    for _ in range(2):
        await say(ann, chat=chat)
    monkeypatch.setattr(change, "PINS_MAX", 2)
    await pin(ann, chat, 1)
    await pin(ann, chat, 2)
    assert await refused(ann, "message_pin", {"chat": chat, "seq": 3, "pinned": True}) == "pins_full"
    await pin(ann, chat, 2)  # once more is not one more
    await pin(ann, chat, 1, pinned=False)
    await pin(ann, chat, 3)
    assert await pinned(node, ann, chat) == [3, 2]


async def test_an_answer_with_pins_has_an_end(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    chat = (await say(ann, "x" * 1000, contact=tom.person.number))["chat"]
    for _ in range(2):
        await say(ann, "x" * 1000, chat=chat)
    for seq in (1, 3, 2):
        await pin(ann, chat, seq)
    monkeypatch.setattr(pins, "ANSWER_MAX_CHARS", 3000)
    answer = await answered(tom, "pinned", {"chat": chat})
    assert [message["seq"] for message in answer["messages"]] == [2, 3]


async def test_only_members_see_pins_and_each_what_it_may_see(node: Node, parts: Parts) -> None:
    ann, tom, eve = await phones(node, *await friends(node, 3))
    chat = (await parts.found_group(ann.person, tom.person)).id
    for text in ("one", "two"):
        await say(ann, text, chat=chat)
    await pin(ann, chat, 2)
    assert await refused(eve, "pinned", {"chat": chat}) == "chat_not_found"
    assert (await node.rest("GET", f"/api/chats/{chat}/pinned/", eve.person))[0] == 404
    await add(parts, ann, chat, eve.person)
    await say(ann, "three", chat=chat)
    last = (await history(ann, chat))[-1]["seq"]
    await pin(ann, chat, last)
    await answered(tom, "message_delete", {"chat": chat, "seq": last, "scope": "me"})
    assert [await pinned(node, one, chat) for one in (ann, tom, eve)] == [[last, 2], [2], [last]]
    await remove(parts, ann, chat, tom.person)
    await pin(ann, chat, 2, pinned=False)
    await pin(ann, chat, 3)
    assert await refused(tom, "pinned", {"chat": chat}) == "chat_not_found"
    former = {entry["seq"]: "pinned" in entry for entry in await history(tom, chat) if entry["kind"] == "message"}
    assert former == {2: True, 3: False}, "as it was when Tom left"


async def test_where_one_blocks_the_other_nothing_is_pinned(node: Node, parts: Parts) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    chat = (await say(ann, "one", contact=tom.person.number))["chat"]
    await parts.block(tom.person, ann.person)
    request = {"chat": chat, "seq": 1, "pinned": True}
    assert await refused(tom, "message_pin", request) == "contact_blocked"
    assert await refused(ann, "message_pin", request) == "forbidden"


async def test_rest_pins_by_the_id_of_a_message(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    message = await say(ann, "one", contact=tom.person.number)
    path = f"/api/messages/{message['id']}/pin/"
    status, first = await node.rest("POST", path, tom.person, json={"pinned": True, "client_id": "once"})
    assert (status, first["message"]["pinned"]["by"]) == (200, tom.person.account_id)
    assert await node.rest("POST", path, tom.person, json={"pinned": True, "client_id": "once"}) == (200, first)
    assert (await node.rest("POST", path, tom.person, data={"pinned": "false"}))[0] == 200
    assert await pinned(node, tom, message["chat"]) == []
    for unknown in ("0" * 22, "F" * 22, f"{2**62:022X}"):
        assert (await node.rest("POST", f"/api/messages/{unknown}/pin/", tom.person, json={"pinned": True}))[0] == 404
    for number in ("0", "9" * 30):
        assert (await node.rest("GET", f"/api/chats/{number}/pinned/", tom.person))[0] == 404
