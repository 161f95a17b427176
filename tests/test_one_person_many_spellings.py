"""However a number is written, at whatever door, it is one person: found, invited, blocked and written to by any spelling."""

import pytest

from tests.support.node import Node, Person

ANN, TOM = "447400123777", "4930901820"
SPELLINGS = [
    "+44 7400 123777",
    "+44 (0)7400 123777",
    "0044 7400-123777",
    "4407400123777",
    "\u202a+44\u00a07400\u2011123777\u202c",
    "\uff0b44 7400 123777",
    "\u0664\u0664\u0667\u0664\u0660\u0660\u0661\u0662\u0663\u0667\u0667\u0667",
    "+\u06f4\u06f4 7400 123777",
    "tel:+44-7400-123777",
    "+44/7400/123777",
    "+44 7400 123777;ext=5",
]


@pytest.fixture(scope="module")
async def ann(node: Node) -> Person:
    return await node.sign_in_by_code(ANN)


@pytest.fixture(scope="module")
async def tom(node: Node, ann: Person) -> Person:
    tom = await node.sign_in_by_code(TOM)
    await node.befriend(ann, tom)
    return tom


@pytest.mark.parametrize("text", SPELLINGS)
async def test_she_signs_in_by_any_spelling_and_with_a_code_in_any_digits(node: Node, ann: Person, text: str) -> None:
    async with node.http.post(f"{node.url}/auth", json={"phone_number": text}) as answer:
        assert answer.status == 204
    code = node.read_code("+" + ANN).translate({ord("0") + each: 0x660 + each for each in range(10)})
    proof = {"phone_number": text, "pin": f"{code[:2]}\u00a0{code[2:]}"}
    async with node.http.post(f"{node.url}/auth/verify_pin", json=proof) as answer:
        user = await answer.json()
    assert (user["id"], user["phone_number"]) == (ann.account_id, "+" + ANN)


@pytest.mark.parametrize("text", SPELLINGS)
async def test_she_is_found_added_marked_and_blocked_by_any_spelling(
    node: Node, ann: Person, tom: Person, text: str
) -> None:
    found = await node.rest("POST", "/users/from_phone_numbers", tom, json={"phone_numbers": [text]})
    assert [one["user"]["id"] for one in found[1]] == [ann.account_id]
    added = await node.rest("POST", "/api/contacts/add-contact/", tom, json={"contact_id": text})
    assert (added[0], added[1]["code"]) == (400, "contact_exists")
    marked = await node.rest("POST", "/users/favorite_contacts", tom, json=[{"phone_number": text}])
    assert [one["phone_number"] for one in marked[1]] == ["+" + ANN]
    assert (await node.rest("POST", "/api/contacts/blocked-list/", tom, json={"numbers": [text, TOM]}))[0] == 200
    assert (await node.rest("GET", "/api/contacts/blocked-list/", tom))[1] == {"numbers": sorted([ANN, TOM])}
    assert (await node.rest("POST", "/api/contacts/blocked-list/", tom, json={"numbers": []}))[0] == 200
    nobody = await node.rest("GET", f"/api/contacts/490{TOM[2:]}/", ann)
    assert nobody[1]["contact_id"] == TOM


async def test_she_is_written_to_and_watched_by_any_spelling(node: Node, ann: Person, tom: Person) -> None:
    device = await node.connect(tom, "/chat", "/presence")
    chats = set()
    for number, text in enumerate(SPELLINGS):
        said = {"contact": text, "client_id": str(number), "text": "hello"}
        answer = await device.ask("message_send", said)
        assert answer["ok"], answer
        chats.add(answer["message"]["chat"])
        sent = {"contact": text, "message": "hello"}
        assert (await node.rest("POST", "/api/messages/send-message/", tom, json=sent))[0] == 200
    assert len(chats) == 1
    watched = await device.ask("presence_watch", {"contacts": SPELLINGS}, namespace="/presence")
    assert {one["contact"] for one in watched["presence"]} == {ANN}


async def test_she_is_invited_once_by_all_spellings(node: Node, ann: Person, tom: Person) -> None:
    event = {"title": "Dinner", "event_date": "2040-01-01T12:00:00Z", "invite_phone_numbers": SPELLINGS}
    status, shown = await node.rest("POST", "/events", tom, json=event)
    assert status == 201
    assert [(one["id"], one["phone_number"]) for one in shown["invitees"]] == [(ann.account_id, "+" + ANN)]


async def test_an_account_is_named_by_any_spelling(node: Node, ann: Person) -> None:
    for text in SPELLINGS:
        assert (await node.rest("GET", "/api/account/nickname/", ann, params={"account": text}))[0] == 200
        await node.connect(ann, "/chat", account=text)
