"""The lists of REST cost what they show, and not what the chat holds: rows that MongoDB looked at, in chats of two lengths."""

from typing import Any

import pytest

from tests.conversation.talk import friends, phones, say
from tests.support.node import Node, Person
from tests.support.parts import Parts
from tests.support.plans import recorded_plans

SHORT, LONG = 3_000, 9_000
BOUND = 2_500  # rows and keys of one answer, where a page has twenty


async def ask(node: Node, who: Person, path: str, **query: object) -> tuple[int, dict[str, Any]]:
    status, shown = await node.rest("GET", path, who, params={name: str(value) for name, value in query.items()})
    return status, shown


async def talk(node: Node, parts: Parts, length: int) -> tuple[Person, Person, int]:
    """Two friends, and a long chat in which only the first one writes."""
    ann, tom = await friends(node, 2)
    (phone,) = await phones(node, ann)
    chat = (await say(phone, contact=tom.number))["chat"]
    await parts.write(ann, chat, length)
    return ann, tom, chat


async def cost(parts: Parts, node: Node, who: Person, path: str, **query: object) -> tuple[int, dict[str, Any]]:
    async with recorded_plans(parts.database, "entries") as plans:
        status, shown = await ask(node, who, path, **query)
        assert status == 200, shown
    return sum(plan.docs_examined for plan in plans), shown


@pytest.mark.parametrize("what", ["received_only", "delivered", "read", "last read", "group"])
async def test_what_nobody_or_hardly_anybody_wrote_is_found_without_reading_what_others_did(
    node: Node, parts: Parts, what: str
) -> None:
    spent = []
    for length in (SHORT, LONG):
        ann, tom, chat = await talk(node, parts, length)
        match what:
            case "received_only":
                rows, shown = await cost(parts, node, ann, f"/api/messages/chats/{tom.number}/", received_only=1)
                assert shown == {"messages": [], "more": False}
            case "delivered" | "read":
                rows, shown = await cost(parts, node, tom, f"/api/messages/{what}/{ann.number}/")
                assert shown == {"messages": [], "more": False}
            case "last read":
                async with recorded_plans(parts.database, "entries") as plans:
                    body = {"contact": tom.number}
                    status, shown = await node.rest("POST", "/api/messages/update-last-read/", ann, json=body)
                    assert (status, shown["updated"]) == (200, 0)
                rows = sum(plan.docs_examined for plan in plans)
            case _:
                group = await parts.found_group(ann, tom)
                await parts.write(ann, group.id, length)
                path = f"/api/messages/chats/{group.group}/"
                rows, shown = await cost(parts, node, ann, path, received_only=1)
                assert shown == {"messages": [], "more": False}
        spent.append(rows)
    assert spent[1] <= spent[0] + 100
    assert max(spent) <= BOUND


async def test_the_few_that_somebody_wrote_long_ago_are_found(node: Node, parts: Parts) -> None:
    ann, tom, chat = await talk(node, parts, 10)
    await parts.write(tom, chat, 3, "mine")
    await parts.write(ann, chat, SHORT)
    for query, count in (({}, 3), ({"limit": 2}, 2), ({"offset": 2}, 1)):
        rows, shown = await cost(parts, node, ann, f"/api/messages/chats/{tom.number}/", received_only=1, **query)
        assert [message["text"] for message in shown["messages"]] == ["mine"] * count
        assert rows <= BOUND
    _, shown = await cost(parts, node, tom, f"/api/messages/delivered/{ann.number}/")
    assert len(shown["messages"]) == 3


async def test_before_goes_through_a_chat_at_the_same_cost_for_each_page(node: Node, parts: Parts) -> None:
    ann, tom, chat = await talk(node, parts, SHORT)
    path = f"/api/messages/chats/{tom.number}/"
    seen: list[str] = []
    query: dict[str, object] = {"limit": 1000}
    for _ in range(SHORT // 1000 + 2):
        rows, shown = await cost(parts, node, ann, path, **query)
        assert rows <= BOUND
        if not shown["messages"]:
            break
        ids = [message["id"] for message in shown["messages"]]
        seen = ids + seen
        query["before"] = ids[0]
    assert len(seen) == len(set(seen)) == SHORT + 1
    assert seen == sorted(seen)
    for name in ("delivered", "read"):
        _, shown = await cost(parts, node, ann, f"/api/messages/{name}/{tom.number}/", before=seen[5])
        assert all(message["id"] < seen[5] for message in shown["messages"])


async def test_an_offset_far_into_a_long_chat_is_refused_and_says_how_to_go_on(node: Node, parts: Parts) -> None:
    ann, tom, _ = await talk(node, parts, 12_000)
    path = f"/api/messages/chats/{tom.number}/"
    status, shown = await ask(node, ann, path, offset=11_000)
    assert (status, shown["code"]) == (400, "malformed")
    assert "before" in shown["error"]
    assert (await ask(node, ann, path, offset=9_000))[0] == 200


@pytest.mark.parametrize("before", ["x", "12", "G" * 22, "F" * 22, "0" * 22])
async def test_what_is_no_message_of_the_chat_is_no_place_to_go_on_from(node: Node, parts: Parts, before: str) -> None:
    ann, tom, _ = await talk(node, parts, 1)
    status, shown = await ask(node, ann, f"/api/messages/chats/{tom.number}/", before=before)
    assert (status, shown["code"]) == (400, "malformed")


async def test_where_looking_ends_before_a_page_is_full_the_answer_says_where_to_go_on(
    node: Node, parts: Parts
) -> None:
    ann, tom, chat = await talk(node, parts, 10)
    await parts.write(tom, chat, 1_100, "mine")
    await parts.write(ann, chat, 25_000)
    path = f"/api/messages/chats/{tom.number}/"
    rows, shown = await cost(parts, node, ann, path, received_only=1)
    assert shown["messages"] == []
    assert rows <= 25_000
    _, shown = await cost(parts, node, ann, path, received_only=1, before=shown["next"])
    assert [message["text"] for message in shown["messages"]] == ["mine"] * 20
    assert shown["more"]
