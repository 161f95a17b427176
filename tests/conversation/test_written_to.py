"""Whether somebody has written to one is known at the same cost, however much was kept from one or deleted."""

from typing import Any

import pytest

from server.clock import SystemClock
from tests.conversation.talk import answered, newcomers, phones, refused
from tests.support.examined import examined
from tests.support.node import Node
from tests.support.parts import Parts

FEW, MANY = 100, 1000
KEYS_MAX = 60  # rows and keys of one request


@pytest.mark.parametrize("how_many", [FEW, MANY])
async def test_whose_messages_were_all_kept_from_one_has_not_written(node: Node, parts: Parts, how_many: int) -> None:
    ann, tom = await newcomers(node, 2)
    chat = await parts.chats.require_direct(
        (ann.account_id, ann.number), (tom.account_id, tom.number), SystemClock().now()
    )
    await parts.write(tom, chat.id, how_many, hidden_from=(ann.account_id,))
    (phone,) = await phones(node, ann)
    body: dict[str, Any] = {"contact": tom.number, "client_id": "1", "text": "hi"}
    async with examined(parts.database) as cost:
        assert await refused(phone, "message_send", body) == "not_a_contact"
    assert cost.rows + cost.keys <= KEYS_MAX


@pytest.mark.parametrize("how_many", [FEW, MANY])
async def test_who_has_written_once_among_them_may_be_answered(node: Node, parts: Parts, how_many: int) -> None:
    ann, tom = await newcomers(node, 2)
    chat = await parts.chats.require_direct(
        (ann.account_id, ann.number), (tom.account_id, tom.number), SystemClock().now()
    )
    await parts.write(tom, chat.id, how_many, hidden_from=(ann.account_id,))
    await parts.write(tom, chat.id, 1)
    (phone,) = await phones(node, ann)
    async with examined(parts.database) as cost:
        await answered(phone, "message_send", {"contact": tom.number, "client_id": "1", "text": "hi"})
    assert cost.rows + cost.keys <= KEYS_MAX
