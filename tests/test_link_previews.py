"""A message with a link gets a preview of the page, made by the server, for everybody who may read the message."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from server.config import Settings
from server.embedded import EmbeddedStores
from tests.conversation.talk import about, answered, friends, hear, history, phones, say, synced
from tests.server.media.test_slow_names import name_server
from tests.support.model_client import KEPT_OF_DELETED
from tests.support.node import Device, Node, Person, running_node, settings_for
from tests.support.parts import parts_of, services_of
from tests.support.pictures import decoded, plain
from tests.support.web_pages import PAGE, Pages, open_pages

# One after the other, so that the preview of a later link shows that there is none of an earlier one.
ONE_BY_ONE = {"enabled": True, "at_once": 1, "timeout_s": 60, "default_ports_only": False}


def reaching_pages(folder: Path, **sections: dict[str, Any]) -> Settings:
    """Settings of a node that may look at sites on this machine."""
    previews = ONE_BY_ONE | sections.pop("link_previews", {})
    return settings_for(folder, link_previews=previews, media={"allow_private_addresses": True}, **sections)


@pytest.fixture(scope="module")
async def node(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    async with running_node(stores, reaching_pages(tmp_path_factory.mktemp("previews"))) as running:
        yield running


@pytest.fixture
async def pages() -> AsyncIterator[Pages]:
    async with open_pages() as opened:
        yield opened


@pytest.fixture
async def pair(node: Node) -> tuple[Device, Device]:
    ann, tom = await phones(node, *await friends(node, 2))
    return ann, tom


async def expect_preview(device: Device, of: int, chat: int) -> dict[str, Any]:
    """The entry by which a message got its preview."""

    def found() -> list[dict[str, Any]]:
        return [body for body in device.told("link_previewed") if (body["of"], body["chat"]) == (of, chat)]

    await device.until(lambda: bool(found()))
    return found()[-1]


async def is_looked_through(node: Node, pages: Pages) -> None:
    """Every link that was sent before has been looked at: one in another chat, sent after them, has its preview."""
    one, other = await phones(node, *await friends(node, 2))
    last = await say(one, pages.add("/last", "<title>last</title>"), contact=other.person.number)
    await expect_preview(one, last["seq"], last["chat"])


async def test_a_link_gets_a_preview_for_everybody(pair: tuple[Device, Device], pages: Pages) -> None:
    ann, tom = pair
    link = pages.add("/bread?with=butter#crust")
    pages.add("/bread")
    sent = await say(ann, f"look: {link}!", contact=tom.person.number)
    assert "preview" not in sent
    for device in (ann, tom):
        entry = await expect_preview(device, 1, sent["chat"])
        preview = entry["preview"]
        assert (entry["seq"], entry["edit_seq"], entry["account"]) == (2, 0, ann.person.account_id)
        words = {name: preview[name] for name in ("url", "site", "title", "description")}
        assert words == {
            "url": link, "site": "127.0.0.1", "title": "Bread & butter", "description": "How to bake it"
        }  # fmt: skip
        assert (preview["image"]["width"], preview["image"]["height"]) == (600, 300)


async def test_the_picture_is_the_servers_own(node: Node, pair: tuple[Device, Device], pages: Pages) -> None:
    ann, tom = pair
    sent = await say(ann, pages.add("/bread"), contact=tom.person.number)
    image = (await expect_preview(tom, 1, sent["chat"]))["preview"]["image"]
    assert image["url"].startswith("/media/")
    async with node.http.get(node.url + image["url"]) as answer:
        assert decoded(await answer.read()).size == (320, 160)


async def test_the_site_learns_nothing_of_who_sent_it(pair: tuple[Device, Device], pages: Pages) -> None:
    ann, tom = pair
    sent = await say(ann, pages.add("/bread"), contact=tom.person.number)
    await expect_preview(tom, 1, sent["chat"])
    assert {name for head in pages.heads for name in head} <= {
        "host",
        "accept",
        "accept-encoding",
        "user-agent",
        "connection",
    }


async def test_whoever_was_away_finds_it_by_sync_history_and_rest(
    node: Node, pair: tuple[Device, Device], pages: Pages
) -> None:
    ann, tom = pair
    link = pages.add("/bread")
    sent = await say(ann, link, contact=tom.person.number)
    preview = (await expect_preview(ann, 1, sent["chat"]))["preview"]
    (away,) = await phones(node, tom.person)
    entries = (await synced(away, {sent["chat"]: 1}))[sent["chat"]]["entries"]
    assert [(entry["kind"], entry["of"], entry["preview"]) for entry in entries] == [("preview", 1, preview)]
    assert (await history(away, sent["chat"]))[0]["preview"] == preview
    _, listed = await node.rest("GET", f"/api/messages/chats/{ann.person.number}/", tom.person)
    shown = listed["messages"][0]["preview"]
    assert shown == {**preview, "image": {**preview["image"], "url": node.url + preview["image"]["url"]}}


async def test_a_message_is_answered_before_anybody_looks(pair: tuple[Device, Device], pages: Pages) -> None:
    ann, tom = pair
    sent = await say(ann, pages.add("/later/bread"), contact=tom.person.number)
    await hear(tom, sent["text"])
    assert not tom.told("link_previewed")
    pages.gate.set()
    await expect_preview(tom, 1, sent["chat"])


async def test_an_edit_ends_it_and_another_link_gets_another(pair: tuple[Device, Device], pages: Pages) -> None:
    ann, tom = pair
    pages.add("/cake", PAGE.replace("Bread &amp; butter", "Cake"))
    sent = await say(ann, pages.add("/bread"), contact=tom.person.number)
    chat = sent["chat"]
    await expect_preview(tom, 1, chat)
    await answered(ann, "message_edit", {"chat": chat, "seq": 1, "text": "no link"})
    assert "preview" not in (await history(tom, chat))[0]
    await answered(ann, "message_edit", {"chat": chat, "seq": 1, "text": f"see {pages.url}/cake"})
    await tom.until(lambda: len(tom.told("link_previewed")) > 1)
    message = (await history(tom, chat))[0]
    assert (message["preview"]["title"], message["edit_seq"]) == ("Cake", 4)


async def test_a_text_that_was_edited_meanwhile_gets_none(
    node: Node, pair: tuple[Device, Device], pages: Pages
) -> None:
    ann, tom = pair
    sent = await say(ann, pages.add("/later/bread"), contact=tom.person.number)
    async with asyncio.timeout(30):
        await pages.asked.wait()
    await answered(ann, "message_edit", {"chat": sent["chat"], "seq": 1, "text": "no link"})
    pages.gate.set()
    await is_looked_through(node, pages)
    assert [entry["kind"] for entry in await history(tom, sent["chat"])] == ["message", "edit"]


async def test_a_deleted_message_leaves_nothing_of_it(node: Node, pair: tuple[Device, Device], pages: Pages) -> None:
    ann, tom = pair
    pages.add("/other.png", plain(size=(611, 300)))
    sent = await say(ann, pages.add("/bread", PAGE.replace("loaf", "other")), contact=tom.person.number)
    chat = sent["chat"]
    image = (await expect_preview(tom, 1, chat))["preview"]["image"]["url"]
    await answered(ann, "message_delete", {"chat": chat, "seq": 1, "scope": "all"})
    message, preview, _ = await history(tom, chat)
    assert set(message) - {"kind"} == {*KEPT_OF_DELETED, "deleted"} - {"reply_to"}
    assert preview["preview"] is None
    async with node.http.get(node.url + image) as answer:
        assert answer.status == 404


async def test_a_message_deleted_meanwhile_gets_none(node: Node, pair: tuple[Device, Device], pages: Pages) -> None:
    ann, tom = pair
    sent = await say(ann, pages.add("/later/bread"), contact=tom.person.number)
    async with asyncio.timeout(30):
        await pages.asked.wait()
    await answered(ann, "message_delete", {"chat": sent["chat"], "seq": 1, "scope": "all"})
    pages.gate.set()
    await is_looked_through(node, pages)
    assert [entry["kind"] for entry in await history(tom, sent["chat"])] == ["message", "deletion"]


async def test_whoever_came_after_the_message_is_shown_nothing_of_it(node: Node, pages: Pages) -> None:
    ann, tom, bob = await friends(node, 3)
    asked = {"subject": "Bakers", "participants": [tom.number]}
    _, made = await node.rest("POST", "/api/groups/create-group/", ann, json=asked)
    group = made["groupid"]
    anns, bobs = await phones(node, ann, bob)
    sent = await say(anns, pages.add("/later/bread"), group=group)
    added = await node.rest("POST", f"/api/groups/{group}/add-participant/", ann, json={"contact": bob.number})
    assert added == (200, {})
    pages.gate.set()
    assert (await expect_preview(anns, sent["seq"], sent["chat"]))["preview"]["title"] == "Bread & butter"
    assert (await expect_preview(bobs, sent["seq"], sent["chat"]))["preview"] is None


async def test_whoever_blocks_the_sender_meanwhile_gets_nothing(
    node: Node, pair: tuple[Device, Device], pages: Pages
) -> None:
    ann, tom = pair
    await say(tom, contact=ann.person.number)
    sent = await say(ann, pages.add("/later/bread"), contact=tom.person.number)
    async with asyncio.timeout(30):
        await pages.asked.wait()
    blocked = {"numbers": [ann.person.number]}
    assert (await node.rest("POST", "/api/contacts/blocked-list/", tom.person, json=blocked))[0] == 200
    pages.gate.set()
    await is_looked_through(node, pages)
    assert "link_previewed" not in [event for event, _ in about(tom, sent["chat"])]


async def test_a_link_that_many_send_is_fetched_once(pair: tuple[Device, Device], pages: Pages) -> None:
    ann, tom = pair
    link = pages.add("/bread")
    chat = (await say(ann, link, contact=tom.person.number))["chat"]
    await say(tom, link, chat=chat)
    await ann.until(lambda: len(ann.told("link_previewed")) > 1)
    assert pages.visits == ["/bread", "/loaf.png"]


@pytest.mark.parametrize(
    "page",
    [
        web.Response(status=404, text="<title>gone</title>", content_type="text/html"),
        web.Response(body=b"%PDF", content_type="application/pdf"),
        web.Response(text="<title>  \u200b </title>", content_type="text/html"),
        web.Response(body=b"\x1f\x8b", content_type="text/html", headers={"Content-Encoding": "gzip"}),
        web.Response(text="<" * 400_000, content_type="text/html"),
        b"this is no picture",
    ],
    ids=["missing", "no page", "nothing to see", "packed", "made to cost work", "no picture"],
)
async def test_what_cannot_be_shown_has_no_preview(
    node: Node, pair: tuple[Device, Device], pages: Pages, page: web.Response | bytes
) -> None:
    ann, tom = pair
    sent = await say(ann, pages.add("/bad", page), contact=tom.person.number)
    await is_looked_through(node, pages)
    assert [entry["kind"] for entry in await history(tom, sent["chat"])] == ["message"]


async def test_a_page_without_a_picture_that_can_be_had_has_words(pair: tuple[Device, Device], pages: Pages) -> None:
    ann, tom = pair
    page = pages.add("/bread", PAGE.replace("/loaf.png", "http://127.0.0.1:1/none.png"))
    sent = await say(ann, page, contact=tom.person.number)
    assert set((await expect_preview(tom, 1, sent["chat"]))["preview"]) == {"url", "site", "title", "description"}


async def test_a_link_to_a_picture_shows_it(pair: tuple[Device, Device], pages: Pages) -> None:
    ann, tom = pair
    sent = await say(ann, f"{pages.url}/loaf.png", contact=tom.person.number)
    preview = (await expect_preview(tom, 1, sent["chat"]))["preview"]
    assert (preview["title"], preview["image"]["width"]) == ("loaf.png", 600)


async def switch(node: Node, person: Person, *, is_on: bool) -> None:
    status, shown = await node.rest("POST", "/api/account/link-previews/", person, json={"link_previews": is_on})
    assert (status, shown) == (200, {"link_previews": is_on, "available": True})


async def test_links_of_somebody_who_wants_no_previews_are_not_looked_at(
    node: Node, pair: tuple[Device, Device], pages: Pages
) -> None:
    ann, tom = pair
    await switch(node, ann.person, is_on=False)
    sent = await say(ann, pages.add("/bread"), contact=tom.person.number)
    await is_looked_through(node, pages)
    assert "/bread" not in pages.visits
    await switch(node, ann.person, is_on=True)
    await say(ann, pages.add("/bread"), chat=sent["chat"])
    await expect_preview(tom, 2, sent["chat"])


async def test_the_choice_is_beside_the_account_which_earlier_versions_read_and_goes_with_it(node: Node) -> None:
    stores, database = services_of(node).runtime.stores, parts_of(node).database
    person, _ = await friends(node, 2)
    before = await database.collection("accounts").find_one({"_id": person.account_id})
    await switch(node, person, is_on=False)
    assert await stores.link_preview_refusals.has(person.account_id)
    assert await database.collection("accounts").find_one({"_id": person.account_id}) == before
    assert (await node.rest("POST", "/api/account/remove-account/", person, data={}))[0] == 200
    assert not await stores.link_preview_refusals.has(person.account_id)


async def test_a_message_that_is_announced_again_gets_no_second_preview(
    node: Node, pair: tuple[Device, Device], pages: Pages
) -> None:
    ann, tom = pair
    chat = (await say(ann, pages.add("/bread"), contact=tom.person.number))["chat"]
    await expect_preview(tom, 1, chat)
    message = await services_of(node).runtime.stores.entries.find(chat, 1)
    assert message is not None
    services_of(node).log.announcer.stored([message])
    await is_looked_through(node, pages)
    assert [entry["kind"] for entry in await history(tom, chat)] == ["message", "preview"]


async def test_a_server_without_previews_says_so(stores: EmbeddedStores, tmp_path: Path) -> None:
    async with running_node(stores, settings_for(tmp_path)) as node:
        person = await node.sign_in("4930901820")
        status, shown = await node.rest("GET", "/api/account/link-previews/", person)
        assert (status, shown) == (200, {"link_previews": True, "available": False})


async def test_each_account_has_so_many_links_looked_at(stores: EmbeddedStores, tmp_path: Path, pages: Pages) -> None:
    settings = reaching_pages(tmp_path, link_previews={"per_account_per_minute": 1}, limits={"enabled": True})
    async with running_node(stores, settings) as node:
        ann, tom = await phones(node, *await friends(node, 2))
        chat = (await say(ann, pages.add("/one"), contact=tom.person.number))["chat"]
        await say(ann, pages.add("/two"), chat=chat)
        await say(tom, pages.add("/three"), chat=chat)
        await ann.until(lambda: len(ann.told("link_previewed")) > 1)
        kinds = [(entry["kind"], entry.get("of")) for entry in await history(ann, chat)]
        assert [of for kind, of in kinds if kind == "preview"] == [1, 3]


async def test_nothing_in_the_network_of_the_server_is_asked(
    stores: EmbeddedStores, tmp_path: Path, pages: Pages
) -> None:
    async with name_server() as (names, address):
        settings = settings_for(tmp_path, link_previews=ONE_BY_ONE, media={"nameservers": (address,)})
        async with running_node(stores, settings) as node:
            ann, tom = await phones(node, *await friends(node, 2))
            inside = pages.add("/bread")
            for link in (inside, inside.replace("127.0.0.1", "fast.test"), "http://marker.test/"):
                await say(ann, link, contact=tom.person.number)
            async with asyncio.timeout(30):
                while "marker.test" not in names.asked:
                    names.is_asked.clear()
                    await names.is_asked.wait()
            assert pages.visits == []


async def test_a_device_on_another_node_hears_it(stores: EmbeddedStores, tmp_path: Path, pages: Pages) -> None:
    settings = reaching_pages(tmp_path)
    async with running_node(stores, settings) as first, running_node(stores, settings) as second:
        ann, tom = await friends(first, 2)
        (anns,), (toms,) = await phones(first, ann), await phones(second, tom)
        sent = await say(anns, pages.add("/bread"), contact=tom.number)
        assert (await expect_preview(toms, 1, sent["chat"]))["preview"]["title"] == "Bread & butter"
