"""What a dead node stored and told nobody: told by whoever comes upon it, once, and to nobody who should not hear of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from models.documents.entry import Body, Draft, Edit, Joined, Message
from models.services.chats import announcer
from models.stores.entries import Entries
from models.stores.entry_rows import entry_row
from server.clock import SystemClock
from server.config import Settings
from server.embedded import EmbeddedStores
from tests.support.node import Device, Node, Person, running_node, settings_for
from tests.support.parts import parts_of, services_of

ANN, TOM, EVE = "4930901840", "4930901841", "4930901842"


@dataclass
class Place:
    """Ann and Tom, who write to each other, each on a phone."""

    stores: EmbeddedStores
    node: Node
    ann: Person
    tom: Person
    anns: Device
    toms: Device
    chat: int

    async def leave(
        self, body: Body, client_id: str, *, chat: int = 0, by: Person | None = None, age_s: float = 20
    ) -> int:
        """A node took this from Ann and died; the database stored it, and nobody was told. Its seq."""
        database, who = parts_of(self.node).database, by or self.ann
        seq = await Entries(database).last_seq(chat or self.chat) + 1
        draft = Draft(chat or self.chat, who.account_id, who.number, client_id, body)
        at = SystemClock().now() - timedelta(seconds=age_s)
        await database.collection("entries").insert_one(entry_row(draft, seq, at.replace(microsecond=0)))
        return seq

    async def say(self, text: str) -> int:
        """Ann writes, and Tom hears it; so has he heard all that was told before."""
        answer = await self.anns.ask("message_send", {"chat": self.chat, "client_id": text, "text": text})
        assert answer["ok"], answer
        await self.toms.until(lambda: text in texts(self.toms))
        return int(answer["message"]["seq"])


def texts(device: Device) -> list[str]:
    return [body["message"]["text"] for body in device.told("message_created") if "text" in body["message"]]


@asynccontextmanager
async def place(stores: EmbeddedStores, settings: Settings) -> AsyncIterator[Place]:
    async with running_node(stores, settings) as node:
        ann, tom = await node.sign_in(ANN), await node.sign_in(TOM)
        await node.befriend(ann, tom)
        anns, toms = await node.connect(ann, "/chat"), await node.connect(tom, "/chat")
        hello = {"contact": tom.number, "client_id": "hello", "text": "hello"}
        chat = (await anns.ask("message_send", hello))["message"]["chat"]
        await toms.expect("message_created")
        yield Place(stores, node, ann, tom, anns, toms, chat)


@pytest.fixture
async def friends(stores: EmbeddedStores, tmp_path: Path) -> AsyncIterator[Place]:
    async with place(stores, settings_for(tmp_path)) as found:
        yield found


async def by_socket(friends: Place) -> dict[str, Any]:
    return await friends.anns.ask("message_send", {"chat": friends.chat, "client_id": "once", "text": "important"})


async def by_socket_after_blocking(friends: Place) -> dict[str, Any]:
    """Ann may write to Tom no more, but what she sent keeps its answer."""
    status, _ = await friends.node.rest("POST", f"/api/contacts/{TOM}/block/", friends.ann)
    assert status == 200
    return await by_socket(friends)


async def by_rest(friends: Place) -> dict[str, Any]:
    form = {"contact": TOM, "message": "important", "client_id": "once"}
    status, answer = await friends.node.rest("POST", "/api/messages/send-message/", friends.ann, json=form)
    return {"ok": status < 300, "answer": answer}


@pytest.mark.parametrize("door", [by_socket, by_socket_after_blocking, by_rest])
async def test_a_message_that_nobody_was_told_of_is_told_when_it_is_sent_again(friends: Place, door: Any) -> None:
    seq = await friends.leave(Message(text="important"), "once")
    answer = await door(friends)
    assert answer["ok"], answer
    await friends.toms.until(lambda: "important" in texts(friends.toms))
    assert friends.toms.told("message_created")[-1]["message"]["seq"] == seq


async def test_with_a_short_lease_it_is_told_again_soon(stores: EmbeddedStores, tmp_path: Path) -> None:
    """The others have told their clients to sync by then, perhaps before the database stored it."""
    async with place(stores, settings_for(tmp_path, nodes={"lease_s": 1})) as friends:
        await friends.leave(Message(text="important"), "once", age_s=2)
        assert (await by_socket(friends))["ok"]
        await friends.toms.until(lambda: "important" in texts(friends.toms))


async def test_sending_it_again_and_again_tells_it_once(friends: Place) -> None:
    await friends.leave(Message(text="important"), "once")
    for _ in range(20):
        assert (await by_socket(friends))["ok"]
    await friends.say("after that")
    assert texts(friends.toms).count("important") == 1


async def test_what_this_node_told_itself_is_not_told_again(friends: Place) -> None:
    now = SystemClock.now
    await friends.say("important")
    later = pytest.MonkeyPatch()
    later.setattr(SystemClock, "now", lambda self: now(self) + timedelta(seconds=30))
    try:
        again = {"chat": friends.chat, "client_id": "important", "text": "important"}
        assert (await friends.anns.ask("message_send", again))["ok"]
        await friends.say("after that")
    finally:
        later.undo()
    assert texts(friends.toms).count("important") == 1


async def test_what_was_deleted_since_is_not_told(friends: Place) -> None:
    seq = await friends.leave(Message(text="important"), "once")
    gone = await friends.anns.ask("message_delete", {"chat": friends.chat, "seq": seq})
    assert gone["ok"], gone
    assert (await by_socket(friends))["ok"]
    await friends.say("after that")
    assert "important" not in texts(friends.toms)


async def test_who_has_blocked_the_sender_since_hears_nothing_of_it(friends: Place) -> None:
    await friends.leave(Message(text="important"), "once")
    status, _ = await friends.node.rest("POST", f"/api/contacts/{ANN}/block/", friends.tom)
    assert status == 200
    other = await friends.node.connect(friends.ann, "/chat")
    assert (await by_socket(friends))["ok"]
    await other.until(lambda: "important" in texts(other))
    status, _ = await friends.node.rest("POST", f"/api/contacts/{ANN}/unblock/", friends.tom)
    assert status == 200
    await friends.say("after that")
    assert "important" not in texts(friends.toms)


async def test_an_edit_that_nobody_was_told_of_is_told_when_it_is_sent_again(friends: Place) -> None:
    seq = await friends.say("first words")
    await friends.leave(Edit(seq, "second words"), "edit")
    edit = {"chat": friends.chat, "seq": seq, "text": "second words", "client_id": "edit"}
    assert (await friends.anns.ask("message_edit", edit))["ok"]
    (told,) = await friends.toms.expect("message_edited")
    assert told["message"]["text"] == "second words" if "message" in told else told["text"] == "second words"


async def test_changes_that_recovery_applies_are_told(friends: Place) -> None:
    group = await parts_of(friends.node).found_group(friends.ann, friends.tom)
    eve = await friends.node.sign_in(EVE)
    eves = await friends.node.connect(eve, "/chat")
    seq = await friends.say("first words")
    await friends.leave(Edit(seq, "second words"), "edit")
    await friends.leave(Joined((eve.account_id,), (eve.number,)), "joined", chat=group.id)
    async with running_node(friends.stores, friends.node.settings):  # which looks for such changes when it starts
        await friends.toms.expect("message_edited")
        await eves.until(lambda: any(body["chat"] == group.id for body in eves.told("chat_changed")))


async def test_a_change_that_is_applied_because_somebody_writes_is_told(friends: Place) -> None:
    group = await parts_of(friends.node).found_group(friends.ann, friends.tom)
    eve = await friends.node.sign_in(EVE)
    eves = await friends.node.connect(eve, "/chat")
    seq = await friends.leave(Joined((eve.account_id,), (eve.number,)), "joined", chat=group.id)
    services_of(friends.node).log.memberships.forget(group.id)
    hello = {"chat": group.id, "client_id": "hi all", "text": "hi all"}
    assert (await friends.anns.ask("message_send", hello))["ok"]
    await eves.until(lambda: "hi all" in texts(eves))
    await eves.until(lambda: any(body["change"]["seq"] == seq for body in eves.told("chat_changed")))


async def test_who_cannot_be_told_of_an_entry_is_told_to_sync_on_every_node(
    friends: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_node(friends.stores, friends.node.settings) as second:
        elsewhere = await second.connect(friends.tom, "/chat")
        await elsewhere.expect("ready")
        eve = await second.sign_in(EVE)
        eves = await second.connect(eve, "/chat")
        services = services_of(friends.node)
        announce = services.log.announcer._announce

        async def broken(entry: Any) -> None:
            if getattr(entry.body, "text", "") == "unspeakable":
                raise RuntimeError("cannot be told")
            await announce(entry)

        monkeypatch.setattr(announcer, "TRIES", 2)
        monkeypatch.setattr(announcer, "RETRY_S", 0.01)
        monkeypatch.setattr(services.log.announcer, "_announce", broken)
        concerned = [(device, len(device.told("resync"))) for device in (friends.toms, elsewhere)]
        of_eve = len(eves.told("resync"))
        bad = {"chat": friends.chat, "client_id": "bad", "text": "unspeakable"}
        assert (await friends.anns.ask("message_send", bad))["ok"]
        for device, before in concerned:
            await device.expect("resync", before + 1)
        assert len(eves.told("resync")) == of_eve, "it does not concern her"
