"""Forwarding: a copy in each chat or in none, of what the forwarder may read, without its origin and with its file."""

import asyncio
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData

from models.documents.chat_ref import ChatRef
from models.documents.entry import Deletion, Stored
from models.documents.session import Actor
from models.errors import Unavailable
from models.services.chats import forward as forward_service
from models.services.chats.send import SendMessage
from server.embedded import EmbeddedStores
from tests.conversation.talk import answered, friends, hear, history, newcomers, phones, refused, say
from tests.conversation.test_mentions import mention
from tests.conversation.test_out_and_in import add, remove, store_untold
from tests.support.node import Device, Node, Person, running_node, settings_for
from tests.support.parts import Parts, services_of
from tests.support.pictures import plain
from tests.support.socket_fixture import until

FIELDS = {"id", "chat", "seq", "sender", "from", "client_id", "type", "sent_at", "text", "forwarded"}


async def forward(
    device: Device, message: dict[str, Any], *to: dict[str, Any], client_id: str = "f"
) -> list[dict[str, Any]]:
    body = {"chat": message["chat"], "seq": message["seq"], "to": list(to), "client_id": client_id}
    messages: list[dict[str, Any]] = (await answered(device, "message_forward", body))["messages"]
    return messages


async def send_picture(node: Node, sender: Person, to: Person) -> dict[str, Any]:
    """A picture that nobody else has."""
    form = FormData({"contact": to.number})
    side = 200 + sender.account_id % 500
    form.add_field("filename", BytesIO(plain(size=(300, side))), filename="a.png")
    status, sent = await node.rest("POST", "/api/messages/send-image/", sender, data=form)
    assert status == 200, sent
    shown: dict[str, Any] = sent
    return shown


async def status_of(node: Node, path: str) -> int:
    async with node.http.get(node.url + path) as answer:
        await answer.read()
        return answer.status


async def test_a_copy_is_in_each_chat_and_tells_nothing_of_its_origin(node: Node, parts: Parts) -> None:
    ann, tom, eve, kim = await phones(node, *await friends(node, 4))
    first = await say(ann, "before", contact=tom.person.number)
    source = await say(ann, "look, @Tom", chat=first["chat"], reply_to=1, mentions=[mention(tom, 6)])
    group = await parts.found_group(tom.person, kim.person)
    to_eve, to_group = await forward(tom, source, {"contact": eve.person.number}, {"group": group.group})
    for copy, reader in ((to_eve, eve), (to_group, kim)):
        assert (copy["text"], copy["forwarded"], copy["sender"]) == ("look, @Tom", 1, tom.person.account_id)
        assert copy.keys() == FIELDS
        assert (await hear(reader, source["text"])) == copy
        assert (await history(reader, copy["chat"]))[-1] == {"kind": "message", **copy}
    (again,) = await forward(eve, to_eve, {"contact": kim.person.number})
    assert again["forwarded"] == 2


async def test_the_same_client_id_forwards_once(node: Node) -> None:
    ann, tom, eve = await phones(node, *await friends(node, 3))
    source = await say(ann, "once", contact=tom.person.number)
    to = [{"contact": eve.person.number}, {"chat": source["chat"]}, {"contact": eve.person.number}]
    first = await forward(ann, source, *to)
    assert first[0] == first[2], "one chat that is named twice gets one copy"
    assert await forward(ann, source, *to) == first
    assert len(await history(eve, first[0]["chat"])) == 1
    await answered(ann, "message_delete", {"chat": source["chat"], "seq": source["seq"]})
    assert await forward(ann, source, *to) == first, "what was stored keeps its answer"


async def test_what_a_fault_left_out_is_stored_by_the_next_try(node: Node) -> None:
    ann, tom, eve = await phones(node, *await friends(node, 3))
    source = await say(ann, "twice", contact=tom.person.number)
    (to_eve,) = await forward(ann, source, {"contact": eve.person.number})
    both = await forward(ann, source, {"contact": eve.person.number}, {"contact": tom.person.number})
    assert both[0] == to_eve
    assert [entry["text"] for entry in await history(tom, source["chat"])] == ["twice", "twice"]


async def test_all_or_none_and_the_refusal_names_the_place(node: Node, parts: Parts) -> None:
    ann, tom, eve = await phones(node, *await friends(node, 3))
    (stranger,) = await newcomers(node, 1)
    source = await say(ann, "secret", contact=tom.person.number)
    foreign = await parts.found_group(eve.person)
    for wrong, code in (
        ({"contact": stranger.number}, "not_a_contact"),
        ({"chat": foreign.id}, "chat_not_found"),
        ({"group": foreign.group}, "chat_not_found"),
    ):
        body = {"chat": source["chat"], "seq": 1, "client_id": "x", "to": [{"contact": eve.person.number}, wrong]}
        answer = await ann.ask("message_forward", body)
        assert answer["error"]["code"] == code
        assert answer["error"]["message"].startswith("to[1]: ")
    await parts.block(ann.person, eve.person)
    body = {
        "chat": source["chat"],
        "seq": 1,
        "client_id": "x",
        "to": [{"chat": source["chat"]}, {"contact": eve.person.number}],
    }
    assert await refused(ann, "message_forward", body) == "contact_blocked"
    assert len(await history(ann, source["chat"])) == 1
    assert (await answered(eve, "chats", {}))["chats"][0]["chat"] == foreign.id
    assert "secret" not in str(eve.heard)


async def test_only_who_may_read_the_source_may_forward_it(node: Node, parts: Parts) -> None:
    ann, tom, eve = await phones(node, *await friends(node, 3))
    chat = (await parts.found_group(ann.person, tom.person)).id
    source = await say(ann, "one", chat=chat)
    body = {"chat": chat, "seq": 2, "client_id": "x", "to": [{"contact": ann.person.number}]}
    assert await refused(eve, "message_forward", body) == "chat_not_found"
    await add(parts, ann, chat, eve.person)
    assert await refused(eve, "message_forward", body) == "message_not_found"
    assert await refused(tom, "message_forward", body | {"seq": 3}) == "message_not_found"  # no message
    await remove(parts, ann, chat, tom.person)
    await answered(ann, "message_edit", {"chat": chat, "seq": 2, "text": "two"})
    (copy,) = await forward(tom, source, {"contact": ann.person.number})
    assert copy["text"] == "one", "as it was when Tom left"
    await answered(ann, "message_delete", {"chat": chat, "seq": 2})
    assert await refused(tom, "message_forward", body) == "message_deleted"
    seq = (await say(ann, "three", chat=chat))["seq"]
    await store_untold(parts, ann.person, chat, Deletion(seq))
    assert await refused(ann, "message_forward", body | {"seq": seq}) == "message_deleted"
    await answered(eve, "message_delete", {"chat": chat, "seq": seq, "scope": "me"})
    assert await refused(eve, "message_forward", body | {"seq": seq}) == "message_not_found"


async def test_a_client_id_that_stands_for_something_else_in_one_chat_leaves_nothing_in_the_others(node: Node) -> None:
    ann, tom, eve = await phones(node, *await friends(node, 3))
    source = await say(ann, "one", contact=tom.person.number)
    chat = (await say(ann, "two", contact=eve.person.number))["chat"]
    await answered(ann, "reaction_set", {"chat": chat, "seq": 1, "emoji": "👍", "client_id": "taken"})
    body = {"chat": source["chat"], "seq": 1, "client_id": "taken", "to": [{"chat": source["chat"]}, {"chat": chat}]}
    answer = await ann.ask("message_forward", body)
    assert answer["error"]["code"] == "client_id_reused"
    assert answer["error"]["message"].startswith("to[1]: ")
    assert len(await history(tom, source["chat"])) == 1


async def test_copies_that_fit_into_no_answer_are_refused(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, tom, eve, kim = await phones(node, *await friends(node, 4))
    source = await say(ann, "x" * 1000, contact=tom.person.number)
    three = [{"contact": one.person.number} for one in (tom, eve, kim)]
    first = await forward(ann, source, *three)
    monkeypatch.setattr(forward_service, "ANSWER_MAX_CHARS", 3000)
    assert await forward(ann, source, *three) == first, "what was stored keeps its answer"
    body = {"chat": source["chat"], "seq": 1, "client_id": "x", "to": three}
    assert await refused(ann, "message_forward", body) == "too_long"
    assert len(await forward(ann, source, *three[:2], client_id="x")) == 2
    monkeypatch.setattr(forward_service, "ANSWER_MAX_CHARS", 1)
    assert len(await forward(ann, source, three[2], client_id="x")) == 1, "one message is as long as it was sent"


@pytest.mark.parametrize("fault", [Unavailable, asyncio.CancelledError])
async def test_the_file_is_held_until_the_copies_before_a_fault_are_stored(
    node: Node, parts: Parts, monkeypatch: pytest.MonkeyPatch, fault: type[BaseException]
) -> None:
    ann, tom, eve = await friends(node, 3)
    sent = await send_picture(node, ann, tom)
    service, files = services_of(node).chats.forward, parts.database.collection("media.files")
    named = {"metadata.names.name": sent["url"].rpartition("/")[2]}
    first: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
    appended = iter([first])

    async def append(*_: object) -> "asyncio.Future[Stored]":
        for future in appended:
            return future
        raise fault

    monkeypatch.setattr(SendMessage, "append", append)
    to = [ChatRef(contact=eve.number), ChatRef(chat_id=sent["chat"])]
    with pytest.raises(fault):
        _ = await service.submit(
            Actor(ann.account_id, ann.number, "session"), ChatRef(chat_id=sent["chat"]), sent["seq"], to, "f"
        )
    row = await files.find_one(named)
    assert row is not None
    assert len(row["metadata"]["holds"]) == 1
    first.set_exception(Unavailable())

    async def is_let_go() -> bool:
        return not (await files.find_one(named) or row)["metadata"]["holds"]

    await until(is_let_go)


@pytest.mark.parametrize("to", [None, [], {}, [5], [{}], [{"chat": 1, "contact": "1"}], [{"chat": 1}] * 21], ids=str)
async def test_no_list_of_chats_is_refused(written: tuple[Device, int], to: object) -> None:
    ann, chat = written
    assert await refused(ann, "message_forward", {"chat": chat, "seq": 1, "client_id": "x", "to": to}) == "malformed"
    assert await refused(ann, "message_forward", {"chat": chat, "seq": 1, "to": [{"chat": chat}]}) == "malformed"


async def test_a_file_stays_as_long_as_either_message(node: Node) -> None:
    ann, tom, eve = await friends(node, 3)
    sent = await send_picture(node, ann, tom)
    body = {"to": [{"contact": eve.number}], "client_id": "f"}
    path = f"/api/messages/{sent['id']}/forward/"
    status, answer = await node.rest("POST", path, tom, json=body)
    assert status == 200, answer
    (copy,) = answer["messages"]
    assert sent["url"].endswith(copy["url"])
    assert (copy["hash"], copy["width"], copy["forwarded"]) == (sent["hash"], 300, 1)
    assert await node.rest("POST", path, tom, json=body) == (200, answer)
    ann_phone, tom_phone = await phones(node, ann, tom)
    statuses = [await status_of(node, copy["url"])]
    for phone, message in ((ann_phone, sent), (tom_phone, copy)):
        await answered(phone, "message_delete", {"chat": message["chat"], "seq": message["seq"]})
        statuses.append(await status_of(node, copy["url"]))
    assert statuses == [200, 200, 404]


async def test_a_file_that_loses_its_last_message_meanwhile_is_held_for_the_copy(node: Node) -> None:
    ann, tom = await friends(node, 2)
    sent = await send_picture(node, ann, tom)
    stores = services_of(node).runtime.stores
    name = sent["url"].rpartition("/")[2]
    async with stores.media_holds.hold(name) as is_there:
        assert is_there
        (phone,) = await phones(node, ann)
        await answered(phone, "message_delete", {"chat": sent["chat"], "seq": sent["seq"]})
        assert await status_of(node, f"/media/{name}") == 200
    async with stores.media_holds.hold("nothing.jpg") as is_there:
        assert not is_there


async def test_each_chat_costs_what_a_message_costs(stores: EmbeddedStores, tmp_path: Path) -> None:
    limits = {"enabled": True, "messages_per_s": 0.001, "messages_burst": 6}
    async with running_node(stores, settings_for(tmp_path, limits=limits)) as node:
        ann, tom, eve, kim = await friends(node, 4)
        (phone,) = await phones(node, ann)
        source = await say(phone, contact=tom.number)
        await forward(phone, source, *({"contact": other.number} for other in (tom, eve, kim)))
        await say(phone, contact=tom.number)
        await say(phone, contact=tom.number)
        body = {"chat": source["chat"], "seq": source["seq"], "to": [{"contact": tom.number}], "client_id": "last"}
        assert await refused(phone, "message_forward", body) == "rate_limited"
