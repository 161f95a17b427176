"""What waits to be told for a while: what was deleted meanwhile is said to nobody, and one chat does not hold up another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from models.documents.entry import ChatSettingsSet, Deletion, Draft, Entry, Message, PersonalChange, SubjectSet
from models.services.chats import announcer
from models.stores.chats import Chats
from models.stores.entries import Entries
from models.stores.entry_rows import entry_row
from server.clock import SystemClock
from server.config import Settings
from server.embedded import EmbeddedStores
from tests.support.node import Device, Node, Person, running_node, settings_for
from tests.support.parts import Parts, parts_of, services_of

ANN, TOM = "4930901940", "4930901941"


class Place:
    """Ann and Tom, who write to each other and are in a group."""

    def __init__(self, node: Node, ann: Person, tom: Person, anns: Device, toms: Device, chat: int, group: int) -> None:
        self.node, self.ann, self.tom, self.anns, self.toms = node, ann, tom, anns, toms
        self.chat, self.group = chat, group

    @property
    def parts(self) -> Parts:
        return parts_of(self.node)

    async def store(self, text: str, age_s: float = 0) -> Entry:
        """Ann's message is stored, and waits to be told."""
        seq = await Entries(self.parts.database).last_seq(self.chat) + 1
        draft = Draft(self.chat, self.ann.account_id, self.ann.number, uuid4().hex, Message(text=text))
        at = (SystemClock().now() - timedelta(seconds=age_s)).replace(microsecond=0)
        await self.parts.database.collection("entries").insert_one(entry_row(draft, seq, at))
        found = await Entries(self.parts.database).find(self.chat, seq)
        assert found is not None
        return found

    async def delete(self, entry: Entry, node: Node | None = None) -> None:
        device = self.anns if node is None else await node.connect(self.ann, "/chat")
        answer = await device.ask("message_delete", {"chat": self.chat, "seq": entry.seq})
        assert answer["ok"], answer

    async def say(self, text: str, chat: int = 0) -> None:
        """Ann writes."""
        answer = await self.anns.ask("message_send", {"chat": chat or self.chat, "client_id": text, "text": text})
        assert answer["ok"], answer

    async def expect(self, text: str) -> None:
        """Tom hears it."""
        await self.toms.until(lambda: text in self.texts())

    def texts(self) -> list[str]:
        return [body["message"].get("text", "") for body in self.toms.told("message_created")]


@asynccontextmanager
async def place(stores: EmbeddedStores, settings: Settings) -> AsyncIterator[Place]:
    async with running_node(stores, settings) as node:
        ann, tom = await node.sign_in(ANN), await node.sign_in(TOM)
        await node.befriend(ann, tom)
        anns, toms = await node.connect(ann, "/chat"), await node.connect(tom, "/chat")
        hello = {"contact": tom.number, "client_id": "hello", "text": "hello"}
        chat = (await anns.ask("message_send", hello))["message"]["chat"]
        group = await parts_of(node).found_group(ann, tom)
        friends = Place(node, ann, tom, anns, toms, chat, group.id)
        await friends.expect("hello")
        yield friends


@pytest.fixture
async def friends(stores: EmbeddedStores, tmp_path: Path) -> AsyncIterator[Place]:
    async with place(stores, settings_for(tmp_path)) as found:
        yield found


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcer, "RETRY_S", 0.01)
    monkeypatch.setattr(announcer, "TRIES", 1_000_000)  # however slow the machine is


class TestAMessageDeletedWhileItWaits:
    async def test_by_this_node_is_told_without_its_text(self, friends: Place) -> None:
        entry = await friends.store("a secret")
        await friends.delete(entry)
        friends.parts.announcer.stored([entry])
        await self.expect_deleted(friends, entry)

    async def test_together_with_its_deletion_is_told_without_its_text(self, friends: Place) -> None:
        entry = await friends.store("a secret")
        stored = await friends.parts.journal.append(
            Draft(friends.chat, friends.ann.account_id, friends.ann.number, "gone", Message(text="in between"))
        )
        draft = Draft(friends.chat, friends.ann.account_id, friends.ann.number, "deletion", Deletion(entry.seq))
        at = SystemClock().now()
        deletion = Entry(friends.chat, stored.entry.seq + 1, draft.sender_id, draft.number, "deletion", at, draft.body)
        friends.parts.announcer.stored([entry, deletion])
        await self.expect_deleted(friends, entry)

    async def test_by_another_node_is_told_without_its_text(self, friends: Place, stores: EmbeddedStores) -> None:
        entry = await friends.store("a secret", age_s=2)
        async with running_node(stores, friends.node.settings) as other:
            await friends.delete(entry, other)
        friends.parts.announcer.stored([entry])
        await self.expect_deleted(friends, entry)

    async def test_of_which_the_deletion_is_not_applied_is_told_without_its_text(self, friends: Place) -> None:
        entry = await friends.store("a secret", age_s=2)
        draft = Draft(friends.chat, friends.ann.account_id, friends.ann.number, "deletion", Deletion(entry.seq))
        row = entry_row(draft, entry.seq + 1, SystemClock().now().replace(microsecond=0))
        await friends.parts.database.collection("entries").insert_one(row)
        friends.parts.announcer.stored([entry])
        await self.expect_deleted(friends, entry)

    async def test_that_stands_is_told_whole_however_late(self, friends: Place) -> None:
        friends.parts.announcer.stored([await friends.store("no secret", age_s=60)])
        await friends.expect("no secret")

    async def expect_deleted(self, friends: Place, entry: Entry) -> None:
        await friends.toms.until(
            lambda: any(body["message"]["seq"] == entry.seq for body in friends.toms.told("message_created"))
        )
        assert "a secret" not in str(friends.toms.heard)
        told = next(b["message"] for b in friends.toms.told("message_created") if b["message"]["seq"] == entry.seq)
        assert told["deleted"] is True


@pytest.mark.usefixtures("quick")
class TestAChatThatCannotBeTold:
    """Its own entries wait in their order; nobody else's do."""

    async def test_does_not_hold_up_another_while_a_change_of_it_cannot_be_applied(
        self, friends: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        apply, is_broken = Chats.apply, True

        async def broken(chats: Chats, change: Entry) -> Any:
            if is_broken and isinstance(change.body, SubjectSet):
                raise RuntimeError("cannot be applied")
            return await apply(chats, change)

        monkeypatch.setattr(Chats, "apply", broken)
        draft = Draft(friends.group, friends.ann.account_id, friends.ann.number, "new subject", SubjectSet("Them"))
        renamed = await friends.parts.journal.append(draft)
        await friends.say("behind it", friends.group)
        for n in range(3):
            await friends.say(f"elsewhere {n}")
        await friends.expect("elsewhere 2")
        assert "behind it" not in friends.texts()
        assert friends.parts.announcer.depth == 2
        is_broken = False
        await friends.expect("behind it")
        await friends.parts.announcer.applied(renamed.entry)
        assert friends.parts.announcer.depth == 0
        names = [name for _, name, _ in friends.toms.heard if name in {"chat_changed", "message_created"}]
        assert names[-2:] == ["chat_changed", "message_created"], "in the order of the log"

    async def test_does_not_hold_up_another_while_a_message_of_it_cannot_be_told(
        self, friends: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told, is_broken = friends.parts.announcer._announce, True

        async def broken(entry: Entry) -> None:
            if is_broken and entry.chat_id == friends.group:
                raise RuntimeError("cannot be told")
            await told(entry)

        monkeypatch.setattr(friends.parts.announcer, "_announce", broken)
        expected = [f"held {n}" for n in range(20)]
        for text in expected:
            await friends.say(text, friends.group)
        await friends.say("elsewhere")
        await friends.expect("elsewhere")
        assert friends.parts.announcer.depth == len(expected)
        is_broken = False
        await friends.say("last", friends.group)
        await friends.expect("last")
        assert [text for text in friends.texts() if text.startswith(("held", "last"))] == [*expected, "last"]

    async def test_is_synced_and_those_who_wait_for_its_change_are_refused_when_that_lasts(
        self, friends: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def broken(_: Chats, change: Entry) -> Any:
            raise RuntimeError("cannot be applied")

        monkeypatch.setattr(announcer, "TRIES", 3)
        monkeypatch.setattr(Chats, "apply", broken)
        before = len(friends.toms.told("resync"))
        path = f"/api/groups/{await self.gid(friends)}/subject/"
        async with asyncio.timeout(30):
            status, refusal = await friends.node.rest("POST", path, friends.ann, data={"subject": "Them"})
        assert status == 503, refusal
        await friends.toms.expect("resync", before + 1)
        await friends.say("elsewhere")
        await friends.expect("elsewhere")
        assert friends.parts.announcer.depth == 0

    async def gid(self, friends: Place) -> str:
        chat = await friends.parts.chats.find(friends.group)
        assert chat is not None
        assert chat.group is not None
        return chat.group

    async def test_keeps_no_more_than_so_many_of_its_entries(
        self, friends: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told = friends.parts.announcer._announce

        async def broken(entry: Entry) -> None:
            if entry.chat_id == friends.group:
                raise RuntimeError("cannot be told")
            await told(entry)

        monkeypatch.setattr(announcer, "HELD_MAX", 10)
        monkeypatch.setattr(friends.parts.announcer, "_announce", broken)
        before = len(friends.toms.told("resync"))
        for n in range(25):
            await friends.say(f"held {n}", friends.group)
        await friends.say("elsewhere")
        await friends.expect("elsewhere")
        assert friends.parts.announcer.depth <= 10
        await friends.toms.expect("resync", before + 1)
        assert services_of(friends.node).log.announcer.waits_since is not None


class TestWhatSomebodyKeepsForItself:
    """It is applied by several writes, for which nobody else waits."""

    async def test_delays_no_other_chat_and_is_told_in_order(
        self, friends: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        apply, may_go_on = Chats.apply, asyncio.Event()

        async def slow(chats: Chats, change: Entry) -> Any:
            if isinstance(change.body, PersonalChange):
                await may_go_on.wait()
            return await apply(chats, change)

        other = await friends.node.connect(friends.ann, "/chat")
        own = await self.note(friends, "first")  # which loads the members of the chat; that would apply what waits
        await other.until(lambda: bool(other.told("message_created")))
        monkeypatch.setattr(Chats, "apply", slow)
        changes = [await self.pin(friends, own, 1)]
        await self.note(friends, "a note")
        changes.append(await self.pin(friends, own, 2))
        await friends.say("elsewhere")
        await friends.expect("elsewhere")
        assert friends.parts.announcer.depth == 3
        assert friends.parts.announcer.waits_since is not None
        assert not other.told("chat_settings_changed")
        may_go_on.set()
        await asyncio.gather(*(friends.parts.announcer.applied(change) for change in changes))
        await other.until(lambda: len(other.told("chat_settings_changed")) == 2)
        assert friends.parts.announcer.depth == 0
        heard = [
            body["settings"]["pinned"] if name == "chat_settings_changed" else body["message"]["text"]
            for _, name, body in other.heard
            if name == "chat_settings_changed" or (name == "message_created" and body["message"]["chat"] == own)
        ]
        assert heard == ["first", 1, "a note", 2]

    async def note(self, friends: Place, text: str) -> int:
        """Ann writes to herself. Returns the chat."""
        asked = {"contact": friends.ann.number, "client_id": text, "text": text}
        answer = await friends.anns.ask("message_send", asked)
        assert answer["ok"], answer
        chat: int = answer["message"]["chat"]
        return chat

    async def pin(self, friends: Place, own: int, place: int) -> Entry:
        """A change of Ann's own state is stored."""
        change = ChatSettingsSet(friends.chat, {"pinned": place})
        draft = Draft(own, friends.ann.account_id, friends.ann.number, f"pin {place}", change)
        return (await friends.parts.journal.append(draft)).entry
