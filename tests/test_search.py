"""Search over the sockets and REST of one node: right the moment something is acknowledged, and for each reader alone."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from models.documents.entry import Joined, Left
from models.documents.search_block import BLOCK
from server.embedded import EmbeddedStores
from tests.conversation.talk import answered, friends, newcomers, phones, refused, say
from tests.support.node import Device, Node, running_node, settings_for
from tests.support.parts import parts_of
from tests.support.plans import recorded_plans


async def search(device: Device, query: str, **more: Any) -> list[dict[str, Any]]:
    answer = await answered(device, "search", {"query": query, **more})
    hits: list[dict[str, Any]] = answer["hits"]
    return hits


async def found(device: Device, query: str, **more: Any) -> list[int]:
    return [hit["seq"] for hit in await search(device, query, **more)]


async def test_a_message_is_found_once_it_is_acknowledged(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    sent = await say(ann, "Let's have LUNCH at the café", contact=tom.person.number)
    for reader in (ann, tom):
        (hit,) = await search(reader, "cafe lun")
        assert (hit["chat"], hit["seq"], hit["message"]) == (sent["chat"], sent["seq"], {"kind": "message", **sent})
        assert hit["snippet"] == sent["text"]
        assert [hit["snippet"][start:end] for start, end in hit["ranges"]] == ["LUN", "café"]


async def test_an_edit_and_a_deletion_hold_once_they_are_acknowledged(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    sent = await say(ann, "lunch", contact=tom.person.number)
    named = {"chat": sent["chat"], "seq": sent["seq"]}
    await answered(ann, "message_edit", {**named, "text": "dinner"})
    assert await found(tom, "lunch") == []
    assert await found(tom, "dinner") == [sent["seq"]]
    await answered(tom, "message_delete", {**named, "scope": "me"})
    assert await found(tom, "dinner") == []
    assert await found(ann, "dinner") == [sent["seq"]]
    await answered(ann, "message_delete", named)
    assert await found(ann, "dinner") == []


async def test_a_poll_is_found_by_its_question_and_its_options(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    poll = {"type": "p", "question": "Where do we eat?", "options": ["At the café", "In the park"], "secret": True}
    sent = (await answered(ann, "message_send", {**poll, "contact": tom.person.number, "client_id": "poll"}))["message"]
    await answered(tom, "vote", {"chat": sent["chat"], "seq": sent["seq"], "options": [1]})
    for query in ("where", "cafe", "park eat"):
        (hit,) = await search(tom, query)
        assert (hit["seq"], hit["message"]["chosen"]) == (sent["seq"], [1])
        assert "chosen" not in (await search(ann, query))[0]["message"]
    await answered(ann, "message_delete", {"chat": sent["chat"], "seq": sent["seq"]})
    assert await found(tom, "cafe") == []


async def test_messages_in_full_blocks_are_changed_and_found(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    chat = (await say(ann, "needle", contact=tom.person.number))["chat"]
    await parts_of(node).write(ann.person, chat, 3 * BLOCK)
    assert await found(tom, "needle") == [1]
    await answered(ann, "message_edit", {"chat": chat, "seq": 40, "text": "needle"})
    assert await found(tom, "needle") == [40, 1]
    await parts_of(node).write(ann.person, chat, BLOCK)
    assert await found(tom, "needle") == [40, 1]
    await answered(ann, "message_delete", {"chat": chat, "seq": 1})
    assert await found(tom, "needle") == [40]


async def test_hits_of_all_chats_come_page_by_page_newest_first(node: Node) -> None:
    ann, *others = await phones(node, *await friends(node, 4))
    sent = [await say(others[number % 3], f"lunch {number}", contact=ann.person.number) for number in range(10)]
    texts: list[str] = []
    before = None
    for _ in range(10):
        answer = await answered(ann, "search", {"query": "lunch", "limit": 3, "before": before})
        texts += [hit["message"]["text"] for hit in answer["hits"]]
        before = answer["next"]
        if before is None:
            break
    assert texts == [message["text"] for message in reversed(sent)]


async def test_captions_names_of_files_and_of_cards_are_found_by_type_chat_and_sender(node: Node) -> None:
    ann, tom, eve = await phones(node, *await friends(node, 3))
    to = {"contact": tom.person.number}
    await answered(
        ann,
        "message_send",
        {**to, "client_id": "1", "type": "d", "url": "https://a.example/x", "file_name": "budget_2026.pdf"},
    )
    await answered(ann, "message_send", {**to, "client_id": "2", "type": "c", "vcard": "BEGIN:VCARD", "name": "Bud Ge"})
    await answered(
        tom,
        "message_send",
        {
            "contact": ann.person.number,
            "client_id": "3",
            "type": "l",
            "latitude": 1,
            "longitude": 2,
            "caption": "budapest",
        },
    )
    await say(eve, "bud", contact=tom.person.number)

    async def types(**more: Any) -> list[str]:
        return [hit["message"]["type"] for hit in await search(tom, "bud", **more)]

    assert await types() == ["t", "l", "c", "d"]
    assert await types(kind="d") == ["d"]
    assert await types(contact=ann.person.number) == ["l", "c", "d"]
    assert await types(**{"from": tom.person.number}) == ["l"]


async def test_nobody_finds_what_was_said_before_they_came_or_after_they_left(node: Node) -> None:
    parts = parts_of(node)
    ann, tom, eve = await phones(node, *await friends(node, 3))
    chat = (await parts.found_group(ann.person, tom.person)).id
    await say(ann, "secret one", chat=chat)
    joined = Joined((eve.person.account_id,), (eve.person.number,))
    await parts.change_chat(ann.person, chat, joined)
    two = await say(ann, "secret two", chat=chat)
    await parts.change_chat(ann.person, chat, Left(eve.person.account_id, eve.person.number))
    await say(ann, "secret three", chat=chat)
    await answered(ann, "message_edit", {"chat": chat, "seq": two["seq"], "text": "secret other"})
    assert [hit["message"]["text"] for hit in await search(eve, "secret")] == ["secret two"]
    assert await found(eve, "other") == []
    assert len(await found(tom, "secret")) == 3


async def test_what_a_blocked_person_says_is_not_found(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    before = await say(ann, "lunch", contact=tom.person.number)
    await parts_of(node).block(tom.person, ann.person)
    kept_back = await say(ann, "lunch", contact=tom.person.number)
    assert await found(tom, "lunch") == [before["seq"]]
    assert await found(ann, "lunch") == [kept_back["seq"], before["seq"]]


async def test_a_stranger_to_a_chat_is_told_that_there_is_none(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    (eve,) = await phones(node, *await newcomers(node, 1))
    chat = (await say(ann, "lunch", contact=tom.person.number))["chat"]
    assert await refused(eve, "search", {"query": "lunch", "chat": chat}) == "chat_not_found"
    assert await refused(eve, "search", {"query": "lunch", "chat": chat + 1_000_000}) == "chat_not_found"
    assert await found(eve, "lunch") == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "malformed"),
        ({"query": "?!"}, "malformed"),
        ({"query": "x" * 300}, "too_long"),
        ({"query": "x", "kind": "q"}, "malformed"),
        ({"query": "x", "from": "nobody"}, "malformed"),
        ({"query": "x", "limit": 51}, "malformed"),
        ({"query": "x", "before": "yesterday"}, "malformed"),
        ({"query": "x", "before": "999999999999999-1"}, "malformed"),
        ({"query": "x", "chat": 1, "contact": "49"}, "malformed"),
    ],
)
async def test_a_search_that_cannot_be_read_is_refused(node: Node, body: dict[str, Any], code: str) -> None:
    (ann,) = await phones(node, *await newcomers(node, 1))
    assert await refused(ann, "search", body) == code


async def test_rest_finds_the_same(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    chat = (await say(ann, "lunch one", contact=tom.person.number))["chat"]
    await say(ann, "lunch two", contact=tom.person.number)
    status, first = await node.rest("GET", "/api/messages/search/?q=lunch&limit=1", tom.person)
    assert status == 200
    assert first == {
        key: value for key, value in (await tom.ask("search", {"query": "lunch", "limit": 1})).items() if key != "ok"
    }
    path = f"/api/messages/search/?q=lunch&chat={chat}&before={first['next']}&kind=t&from={ann.person.number}"
    status, second = await node.rest("GET", path, tom.person)
    assert status == 200
    assert [hit["message"]["text"] for hit in first["hits"] + second["hits"]] == ["lunch two", "lunch one"]
    assert second["next"] is None
    assert (await node.rest("GET", "/api/messages/search/", tom.person))[0] == 400
    (eve,) = await newcomers(node, 1)
    status, refusal = await node.rest("GET", f"/api/messages/search/?q=lunch&chat={chat}", eve)
    assert (status, refusal["code"]) == (404, "chat_not_found")


async def test_every_query_is_answered_by_an_index(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    parts = parts_of(node)
    chat = (await say(ann, "needle", contact=tom.person.number))["chat"]
    await parts.write(ann.person, chat, 20 * BLOCK, "haystack")
    async with (
        recorded_plans(parts.database, "search_blocks") as blocks,
        recorded_plans(parts.database, "search_positions") as positions,
    ):
        assert await found(tom, "needle") == [1]
        assert len(await found(tom, "haystack", limit=50)) == 50
        page = await tom.ask("search", {"query": "hay", "limit": 2, "chat": chat})
        assert len(await found(tom, "hay", limit=2, chat=chat, before=page["next"])) == 2
    assert {plan.index for plan in blocks} <= {"chat: 1, high: 1, _id: 1", "_id: 1"}
    assert {plan.index for plan in positions} <= {"_id: 1"}
    async with recorded_plans(parts.database, "entries") as entries:
        assert await found(tom, "needle", chat=chat) == [1]
    assert max(plan.docs_examined for plan in entries) <= 2 * BLOCK, "most blocks need not be read"


@pytest.fixture
async def strict(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    limits = {"enabled": True, "searches_per_s": 0.001, "searches_burst": 2}
    async with running_node(stores, settings_for(tmp_path_factory.mktemp("strict"), limits=limits)) as running:
        yield running


async def test_searches_have_a_rate_of_their_own(strict: Node) -> None:
    (ann,) = await phones(strict, *await newcomers(strict, 1))
    assert await found(ann, "lunch") == []
    assert await found(ann, "lunch") == []
    assert await refused(ann, "search", {"query": "lunch"}) == "rate_limited"
    assert (await ann.ask("chats"))["ok"]
