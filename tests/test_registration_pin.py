"""A number's code alone does not open an account whose owner has set a registration PIN, until nobody uses it any more."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.embedded import EmbeddedStores
from tests.rest.messaging.logins import Api, User, last_code, new_number
from tests.support.node import Node, Person
from tests.support.stores import pool

PIN, WRONG = "271828", "314159"
EVENTS, MESSAGING = "/auth/registration_pin", "/api/account/registration-pin/"
CREATE, REGISTER = "/api/account/create-account/", "/api/account/register-code/"


async def protected(node: Node) -> Person:
    """Somebody who has set a registration PIN."""
    person = await node.sign_in_by_code(new_number())
    assert (await node.rest("PUT", EVENTS, person, json={"registration_pin": PIN}))[0] == 204
    return person


async def code_for(node: Node, number: str) -> str:
    async with node.http.post(node.url + "/auth", json={"phone_number": "+" + number}) as answer:
        assert answer.status == 204
    return node.read_code("+" + number)


async def verify(node: Node, number: str, code: str, **more: str) -> tuple[int, Any]:
    proof = {"phone_number": "+" + number, "pin": code, **more}
    async with node.http.post(node.url + "/auth/verify_pin", json=proof) as answer:
        return answer.status, await answer.json()


async def test_the_code_alone_does_not_sign_in_and_stays_good_for_both(node: Node) -> None:
    ann = await protected(node)
    code = await code_for(node, ann.number)
    status, shown = await verify(node, ann.number, code)
    assert (status, shown.keys()) == (400, {"registration_pin"})
    status, shown = await verify(node, ann.number, code, registration_pin=WRONG)
    assert (status, shown.keys()) == (400, {"registration_pin"})
    status, shown = await verify(node, ann.number, code, registration_pin=PIN)
    assert (status, shown["id"]) == (200, ann.account_id)


async def test_without_the_right_code_nobody_learns_that_there_is_one(node: Node) -> None:
    ann, tom = await protected(node), await node.sign_in_by_code(new_number())
    answers = [await verify(node, number, "0000", registration_pin=PIN) for number in (ann.number, tom.number)]
    assert answers[0] == answers[1]
    assert answers[0][0] == 400


async def test_a_login_needs_it_too(node: Node, stores: EmbeddedStores) -> None:
    ann, login = await protected(node), await Api(node, stores).new_user()
    assert (await login("POST", CREATE, account=ann.number))[0] == 201
    code = last_code(node, ann.number)
    for given, refusal in (({}, "registration_pin_needed"), ({"registration_pin": WRONG}, "wrong_registration_pin")):
        status, shown = await login("POST", REGISTER, code=code, **given)
        assert (status, shown["code"]) == (403, refusal)
    assert (await login("POST", REGISTER, code=code, registration_pin=PIN))[0] == 200


async def test_guesses_at_it_are_limited(node: Node) -> None:
    ann = await protected(node)
    code = await code_for(node, ann.number)
    guesses = [(await verify(node, ann.number, code, registration_pin=f"{n:06}"))[0] for n in range(5)]
    assert guesses == [400] * 5
    assert (await verify(node, ann.number, code, registration_pin=PIN))[0] == 429


async def test_who_is_signed_in_sees_sets_and_removes_it_on_both_apis(node: Node, stores: EmbeddedStores) -> None:
    number = new_number()
    login: User = await Api(node, stores).new_user(number)
    assert await login("GET", MESSAGING) == (200, {"registration_pin": False})
    assert await login("POST", MESSAGING, registration_pin=PIN) == (200, {})
    assert await login("GET", MESSAGING) == (200, {"registration_pin": True})
    status, shown = await verify(node, number, await code_for(node, number), registration_pin=PIN)
    ann = Person(number, shown["id"], shown["auth_token"])
    assert (status, await node.rest("GET", EVENTS, ann)) == (200, (200, {"is_set": True}))
    assert (await node.rest("PUT", EVENTS, ann, json={"registration_pin": WRONG}))[0] == 204
    assert (await verify(node, number, await code_for(node, number), registration_pin=PIN))[0] == 400
    assert (await node.rest("DELETE", EVENTS, ann))[0] == 204
    assert (await verify(node, number, await code_for(node, number)))[0] == 200
    assert await login("POST", MESSAGING, registration_pin=PIN) == (200, {})
    assert await login("DELETE", MESSAGING) == (200, {})
    assert await node.rest("GET", EVENTS, ann) == (200, {"is_set": False})


@pytest.mark.parametrize("bad", ["", "12345", "1" * 33, "abcdef", "12 45", "33333³"])
async def test_what_is_no_registration_pin_is_refused(node: Node, bad: str) -> None:
    ann = await node.sign_in_by_code(new_number())
    assert (await node.rest("PUT", EVENTS, ann, json={"registration_pin": bad}))[0] == 400
    status, shown = await node.rest("POST", MESSAGING, ann, json={"registration_pin": bad})
    assert (status, shown["code"]) == (400, "malformed")
    assert await node.rest("GET", EVENTS, ann) == (200, {"is_set": False})


async def test_it_lapses_when_nobody_has_used_the_account_for_a_week(node: Node) -> None:
    ann = await protected(node)
    await leave_unused(node, ann, days=6)
    assert (await verify(node, ann.number, await code_for(node, ann.number)))[0] == 400
    await leave_unused(node, ann, days=8)
    assert (await verify(node, ann.number, await code_for(node, ann.number)))[0] == 200
    assert await node.rest("GET", EVENTS, ann) == (200, {"is_set": False})


async def test_it_goes_with_the_account(node: Node) -> None:
    ann = await protected(node)
    assert (await node.rest("POST", "/api/account/remove-account/", ann, data={}))[0] == 200
    assert (await verify(node, ann.number, await code_for(node, ann.number)))[0] == 200


async def test_the_database_holds_a_hash_of_it(node: Node) -> None:
    ann = await protected(node)
    database = pool.at(node.settings.mongodb.database).raw
    row = await database["registration_pins"].find_one({"_id": ann.account_id})
    assert row is not None
    assert row["hash"].startswith("$argon2id$")
    assert PIN not in repr(row)


async def leave_unused(node: Node, person: Person, *, days: int) -> None:
    then = datetime.now(UTC) - timedelta(days=days)
    database = pool.at(node.settings.mongodb.database).raw
    await database["sessions"].update_many({"account_id": person.account_id}, {"$set": {"last_used_at": then}})
    await database["uses"].update_one({"_id": f"account {person.account_id}"}, {"$set": {"at": then}}, upsert=True)
