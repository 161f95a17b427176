"""Who somebody calls itself is told to those who are in a chat with it, and to nobody else."""

from typing import Any

from models.documents.entry import Joined, Left
from tests.conversation.conftest import Parts
from tests.conversation.talk import answered, friends, newcomers, phones, refused, say
from tests.support.node import Device, Node, Person


async def call(node: Node, person: Person, name: str) -> None:
    status, shown = await node.rest(
        "POST", "/auth/register", person, json={"full_name": name, "email": "somebody@example.com"}
    )
    assert status == 200, shown


async def listed(device: Device, contact: Person) -> dict[str, Any]:
    chats = (await answered(device, "chats", {}))["chats"]
    chat: dict[str, Any] = next(one for one in chats if one.get("contact") == contact.number)
    return chat


async def names(device: Device, chat: int, *people: Person) -> dict[int, Any]:
    answer = await answered(device, "names", {"chat": chat, "accounts": [one.account_id for one in people]})
    assert answer["chat"] == chat
    return {one["account"]: (one["contact"], one["name"]) for one in answer["names"]}


async def test_the_name_of_a_stranger_comes_with_its_chat(node: Node) -> None:
    ann, tom = await newcomers(node, 2)
    await node.rest("POST", "/api/contacts/add-contact/", ann, data={"contact_id": tom.number})
    await call(node, ann, "Ann Lee")
    at_ann, at_tom = await phones(node, ann, tom)
    await say(at_ann, contact=tom.number)
    assert (await listed(at_tom, ann))["name"] == "Ann Lee"
    (state,) = (await answered(at_tom, "sync", {"cursors": {}}))["chats"]
    assert state["name"] == "Ann Lee"
    (again,) = await phones(node, tom)
    (ready,) = await again.expect("ready")
    assert ready["chats"][0]["name"] == "Ann Lee"
    assert "name" not in await listed(at_ann, tom)  # who gave itself none has none


async def test_a_name_is_not_told_to_whom_its_owner_has_blocked(node: Node) -> None:
    ann, tom = await friends(node, 2)
    await call(node, ann, "Ann Lee")
    at_ann, at_tom = await phones(node, ann, tom)
    chat = (await say(at_ann, contact=tom.number))["chat"]
    assert (await listed(at_tom, ann))["name"] == "Ann Lee"
    await node.rest("POST", f"/api/contacts/{tom.number}/block/", ann)
    assert "name" not in await listed(at_tom, ann)
    assert await names(at_tom, chat, ann) == {ann.account_id: (ann.number, None)}


async def test_names_are_of_those_who_were_in_the_chat_at_the_same_time(node: Node, parts: Parts) -> None:
    ann, tom, max_, eva, zoe = await friends(node, 5)
    for person, name in ((ann, "Ann Lee"), (tom, "Tom Poe"), (max_, "Max Roe"), (eva, "Eva Doe"), (zoe, "Zoe Low")):
        await call(node, person, name)
    group = await parts.found_group(ann, tom, max_)
    await parts.change_chat(ann, group.id, Left(tom.account_id, tom.number))
    await parts.change_chat(ann, group.id, Joined((eva.account_id,), (eva.number,)))
    at_ann, at_tom, at_eva, at_zoe = await phones(node, ann, tom, eva, zoe)
    everybody = (ann, tom, max_, eva, zoe)
    told = {person.account_id: (person.number, name) for person, name in zip(everybody, NAMES, strict=True)}
    assert await names(at_ann, group.id, *everybody) == without(told, zoe)
    assert await names(at_tom, group.id, *everybody) == without(told, eva, zoe)
    assert await names(at_eva, group.id, *everybody) == without(told, tom, zoe)
    assert await refused(at_zoe, "names", {"chat": group.id, "accounts": [ann.account_id]}) == "chat_not_found"


NAMES = ("Ann Lee", "Tom Poe", "Max Roe", "Eva Doe", "Zoe Low")


def without(told: dict[int, Any], *people: Person) -> dict[int, Any]:
    return {one: who for one, who in told.items() if one not in {person.account_id for person in people}}


async def test_what_is_no_list_of_ids_is_refused(node: Node) -> None:
    ann, tom = await friends(node, 2)
    (at_ann,) = await phones(node, ann)
    chat = (await say(at_ann, contact=tom.number))["chat"]
    for accounts in (None, "7", {"7": 7}, ["7"], [0], [True], [1] * 201):
        assert await refused(at_ann, "names", {"chat": chat, "accounts": accounts}) == "malformed"
