"""Typing: shown to the others in the chat while it lasts, and it always ends."""

import pytest

from models.documents.entry import Left
from tests.conversation.talk import (
    TYPING_EXPIRES_S,
    answered,
    friends,
    newcomers,
    phones,
    refused,
    say,
    silence,
)
from tests.support.node import Device, Node
from tests.support.parts import Parts


def states(device: Device) -> list[str]:
    return [body["state"] for body in device.told("typing")]


async def start(device: Device, chat: int) -> None:
    await answered(device, "typing_start", {"chat": chat}, "/typing")


async def test_others_see_it_and_oneself_does_not(node: Node, parts: Parts) -> None:
    ann, tom, max_ = await phones(node, *await friends(node, 3))
    group = await parts.found_group(ann.person, tom.person, max_.person)
    await start(ann, group.id)
    for device in (tom, max_):
        (shown,) = await device.expect("typing")
        assert shown == {
            "chat": group.id,
            "account": ann.person.account_id,
            "state": "typing",
            "expires_in_ms": int(TYPING_EXPIRES_S * 1000),
        }
    await silence(ann, tom)
    assert states(ann) == []


async def test_it_ends_by_itself(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    chat = (await say(ann, contact=tom.person.number))["chat"]
    await start(ann, chat)
    await tom.until(lambda: states(tom) == ["typing", "paused"], within_s=TYPING_EXPIRES_S + 7)


async def test_it_ends_by_a_stop_and_a_second_stop_says_nothing(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    chat = (await say(ann, contact=tom.person.number))["chat"]
    await start(ann, chat)
    for _ in range(2):
        await answered(ann, "typing_stop", {"contact": tom.person.number}, "/typing")
    await silence(tom, ann)
    assert states(tom) == ["typing", "paused"]


async def test_a_message_says_it_all(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    chat = (await say(ann, contact=tom.person.number))["chat"]
    await start(ann, chat)
    await say(ann, chat=chat)
    await start(tom, chat)
    await ann.until(lambda: states(ann) == ["typing", "paused"])  # Tom's time was over after Ann's would have been
    assert states(tom) == ["typing"]


async def test_it_ends_when_the_last_socket_is_gone(node: Node) -> None:
    ann, tom, max_ = await phones(node, *await friends(node, 3))
    (tablet,) = await phones(node, ann.person)
    chat = (await say(ann, contact=tom.person.number))["chat"]
    await start(tablet, chat)
    await ann.client.disconnect()
    await silence(tom, max_)
    assert states(tom) == ["typing"]
    later = (await say(max_, contact=tom.person.number))["chat"]
    await start(max_, later)
    await start(tablet, chat)
    await tablet.client.disconnect()
    await tom.expect("typing", 5)
    # Ann's ends before Max's, who began earlier: not by time, then.
    assert [(body["chat"], body["state"]) for body in tom.told("typing")[-2:]] == [(chat, "paused"), (later, "paused")]


async def test_who_is_not_in_the_chat_is_refused(node: Node, parts: Parts) -> None:
    ann, tom, max_ = await phones(node, *await friends(node, 3))
    (eve,) = await phones(node, *await newcomers(node, 1))
    group = await parts.found_group(ann.person, tom.person)
    unknown = [
        {"chat": group.id},
        {"group": group.group},
        {"contact": ann.person.number},
        {"contact": "49309999999999"},
    ]
    for target in unknown:
        for event in ("typing_start", "typing_stop"):
            assert await refused(eve, event, target, "/typing") == "chat_not_found"
    assert await refused(max_, "typing_start", {"contact": ann.person.number}, "/typing") == "chat_not_found"
    for target in ({}, {"chat": group.id, "group": group.group}, {"chat": "1"}, {"contact": "x"}, {"group": "x"}):
        assert await refused(ann, "typing_start", target, "/typing") == "malformed"
    assert states(ann) == []


async def test_who_left_is_shown_nothing_more(node: Node, parts: Parts) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    group = await parts.found_group(ann.person, tom.person)
    await parts.change_chat(ann.person, group.id, Left(tom.person.account_id, tom.person.number))
    await start(ann, group.id)
    await silence(tom, ann)
    assert states(tom) == []


@pytest.mark.parametrize("blocker", [0, 1])
async def test_a_block_hides_it_both_ways(node: Node, parts: Parts, blocker: int) -> None:
    devices = await phones(node, *await friends(node, 3))
    ann, tom, max_ = devices
    chat = (await say(ann, contact=tom.person.number))["chat"]
    await parts.block(devices[blocker].person, devices[1 - blocker].person)
    await start(ann, chat)
    await start(tom, chat)
    await answered(ann, "typing_stop", {"chat": chat}, "/typing")
    await ann.client.disconnect()  # and by leaving
    await start(tom, chat)
    await silence(tom, max_)
    assert states(ann) == states(tom) == []
