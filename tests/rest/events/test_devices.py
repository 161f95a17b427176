"""Devices over REST (docs/events-api.md, "Devices")."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from handlers.rest.events.devices import DeviceRoutes
from models.documents.session import Actor
from models.services.accounts.language import NoteLanguage
from models.services.notifications.devices import AddDevice, RemoveDevice
from models.stores.database import Database
from models.stores.devices import PER_ACCOUNT_MAX, Devices
from models.stores.languages import Languages
from tests.rest.app import Client, acting, client_of
from tests.support.fakes import HandClock

ANN, TOM = Actor(1, "4930901821", "s1"), Actor(2, "4930901822", "s2")
TOKEN = "a1" * 32
ADD, REMOVE = "/notifications/add_ios_device", "/notifications/remove_ios_device"


@dataclass
class Api:
    client: Client
    devices: Devices
    clock: HandClock

    async def post(self, path: str, actor: Actor | None, body: object) -> tuple[int, Any]:
        headers = {} if actor is None else acting(actor)
        async with self.client.post(path, json=body, headers=headers) as answer:
            return answer.status, await answer.json()

    async def tokens(self, actor: Actor) -> list[str]:
        return [device.token for device in await self.devices.list_of(actor.account_id)]


@pytest.fixture
async def api(database: Database) -> AsyncIterator[Api]:
    devices, clock = Devices(database), HandClock()
    await devices.prepare()
    routes = DeviceRoutes(AddDevice(devices, clock), RemoveDevice(devices), NoteLanguage(Languages(database))).routes()
    async with client_of(routes) as client:
        yield Api(client, devices, clock)


@pytest.mark.parametrize("path", [ADD, "/api" + ADD])
async def test_a_device_is_registered_and_again_with_the_same_answer(api: Api, path: str) -> None:
    for _ in range(2):
        assert await api.post(path, ANN, {"token": TOKEN}) == (200, {"token": TOKEN, "user_id": 1})
    assert await api.tokens(ANN) == [TOKEN]


async def test_a_token_moves_to_the_user_who_registers_it(api: Api) -> None:
    await api.post(ADD, ANN, {"token": TOKEN})
    assert await api.post(ADD, TOM, {"token": TOKEN}) == (200, {"token": TOKEN, "user_id": 2})
    assert (await api.tokens(ANN), await api.tokens(TOM)) == ([], [TOKEN])


@pytest.mark.parametrize("path", [REMOVE, "/api" + REMOVE])
async def test_removing_an_unknown_device_is_no_success_and_says_why(api: Api, path: str) -> None:
    status, shown = await api.post(path, ANN, {"token": TOKEN})
    assert (status, shown["success"], type(shown["reason"]), sorted(shown)) == (200, False, str, ["reason", "success"])


async def test_removing_a_known_device_is_a_success_with_its_user(api: Api) -> None:
    await api.post(ADD, ANN, {"token": TOKEN})
    assert await api.post(REMOVE, ANN, {"token": TOKEN}) == (200, {"token": TOKEN, "user_id": 1, "success": True})
    assert await api.tokens(ANN) == []


async def test_only_ones_own_device_can_be_removed(api: Api) -> None:
    await api.post(ADD, ANN, {"token": TOKEN})
    _, shown = await api.post(REMOVE, TOM, {"token": TOKEN})
    assert shown["success"] is False
    assert await api.tokens(ANN) == [TOKEN]


@pytest.mark.parametrize("path", [ADD, REMOVE])
@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "This field is required."),
        ({"token": None}, "This field may not be null."),
        ({"token": ""}, "This field may not be blank."),
        ({"token": "  "}, "This field may not be blank."),
        ({"token": 12}, "Not a valid string."),
        ({"token": "a\0b"}, "Not a valid string."),
        ({"token": "a" * 256}, "Ensure this field has no more than 255 characters."),
    ],
)
async def test_without_a_token_that_can_be_one_it_is_400(api: Api, path: str, body: object, sentence: str) -> None:
    assert await api.post(path, ANN, body) == (400, {"token": [sentence]})


async def test_a_token_of_255_characters_is_taken(api: Api) -> None:
    assert (await api.post(ADD, ANN, {"token": "a" * 255}))[0] == 200


@pytest.mark.parametrize("path", [ADD, REMOVE])
async def test_anonymous_is_401_before_any_validation(api: Api, path: str) -> None:
    status, shown = await api.post(path, None, {"token": 12})
    assert (status, sorted(shown)) == (401, ["_error_message", "_error_type"])


async def test_of_very_many_devices_the_newest_are_told(api: Api) -> None:
    tokens = [f"{n:03}" for n in range(PER_ACCOUNT_MAX + 5)]
    for token in tokens:
        await api.post(ADD, ANN, {"token": token})
        api.clock.move(seconds=1)
    assert await api.tokens(ANN) == tokens[:4:-1]
