"""A chat that cannot be read or changed, for a fault of its own: what is done in the background for all others goes on."""

import asyncio
from collections.abc import AsyncIterator, Collection
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from models.documents.chat import Chat, Roster
from models.documents.entry import Deletion, Draft, Edit, Entry, Joined, Message
from models.services.chats.membership import MembershipCache
from models.services.chats.recovery import recover_pending_changes
from models.stores.chats import Chats
from models.stores.entries import MESSAGE_CHANGES, Entries
from models.stores.entry_rows import entry_row
from server.clock import SystemClock
from server.embedded import EmbeddedStores
from tests.conversation.talk import answered, friends, phones, say
from tests.support.node import Device, Node, Person, running_node, settings_for
from tests.support.parts import Parts, parts_of, services_of
from tests.support.socket_fixture import until


@pytest.fixture
async def node(stores: EmbeddedStores, tmp_path: Path) -> AsyncIterator[Node]:
    async with running_node(stores, settings_for(tmp_path)) as running:
        yield running


async def broken_and_whole(node: Node, monkeypatch: pytest.MonkeyPatch) -> tuple[Device, Device, Chat, int]:
    """Ann's and Tom's phones, a group of theirs that this node cannot read in the background from now on, and their direct chat."""
    ann, tom = await phones(node, *await friends(node, 2))
    group = await parts_of(node).found_group(ann.person, tom.person)
    await say(ann, "hi", chat=group.id)
    message = await say(ann, "hello", contact=tom.person.number)
    require = MembershipCache.require

    async def fail(self: MembershipCache, chat_id: int) -> Roster:
        if chat_id == group.id:
            raise RuntimeError("cannot be read")
        return await require(self, chat_id)

    monkeypatch.setattr(MembershipCache, "require", fail)
    return ann, tom, group, message["chat"]


async def leave(parts: Parts, by: Person, chat_id: int, client_id: str, body: Any) -> Entry:
    """A node stored this half a minute ago and died."""
    seq = await Entries(parts.database).last_seq(chat_id) + 1
    at = (SystemClock().now() - timedelta(seconds=30)).replace(microsecond=0)
    draft = Draft(chat_id, by.account_id, by.number, client_id, body)
    await parts.database.collection("entries").insert_one(entry_row(draft, seq, at))
    return Entry(chat_id, seq, by.account_id, by.number, client_id, at, body)


async def test_receipts_of_other_chats_are_told(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, tom, group, whole = await broken_and_whole(node, monkeypatch)
    marks = services_of(node).chats.marks
    marks._will_tell((group.id, tom.person.account_id), is_shown=True)  # stored when the chat could be read
    await answered(tom, "delivered", {"chat": whole, "seq": 1}, "/receipts")
    await ann.until(lambda: any(body["chat"] == whole for body in ann.told("receipt")))


async def test_other_chats_move_up(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, _, group, whole = await broken_and_whole(node, monkeypatch)
    summaries, parts = services_of(node).log.summaries, parts_of(node)
    services_of(node).log.memberships.forget(group.id)
    at = SystemClock().now() + timedelta(seconds=5)
    of_ann = (ann.person.account_id, ann.person.number, "late", at, Message(text="late"))
    summaries.stored([Entry(group.id, 50, *of_ann), Entry(whole, 50, *of_ann)])
    at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    place = {"_id": whole << 32 | ann.person.account_id}
    async with asyncio.timeout(30):
        while (await parts.database.collection("members").find_one(place) or {}).get("activity") != at:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await until(lambda: summaries.depth == 1)  # the other one is tried again


async def test_changes_of_other_chats_that_a_crash_left_are_applied(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    parts = parts_of(node)
    first = await parts.found_group(ann.person, tom.person)
    message = await say(ann, "old", contact=tom.person.number)
    apply = Chats.apply

    async def fail(self: Chats, change: Entry) -> Collection[int]:
        if change.chat_id == first.id:
            raise RuntimeError("cannot be applied")
        return await apply(self, change)

    monkeypatch.setattr(Chats, "apply", fail)
    await leave(parts, ann.person, first.id, "broken", Joined((tom.person.account_id,), (tom.person.number,)))
    await leave(parts, ann.person, message["chat"], "edit", Edit(message["seq"], "new"))
    services, entries = services_of(node), Entries(parts.database)
    assert await recover_pending_changes(entries, services.log.memberships, SystemClock(), lambda _: None) == 1
    assert await entries.list_pending(message["chat"], MESSAGE_CHANGES) == []


async def test_what_nobody_was_told_of_in_other_chats_is_announced_again(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, tom, group, whole = await broken_and_whole(node, monkeypatch)
    parts, again = parts_of(node), services_of(node).log.announce_again
    broken = await leave(parts, ann.person, group.id, "broken", Deletion(2))
    lost = await leave(parts, ann.person, whole, "lost", Message(text="nobody was told"))
    again.found(broken)
    again.found(lost)
    await tom.until(lambda: any(m["message"].get("text") == "nobody was told" for m in tom.told("message_created")))
