"""One writes to one's contacts, and to who wrote first."""

import pytest

from tests.conversation.talk import answered, friends, hear, newcomers, phones, refused, say
from tests.support.node import Device, Node


async def sent(device: Device, number: str, client_id: str) -> dict[str, object]:
    body = {"contact": number, "client_id": client_id, "text": "hi"}
    return await device.ask("message_send", body)


@pytest.fixture
async def ann_and_tom(node: Node) -> tuple[Device, Device]:
    """Ann has Tom as a contact; he does not have her."""
    ann, tom = await newcomers(node, 2)
    await node.rest("POST", "/api/contacts/add-contact/", ann, json={"contact_id": tom.number})
    first, second = await phones(node, ann, tom)
    return first, second


async def test_a_stranger_is_refused(node: Node, ann_and_tom: tuple[Device, Device]) -> None:
    ann, tom = ann_and_tom
    body = {"contact": ann.person.number, "client_id": "1", "text": "hi"}
    assert await refused(tom, "message_send", body) == "not_a_contact"
    assert await refused(ann, "message_send", body | {"contact": "49309999999999"}) == "not_a_contact"
    for device in ann_and_tom:
        assert (await answered(device, "chats", {}))["chats"] == []


async def test_who_was_written_to_may_answer(ann_and_tom: tuple[Device, Device]) -> None:
    ann, tom = ann_and_tom
    chat = (await say(ann, "hello", contact=tom.person.number))["chat"]
    await hear(tom, "hello")
    await say(tom, "who are you?", contact=ann.person.number)
    await say(tom, "really?", chat=chat)
    await hear(ann, "really?")


async def test_who_removed_a_contact_may_write_no_more(node: Node, ann_and_tom: tuple[Device, Device]) -> None:
    ann, tom = ann_and_tom
    chat = (await say(ann, "hello", contact=tom.person.number, client_id="1"))["chat"]
    status, _ = await node.rest("DELETE", f"/api/contacts/{tom.person.number}/", ann.person)
    assert status < 300
    for target in ({"contact": tom.person.number}, {"chat": chat}):
        assert await refused(ann, "message_send", {**target, "client_id": "2", "text": "x"}) == "not_a_contact"
        # What was sent while it was allowed keeps its answer.
        again = await answered(ann, "message_send", {**target, "client_id": "1", "text": "x"})
        assert again["message"]["text"] == "hello"
    await say(tom, "you wrote first", chat=chat)
    await say(ann, "so did you", chat=chat)


async def test_a_retry_from_outside_the_group_keeps_its_answer(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    status, made = await node.rest(
        "POST", "/api/groups/create-group/", ann.person, json={"participants": [tom.person.number], "subject": "Us"}
    )
    assert status == 201
    group = made["groupid"]
    message = await say(tom, "bye", group=group, client_id="1")
    status, _ = await node.rest("POST", f"/api/groups/{group}/leave/", tom.person)
    assert status == 200
    assert await say(tom, "bye", group=group, client_id="1") == message
    body = {"group": group, "client_id": "2", "text": "x"}
    assert await refused(tom, "message_send", body) == "chat_not_found"
