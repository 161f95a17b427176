"""What an edited message said before is shown to those who could read it then, and to nobody once it is deleted."""

from typing import Any

import pytest

from models.documents.entry import Deletion, Edit
from models.services.chats import wordings
from tests.conversation.talk import answered, friends, history, phones, refused, say
from tests.conversation.test_out_and_in import add, remove, store_untold
from tests.support.node import Device, Node
from tests.support.parts import Parts


async def said(device: Device, chat: int, seq: int) -> list[str]:
    answer = await answered(device, "message_history", {"chat": chat, "seq": seq})
    return [wording["text"] for wording in answer["wordings"]]


async def edit(device: Device, chat: int, seq: int, text: str) -> dict[str, Any]:
    return await answered(device, "message_edit", {"chat": chat, "seq": seq, "text": text})


async def test_every_wording_is_shown_with_its_time_on_both_doors(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    message = await say(ann, "one", contact=tom.person.number)
    chat, seq = message["chat"], message["seq"]
    assert await said(tom, chat, seq) == ["one"]
    edits = [await edit(ann, chat, seq, text) for text in ("two", "three")]
    expected = [
        {"text": "one", "at": message["sent_at"]},
        *({"text": one["entry"]["text"], "at": one["entry"]["edited_at"]} for one in edits),
    ]
    for device in (ann, tom):
        assert (await answered(device, "message_history", {"chat": chat, "seq": seq}))["wordings"] == expected
        answer = await node.rest("GET", f"/api/messages/{message['id']}/history/", device.person)
        assert answer == (200, {"wordings": expected})


async def test_a_caption_that_was_added_is_the_first_wording(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    place = {"contact": tom.person.number, "client_id": "l", "type": "l", "latitude": 1, "longitude": 2}
    message = (await answered(ann, "message_send", place))["message"]
    assert await said(tom, message["chat"], 1) == []
    await edit(ann, message["chat"], 1, "here")
    assert await said(tom, message["chat"], 1) == ["here"]


async def test_an_edit_that_waits_to_be_applied_is_among_them(node: Node, parts: Parts) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    chat = (await say(ann, "one", contact=tom.person.number))["chat"]
    await store_untold(parts, ann.person, chat, Edit(1, "two"))
    assert await said(tom, chat, 1) == ["one", "two"]


async def test_who_was_away_is_shown_those_that_stood_while_it_was_there(node: Node, parts: Parts) -> None:
    ann, tom, eve = await phones(node, *await friends(node, 3))
    chat = (await parts.found_group(ann.person, tom.person)).id
    await say(ann, "one", chat=chat)
    await edit(ann, chat, 2, "two")
    await remove(parts, ann, chat, tom.person)
    await edit(ann, chat, 2, "away")
    assert await said(tom, chat, 2) == ["one", "two"], "as when it left"
    await edit(ann, chat, 2, "still away")
    await add(parts, ann, chat, tom.person)
    await edit(ann, chat, 2, "back")
    assert await said(tom, chat, 2) == ["one", "two", "still away", "back"]
    assert await said(ann, chat, 2) == ["one", "two", "away", "still away", "back"]
    assert await refused(eve, "message_history", {"chat": chat, "seq": 2}) == "chat_not_found"
    await add(parts, ann, chat, eve.person)
    assert await refused(eve, "message_history", {"chat": chat, "seq": 2}) == "message_not_found"
    assert (await node.rest("GET", f"/api/messages/{(chat << 32) + 2:022x}/history/", eve.person))[0] == 404


async def test_a_deleted_message_has_none(node: Node, parts: Parts) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    chat = (await say(ann, "secret one", contact=tom.person.number))["chat"]
    await edit(ann, chat, 1, "secret two")
    await say(ann, "another secret", chat=chat)
    await store_untold(parts, ann.person, chat, Deletion(3))
    await answered(ann, "message_delete", {"chat": chat, "seq": 1})
    for seq in (1, 3):  # one whose deletion waits to be applied, too
        assert await refused(tom, "message_history", {"chat": chat, "seq": seq}) == "message_deleted"
    assert await refused(tom, "message_history", {"chat": chat, "seq": 2}) == "message_not_found"  # an edit


async def test_what_one_deleted_for_oneself_or_was_kept_from_one_has_none(node: Node, parts: Parts) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    chat = (await say(ann, "one", contact=tom.person.number))["chat"]
    await answered(tom, "message_delete", {"chat": chat, "seq": 1, "scope": "me"})
    assert await refused(tom, "message_history", {"chat": chat, "seq": 1}) == "message_not_found"
    assert await said(ann, chat, 1) == ["one"]
    await parts.block(tom.person, ann.person)
    await say(ann, "kept back", chat=chat)
    assert await refused(tom, "message_history", {"chat": chat, "seq": 2}) == "message_not_found"


async def test_there_is_an_end_to_them(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    chat = (await say(ann, "x" * 10, contact=tom.person.number))["chat"]
    for text in ("two", "three", "four"):
        await edit(ann, chat, 1, text)
    monkeypatch.setattr(wordings, "WORDINGS_MAX", 2)
    assert await said(tom, chat, 1) == ["three", "four"]
    monkeypatch.setattr(wordings, "WORDINGS_MAX", 100)
    monkeypatch.setattr(wordings, "ANSWER_MAX_CHARS", 13)
    assert await said(tom, chat, 1) == ["two", "three", "four"]
    assert len(await history(tom, chat)) == 4
