"""Whoever was away holds in the end what those hold who never left, and what a fresh device is given (docs/architecture.md, "Promises", 5).

Bounded for every run; for a longer search: PARLEY_TEST_EXAMPLES=2000 pytest --timeout=0 tests/test_catching_up.py
"""

import asyncio
import operator
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from models.documents.entry import Joined, Left, SubjectSet
from models.services.chats import receipts
from models.stores import members
from server.embedded import EmbeddedStores
from tests.support.model_client import ChatModel, ModelClient
from tests.support.node import Node, Person, running_node, settings_for
from tests.support.parts import Parts, parts_of

PEOPLE = 3
EXAMPLES = int(os.environ.get("PARLEY_TEST_EXAMPLES", "8"))
NUMBERS = count(49_301_000_000)
GROUP, ANNEX = -1, -2  # the places of operations that are not somebody's direct chat

people = st.integers(0, PEOPLE - 1)
places = st.sampled_from([GROUP, GROUP, ANNEX, *range(PEOPLE)])
which = st.integers(0, 30)  # of the messages that the person holds, counted from the newest

operations = st.one_of(
    st.tuples(st.just("send"), people, places),
    st.tuples(st.just("send"), people, places),
    st.tuples(st.just("edit"), people, which),
    st.tuples(st.just("delete"), people, which),
    st.tuples(st.just("hide"), people, which),
    st.tuples(st.just("hide"), people, which),
    st.tuples(st.just("clear"), people, which),
    st.tuples(st.just("timer"), people, places),
    st.tuples(st.sampled_from(["like", "unlike"]), people, which),
    st.tuples(st.sampled_from(["pin", "pin", "unpin"]), people, which),
    st.tuples(st.sampled_from(["poll", "secret_poll"]), people, places),
    st.tuples(st.sampled_from(["vote", "vote", "unvote"]), people, which),
    st.tuples(st.sampled_from(["delivered", "read"]), people, which),
    st.tuples(st.just("subject"), people, st.sampled_from([GROUP, ANNEX])),
    st.tuples(st.sampled_from(["add", "remove", "leave"]), people, people),
    st.tuples(st.sampled_from(["welcome", "dismiss"]), people, people),
    st.tuples(st.just("visit"), people, people),
    st.tuples(st.just("visit"), people, people),
    st.tuples(st.sampled_from(["block", "unblock"]), people, people),
    st.tuples(st.sampled_from(["away", "away", "back", "reconnect"]), people, st.just(GROUP)),
)
# Operations in one beat run at the same time.
beats = st.lists(st.lists(operations, min_size=1, max_size=4), min_size=5, max_size=16)


@pytest.fixture
async def node(
    stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Node]:
    """A node with small answers, so that `more` and `reset` are the rule, and receipts that do not keep a test waiting.

    A member row keeps two messages that its account deleted for itself.
    """
    monkeypatch.setattr(receipts, "TELL_EVERY_S", 0.05)
    monkeypatch.setattr(members, "HIDDEN_MAX", 2)
    monkeypatch.setattr(members, "HIDDEN_KEPT", 1)
    small = {"sync_max_entries": 4, "delta_max_entries": 12}
    async with running_node(stores, settings_for(tmp_path_factory.mktemp("node"), chat=small)) as running:
        yield running


@dataclass
class Town:
    """Some people with a group, each with a device that stays and one that comes and goes."""

    node: Node
    parts: Parts
    people: list[Person]
    staying: list[ModelClient]
    roaming: list[ModelClient]
    group: int
    annex: int  # a group that at first only the first of them is in: the others come and go
    numbers: Any = field(default_factory=count)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def perform(self, operation: tuple[str, int, int]) -> None:
        name, who, what = operation
        act: Callable[[int, int], Awaitable[None]] | None = getattr(self, name, None)
        if act is not None:
            await act(who, what)
        elif name in ("away", "back", "reconnect"):
            await self._travel(name, who)
        else:
            await self._change(name, who, what)

    async def send(self, who: int, place: int, **content: Any) -> None:
        client_id = f"c{next(self.numbers)}"
        target: dict[str, Any] = {"contact": self.people[place].number}
        if place in (GROUP, ANNEX):
            target = {"chat": self.group if place == GROUP else self.annex}
        mentions = {} if content else {"mentions": self._mention(who)}
        body = {**target, "client_id": client_id, "text": f"{client_id} of {who}", **mentions, **content}
        await self.allowed(self.staying[who].ask("message_send", body), "chat_not_found", "contact_blocked")

    async def timer(self, who: int, place: int) -> None:
        target: dict[str, Any] = {"contact": self.people[place].number}
        if place in (GROUP, ANNEX):
            target = {"chat": self.group if place == GROUP else self.annex}
        body = target | {"expires_after_s": 3600 + next(self.numbers)}
        refusals = ("chat_not_found", "not_an_admin", "contact_blocked", "forbidden")
        await self.allowed(self.staying[who].ask("chat_expiry_set", body), *refusals)

    async def clear(self, who: int, what: int) -> None:
        """Delete for oneself what is up to one of the messages that this person holds."""
        client = self.staying[who]
        held = sorted([(chat.chat, seq) for chat in client.chats.values() for seq in chat.messages], reverse=True)
        if held:
            chat, seq = held[what % len(held)]
            await self.allowed(client.ask("chat_clear", {"chat": chat, "up_to": seq}), "chat_not_found")

    async def poll(self, who: int, place: int, *, is_secret: bool = False) -> None:
        await self.send(who, place, type="p", question="?", options=["a", "b"], secret=is_secret)

    async def secret_poll(self, who: int, place: int) -> None:
        await self.poll(who, place, is_secret=True)

    async def vote(self, who: int, what: int) -> None:
        """Change one's mind in one of the polls that this person holds."""
        await self._vote(who, what, [next(self.numbers) % 2])

    async def unvote(self, who: int, what: int) -> None:
        await self._vote(who, what, [])

    async def _vote(self, who: int, what: int, options: list[int]) -> None:
        client = self.staying[who]
        held = [
            (chat.chat, seq)
            for chat in client.chats.values()
            for seq, message in chat.messages.items()
            if message["type"] == "p"
        ]
        if held:
            chat, seq = sorted(held, reverse=True)[what % len(held)]
            body = {"chat": chat, "seq": seq, "options": options}
            refusals = ("chat_not_found", "message_not_found", "message_deleted", "forbidden", "contact_blocked")
            await self.allowed(client.ask("vote", body), *refusals)

    async def subject(self, who: int, place: int) -> None:
        group = self.group if place == GROUP else self.annex
        if await self.parts.is_member(group, self.people[who]):
            await self.parts.change_chat(self.people[who], group, SubjectSet(f"s{next(self.numbers)}"))

    async def add(self, who: int, whom: int, to: int | None = None) -> None:
        group = self.group if to is None else to
        async with self.turn:
            if not await self.parts.is_member(group, self.people[whom]):
                joined = Joined((self.people[whom].account_id,), (self.people[whom].number,))
                await self.parts.change_chat(self.people[who], group, joined)

    async def remove(self, who: int, whom: int, out_of: int | None = None) -> None:
        group = self.group if out_of is None else out_of
        async with self.turn:
            if await self.parts.is_member(group, self.people[whom]):
                left = Left(self.people[whom].account_id, self.people[whom].number)
                await self.parts.change_chat(self.people[who], group, left)

    async def welcome(self, who: int, whom: int) -> None:
        await self.add(who, whom, self.annex)

    async def dismiss(self, who: int, whom: int) -> None:
        await self.remove(who, whom, self.annex)

    async def visit(self, who: int, whom: int) -> None:
        """Somebody is in the annex for a moment, or once more, while its messages change."""
        await self.dismiss(who, whom)
        await self.send(0, ANNEX)
        await self._change("edit", 0, 1)
        await self._change("delete", 0, 3)
        await self._change("like", 0, 0)
        await self._change("pin", 0, 2)
        await self.secret_poll(0, ANNEX)
        await self.vote(0, 0)
        await self.welcome(who, whom)
        await self.send(0, ANNEX)
        await self.dismiss(who, whom)
        await self._change("unlike", 0, 0)
        await self._change("unpin", 0, 1)
        await self.vote(0, 0)

    async def leave(self, who: int, _: int) -> None:
        await self.remove(who, who)

    async def block(self, who: int, whom: int) -> None:
        if who != whom:
            await self.parts.block(self.people[who], self.people[whom])

    async def unblock(self, who: int, whom: int) -> None:
        await self.parts.unblock(self.people[who], self.people[whom])

    async def _change(self, name: str, who: int, what: int) -> None:
        """Change one of the messages that this person holds."""
        client = self.staying[who]
        held = [
            (chat.chat, seq)
            for chat in client.chats.values()
            for seq, message in chat.messages.items()
            if name != "edit" or message["type"] == "t"  # polls cannot be edited
        ]
        if not held:
            return
        chat, seq = sorted(held, reverse=True)[what % len(held)]
        body: dict[str, Any] = {"chat": chat, "seq": seq}
        refusals = (
            "chat_not_found",
            "message_not_found",
            "not_your_message",
            "message_deleted",
            "forbidden",
            "not_an_admin",
        )
        if name in ("delivered", "read"):
            await self.allowed(client.ask(name, body, "/receipts"), "chat_not_found")
            return
        event, more = {
            "edit": (
                "message_edit",
                {"text": f"e{next(self.numbers)}", "mentions": self._mention(who) if what % 2 else []},
            ),
            "pin": ("message_pin", {"pinned": True}),
            "unpin": ("message_pin", {"pinned": False}),
            "delete": ("message_delete", {}),
            "hide": ("message_delete", {"scope": "me"}),
            "like": ("reaction_set", {"emoji": "👍🏽"}),
            "unlike": ("reaction_set", {"emoji": None}),
        }[name]
        await self.allowed(client.ask(event, body | more), *refusals, "contact_blocked")

    def _mention(self, who: int) -> list[dict[str, Any]]:
        """The first character of a text, which means its writer."""
        return [{"number": self.people[who].number, "offset": 0, "length": 1}]

    async def _travel(self, name: str, who: int) -> None:
        client = self.roaming[who]
        if name == "away" and client.is_connected:
            await client.go()
        elif name == "back" and not client.is_connected:
            await client.come()
        elif name == "reconnect" and client.is_connected:
            await client.go()
            await client.come()

    async def allowed(self, asked: Awaitable[dict[str, Any]], *refusals: str) -> None:
        answer = await asked
        assert answer["ok"] or answer["error"]["code"] in refusals, answer

    async def settle(self) -> None:
        """End all blocks and say something in every chat, so that whoever is connected has heard all that came before."""
        for who in range(PEOPLE):
            for whom in range(PEOPLE):
                await self.unblock(who, whom)
        ends: dict[int, int] = {}
        for client in self.staying:
            for chat in [chat.chat for chat in client.chats.values() if chat.is_member]:
                answer = await client.ask("message_send", {"chat": chat, "client_id": f"m{chat}", "text": "marker"})
                if answer["ok"]:
                    ends[chat] = max(ends.get(chat, 0), answer["message"]["seq"])

        def is_settled(client: ModelClient) -> bool:
            return all(chat.cursor >= ends.get(chat.chat, 0) for chat in client.chats.values() if chat.is_member)

        for client in self.staying:
            try:
                await client.until(lambda client=client: is_settled(client))
            except TimeoutError:
                cursors = {chat.chat: (chat.cursor, chat.is_member) for chat in client.chats.values()}
                raise AssertionError(
                    f"{client.person.account_id} stands at {cursors}, the logs end at {ends}"
                ) from None

    async def close(self) -> None:
        for client in [*self.staying, *self.roaming]:
            await client.go()


async def build_town(node: Node) -> Town:
    residents = [await node.sign_in(str(next(NUMBERS))) for _ in range(PEOPLE)]
    await node.befriend(*residents)
    for one in residents:  # a chat with oneself is one, too
        status, _ = await node.rest("POST", "/api/contacts/add-contact/", one, json={"contact_id": one.number})
        assert status < 300
    parts = parts_of(node)
    group = await parts.found_group(*residents)
    changed = asyncio.Event()
    staying, roaming = ([ModelClient(node, one, changed=changed) for one in residents] for _ in range(2))
    annex = await parts.found_group(residents[0], subject="Annex")
    town = Town(node, parts, residents, staying, roaming, group.id, annex.id)
    await asyncio.gather(*(client.come() for client in [*town.staying, *town.roaming]))
    return town


@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    phases=[Phase.generate, Phase.shrink] if "PARLEY_TEST_EXAMPLES" in os.environ else [Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(scenario=beats)
async def test_who_was_away_holds_what_they_hold_who_never_left(node: Node, scenario: list[list[Any]]) -> None:
    town = await build_town(node)
    try:
        for beat in scenario:
            travels = [operation for operation in beat if operation[0] in ("away", "back", "reconnect")][:1]
            others = [operation for operation in beat if operation[0] not in ("away", "back", "reconnect")]
            await asyncio.gather(*map(town.perform, [*travels, *others]))
        await town.settle()
        for who in range(PEOPLE):
            if not town.roaming[who].is_connected:
                await town.roaming[who].come()
        for who in range(PEOPLE):
            await agree(town, who)
    finally:
        await town.close()


async def agree(town: Town, who: int) -> None:
    """All devices of a person hold the same; of chats that the person left, a fresh one holds nothing."""
    stayed, roamed = town.staying[who], town.roaming[who]
    fresh = ModelClient(town.node, town.people[who], changed=stayed.changed)
    await fresh.come()
    try:
        # Receipts may still be on their way: they are told a moment after they are stored.
        await alike(stayed, lambda: (shared(roamed), shared(stayed)))
        listed = lambda: {chat: held for chat, held in stayed.snapshot().items() if held["is_member"]}  # noqa: E731
        await alike(stayed, lambda: (fresh.snapshot(), listed()))
        for client in (stayed, roamed):
            for chat in client.chats.values():
                if not chat.is_member:
                    assert await differing(chat, fresh) == []
    finally:
        await fresh.go()


def shared(client: ModelClient) -> dict[int, dict[str, Any]]:
    """What two devices hold, less what became of messages after their person left: one was told in time, the other never."""
    snapshot = client.snapshot()
    for held in snapshot.values():
        if not held["is_member"]:
            held["messages"] = sorted(held["messages"])
    return snapshot


async def differing(left: ChatModel, fresh: ModelClient) -> list[tuple[Any, Any]]:
    """Messages of a chat that its person left which are not held as its history shows them, but for those deleted since."""
    log = ChatModel(left.chat)
    await fresh.fill(log, 2**31)
    held, shown = left.snapshot()["messages"], log.snapshot()["messages"]
    return [
        (message, held.get(seq))
        for seq, message in shown.items()
        if not message.get("deleted") and held.get(seq) != message
    ]


async def alike(client: ModelClient, two: Callable[[], tuple[Any, Any]]) -> None:
    """Wait for the two to be equal."""
    with suppress(TimeoutError):
        await client.until(lambda: operator.eq(*two()), within_s=20.0)
    one, other = two()
    assert one == other
