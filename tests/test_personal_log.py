"""Settings of chats and stars are the same on all devices of a person in the end, whatever was cut in between, and are what the log says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest

from handlers.wire.sockets.entries import show_entry
from models.services.chats.recovery import recover_pending_changes
from server.embedded import EmbeddedStores
from tests.support.message_fixture import Talk, open_talk
from tests.support.model_client import ModelClient
from tests.support.node import Node, Person, running_node, settings_for
from tests.support.parts import services_of

DEFAULTS = {"muted_until": None, "notify": "all", "archived": False, "pinned": None, "draft": None}
NUMBERS = count(49_302_000_000)
STEPS = 25  # of each device
HELD = tuple(DEFAULTS)


@pytest.fixture
async def nodes(stores: EmbeddedStores, tmp_path: Path) -> AsyncIterator[list[Node]]:
    """Two nodes over one database, with small answers, so that `more` and `reset` are the rule."""
    small = {"sync_max_entries": 4, "delta_max_entries": 12}
    settings = settings_for(tmp_path, auth={"secret": "the secret that these nodes share"}, chat=small)
    async with running_node(stores, settings) as one, running_node(stores, settings) as other:
        yield [one, other]


@dataclass
class Roamer:
    """A device that sets this and that, loses its line in the middle of requests, and comes back on either node."""

    client: ModelClient
    nodes: list[Node]
    random: Random
    name: str
    numbers: Any = field(default_factory=count)

    async def roam(self, chats: list[int], messages: list[tuple[int, int]]) -> None:
        for _ in range(STEPS):
            event, body = self._choose(chats, messages)
            await self._ask_surely(event, body | {"client_id": f"{self.name} {next(self.numbers)}"})

    def _choose(self, chats: list[int], messages: list[tuple[int, int]]) -> tuple[str, dict[str, Any]]:
        if self.random.random() < 0.4:
            chat, seq = self.random.choice(messages)
            return "star_set", {"chat": chat, "seq": seq, "starred": self.random.random() < 0.6}
        values = {
            "muted_until": [None, "always"],
            "notify": ["all", "mentions", "none"],
            "archived": [True, False],
            "pinned": [None, 1, 2],
            "draft": [None, {"text": f"{self.name} wrote"}, {"text": "as an answer", "reply_to": 1}],
        }
        names = self.random.sample(HELD, self.random.randint(1, 3))
        asked = {name: self.random.choice(values[name]) for name in names}
        return "chat_settings_set", {"chat": self.random.choice(chats), **asked}

    async def _ask_surely(self, event: str, body: dict[str, Any]) -> None:
        """Ask until it is answered, with the same client id; the line may be cut once the request is on its way."""
        is_cut = self.random.random() < 0.3
        while True:
            asking = asyncio.create_task(self.client.ask(event, body))
            if not is_cut:
                answer = await asking
                assert answer["ok"], answer
                return
            is_cut = False
            for _ in range(self.random.randint(0, 4)):
                await asyncio.sleep(0)
            await self._lose_line()
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            self.client.node = self.random.choice(self.nodes)
            await self.client.come()

    async def _lose_line(self) -> None:
        device = self.client.device
        assert device is not None
        line = device.client.eio.ws._response.connection
        if line is not None and line.transport is not None:
            line.transport.abort()
        node, self.client.node = self.client.node, next(each for each in self.nodes if device.client in each.clients)
        await self.client.go()
        self.client.node = node


async def replayed(node: Node, own: int) -> tuple[dict[int, dict[str, Any]], set[tuple[int, int]]]:
    """The settings and stars that the log of the chat with oneself comes to: of each field the last entry."""
    settings: dict[int, dict[str, Any]] = {}
    stars: dict[tuple[int, int], bool] = {}
    for entry in await services_of(node).runtime.stores.entries.list_range(own, 1, 2**31, limit=10_000):
        shown: dict[str, Any] = show_entry(entry)
        if shown["kind"] == "settings":
            settings.setdefault(shown["of_chat"], {}).update(shown["settings"])
        else:
            stars[shown["of_chat"], shown["of_seq"]] = shown["starred"]
    return settings, {place for place, is_starred in stars.items() if is_starred}


def as_shown(fields: dict[str, Any], last_message: int) -> dict[str, Any]:
    """Settings as a device holds them: what differs from the default, and whether the chat has come back."""
    shown = {name: value for name, value in fields.items() if name in DEFAULTS and value != DEFAULTS[name]}
    if fields.get("archived"):
        shown["archived_seq"] = fields["archived_seq"]
        shown["archived"] = "muted_until" in shown or last_message <= fields["archived_seq"]
    return shown


@pytest.mark.parametrize("seed", range(2))
async def test_three_devices_that_lose_their_lines_hold_the_same_and_what_the_log_says(
    nodes: list[Node], seed: int
) -> None:
    random = Random(seed)
    ann, *others = [await nodes[0].sign_in(str(next(NUMBERS))) for _ in range(4)]
    await nodes[0].befriend(ann, *others)
    devices = [await nodes[n % 2].connect(other, "/chat") for n, other in enumerate(others)]
    messages = [await write(device, ann, n) for device in devices for n in range(3)]
    chats = sorted({chat for chat, _ in messages})
    changed = asyncio.Event()
    clients = [ModelClient(nodes[n % 2], ann, changed=changed) for n in range(3)]
    await asyncio.gather(*(client.come() for client in clients))
    roamers = [Roamer(client, nodes, Random(random.random()), f"d{n}") for n, client in enumerate(clients)]

    async def talk() -> None:
        for n in range(10):
            await write(random.choice(devices), ann, 100 + n)
            await asyncio.sleep(random.random() / 50)

    await asyncio.gather(talk(), *(roamer.roam(chats, messages) for roamer in roamers))
    fresh = ModelClient(nodes[1], ann, changed=changed)
    await fresh.come()
    own = next(chat.chat for chat in fresh.chats.values() if chat.kind == "self")
    said, stars = await replayed(nodes[0], own)
    ends = {chat: max(fresh.chats[chat].messages) for chat in chats}
    expected = {chat: as_shown(said.get(chat, {}), ends[chat]) for chat in chats}

    def holds(client: ModelClient) -> bool:
        return {chat: client.settings_of(chat) for chat in chats} == expected and client.stars == stars

    for client in [*clients, fresh]:
        with suppress(TimeoutError):
            await client.until(lambda client=client: holds(client))
        assert {chat: client.settings_of(chat) for chat in chats} == expected
        assert client.stars == stars
    asked = sum(STEPS for _ in roamers)
    assert fresh.chats[own].cursor == asked, "each request was stored once, however often it was sent"
    for client in [*clients, fresh]:
        device = client.device
        client.node = next(each for each in nodes if device is not None and device.client in each.clients)
        await client.go()


async def write(device: Any, to: Person, number: int) -> tuple[int, int]:
    answer = await device.ask("message_send", {"contact": to.number, "client_id": f"m{number}", "text": "hi"})
    assert answer["ok"], answer
    return answer["message"]["chat"], answer["message"]["seq"]


@pytest.fixture(scope="module")
async def talk(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Talk]:
    async with open_talk(stores, tmp_path_factory.mktemp("node")) as running:
        yield running


@dataclass
class Crashed:
    """A person whose node stored two of its changes and crashed before it applied them."""

    talk: Talk
    person: Person
    chat: int
    own: int
    seq: int

    async def look(self) -> tuple[dict[str, Any], list[int]]:
        """What a device that comes now is shown in its chat list, and its stars."""
        device = await self.talk.device(self.person, "/chat")
        (ready,) = await device.expect("ready")
        page = await device.ask("starred", {})
        settings = next(chat["settings"] for chat in ready["chats"] if chat["chat"] == self.chat)
        return settings, [message["seq"] for message in page["messages"]]


@pytest.fixture
async def crashed(talk: Talk) -> Crashed:
    ann, tom = await talk.people()
    sent = await talk.send(tom, ann)
    device = await talk.device(ann, "/chat")
    place = {"chat": sent["chat"]}
    answer = await device.ask("chat_settings_set", {**place, "pinned": 7, "client_id": "pin"})
    assert (await device.ask("star_set", {**place, "seq": sent["seq"], "starred": True}))["ok"]
    own = answer["entry"]["chat"]
    rows = talk.database.raw
    await rows["entries"].update_many({"chat": own}, {"$set": {"pending": True}})
    await rows["members"].update_many({"account": ann.account_id}, {"$unset": {"settings": ""}})
    await rows["stars"].delete_many({"account": ann.account_id})
    return Crashed(talk, ann, sent["chat"], own, sent["seq"])


async def test_a_sync_shows_no_entry_of_the_own_log_before_it_holds(crashed: Crashed) -> None:
    device = await crashed.talk.device(crashed.person, "/chat")
    answer = await device.ask("sync", {"cursors": {}})
    shown = {chat["chat"]: chat for chat in answer["chats"]}
    assert [entry["kind"] for entry in shown[crashed.own]["entries"]] == ["settings", "star"]
    assert shown[crashed.chat]["settings"] == {"pinned": 7}
    assert await crashed.look() == ({"pinned": 7}, [crashed.seq])


async def test_the_request_sent_again_is_answered_once_it_holds(crashed: Crashed) -> None:
    device = await crashed.talk.device(crashed.person, "/chat")
    again = await device.ask("chat_settings_set", {"chat": crashed.chat, "pinned": 7, "client_id": "pin"})
    assert (again["settings"], again["entry"]["seq"]) == ({"pinned": 7}, 1)
    assert await crashed.look() == ({"pinned": 7}, [crashed.seq])


async def test_what_nobody_asks_for_is_applied_by_the_sweep(crashed: Crashed) -> None:
    services = services_of(crashed.talk.node)
    old = {"at": services.runtime.clock.now().replace(year=2026, month=1)}
    await crashed.talk.database.raw["entries"].update_many({"chat": crashed.own}, {"$set": old})
    healed = await recover_pending_changes(
        services.runtime.stores.entries, services.log.memberships, services.runtime.clock, lambda _: None
    )
    assert healed == 2
    assert await crashed.look() == ({"pinned": 7}, [crashed.seq])
