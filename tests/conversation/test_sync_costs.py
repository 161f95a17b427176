"""What `sync` reads grows with what it answers, and not with the chats that found no room in the answer."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from server.embedded import EmbeddedStores
from tests.conversation.talk import answered, newcomers
from tests.support.examined import examined
from tests.support.node import Device, Node, Person, running_node, settings_for
from tests.support.parts import Parts, parts_of

FEW, MANY = 10, 25
SAID = 5  # messages in each chat
BEHIND = 3  # rows of each chat that a sync may read besides what it answers: the member's, and the end of the log
ANSWERED = 4  # rows of each chat in the answer, besides its entries: the member's again, the chat's, the marks of two


@pytest.fixture
async def node(stores: EmbeddedStores, tmp_path: Path) -> AsyncIterator[Node]:
    """A node whose answers have room for two chats of five messages."""
    async with running_node(stores, settings_for(tmp_path, chat={"sync_max_entries": 12})) as running:
        yield running


async def groups(node: Node, how_many: int) -> tuple[Parts, Person, dict[int, int]]:
    """Somebody in so many groups; where the log of each ends."""
    parts = parts_of(node)
    ann, tom = await newcomers(node, 2)
    ends = {}
    for _ in range(how_many):
        group = await parts.found_group(ann, tom)
        await parts.write(tom, group.id, SAID)
        ends[group.id] = 1 + SAID
    return parts, ann, ends


async def cost(parts: Parts, phone: Device, cursors: dict[int, int]) -> tuple[int, dict[str, Any]]:
    body = {"cursors": {str(chat): seq for chat, seq in cursors.items()}}
    async with examined(parts.database) as spent:
        answer = await answered(phone, "sync", body)
    return spent.rows, answer


async def test_a_fresh_device_is_read_no_more_than_it_is_given(node: Node) -> None:
    spent = []
    for how_many in (FEW, MANY):
        parts, ann, _ = await groups(node, how_many)
        phone = await node.connect(ann)
        rows, answer = await cost(parts, phone, {})
        assert answer["more"]
        assert len(answer["chats"]) == 2
        spent.append(rows)
    assert spent[1] - spent[0] <= (MANY - FEW) * BEHIND


async def test_each_further_round_reads_only_what_it_answers(node: Node) -> None:
    parts, ann, _ = await groups(node, MANY)
    phone = await node.connect(ann)
    rows, answer = await cost(parts, phone, {})
    cursors = {state["chat"]: state["cursor"] for state in answer["chats"]}
    further, answer = await cost(parts, phone, cursors)
    assert answer["more"]
    assert sum(state["status"] == "reset" for state in answer["chats"]) == 2
    assert further <= MANY * BEHIND + 4 * (ANSWERED + SAID)
    assert further <= rows + 2 * (ANSWERED + 1 + SAID)


async def test_to_hear_that_nothing_is_missing_costs_a_few_rows_a_chat(node: Node) -> None:
    parts, ann, ends = await groups(node, FEW)
    phone = await node.connect(ann)
    rows, answer = await cost(parts, phone, ends)
    assert {state["status"] for state in answer["chats"]} == {"current"}
    assert {state["unread"] for state in answer["chats"]} == {SAID}
    own = 1  # the chat with oneself, of which nothing is answered
    assert rows <= FEW * (2 + ANSWERED + 1 + SAID) + own  # what is unread is counted


async def test_all_rounds_together_bring_every_chat_once(node: Node) -> None:
    parts, ann, ends = await groups(node, FEW)
    phone = await node.connect(ann)
    cursors: dict[int, int] = {}
    given = []
    for _ in range(FEW):
        _, answer = await cost(parts, phone, cursors)
        given += [state["chat"] for state in answer["chats"] if state["status"] == "reset"]
        cursors |= {state["chat"]: state["cursor"] for state in answer["chats"]}
        if not answer["more"]:
            break
    assert sorted(given) == sorted(ends)
    assert cursors == ends
