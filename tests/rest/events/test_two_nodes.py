"""Places of an event are exact, whoever asks for them at the same moment, on two servers over one MongoDB."""

import asyncio
from collections.abc import AsyncIterator
from itertools import chain
from typing import Any

import pytest
from yarl import URL

from benchmarks.servers import Person
from server.embedded import EmbeddedStores
from tests.rest.events.fixture import in_hours
from tests.support.processes import Cluster, running_cluster

GUESTS, SPOTS, LEAVING = 100, 10, 5


@pytest.fixture
async def cluster(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    async with running_cluster(stores, tmp_path_factory.mktemp("places"), 2) as running:
        yield running


async def ask(cluster: Cluster, node: int, who: Person, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {who.token}"}
    url = cluster.nodes[node % len(cluster.nodes)].url + path
    async with cluster.http.request(method, url, headers=headers, json=body) as answer:
        return answer.status, await answer.json()


async def test_100_people_accept_an_event_of_10_spots_at_once_and_exactly_10_are_in_then_5_leave_and_5_others_get_in(
    cluster: Cluster,
) -> None:
    owner, *guests = [await cluster.sign_in(f"4930601{n:03}") for n in range(GUESTS + 1)]
    numbers = ["+" + guest.number for guest in guests]
    body = {"title": "Few", "event_date": in_hours(9), "total_spots": SPOTS, "invite_phone_numbers": numbers}
    status, event = await ask(cluster, 0, owner, "POST", "/events", body)
    assert status == 201, event
    path = f"/events/{event['id']}"

    async def answer_all(people: list[Person], how: str) -> list[Person]:
        """Those whose answer was taken; the others were told that there is no place."""
        answers = await asyncio.gather(
            *(ask(cluster, n, who, "POST", f"{path}/{how}", {}) for n, who in enumerate(people))
        )
        for status, shown in answers:
            assert status == 200 or (status, shown["_error_type"]) == (400, "parley.EventFull"), shown
        return [who for who, (status, _) in zip(people, answers, strict=True) if status == 200]

    async def attending() -> set[int]:
        """As both nodes show it."""
        seen = [(await ask(cluster, node, owner, "GET", path))[1]["invitees"] for node in (0, 1)]
        for each in chain(*seen):
            for size in ("photo", "big_photo", "faded_photo"):
                each[size] = URL(each[size]).path  # each node says its own address
        assert seen[0] == seen[1]
        return {each["id"] for each in seen[0] if each["is_attending"] == "True"}

    in_at_first = await answer_all(guests, "accept")
    assert len(in_at_first) == SPOTS
    assert await attending() == {who.account_id for who in in_at_first}

    leaving = in_at_first[:LEAVING]
    assert await answer_all(leaving, "reject") == leaving
    assert len(await attending()) == SPOTS - LEAVING

    others = [who for who in guests if who not in in_at_first]
    in_later = await answer_all(others, "accept")
    assert len(in_later) == LEAVING
    assert await attending() == {who.account_id for who in (*in_at_first[LEAVING:], *in_later)}
