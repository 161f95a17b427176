"""Whoever is shut out on one node is shut out on all: by the bus at once, without it in bounded time, at its return at the latest."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path

import pytest

from benchmarks.servers import holding_breath
from server.embedded import EmbeddedStores, throw_away_stores
from tests.conversation.talk import friends, newcomers
from tests.rest.messaging.logins import Api, new_number
from tests.support.node import Device, Node, Person, running_node, settings_for
from tests.support.parts import parts_of, services_of
from tests.support.socket_fixture import until
from tests.support.stores import quick_place

LONG_S, SHORT_S = (
    300,
    2,
)  # what is told by the bus may not wait for the one; what the bus cannot tell is known by the other
GIVE_UP_S = 60.0


@pytest.fixture(scope="module")
async def own_stores() -> AsyncIterator[EmbeddedStores]:
    """Nobody else's, because Redis holds its breath here."""
    async with throw_away_stores(quick_place()) as stores:
        yield stores


@asynccontextmanager
async def three_nodes(stores: EmbeddedStores, folder: Path, cache_ttl_s: float) -> AsyncIterator[list[Node]]:
    settings = settings_for(folder, nodes={"cache_ttl_s": cache_ttl_s}, redis={"timeout_s": 1})
    async with (
        running_node(stores, settings) as first,
        running_node(stores, settings) as second,
        running_node(stores, settings) as third,
    ):
        nodes = [first, second, third]
        await until(lambda: all(len(services_of(node).runtime.bus.lease.others) == 2 for node in nodes), GIVE_UP_S)
        yield nodes


@asynccontextmanager
async def bus(stores: EmbeddedStores, *, works: bool) -> AsyncIterator[None]:
    assert stores.valkey is not None
    with nullcontext() if works else holding_breath(await stores.valkey.pid()):
        yield


async def sign_out(node: Node, person: Person) -> None:
    status, _ = await node.rest("POST", "/auth/logout", person)
    assert status == 204


async def remove(node: Node, founder: Person, group: str, whom: Person) -> None:
    path = f"/api/groups/{group}/remove-participant/"
    status, shown = await node.rest("POST", path, founder, json={"contact": whom.number})
    assert status == 200, shown


async def until_shut_out(nodes: list[Node], devices: list[Device], person: Person) -> None:
    """Their sockets are closed, and REST does not know them any more."""
    await until(lambda: not any(device.client.connected for device in devices), GIVE_UP_S)
    for node in nodes:
        async with asyncio.timeout(GIVE_UP_S):
            while (await node.rest("GET", "/auth/sessions", person))[0] != 401:  # noqa: ASYNC110
                await asyncio.sleep(0.05)


class Group:
    """Somebody founds it on the first node; two others are on the second, where one of them goes on talking."""

    def __init__(self, nodes: list[Node], people: list[Person], group: str, chat: int) -> None:
        self.first, self.second = nodes[:2]
        self.founder, self.removed, self.speaker = people
        self.group, self.chat = group, chat
        self.said = 0

    async def connect(self) -> None:
        self.removed_phone = await self.second.connect(self.removed, "/chat")
        self.speaker_phone = await self.second.connect(self.speaker, "/chat")
        for phone in (self.removed_phone, self.speaker_phone):
            assert await self.may_say(phone)

    async def may_say(self, phone: Device) -> bool:
        self.said += 1
        body = {"chat": self.chat, "client_id": f"shut out {self.said}", "text": f"line {self.said}"}
        answer = await phone.ask("message_send", body)
        assert answer["ok"] or answer["error"]["code"] == "chat_not_found", answer
        return bool(answer["ok"])

    async def until_shut_out(self) -> None:
        """What the removed one says is refused, and nothing that is said then reaches them."""
        async with asyncio.timeout(GIVE_UP_S):
            while await self.may_say(self.removed_phone):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert await self.may_say(self.speaker_phone)
        last = f"line {self.said}"
        await self.speaker_phone.until(lambda: last in texts(self.speaker_phone))
        body = {"contact": self.removed.number, "client_id": "marker", "text": "marker"}
        assert (await self.speaker_phone.ask("message_send", body))["ok"]
        await self.removed_phone.until(lambda: "marker" in texts(self.removed_phone))
        assert last not in texts(self.removed_phone)


def texts(device: Device) -> list[str]:
    return [body["message"].get("text", "") for body in device.told("message_created")]


async def new_group(nodes: list[Node]) -> Group:
    people = await friends(nodes[0], 3)
    chat = await parts_of(nodes[0]).found_group(*people)
    assert chat.group is not None
    group = Group(nodes, people, chat.group, chat.id)
    await group.connect()
    return group


@pytest.mark.parametrize(("works", "cache_ttl_s"), [(True, LONG_S), (False, SHORT_S)], ids=["bus", "no bus"])
async def test_who_signed_out_or_was_removed_on_one_node_is_shut_out_on_all(
    own_stores: EmbeddedStores, tmp_path: Path, works: bool, cache_ttl_s: float
) -> None:
    async with three_nodes(own_stores, tmp_path, cache_ttl_s) as nodes:
        group = await new_group(nodes)
        (ann,) = await newcomers(nodes[0], 1)
        phones = [await node.connect(ann, "/chat") for node in nodes[1:]]
        for node in nodes:
            assert (await node.rest("GET", "/auth/sessions", ann))[0] == 200
        async with bus(own_stores, works=works):
            await sign_out(nodes[0], ann)
            await remove(nodes[0], group.founder, group.group, group.removed)
            await until_shut_out(nodes, phones, ann)
            await group.until_shut_out()


async def test_what_a_broken_bus_did_not_tell_is_made_up_for_when_it_is_back(
    own_stores: EmbeddedStores, tmp_path: Path
) -> None:
    async with three_nodes(own_stores, tmp_path, LONG_S) as nodes:
        group = await new_group(nodes)
        (ann,) = await newcomers(nodes[0], 1)
        phones = [await node.connect(ann, "/chat") for node in nodes[1:]]
        async with bus(own_stores, works=False):
            await until(lambda: not any(services_of(node).runtime.bus.is_up for node in nodes), GIVE_UP_S)
            await sign_out(nodes[0], ann)
            await remove(nodes[0], group.founder, group.group, group.removed)
            assert await group.may_say(group.removed_phone), "nobody has told the second node"
            assert all(phone.client.connected for phone in phones)
        await until_shut_out(nodes, phones, ann)
        await group.until_shut_out()


async def test_what_no_longer_speaks_for_an_account_is_shut_out_though_its_session_lives_and_no_bus_tells(
    own_stores: EmbeddedStores, tmp_path: Path
) -> None:
    """Its number is proved by another, its account is removed, its token is refreshed."""
    async with three_nodes(own_stores, tmp_path, SHORT_S) as nodes:
        api, number = Api(nodes[0], own_stores), new_number()
        removed_number = new_number()
        users = {
            "proved by another": await api.new_user(number),
            "removed": await api.new_user(removed_number),
            "refreshed": await api.new_user(new_number()),
        }
        tom = await api.new_user(new_number())
        (max_,) = await newcomers(nodes[0], 1)
        phones = {
            how: [await node.connect(user.person(), "/chat") for node in nodes[1:]] for how, user in users.items()
        }
        stay = [await nodes[1].connect(tom.person(), "/chat"), await nodes[1].connect(max_, "/chat")]

        def still_in() -> list[str]:
            return [how for how, theirs in phones.items() if any(phone.client.connected for phone in theirs)]

        async with bus(own_stores, works=False):
            await tom.register(number)
            status, shown = await users["removed"]("POST", "/api/account/remove-account/", account=removed_number)
            assert status == 200, shown
            status, _ = await api.refresh(users["refreshed"])
            assert status == 200
            try:
                await until(lambda: not still_in(), GIVE_UP_S)
            except TimeoutError:
                pytest.fail(f"still in: {still_in()}")
            await asyncio.sleep(SHORT_S)  # the promise is about this time: who may be there is left alone
            assert all(phone.client.connected for phone in stay)
