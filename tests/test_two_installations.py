"""Two installations on one Redis, with the same prefix: neither hears what people of the other write, nor sees who they are."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from server.config import Settings
from server.embedded import EmbeddedStores
from tests.support.node import Device, Node, Person, running_node, settings_for
from tests.support.socket_fixture import sign_in_friends


@dataclass
class Installation:
    """A node and two friends, one of whom has a device connected."""

    node: Node
    ann: Person
    tom: Person
    ann_phone: Device
    tom_phone: Device

    async def say(self, text: str) -> None:
        body = {"contact": self.tom.number, "client_id": text, "text": text}
        answer = await self.ann_phone.ask("message_send", body)
        assert answer["ok"], answer

    def told(self) -> list[str]:
        return [body["message"]["text"] for body in self.tom_phone.told("message_created")]


async def install(stack: AsyncExitStack, stores: EmbeddedStores, settings: Settings) -> Installation:
    node = await stack.enter_async_context(running_node(stores, settings))
    ann, tom = await sign_in_friends(node)
    return Installation(node, ann, tom, await node.connect(ann), await node.connect(tom))


def on_database(stores: EmbeddedStores, number: int) -> EmbeddedStores:
    """The same stores, with another database of Redis."""
    url = stores.redis_url.rpartition("/")[0] + f"/{number}"
    return cast("EmbeddedStores", SimpleNamespace(mongodb_url=stores.mongodb_url, redis_url=url))


@pytest.fixture(params=[0, 1], ids=["the same database of Redis", "another database of Redis"])
async def both(
    request: pytest.FixtureRequest, stores: EmbeddedStores, tmp_path: Path
) -> AsyncIterator[tuple[Installation, Installation]]:
    live, staging = settings_for(tmp_path / "live"), settings_for(tmp_path / "staging")
    staging = staging.model_copy(update={"redis": live.redis})
    async with AsyncExitStack() as stack:
        first = await install(stack, stores, live)
        second = await install(stack, on_database(stores, request.param), staging)
        yield first, second


async def test_people_of_one_hear_nothing_of_the_other(both: tuple[Installation, Installation]) -> None:
    live, staging = both
    assert (live.ann.account_id, live.tom.account_id) == (staging.ann.account_id, staging.tom.account_id)
    await staging.say("staging")
    await live.say("live")
    await live.tom_phone.until(lambda: "live" in live.told())
    await staging.tom_phone.until(lambda: "staging" in staging.told())
    # Behind what was published before: by one connection to Redis for each node, in its order.
    await staging.say("staging, again")
    await live.say("live, again")
    await live.tom_phone.until(lambda: "live, again" in live.told())
    await staging.tom_phone.until(lambda: "staging, again" in staging.told())
    assert (live.told(), staging.told()) == (["live", "live, again"], ["staging", "staging, again"])


async def other_nodes(node: Node) -> float:
    async with node.http.get(node.url + "/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("parley_other_nodes ")))


async def test_nodes_of_one_do_not_count_those_of_the_other(
    both: tuple[Installation, Installation], stores: EmbeddedStores
) -> None:
    live, staging = both
    async with running_node(stores, live.node.settings) as second, asyncio.timeout(30):
        while [await other_nodes(node) for node in (live.node, second)] != [1, 1]:  # noqa: ASYNC110 (a page tells nobody)
            await asyncio.sleep(0.05)
        assert await other_nodes(staging.node) == 0


async def test_a_redis_user_may_be_held_to_the_names_that_the_readme_says(
    stores: EmbeddedStores, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path)
    prefix = settings.redis.prefix
    redis = Redis.from_url(stores.redis_url)
    rights = [f"~{prefix}:*", f"~{{{prefix}:nodes}}*", f"&{prefix}:*", f"&{{{prefix}:nodes}}*"]
    rights += ["+@all", "-@dangerous", "+info"]
    await redis.execute_command("ACL SETUSER", prefix, "reset", "on", ">word", *rights)
    try:
        place = stores.redis_url.rpartition("@")[2]
        held = cast("Any", SimpleNamespace(mongodb_url=stores.mongodb_url, redis_url=f"redis://{prefix}:word@{place}"))
        async with running_node(held, settings) as near, running_node(held, settings) as far:
            ann, tom = await sign_in_friends(near)
            installation = Installation(far, ann, tom, await far.connect(ann), await near.connect(tom))
            await installation.say("from one node to the other")
            await installation.tom_phone.expect("message_created")
    finally:
        await redis.execute_command("ACL DELUSER", prefix)
        await redis.aclose()


async def test_a_copy_of_the_database_under_another_secret_is_another_installation(
    stores: EmbeddedStores, tmp_path: Path
) -> None:
    """A restored back-up brings the site's id along, and the one thing that differs is the secret."""
    live = settings_for(tmp_path / "live")
    copy = live.model_copy(update={"data_dir": tmp_path / "copy"})
    async with running_node(stores, live) as one, running_node(stores, copy) as other:
        ann, tom = await sign_in_friends(one)
        here = Installation(one, ann, tom, await one.connect(ann), await one.connect(tom))
        stranger = await other.sign_in_by_code(tom.number)
        there = await other.connect(stranger)
        await here.say("for one alone")
        await here.tom_phone.until(lambda: bool(here.told()))
        assert await other_nodes(one) == 0
        assert not there.told("message_created")
