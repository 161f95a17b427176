"""Blocking: the list, and every effect of a block (messaging contract, section 8)."""

from typing import Any

import pytest

from tests.rest.messaging.logins import Api, new_number
from tests.support.node import Device, Person

LIST = "/api/contacts/blocked-list/"


class Pair:
    """Ann blocks; Tom is blocked. They are each other's contacts and both have a device."""

    def __init__(self, api: Api, ann: Person, tom: Person, ann_phone: Device, tom_phone: Device) -> None:
        self.node, self.ann, self.tom, self.ann_phone, self.tom_phone = api.node, ann, tom, ann_phone, tom_phone

    async def block(self, number: str, what: str = "block") -> tuple[int, Any]:
        return await self.node.rest("POST", f"/api/contacts/{number}/{what}/", self.ann)

    async def blocked(self) -> list[str]:
        status, shown = await self.node.rest("GET", LIST, self.ann)
        assert status == 200
        numbers: list[str] = shown["numbers"]
        return numbers

    async def write(self, sender: Device, to: Person, text: str) -> dict[str, Any]:
        return await sender.ask("message_send", {"contact": to.number, "client_id": text, "text": text})


@pytest.fixture
async def pair(api: Api) -> Pair:
    node = api.node
    ann, tom = await node.sign_in(new_number()), await node.sign_in(new_number())
    await node.befriend(ann, tom)
    return Pair(api, ann, tom, await node.connect(ann), await node.connect(tom))


async def test_any_number_is_blocked_and_let_go_and_both_can_be_said_twice(pair: Pair) -> None:
    number = new_number()
    assert await pair.blocked() == []
    assert await pair.block(number) == (200, {})
    assert await pair.block(number) == (200, {"text": "already-blocked"})
    assert await pair.blocked() == [number]
    assert await pair.block(number, "unblock") == (200, {})
    assert await pair.block(number, "unblock") == (200, {"text": "not-blocked"})
    assert await pair.blocked() == []


async def test_the_whole_list_is_replaced(pair: Pair) -> None:
    await pair.block("99")
    for body in ({"numbers": ["+49 1", "492", "x", 493, "491"]}, {"contacts": ["491", "492", "493"]}):
        assert await pair.node.rest("POST", LIST, pair.ann, json=body) == (200, {})
        assert await pair.blocked() == ["491", "492", "493"]
    for bad in ({}, {"numbers": ["x"]}, {"numbers": "x"}, {"numbers": {"a": 1}}, {"others": ["1"]}):
        status, shown = await pair.node.rest("POST", LIST, pair.ann, json=bad)
        assert (status, shown["code"]) == (400, "malformed")
    assert await pair.blocked() == ["491", "492", "493"]
    assert await pair.node.rest("POST", LIST, pair.ann, json={"numbers": []}) == (200, {})
    assert await pair.blocked() == []


async def test_a_blocked_sender_is_answered_and_nothing_arrives_not_even_later(pair: Pair) -> None:
    await pair.write(pair.tom_phone, pair.ann, "before")
    await pair.ann_phone.expect("message_created")
    await pair.block(pair.tom.number)
    unheard = await pair.write(pair.tom_phone, pair.ann, "unheard")
    assert unheard["ok"], "whoever is blocked is not told"
    seq, chat = unheard["message"]["seq"], unheard["message"]["chat"]
    await pair.tom_phone.ask("reaction_set", {"chat": chat, "seq": seq, "emoji": "👍"})
    await pair.tom_phone.ask("message_edit", {"chat": chat, "seq": seq, "text": "still unheard"})
    await pair.block(pair.tom.number, "unblock")
    await pair.write(pair.tom_phone, pair.ann, "after")
    await pair.ann_phone.expect("message_created", 2)
    assert [body["message"]["text"] for body in pair.ann_phone.told("message_created")] == ["before", "after"]
    assert not pair.ann_phone.told("message_edited")
    assert not pair.ann_phone.told("reaction_changed")
    history = await pair.ann_phone.ask("history", {"chat": chat})
    assert [entry["text"] for entry in history["entries"]] == ["before", "after"]


async def test_a_first_message_of_a_blocked_number_opens_no_chat(pair: Pair) -> None:
    await pair.block(pair.tom.number)
    await pair.write(pair.tom_phone, pair.ann, "hello?")
    assert (await pair.ann_phone.ask("chats"))["chats"] == []
    assert len((await pair.tom_phone.ask("chats"))["chats"]) == 1
    assert not pair.ann_phone.told("chat_changed")


async def test_one_does_not_write_to_whom_one_blocked(pair: Pair) -> None:
    await pair.block(pair.tom.number)
    answer = await pair.write(pair.ann_phone, pair.tom, "but")
    assert answer["error"]["code"] == "contact_blocked"


async def test_typing_of_a_blocked_number_is_not_shown(pair: Pair) -> None:
    await pair.write(pair.tom_phone, pair.ann, "before")
    await pair.write(pair.ann_phone, pair.tom, "answer")
    await pair.block(pair.tom.number)
    assert (await pair.tom_phone.ask("typing_start", {"contact": pair.ann.number}, "/typing"))["ok"]
    await pair.block(pair.tom.number, "unblock")
    await pair.tom_phone.ask("typing_start", {"contact": pair.ann.number}, "/typing")
    await pair.ann_phone.expect("typing")
    await pair.tom_phone.ask("typing_stop", {"contact": pair.ann.number}, "/typing")
    await pair.ann_phone.expect("typing", 2)
    assert [body["state"] for body in pair.ann_phone.told("typing")] == ["typing", "paused"]


async def test_what_a_blocked_number_writes_is_never_shown_as_received(pair: Pair) -> None:
    await pair.write(pair.tom_phone, pair.ann, "before")
    await pair.ann_phone.expect("message_created")
    await pair.block(pair.tom.number)
    unheard = await pair.write(pair.tom_phone, pair.ann, "unheard")
    chat, seq = unheard["message"]["chat"], unheard["message"]["seq"]
    status, shown = await pair.node.rest("GET", f"/api/contacts/{pair.ann.number}/connected-status/", pair.tom)
    assert status == 200
    assert shown["connected_statuses"][0]["connected_status"] == "deny"
    await pair.ann_phone.ask("read", {"chat": chat, "seq": seq - 1}, "/receipts")
    await pair.ann_phone.expect("receipt")  # her own devices hear of it, at the same moment as anybody else
    marks = [body for body in pair.tom_phone.told("receipt") if body["account"] == pair.ann.account_id]
    assert all(max(body["read"], body["delivered"]) < seq for body in marks)


async def test_in_a_common_group_messages_still_flow_and_a_blocked_number_adds_nobody(pair: Pair) -> None:
    body = {"subject": "us", "participants": [pair.tom.number]}
    status, shown = await pair.node.rest("POST", "/api/groups/create-group/", pair.ann, json=body)
    assert status == 201, shown
    await pair.block(pair.tom.number)
    await pair.tom_phone.ask("message_send", {"group": shown["groupid"], "client_id": "1", "text": "all of you"})
    (heard,) = await pair.ann_phone.expect("message_created")
    assert heard["message"]["text"] == "all of you"
    body = {"subject": "mine", "participants": [pair.ann.number]}
    status, shown = await pair.node.rest("POST", "/api/groups/create-group/", pair.tom, json=body)
    assert (status, shown["code"]) == (400, "not_a_contact")
