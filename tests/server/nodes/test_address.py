"""Where a node is reached is known as long as the node lives, whatever becomes of Redis."""

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError

from server.bus.names import RedisNames
from server.nodes import address
from server.nodes.address import KnownAddresses, NodeAddresses, node_of, own_address, session_id

NODE, URL = "0123456789abcdef", "http://10.0.0.1:9000"


def nobody(_: str) -> bool:
    return False


@pytest.fixture
async def written(redis_url: str) -> AsyncIterator[NodeAddresses]:
    redis = Redis.from_url(redis_url)
    addresses = NodeAddresses(redis, RedisNames(f"test_{secrets.token_hex(8)}"))
    await addresses.keep(NODE, URL, 60)
    yield addresses
    await addresses.forget(NODE)
    await redis.aclose()


@pytest.fixture
def always_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "LOOK_EVERY_S", 0.0)


def test_a_session_id_names_its_node() -> None:
    assert node_of(session_id(NODE)) == NODE


@pytest.mark.parametrize("sid", ["", "x", ".x", f"{'a' * 33}.x", "a:at:b.x", "a/b.x", "é.x", "a b.x", "*.x"])
def test_what_is_no_id_of_ours_names_nobody(sid: str) -> None:
    assert node_of(sid) == ""


async def test_an_address_is_looked_up_once_in_a_while(written: NodeAddresses) -> None:
    known = KnownAddresses(written, nobody)
    assert await known.find(NODE) == URL
    await written.keep(NODE, "http://10.0.0.2:9000", 60)
    assert await known.find(NODE) == URL


async def test_one_that_redis_has_just_lost_is_still_believed(written: NodeAddresses, always_looking: None) -> None:
    known = KnownAddresses(written, nobody)
    assert await known.find(NODE) == URL
    await written.forget(NODE)
    assert await known.find(NODE) == URL


async def test_one_that_lives_is_waited_for_until_it_has_said_its_address_again(written: NodeAddresses) -> None:
    await written.forget(NODE)
    asked = asyncio.create_task(KnownAddresses(written, lambda node: node == NODE).find(NODE))
    await asyncio.sleep(0)
    await written.keep(NODE, URL, 60)
    assert await asked == URL


async def test_one_that_lives_is_found_although_redis_did_not_answer_at_first(
    written: NodeAddresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    find, failures = NodeAddresses.find, [RedisConnectionError("closed by the server")]

    async def fails_once(self: NodeAddresses, node: str) -> str | None:
        if failures:
            raise failures.pop()
        return await find(self, node)

    monkeypatch.setattr(NodeAddresses, "find", fails_once)
    assert await KnownAddresses(written, lambda node: node == NODE).find(NODE) == URL


async def test_one_that_lives_and_says_nothing_is_not_waited_for_long(
    written: NodeAddresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address, "WRITTEN_AGAIN_WITHIN_S", 0.2)
    await written.forget(NODE)
    assert await KnownAddresses(written, lambda node: node == NODE).find(NODE) is None


async def test_one_that_is_gone_for_good_is_forgotten(
    written: NodeAddresses, always_looking: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = KnownAddresses(written, nobody)
    assert await known.find(NODE) == URL
    await written.forget(NODE)
    monkeypatch.setattr(address, "STAYS_KNOWN_S", -1.0)
    assert await known.find(NODE) is None


async def test_while_redis_is_away_the_last_word_counts(
    written: NodeAddresses, always_looking: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = KnownAddresses(written, nobody)
    assert await known.find(NODE) == URL
    nowhere = Redis(host="127.0.0.1", port=1, retry=Retry(NoBackoff(), 0))
    monkeypatch.setattr(written, "_redis", nowhere)
    assert await known.find(NODE) == URL
    assert await known.find("fedcba9876543210") is None
    await nowhere.aclose()


async def test_made_up_nodes_take_no_room(written: NodeAddresses, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "KNOWN_MAX", 10)
    known = KnownAddresses(written, nobody)
    assert await known.find(NODE) == URL
    await written.keep(NODE, "http://10.0.0.2:9000", 60)
    for n in range(25):
        assert await known.find(f"{n}") is None
    assert await known.find(NODE) == URL  # and push nobody out who is real
    assert len(known._known) <= 10


def test_a_machine_without_ipv4_is_reached_by_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(address._ELSEWHERE, socket.AF_INET, "255.255.255.255")  # where nobody may connect to
    monkeypatch.setitem(address._ELSEWHERE, socket.AF_INET6, "::1")
    assert own_address("") == "::1"
