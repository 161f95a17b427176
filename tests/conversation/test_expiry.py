"""A chat's timer: who may set it, what it holds for; and a chat that somebody cleared for itself."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from models.documents.entry import Left
from tests.conversation.talk import answered, friends, hear, history, phones, refused, say, silence, synced
from tests.support.node import Device, Node
from tests.support.parts import Parts

DAY = 86_400


@pytest.fixture
async def pair(node: Node) -> tuple[Device, Device, int]:
    """Two devices, and the chat in which the first has written message 1."""
    ann, tom = await phones(node, *await friends(node, 2))
    return ann, tom, (await say(ann, "old", contact=tom.person.number))["chat"]


async def set_timer(device: Device, chat: int, seconds: int | None, **fields: Any) -> dict[str, Any]:
    return await answered(device, "chat_expiry_set", {"chat": chat, "expires_after_s": seconds, **fields})


def lives(message: dict[str, Any]) -> timedelta:
    return datetime.fromisoformat(message["expires_at"]) - datetime.fromisoformat(message["sent_at"])


async def test_a_timer_is_an_entry_that_everybody_is_told_of_and_every_list_shows(
    node: Node, pair: tuple[Device, Device, int]
) -> None:
    ann, tom, chat = pair
    answer = await set_timer(tom, chat, DAY)
    assert (answer["chat"], answer["contact"], answer["expires_after_s"]) == (chat, ann.person.number, DAY)
    await ann.until(lambda: any("change" in told for told in ann.told("chat_changed")))
    told = ann.told("chat_changed")[-1]
    assert (told["expires_after_s"], told["last_seq"], told["change"]["kind"]) == (DAY, 2, "expiry")
    assert (told["change"]["expires_after_s"], told["change"]["account"]) == (DAY, tom.person.account_id)
    (away,) = await phones(node, ann.person)
    (ready,) = await away.expect("ready")
    assert [one["expires_after_s"] for one in ready["chats"]] == [DAY]
    assert [one["expires_after_s"] for one in (await answered(away, "chats", {}))["chats"]] == [DAY]
    assert (await synced(away, {chat: 1}))[chat]["expires_after_s"] == DAY
    assert (await history(away, chat))[-1] == told["change"]


async def test_it_holds_for_what_is_sent_from_then_on_also_by_rest_and_on_the_same_connection_at_once(
    node: Node, pair: tuple[Device, Device, int]
) -> None:
    ann, tom, chat = pair
    timer = ann.client.call("chat_expiry_set", {"chat": chat, "expires_after_s": DAY}, namespace="/chat", timeout=30)
    sending = ann.client.call("message_send", {"chat": chat, "client_id": "x", "text": "at once"}, "/chat", timeout=30)
    assert (await timer)["ok"]
    assert lives((await sending)["message"]) == timedelta(days=1)
    heard = await hear(tom, "at once")
    assert lives(heard) == timedelta(days=1)
    sent = await say(tom, "fast", chat=chat)
    edited = await answered(tom, "message_edit", {"chat": chat, "seq": sent["seq"], "text": "new"})
    assert edited["message"]["expires_at"] == sent["expires_at"]
    _, shown = await node.rest(
        "POST", "/api/messages/send-message/", ann.person, json={"contact": tom.person.number, "message": "by rest"}
    )
    await set_timer(ann, chat, None)
    assert "expires_at" not in await say(ann, "for ever", chat=chat)
    by_seq = {entry["seq"]: entry for entry in await history(tom, chat)}
    assert "expires_at" not in by_seq[1]
    assert lives(by_seq[shown["seq"]]) == timedelta(days=1)
    _, listed = await node.rest("GET", f"/api/messages/chats/{tom.person.number}/", ann.person)
    assert [("expires_at" in one) for one in listed["messages"]] == [False, True, True, True, False]


async def test_in_groups_admins_set_it_and_nobody_else(node: Node, parts: Parts) -> None:
    ann, tom, eve = await phones(node, *await friends(node, 3))
    group = await parts.found_group(ann.person, tom.person)
    body = {"chat": group.id, "expires_after_s": DAY}
    assert await refused(tom, "chat_expiry_set", body) == "not_an_admin"
    assert await refused(eve, "chat_expiry_set", body) == "chat_not_found"
    assert await refused(eve, "chat_clear", {"chat": group.id}) == "chat_not_found"
    await set_timer(ann, group.id, DAY)
    assert lives(await say(tom, chat=group.id)) == timedelta(days=1)


async def test_who_has_blocked_the_other_or_is_blocked_sets_nothing(
    pair: tuple[Device, Device, int], parts: Parts
) -> None:
    ann, tom, chat = pair
    await parts.block(ann.person, tom.person)
    body = {"chat": chat, "expires_after_s": DAY}
    assert await refused(ann, "chat_expiry_set", body) == "contact_blocked"
    assert await refused(tom, "chat_expiry_set", body) == "forbidden"


async def test_it_is_set_once_however_often_it_is_asked_for(pair: tuple[Device, Device, int]) -> None:
    ann, _, chat = pair
    first = await set_timer(ann, chat, DAY, client_id="once")
    assert await set_timer(ann, chat, DAY, client_id="once") == first
    assert await set_timer(ann, chat, DAY) == first
    assert [entry["kind"] for entry in await history(ann, chat)] == ["message", "expiry"]
    taken = {"chat": chat, "expires_after_s": 2 * DAY, "client_id": "used"}
    await say(ann, chat=chat, client_id="used")
    assert await refused(ann, "chat_expiry_set", taken) == "client_id_reused"


@pytest.mark.parametrize("seconds", [0, -1, 59, 31_536_001, 2**31, 1.5, "60", True, ...])
async def test_what_is_no_time_is_refused(written: tuple[Device, int], seconds: Any) -> None:
    ann, chat = written
    body = {"chat": chat} if seconds is ... else {"chat": chat, "expires_after_s": seconds}
    assert await refused(ann, "chat_expiry_set", body) == "malformed"


async def test_who_left_is_not_told_what_was_set_since(node: Node, parts: Parts) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    group = await parts.found_group(ann.person, tom.person)
    await set_timer(ann, group.id, DAY)
    await parts.change_chat(ann.person, group.id, Left(tom.person.account_id, tom.person.number))
    assert (await synced(tom, {group.id: 1}))[group.id]["expires_after_s"] == DAY
    await set_timer(ann, group.id, 2 * DAY)
    assert "expires_after_s" not in (await synced(tom, {group.id: 1}))[group.id]


async def test_a_cleared_chat_is_empty_on_all_devices_of_one_person_and_full_for_the_other(
    node: Node, pair: tuple[Device, Device, int]
) -> None:
    ann, tom, chat = pair
    await say(tom, "more", chat=chat)
    (tablet,) = await phones(node, tom.person)
    assert await answered(tom, "chat_clear", {"chat": chat}) == {"ok": True, "chat": chat, "up_to": 2}
    for device in (tom, tablet):
        assert await device.expect("chat_cleared") == [{"chat": chat, "up_to": 2}]
        assert await history(device, chat) == []
    state = (await synced(tablet, {chat: 2}))[chat]
    assert (state["cleared"], state["hidden"], state["unread"], state["status"]) == (2, [], 0, "current")
    (head,) = (await answered(tom, "chats", {}))["chats"]
    assert (head["last"], head["unread"]) == (None, 0)
    assert await refused(tom, "reaction_set", {"chat": chat, "seq": 1, "emoji": "👍"}) == "message_not_found"
    await silence(ann, tom)
    assert not ann.told("chat_cleared")
    last = await say(ann, "new", chat=chat)
    (head,) = (await answered(tom, "chats", {}))["chats"]
    assert (head["last"]["text"], head["unread"]) == ("new", 1)
    state = (await synced(tablet))[chat]
    assert [entry["text"] for entry in state["entries"] if entry["seq"] != 3] == ["new"]
    assert [entry["seq"] for entry in await history(ann, chat)] == [1, 2, 3, last["seq"]]
    _, listed = await node.rest("GET", f"/api/messages/chats/{ann.person.number}/", tom.person)
    assert "old" not in str(listed)


async def test_only_what_its_person_saw_is_cleared_and_never_less_than_before(
    pair: tuple[Device, Device, int],
) -> None:
    ann, tom, chat = pair
    await say(ann, "seen", chat=chat)
    await say(ann, "not seen", chat=chat)
    assert (await answered(tom, "chat_clear", {"chat": chat, "up_to": 2}))["up_to"] == 2
    assert [entry["text"] for entry in await history(tom, chat)] == ["not seen"]
    assert (await answered(tom, "chat_clear", {"chat": chat, "up_to": 1}))["up_to"] == 2
    assert (await answered(tom, "chat_clear", {"chat": chat, "up_to": 2**32 - 1}))["up_to"] == 3
    assert await history(tom, chat) == []


async def test_what_was_left_can_be_cleared_too(node: Node, parts: Parts) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    group = await parts.found_group(ann.person, tom.person)
    await say(ann, "hello", chat=group.id)
    await parts.change_chat(ann.person, group.id, Left(tom.person.account_id, tom.person.number))
    await say(ann, "behind", chat=group.id)
    assert (await answered(tom, "chat_clear", {"chat": group.id}))["up_to"] == 3
    assert await history(tom, group.id) == []


async def test_both_are_done_by_rest_too(node: Node, pair: tuple[Device, Device, int]) -> None:
    ann, tom, chat = pair
    path = f"/api/chats/{chat}/"
    for given, seconds in ((DAY, DAY), ("120", 120), (0, None), (DAY, DAY), (None, None)):
        status, shown = await node.rest("PATCH", path + "expiry/", ann.person, json={"expires_after_s": given})
        assert (status, shown) == (200, {"chat": chat, "expires_after_s": seconds})
    status, shown = await node.rest("PATCH", path + "expiry", ann.person, data={"expires_after_s": str(DAY)})
    assert (status, shown["expires_after_s"]) == (200, DAY)
    for body in ({}, {"expires_after_s": "soon"}, {"expires_after_s": 59}, {"expires_after_s": -1}):
        status, shown = await node.rest("PATCH", path + "expiry/", ann.person, json=body)
        assert (status, shown["code"]) == (400, "malformed")
    end = (await say(ann, chat=chat))["seq"]
    status, shown = await node.rest("POST", path + "clear/", tom.person, data={"up_to": "1"})
    assert (status, shown) == (200, {"chat": chat, "up_to": 1})
    status, shown = await node.rest("POST", path + "clear/", tom.person)
    assert (status, shown) == (200, {"chat": chat, "up_to": end})
    assert await history(tom, chat) == []
    for path in ("/api/chats/2147483640/clear/", "/api/chats/9999999999/clear/", "/api/chats/0/clear/"):
        status, shown = await node.rest("POST", path, tom.person)
        assert (status, shown["code"]) == (404, "chat_not_found")
