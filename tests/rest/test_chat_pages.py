"""The chat lists at the doors: pages by a cursor that meet every chat once, in order, over REST and over sockets."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from server.embedded import EmbeddedStores
from tests.support.examined import examined
from tests.support.message_fixture import Talk, open_talk
from tests.support.node import Person

CHATS = "/api/message/chats/"
HOW_MANY = 9


@pytest.fixture(scope="module")
async def talk(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Talk]:
    async with open_talk(stores, tmp_path_factory.mktemp("chats")) as talk:
        yield talk


async def busy_person(talk: Talk) -> tuple[Person, list[str]]:
    """Somebody with several chats, and the numbers of the others in the order of the list."""
    ann, *others = await talk.people(HOW_MANY + 1)
    for other in others:
        await talk.send(ann, other)
    first = others[0]
    await talk.send(first, ann)
    return ann, [other.number for other in [first, *reversed(others[1:])]]


async def test_a_cursor_leads_through_the_rest_list(talk: Talk) -> None:
    ann, numbers = await busy_person(talk)
    found: list[str] = []
    query: dict[str, Any] = {"limit": "2"}
    for _ in range(HOW_MANY):
        page = await talk.get(CHATS, ann, params=query)
        found += [chat["id"] for chat in page["chats"]]
        if "next" not in page:
            break
        query["before"] = page["next"]
    assert found == numbers
    whole = await talk.get(CHATS, ann)
    assert [chat["id"] for chat in whole["chats"]] == numbers
    assert "next" not in whole


async def test_an_offset_skips_as_before(talk: Talk) -> None:
    ann, numbers = await busy_person(talk)
    page = await talk.get(CHATS, ann, params={"limit": "3", "offset": "2"})
    assert [chat["id"] for chat in page["chats"]] == numbers[2:5]


@pytest.mark.parametrize("before", ["x", "1-", "-1", "1-2-3", "9" * 40 + "-1"])
async def test_a_cursor_that_is_none_is_refused(talk: Talk, before: str) -> None:
    ann = await talk.stranger()
    status, body = await talk.node.rest("GET", f"{CHATS}?before={before}", ann)
    assert status == 400
    assert body["code"] == "malformed"


async def test_a_cursor_leads_through_the_sockets_list(talk: Talk) -> None:
    ann, numbers = await busy_person(talk)
    phone = await talk.node.connect(ann)
    (ready,) = await phone.expect("ready")
    assert [chat["contact"] for chat in ready["chats"]] == numbers
    found: list[str] = []
    asked: dict[str, Any] = {"limit": 2}
    for _ in range(HOW_MANY):
        answer = await phone.ask("chats", asked)
        found += [chat["contact"] for chat in answer["chats"]]
        if answer["next"] is None:
            break
        asked["before"] = answer["next"]
    assert found == numbers


async def test_the_first_page_costs_the_same_however_long_the_chats_are(talk: Talk) -> None:
    ann, _ = await busy_person(talk)
    async with examined(talk.database) as short:
        assert (await talk.node.rest("GET", f"{CHATS}?limit=5", ann))[0] == 200
    entries = talk.database.raw["entries"]
    for row in await entries.find({"sender": ann.account_id, "kind": "message"}).to_list(None):
        copies = [
            row | {"_id": row["_id"] + n, "client": str(n), "kind": "reaction", "of": 1, "emoji": "x"}
            for n in range(2, 800)
        ]
        await entries.insert_many(copies)
    async with examined(talk.database) as long:
        assert (await talk.node.rest("GET", f"{CHATS}?limit=5", ann))[0] == 200
    assert long.rows <= short.rows + 5 * 110
