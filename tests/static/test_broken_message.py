"""One message that cannot be drawn hides no other: an address that no browser reads, stored before the server refused such."""

from typing import Any

import pytest
from playwright.async_api import expect

from models.documents.entry import entry_key
from models.stores.database import open_database
from server.embedded import EmbeddedStores
from tests.static.browser import Windows
from tests.static.conftest import Numbers
from tests.support.node import Node

# A fault of the page in drawing one text.
FAULT = """
const matchAll = String.prototype.matchAll;
String.prototype.matchAll = function (...given) {
  if (this.includes("unexpected")) throw new Error("a fault");
  return matchAll.apply(this, given);
};
"""
UNREADABLE = ("http://x:99999/a", "http://[::g]/", "http://1.2.3.256/", "http://a b/")


@pytest.mark.parametrize("kind", ["v", "a", "s", "i", "l"])
async def test_rows_behind_an_address_that_nobody_can_read_are_shown(
    windows: Windows, node: Node, numbers: Numbers, stores: EmbeddedStores, kind: str
) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    phone = await node.connect(tom, "/chat")
    place = {"latitude": 1, "longitude": 1} if kind == "l" else {}
    for number, url in enumerate(UNREADABLE):
        to = {"contact": ann.number, "client_id": f"{number}"}
        sent = await phone.ask("message_send", {**to, "type": kind, "url": "https://example.org/x", **place})
        assert sent["ok"], sent
        await _store_as(stores, node, sent["message"], {"url": url})
    await phone.ask("message_send", {"contact": ann.number, "client_id": "last", "text": "the last one"})
    window = await windows.open(ann)
    await window.open_contact(tom.number)
    await expect(window.row("the last one")).to_be_visible()
    await expect(window.page.locator("li.row")).to_have_count(len(UNREADABLE) + 1)


async def test_a_row_that_fails_says_so_and_the_others_are_drawn(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    phone = await node.connect(tom, "/chat")
    for number, text in enumerate(("the first one", "unexpected", "the last one")):
        await phone.ask("message_send", {"contact": ann.number, "client_id": str(number), "text": text})
    window = await windows.open(ann, is_new=True)
    await window.page.add_init_script(FAULT)
    await window.page.reload()
    await window.open_contact(tom.number)
    await expect(window.row("the first one")).to_be_visible()
    await expect(window.row("the last one")).to_be_visible()
    await expect(window.page.get_by_text("This page cannot show this message.")).to_be_visible()


async def _store_as(stores: EmbeddedStores, node: Node, message: dict[str, Any], fields: dict[str, Any]) -> None:
    """Let the stored message be another than what was sent."""
    async with open_database(stores.mongodb_url, node.settings.mongodb.database) as database:
        changed = await database.collection("entries").update_one(
            {"_id": entry_key(message["chat"], message["seq"])}, {"$set": fields}
        )
        assert changed.modified_count == 1
