"""A request that was acknowledged keeps its answer under its client id, whatever its author may not do or see any more."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from server.embedded import EmbeddedStores
from tests.conversation.talk import answered, friends, phones, refused, say
from tests.support.node import Node, Person, running_node, settings_for
from tests.support.parts import Parts


def edit(message: dict[str, Any], text: str = "better") -> tuple[str, dict[str, Any]]:
    return "message_edit", {"chat": message["chat"], "seq": message["seq"], "text": text, "client_id": "e"}


def deletion(message: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "message_delete", {"chat": message["chat"], "seq": message["seq"], "scope": "all", "client_id": "d"}


def reaction(message: dict[str, Any], emoji: str = "👍") -> tuple[str, dict[str, Any]]:
    return "reaction_set", {"chat": message["chat"], "seq": message["seq"], "emoji": emoji, "client_id": "r"}


Change = Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]
CHANGES = pytest.mark.parametrize("change", [edit, deletion, reaction])


@CHANGES
@pytest.mark.parametrize("who", ["the other", "oneself"])
async def test_a_change_sent_again_after_a_block_keeps_its_answer(
    node: Node, parts: Parts, change: Change, who: str
) -> None:
    ann, tom = await friends(node, 2)
    (phone,) = await phones(node, ann)
    message = await say(phone, contact=tom.number)
    first = await answered(phone, *change(message))
    await parts.block(*((tom, ann) if who == "the other" else (ann, tom)))
    assert await answered(phone, *change(message)) == first
    if change is not deletion:
        again = {**change(message)[1], "client_id": "another"}
        assert await refused(phone, change(message)[0], again) in ("forbidden", "contact_blocked")


@CHANGES
async def test_a_change_sent_again_after_delete_for_me_keeps_its_answer_and_shows_nothing_of_the_message(
    node: Node, change: Change
) -> None:
    ann, tom = await friends(node, 2)
    (phone,) = await phones(node, ann)
    message = await say(phone, "a word", contact=tom.number)
    first = await answered(phone, *change(message))
    await answered(phone, "message_delete", {"chat": message["chat"], "seq": message["seq"], "scope": "me"})
    again = await answered(phone, *change(message))
    assert again["entry"]["seq"] == first["entry"]["seq"]
    assert again["message"]["id"] == message["id"]
    assert "a word" not in str(again)
    assert "better" not in str(again)
    assert "reactions" not in again["message"]


async def found(node: Node, founder: Person, *others: Person) -> str:
    body = {"participants": [other.number for other in others], "subject": "Us"}
    status, group = await node.rest("POST", "/api/groups/create-group/", founder, json=body)
    assert status == 201, group
    groupid: str = group["groupid"]
    return groupid


async def turn(node: Node, who: Person, group: str, act: str, whom: Person) -> None:
    status, shown = await node.rest(
        "POST", f"/api/groups/{group}/{act}-participant/", who, json={"contact": whom.number}
    )
    assert status == 200, shown


@CHANGES
async def test_a_change_sent_again_after_a_removal_keeps_its_answer_and_shows_nothing_that_came_later(
    node: Node, change: Change
) -> None:
    ann, tom, eve = await friends(node, 3)
    group = await found(node, ann, tom, eve)
    phone, other = await phones(node, tom, eve)
    message = await say(phone, "a word", group=group)
    first = await answered(phone, *change(message))
    await turn(node, ann, group, "remove", tom)
    if change is not deletion:
        await answered(other, *reaction(message, "🔥"))
    assert await answered(phone, *change(message)) == first
    event, body = change(message)
    assert await refused(phone, event, {**body, "client_id": "another"}) == "chat_not_found"


async def test_a_message_sent_again_after_a_removal_shows_nothing_that_came_later(node: Node) -> None:
    ann, tom, eve = await friends(node, 3)
    group = await found(node, ann, tom, eve)
    phone, other = await phones(node, tom, eve)
    body = {"group": group, "client_id": "m", "text": "a word"}
    first = await answered(phone, "message_send", body)
    await turn(node, ann, group, "remove", tom)
    await answered(other, *reaction(first["message"], "🔥"))
    assert await answered(phone, "message_send", body) == first


async def test_a_deletion_by_an_admin_sent_again_after_a_demotion_keeps_its_answer(node: Node) -> None:
    ann, tom = await friends(node, 2)
    group = await found(node, ann, tom)
    await turn(node, ann, group, "promote", tom)
    mine, other = await phones(node, ann, tom)
    message = await say(mine, "a word", group=group)
    first = await answered(other, *deletion(message))
    await turn(node, ann, group, "demote", tom)
    assert await answered(other, *deletion(message)) == first


async def test_delete_for_me_sent_again_is_answered_as_before_and_told_again(node: Node) -> None:
    ann, tom = await friends(node, 2)
    group = await found(node, ann, tom)
    (phone,) = await phones(node, tom)
    message = await say(phone, "a word", group=group)
    hide = {"chat": message["chat"], "seq": message["seq"], "scope": "me"}
    first = await answered(phone, "message_delete", hide)
    assert await answered(phone, "message_delete", hide) == first
    await phone.expect("message_deleted", 2)
    await turn(node, ann, group, "remove", tom)
    assert await answered(phone, "message_delete", hide) == first
    assert await refused(phone, "message_delete", {**hide, "seq": 999}) in ("chat_not_found", "message_not_found")


@pytest.mark.parametrize("mark", ["delivered", "read"])
async def test_a_receipt_sent_again_after_a_removal_keeps_its_answer(node: Node, mark: str) -> None:
    ann, tom = await friends(node, 2)
    group = await found(node, ann, tom)
    mine, other = await phones(node, ann, tom)
    message = await say(mine, "a word", group=group)
    body = {"chat": message["chat"], "seq": message["seq"]}
    first = await answered(other, mark, body, "/receipts")
    await turn(node, ann, group, "remove", tom)
    assert await answered(other, mark, body, "/receipts") == first
    assert await refused(other, mark, {**body, "seq": message["seq"] + 2}, "/receipts") == "chat_not_found"


async def test_what_was_right_when_it_was_sent_keeps_its_answer_when_less_is_allowed(
    stores: EmbeddedStores, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path)
    long = "a" * 200
    async with running_node(stores, settings) as before:
        ann, tom = await friends(before, 2)
        (phone,) = await phones(before, ann)
        sending = "message_send", {"contact": tom.number, "client_id": "m", "text": long}
        message = (await answered(phone, *sending))["message"]
        edited = await answered(phone, *edit(message, long + "b"))
        form = {"contact": tom.number, "client_id": "rest", "message": long}
        status, shown = await before.rest("POST", "/api/messages/send-message/", ann, json=form)
        assert status == 200, shown
    shorter = settings.model_copy(update={"chat": settings.chat.model_copy(update={"text_max_chars": 100})})
    async with running_node(stores, shorter) as after:
        (phone,) = await phones(after, ann)
        assert (await answered(phone, *sending))["message"]["seq"] == message["seq"]
        assert await answered(phone, *edit(message, long + "b")) == edited
        assert await after.rest("POST", "/api/messages/send-message/", ann, json=form) == (200, shown)
        assert await refused(phone, sending[0], {**sending[1], "client_id": "another"}) == "too_long"
        status, _ = await after.rest("POST", "/api/messages/send-message/", ann, json={**form, "client_id": "another"})
        assert status == 400
