"""What is over is gone: a message with a canary in every part of it is searched for everywhere, before and behind the sweep."""

import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData
from bson import encode

from models.documents.entry import Body, Draft, Edit, Message, Reaction
from models.documents.search import END
from models.documents.search_block import BLOCK
from models.documents.search_words import fold, list_terms
from models.stores.entry_rows import entry_row, stored_entry
from server.clock import SystemClock
from server.embedded import EmbeddedStores
from tests.conversation.talk import answered, friends, history, phones, say, synced
from tests.support.apple import Answer, Apple, running_apple
from tests.support.node import Device, Node, Person, running_node, settings_for
from tests.support.parts import parts_of, services_of
from tests.support.web_pages import Pages, open_pages

CANARY = "Kanarienvogel8471"
BIRD = "🦤"  # the canary of reactions
WORDS = (CANARY.encode(), BIRD.encode(), json.dumps(BIRD).strip('"').encode())


@dataclass
class Hours:
    """How far the clocks of all nodes are ahead."""

    ahead: timedelta = field(default_factory=timedelta)


@pytest.fixture
def hours(monkeypatch: pytest.MonkeyPatch) -> Hours:
    moved = Hours()
    monkeypatch.setattr(SystemClock, "now", lambda _: datetime.now(UTC) + moved.ahead)
    return moved


@pytest.fixture
async def apple(tmp_path: Path) -> AsyncIterator[Apple]:
    async with running_apple(tmp_path) as running:
        yield running


@pytest.fixture
async def pages() -> AsyncIterator[Pages]:
    async with open_pages() as opened:
        yield opened


def settings_of(folder: Path, apple: Apple, **chat: Any) -> Any:
    return settings_for(
        folder,
        auth={"secret": "the secret that these nodes share"},
        push=apple.settings | {"retry_s": 3000},
        link_previews={"enabled": True, "timeout_s": 60, "default_ports_only": False},
        media={"allow_private_addresses": True},
        chat=chat,
    )


@pytest.fixture
async def node(stores: EmbeddedStores, apple: Apple, hours: Hours, tmp_path: Path) -> AsyncIterator[Node]:
    del hours  # before the node, which reads the clock
    async with running_node(stores, settings_of(tmp_path / "node", apple)) as running:
        yield running


async def find_in_database(node: Node) -> set[str]:
    """The collections that hold a canary in any row, those of GridFS among them."""
    raw = parts_of(node).database.raw
    found = set()
    for name in await raw.list_collection_names():
        if not name.startswith("system."):
            async for row in raw[name].find({"_id": {"$ne": None}}):
                if any(word in encode(row) for word in WORDS):
                    found.add(name)
    return found


def has_canary(shown: object) -> bool:
    return CANARY in str(shown) or BIRD in str(shown)


@dataclass
class Story:
    """What Ann wrote to Tom, who is away: a text that she edited, with a link; and a document."""

    node: Node
    ann: Device
    tom: Person
    chat: int
    seqs: list[int]
    file: str
    preview: str

    async def answers(self) -> dict[str, Any]:
        """Everything that a node answers, by the name of the question."""
        (tom,) = await phones(self.node, self.tom)
        shown: dict[str, Any] = {}
        for name, device in (("ann", self.ann), ("tom", tom)):
            shown[f"history of {name}"] = await history(device, self.chat)
            shown[f"sync of {name}"] = await synced(device)
            shown[f"delta of {name}"] = await synced(device, {self.chat: 1})
            shown[f"chats of {name}"] = await answered(device, "chats", {})
            for path in ("messages/chats/", f"messages/chats/{self.other(name)}/"):
                shown[f"{path} of {name}"] = await self.node.rest("GET", f"/api/{path}?limit=1000", device.person)
            shown[f"search of {name}"] = await answered(device, "search", {"query": CANARY})
            _, shown[f"search by rest of {name}"] = await self.node.rest(
                "GET", "/api/messages/search/", device.person, params={"q": CANARY}
            )
            shown[f"polling of {name}"] = await self.node.rest("POST", "/api/messages/sync/", device.person)
        shown["ready"] = await tom.expect("ready")
        again = {"chat": self.chat, "client_id": "canary", "text": CANARY}
        shown["sent again"] = await self.ann.ask("message_send", again)
        shown["changed"] = await self.ann.ask("message_edit", {"chat": self.chat, "seq": self.seqs[0], "text": "x"})
        await tom.client.disconnect()
        self.node.clients.remove(tom.client)
        return shown

    def other(self, name: str) -> str:
        return self.tom.number if name == "ann" else self.ann.person.number

    async def is_indexed(self) -> bool:
        """Whether the index for search has a block of this chat that holds the canary."""
        blocks = services_of(self.node).runtime.stores.search_blocks
        found, _ = await blocks.list_matching([self.chat], list_terms(fold(CANARY)), END.at, examined=100)
        return bool(found)

    async def status_of(self, url: str) -> int:
        async with self.node.http.get(self.node.url + url if url.startswith("/") else url) as answer:
            return answer.status


async def tell(node: Node, apple: Apple, pages: Pages) -> Story:
    ann, tom = await friends(node, 2)
    status, _ = await node.rest("POST", "/notifications/add_ios_device", tom, json={"token": "Tom"})
    assert status == 200
    apple.plan("Tom", *[Answer(503, "ServiceUnavailable")] * 50)
    (device,) = await phones(node, ann)
    chat = (await say(device, "hello", contact=tom.number))["chat"]
    await answered(device, "chat_expiry_set", {"chat": chat, "expires_after_s": 3600})
    page = pages.add("/page", f"<html><head><title>{CANARY}</title></head></html>")
    sent = await say(device, f"{CANARY} {page}", chat=chat, client_id="canary")
    await device.until(lambda: bool(device.told("link_previewed")))
    await answered(device, "reaction_set", {"chat": chat, "seq": sent["seq"], "emoji": BIRD})
    await answered(device, "message_edit", {"chat": chat, "seq": sent["seq"], "text": f"{CANARY} edited"})
    form = FormData({"contact": tom.number, "caption": CANARY})
    form.add_field("filename", BytesIO(CANARY.encode() * 1000), filename=f"{CANARY}.txt")
    status, shown = await node.rest("POST", "/api/messages/send-document/", ann, data=form)
    assert status == 200, shown
    for _ in range(BLOCK):
        await say(device, "filler", chat=chat)
    await apple.expect(received=1)
    return Story(node, device, tom, chat, [sent["seq"], shown["seq"]], shown["url"], page)


async def test_nothing_is_left_of_a_message_that_is_over(
    node: Node, apple: Apple, pages: Pages, hours: Hours, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    story = await tell(node, apple, pages)
    assert await find_in_database(node) >= {"entries", "media.files", "media.chunks", "notifications"}
    before = await story.answers()
    assert {name for name, shown in before.items() if has_canary(shown)} >= {
        "history of tom",
        "delta of ann",
        "search of tom",
        f"messages/chats/{story.tom.number}/ of ann",
        "search by rest of ann",
    }
    assert await story.status_of(story.file) == 200
    assert await story.is_indexed()
    said = len(caplog.text)

    hours.ahead = timedelta(hours=1, seconds=1)
    answers = await story.answers()
    assert [name for name, shown in answers.items() if has_canary(shown)] == [], "at once, whatever is swept"
    assert answers["changed"]["error"]["code"] == "message_deleted"
    assert answers["sync of tom"][story.chat]["unread"] == 1, "hello"
    entries = {entry["seq"]: entry for entry in answers["history of tom"]}
    for seq in story.seqs:
        assert (entries[seq]["deleted"], entries[seq]["kind"]) == (True, "message")
    assert [one["status"] for one in answers["delta of tom"].values()] == ["delta"]

    await services_of(node).chats.end_messages()
    assert await find_in_database(node) == set()
    swept = await story.answers()
    assert [name for name, shown in swept.items() if has_canary(shown)] == []
    assert swept["history of tom"] == answers["history of tom"], "the sweep changes nothing that is shown"
    assert swept["sync of tom"][story.chat]["unread"] == 1
    assert await story.status_of(story.file) == 404
    assert not await story.is_indexed()

    apple.planned.clear()
    again = await say(story.ann, "behind", chat=story.chat)
    while again["seq"] not in [push.payload["seq"] for push in apple.taken]:
        await apple.expect(taken=len(apple.taken) + 1)
    assert [push.payload for push in apple.taken if has_canary(push.payload)] == []
    assert {push.payload["seq"] for push in apple.taken} <= {1, again["seq"]}
    assert not has_canary(caplog.text[said:])
    assert CANARY not in caplog.text


async def test_a_push_is_worth_nothing_to_apple_behind_the_end_of_its_message(
    node: Node, apple: Apple, pages: Pages
) -> None:
    story = await tell(node, apple, pages)
    sent = [entry for entry in await history(story.ann, story.chat) if entry["seq"] in story.seqs]
    ends = {int(datetime.fromisoformat(entry["expires_at"]).timestamp()) for entry in sent}
    await apple.expect(received=3)
    timed = [push for push in apple.received if push.payload["seq"] in story.seqs]
    assert {int(push.headers["apns-expiration"]) for push in timed} <= ends


async def test_a_server_that_keeps_messages_for_days_lets_go_of_older_ones_and_says_so(
    stores: EmbeddedStores, apple: Apple, pages: Pages, hours: Hours, tmp_path: Path
) -> None:
    settings = settings_of(tmp_path / "kept", apple)
    async with running_node(stores, settings) as node:
        ann, tom = await phones(node, *await friends(node, 2))
        chat = (await say(ann, f"{CANARY} {pages.url}/page", contact=tom.person.number))["chat"]
        await answered(ann, "message_edit", {"chat": chat, "seq": 1, "text": f"{CANARY} edited"})
        await answered(tom, "reaction_set", {"chat": chat, "seq": 1, "emoji": BIRD})
        assert "retention_days" not in (await ann.expect("ready"))[0]["limits"]
    hours.ahead = timedelta(days=8)
    keeping = settings.model_copy(update={"chat": settings.chat.model_copy(update={"retention_days": 7})})
    async with running_node(stores, keeping) as node:
        ann, tom = await phones(node, ann.person, tom.person)
        (ready,) = await tom.expect("ready")
        assert ready["limits"]["retention_days"] == 7
        shown = [ready, await history(tom, chat), await synced(tom, {chat: 0}), await synced(ann)]
        assert not has_canary(shown)
        assert ready["chats"][0]["unread"] == 0
        await say(ann, "young", chat=chat)
        await services_of(node).chats.end_messages()
        assert await find_in_database(node) == set()
        assert (await history(tom, chat))[-1]["text"] == "young"


async def test_a_message_that_waited_for_its_announcement_until_it_was_over_is_announced_without_content(
    node: Node,
) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    sent = await say(ann, "hello", contact=tom.person.number)
    await tom.expect("message_created")
    parts, chat, end = parts_of(node), sent["chat"], sent["seq"]
    bodies: list[Body] = [Message(text=CANARY), Edit(end + 1, CANARY), Reaction(end + 1, BIRD)]
    late = [
        stored_entry(
            Draft(chat, ann.person.account_id, ann.person.number, f"late {n}", body, expires_after_s=60),
            end + 1 + n,
            SystemClock().now() - timedelta(hours=1),
        )
        for n, body in enumerate(bodies)
    ]
    await parts.database.raw["entries"].insert_many(
        [
            entry_row(
                Draft(chat, entry.sender_id, entry.number, entry.client_id, entry.body, expires_after_s=60),
                entry.seq,
                entry.at,
            )
            for entry in late
        ]
    )
    parts.announcer.stored(late)
    (heard,) = await tom.expect("reaction_changed")
    (edited,) = await tom.expect("message_edited")
    created = tom.told("message_created")[-1]["message"]
    assert (heard["emoji"], edited["text"], created["deleted"]) == (None, "", True)
    assert not has_canary(tom.heard)
