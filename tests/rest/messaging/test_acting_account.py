"""`account` on the events API: the number that acts is named anywhere in a request, and one that is not the caller's is refused."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from tests.rest.messaging.logins import Api, new_number
from tests.support.node import Person
from tests.support.pictures import plain

PLAN = {"title": "Dinner", "event_date": "2031-01-01T10:00:00Z"}
Options = Mapping[str, Any]


def multipart(fields: Mapping[str, str]) -> aiohttp.FormData:
    return aiohttp.FormData(fields, default_to_multipart=True)


# Where a request names its account.
PLACES: dict[str, Callable[[Mapping[str, str], str], Options]] = {
    "query": lambda body, number: {"json": body, "params": {"account": number}},
    "json": lambda body, number: {"json": {**body, "account": number}},
    "json number": lambda body, number: {"json": {**body, "account": int(number)}},
    "form": lambda body, number: {"data": {**body, "account": number}},
    "multipart": lambda body, number: {"data": multipart({**body, "account": number})},
}
anywhere = pytest.mark.parametrize("place", PLACES)


@dataclass
class Family:
    """A login with two numbers, the first of which acts if none is named, somebody who signed in by a pin, and a stranger's number."""

    api: Api
    login: Person
    first: str
    second: str
    second_id: int
    pinned: Person
    foreign: str

    async def ask(self, method: str, path: str, who: Person | None = None, **options: Any) -> tuple[int, Any]:
        return await self.api.node.rest(method, path, who or self.login, **options)

    async def titles(self, number: str) -> list[str]:
        status, shown = await self.ask("GET", "/events", params={"account": number})
        assert status == 200, shown
        return [event["title"] for event in shown["results"]]


@pytest.fixture
async def family(api: Api) -> Family:
    first, second, pinned, foreign = (new_number() for _ in range(4))
    user = await api.new_user(first, second)
    await api.node.sign_in(foreign)
    shown = (await api.node.rest("POST", "/events", user.person(), json=PLAN | {"account": second}))[1]
    return Family(api, user.person(), first, second, shown["owner"]["id"], await api.node.sign_in(pinned), foreign)


def is_refusal(answer: tuple[int, Any], kind: str = "parley.WrongAccount") -> bool:
    status, shown = answer
    return status == 400 and shown.keys() == {"_error_message", "_error_type"} and shown["_error_type"] == kind


@pytest.mark.parametrize("prefix", ["", "/api"])
@anywhere
async def test_the_named_account_acts(family: Family, place: str, prefix: str) -> None:
    options = PLACES[place]({**PLAN, "title": place}, family.second)
    status, event = await family.ask("POST", f"{prefix}/events", **options)
    assert (status, event["owner"]["phone_number"]) == (201, "+" + family.second)
    assert await family.titles(family.first) == []
    path = f"{prefix}/events/{event['id']}"
    name = PLACES[place]
    assert (await family.ask("GET", path))[0] == 404, "for the first one there is no such event"
    for method, rest, body in (
        ("GET", "", {}),
        ("PATCH", "", {"title": "Lunch"}),
        ("PUT", "", {**PLAN, "title": "Tea"}),
        ("POST", "/messages", {"body": "Hello"}),
        ("PUT", "/cancel_event", {}),
        ("DELETE", "", {}),
    ):
        status, shown = await family.ask(method, path + rest, **name(body, family.second))
        assert status in (200, 201, 204), (method, rest, shown)


@anywhere
async def test_one_that_is_not_the_callers_is_refused_on_every_method_and_nothing_is_done(
    family: Family, place: str
) -> None:
    for who in (family.login, family.pinned):
        for method, path, body in (
            ("POST", "/events", PLAN),
            ("GET", "/events", {}),
            ("GET", "/api/events/stats", {}),
            ("GET", "/users", {}),
            ("PATCH", f"/users/{who.account_id or family.second_id}", {"full_name": "Nobody"}),
            ("POST", "/users/fb_token", {"fb_token": "x"}),
            ("POST", "/notifications/add_ios_device", {"token": "x" * 64}),
            ("POST", "/users/change_avatar", {}),
            ("POST", "/users/remove_avatar", {}),
            ("DELETE", "/events/1", {}),
            ("GET", "/auth/sessions", {}),
            ("DELETE", "/auth/registration_pin", {}),
            ("POST", "/auth/logout", {}),
            ("GET", "/api/", {}),
        ):
            answer = await family.ask(method, path, who, **PLACES[place](body, family.foreign))
            assert is_refusal(answer), (method, path, answer)
        assert (await family.ask("GET", "/auth/sessions", who))[0] == 200, "still signed in"
    assert await family.titles(family.first) == []


@anywhere
async def test_whoever_signed_in_by_a_pin_may_name_their_own(family: Family, place: str) -> None:
    options = PLACES[place](PLAN, family.pinned.number)
    assert (await family.ask("POST", "/events", family.pinned, **options))[0] == 201


async def test_one_that_is_not_registered_is_told_as_such(family: Family) -> None:
    pending = new_number()
    await family.ask("POST", "/api/account/create-account/", data={"account": pending})
    answer = await family.ask("POST", "/events", json=PLAN | {"account": pending})
    assert is_refusal(answer, "parley.AccountNotRegistered")


async def test_a_picture_is_set_for_the_account_that_its_form_names_behind_it(family: Family) -> None:
    form = aiohttp.FormData()
    form.add_field("photo", plain(), filename="a.png", content_type="image/png")
    form.add_field("account", family.second)
    status, shown = await family.ask("POST", "/users/change_avatar", data=form)
    assert (status, shown["phone_number"]) == (200, "+" + family.second)


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("application/json", b"[1]", (204, None)),
        ("application/json", b"", (204, None)),
        ("text/plain", b"anything", (204, None)),
        ("application/json", b"{", (400, "parley.Malformed")),
        ("application/json", b'{"account": "%s"}', (400, "parley.WrongAccount")),
        ("application/octet-stream", b'{"account": "%s"}', (400, "parley.WrongAccount")),
    ],
)
async def test_where_no_body_is_taken_one_that_names_nothing_is_passed_over(
    family: Family, kind: str, body: bytes, expected: tuple[int, str | None]
) -> None:
    _, event = await family.ask("POST", "/events", json=PLAN)
    headers = {"Content-Type": kind, "Authorization": f"Bearer {family.login.token}"}
    url = f"{family.api.node.url}/events/{event['id']}/cancel_event?account={family.first}"
    data = body.replace(b"%s", family.second.encode())  # not the one in the query
    async with family.api.node.http.put(url, data=data, headers=headers) as answer:
        shown = json.loads(await answer.read() or b"{}")
        assert (answer.status, shown.get("_error_type")) == expected
