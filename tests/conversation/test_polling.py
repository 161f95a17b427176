"""Who asks again and again over REST gets everything once: page by page in one chat, and by one request for all chats."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.conversation.talk import friends, newcomers, phones, say, synced
from tests.support.node import Node, Person
from tests.support.parts import Parts

SYNC = "/api/messages/sync/"
MANY = 50


async def ask(node: Node, who: Person, path: str, **query: object) -> dict[str, Any]:
    status, shown = await node.rest("GET", path, who, params={name: str(value) for name, value in query.items()})
    assert status == 200, shown
    assert shown["more"] is ("next" in shown)
    found: dict[str, Any] = shown
    return found


async def pages(node: Node, who: Person, path: str, **query: object) -> AsyncIterator[list[dict[str, Any]]]:
    """Every page that `next` leads to, the newest first."""
    for _ in range(MANY):
        shown = await ask(node, who, path, **query)
        yield shown["messages"]
        if not shown["more"]:
            return
        query = {name: value for name, value in query.items() if name != "offset"} | {"before": shown["next"]}
    pytest.fail("this does not end")


def ids(messages: list[dict[str, Any]]) -> list[str]:
    return [message["id"] for message in messages]


async def test_a_poller_follows_next_to_all_that_came_since_it_was_there(node: Node, parts: Parts) -> None:
    """All within one second, as `write` gives them one time, and more while it asks."""
    ann, tom = await friends(node, 2)
    (phone,) = await phones(node, ann)
    first = await say(phone, contact=tom.number)
    path = f"/api/messages/chats/{ann.number}/"
    held = ids((await ask(node, tom, path))["messages"])
    assert held == [first["id"]]
    for _ in range(2):
        await parts.write(ann, first["chat"], MANY)
        since, found = held[-1], list[str]()
        async for page in pages(node, tom, path, after=since):
            assert len(page) <= 20
            assert ids(page) == sorted(ids(page))
            found = ids(page) + found
            await parts.write(ann, first["chat"], 1)
        held += found
    found = []
    async for page in pages(node, tom, path, after=held[-1], limit=1000):
        found = ids(page) + found
    held += found
    whole = [page async for page in pages(node, tom, path, limit=1000)]
    assert held == [each for page in reversed(whole) for each in ids(page)]
    assert len(held) == len(set(held)) > 2 * MANY


@pytest.mark.parametrize("since", ["time", "id"])
async def test_after_a_time_there_are_no_fewer_than_after_an_id(node: Node, parts: Parts, since: str) -> None:
    ann, tom = await friends(node, 2)
    (phone,) = await phones(node, ann)
    first = await say(phone, contact=tom.number)
    path = f"/api/messages/chats/{ann.number}/"
    (seen,) = (await ask(node, tom, path))["messages"]
    await parts.write(ann, first["chat"], MANY)
    found: list[str] = []
    async for page in pages(node, tom, path, after=seen[since], offset=0):
        found = ids(page) + found
    assert found[-MANY:] == [f"{int(first['id'], 16) + n:022X}" for n in range(1, MANY + 1)]
    assert set(found[:-MANY]) <= {first["id"]}, "those of the last second again, whose time has no fractions"


@pytest.mark.parametrize("name", ["delivered", "read"])
async def test_receipts_lead_on_as_messages_do(node: Node, parts: Parts, name: str) -> None:
    ann, tom = await friends(node, 2)
    (phone,) = await phones(node, ann)
    first = await say(phone, contact=tom.number)
    await parts.write(ann, first["chat"], MANY)
    await node.rest("POST", "/api/messages/update-last-read/", tom, json={"contact": ann.number})
    path = f"/api/messages/{name}/{tom.number}/"
    found: list[str] = []
    async for page in pages(node, ann, path):
        found = ids(page) + found
    assert len(found) == len(set(found)) == MANY + 1
    behind: list[str] = []
    async for page in pages(node, ann, path, after=found[9], limit=7):
        behind = ids(page) + behind
    assert behind == found[10:]


async def test_a_page_that_is_just_full_has_no_more(node: Node, parts: Parts) -> None:
    ann, tom = await friends(node, 2)
    (phone,) = await phones(node, ann)
    first = await say(phone, contact=tom.number)
    await parts.write(ann, first["chat"], 19)
    path = f"/api/messages/chats/{ann.number}/"
    for query, count, more in (
        ({}, 20, False),
        ({"limit": 19}, 19, True),
        ({"limit": 0}, 0, True),
        ({"offset": 1}, 19, False),
    ):
        shown = await ask(node, tom, path, **query)
        assert (len(shown["messages"]), shown["more"]) == (count, more), query
    assert not (await ask(node, tom, path, after=shown["messages"][-1]["id"], offset=1))["more"]


async def test_the_next_page_has_an_address(node: Node, parts: Parts) -> None:
    ann, tom = await friends(node, 2)
    (phone,) = await phones(node, ann)
    first = await say(phone, contact=tom.number)
    await parts.write(ann, first["chat"], 29)
    url, found = f"{node.url}/api/messages/chats/{ann.number}/?after={first['id']}&limit=10&offset=5", list[str]()
    for _ in range(3):
        async with node.http.get(url, headers={"Authorization": f"Bearer {tom.token}"}) as answer:
            found = ids((await answer.json())["messages"]) + found
            link = answer.links.get("next")
        if link is None:
            break
        url = str(link["url"])
    assert [int(each, 16) - int(first["id"], 16) for each in found] == [*range(1, 25)]


@pytest.mark.parametrize("after", ["0" * 22, "F" * 22])
async def test_a_message_of_another_chat_is_no_place_to_go_on_from(node: Node, after: str) -> None:
    ann, tom = await friends(node, 2)
    (phone,) = await phones(node, ann)
    await say(phone, contact=tom.number)
    for path in (f"/api/messages/chats/{ann.number}/", f"/api/messages/delivered/{ann.number}/"):
        status, shown = await node.rest("GET", path, tom, params={"after": after})
        assert (status, shown["code"]) == (400, "malformed")
        assert shown["error"].startswith("after")


async def test_one_request_tells_what_is_new_in_all_chats_as_a_socket_is_told(node: Node, parts: Parts) -> None:
    ann, tom, eve = await friends(node, 3)
    to_ann, to_tom = await phones(node, ann, tom)
    chats = [(await say(to_ann, contact=other.number))["chat"] for other in (tom, eve)]
    group = await parts.found_group(ann, tom, eve)
    await say(to_ann, chat=group.id)
    cursors: dict[str, int] = {}
    for text in ("one", "two"):
        await parts.write(ann, chats[0], MANY, text)
        await say(to_tom, text, chat=group.id)
        status, shown = await node.rest("POST", SYNC, tom, json={"cursors": cursors, "account": tom.number})
        assert status == 200
        told = await synced(to_tom, {int(chat): cursor for chat, cursor in cursors.items()})
        assert shown == {"chats": [*told.values()], "more": False}
        by_chat = {state["chat"]: state for state in shown["chats"]}
        assert by_chat.keys() == {chats[0], group.id}
        if cursors:
            assert [entry["text"] for entry in by_chat[chats[0]]["entries"]] == [text] * MANY
            assert {state["status"] for state in shown["chats"]} == {"delta"}
        cursors = {str(state["chat"]): state["cursor"] for state in shown["chats"]}
    _, shown = await node.rest("POST", SYNC, tom, json={"cursors": cursors})
    assert [(state["status"], state["entries"]) for state in shown["chats"]] == [("current", [])] * 2


async def test_a_poller_gets_every_entry_of_every_chat_once(node: Node, parts: Parts) -> None:
    """Also where one answer does not hold them all."""
    ann, tom, eve = await friends(node, 3)
    to_ann, to_eve = await phones(node, ann, eve)
    chats = [(await say(phone, contact=tom.number))["chat"] for phone in (to_ann, to_eve)]
    cursors = {str(chat): 0 for chat in chats}
    for chat, who in zip(chats, (ann, eve), strict=True):
        await parts.write(who, chat, 1500)
    found: dict[int, list[int]] = {chat: [] for chat in chats}
    for _ in range(10):
        status, shown = await node.rest("POST", SYNC, tom, json={"cursors": cursors})
        assert status == 200
        for state in shown["chats"]:
            assert state["status"] in ("delta", "current")
            found[state["chat"]] += [entry["seq"] for entry in state["entries"]]
            cursors[str(state["chat"])] = state["cursor"]
        await parts.write(ann, chats[0], 1)
        if not shown["more"]:
            break
    assert not shown["more"]
    assert found[chats[0]] == [*range(1, len(found[chats[0]]) + 1)]
    assert len(found[chats[0]]) > 1500
    assert found[chats[1]] == [*range(1, 1502)]


async def test_cursors_come_in_a_form_too(node: Node) -> None:
    ann, tom = await friends(node, 2)
    (phone,) = await phones(node, ann)
    chat = (await say(phone, contact=tom.number))["chat"]
    for options in ({"data": {"cursors": f'{{"{chat}": 1}}'}}, {"json": {"cursors": {str(chat): 1}}}):
        status, shown = await node.rest("POST", SYNC, tom, **options)
        assert (status, [state["status"] for state in shown["chats"]]) == (200, ["current"])
    for options in ({}, {"json": {}}, {"data": {"cursors": ""}}, {"json": {"cursors": None}}):
        status, shown = await node.rest("POST", SYNC, tom, **options)
        assert (status, [state["status"] for state in shown["chats"]]) == (200, ["reset"])


@pytest.mark.parametrize(
    "cursors",
    [
        [],
        "x",
        "[",
        7,
        {"x": 1},
        {"1": -1},
        {"1": "1"},
        {"0": 1},
        {"1": 2**32},
        {"1": True},
        {str(n): 0 for n in range(1, 5002)},
    ],
    ids=lambda cursors: str(cursors)[:20],
)
async def test_what_is_no_cursor_is_refused(node: Node, cursors: object) -> None:
    (ann,) = await newcomers(node, 1)
    status, shown = await node.rest("POST", SYNC, ann, json={"cursors": cursors})
    assert (status, shown["code"]) == (400, "malformed")
    assert "cursor" in shown["error"] or "chat" in shown["error"]


async def test_the_chat_list_says_whether_there_is_more(node: Node) -> None:
    ann, *others = await friends(node, 4)
    (phone,) = await phones(node, ann)
    for other in others:
        await say(phone, contact=other.number)
    assert (await ask(node, ann, "/api/message/chats/"))["more"] is False
    assert (await ask(node, ann, "/api/message/chats/", limit=3))["more"] is False
    url, found = f"{node.url}/api/message/chats/?limit=2", list[str]()
    async with node.http.get(url, headers={"Authorization": f"Bearer {ann.token}"}) as answer:
        shown = await answer.json()
        url = str(answer.links["next"]["url"])
    assert shown["more"]
    found += [chat["id"] for chat in shown["chats"]]
    async with node.http.get(url, headers={"Authorization": f"Bearer {ann.token}"}) as answer:
        shown = await answer.json()
        assert not answer.links
    assert not shown["more"]
    assert found + [chat["id"] for chat in shown["chats"]] == [other.number for other in reversed(others)]
