"""Two people sign in, become contacts and talk: the whole server by its public doors."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.embedded import EmbeddedStores
from tests.support.node import Node, running_node, settings_for


@pytest.fixture
async def node(stores: EmbeddedStores, tmp_path: Path) -> AsyncIterator[Node]:
    async with running_node(stores, settings_for(tmp_path)) as running:
        yield running


@pytest.mark.parametrize("transports", [("websocket",), ("polling",), ("polling", "websocket")], ids="+".join)
async def test_two_people_talk(node: Node, transports: tuple[str, ...]) -> None:
    ann, tom = await node.sign_in("4930901820"), await node.sign_in("4930901821")
    await node.befriend(ann, tom)
    ann_phone = await node.connect(ann, transports=transports)
    tom_phone = await node.connect(tom, transports=transports)
    text = "Hello 👩🏽‍🚀 مرحبا 𝔘"
    sent = await ann_phone.ask("message_send", {"contact": "+49 30 90-1821", "client_id": "1", "text": text})
    assert sent["ok"], sent
    (heard,) = await tom_phone.expect("message_created")
    assert heard["message"] == sent["message"]
    assert heard["message"]["text"] == text
    history = await tom_phone.ask("history", {"chat": sent["message"]["chat"]})
    assert [entry["text"] for entry in history["entries"]] == [text]
