"""A number that has another owner: nothing of the former one's is taken for the new one's, and nobody loses what was said."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from server.embedded import EmbeddedStores
from tests.rest.messaging.logins import Api, last_code, new_number
from tests.support.node import Node, Person, running_node, settings_for
from tests.support.stores import pool

REMOVE, CREATE, REGISTER = (f"/api/account/{path}/" for path in ("remove-account", "create-account", "register-code"))
SAME = "the client's own id"


async def remove(node: Node, person: Person) -> None:
    assert (await node.rest("POST", REMOVE, person, data={}))[0] == 200


async def send(node: Node, sender: Person, text: str, client_id: str = SAME, **to: object) -> dict[str, Any]:
    """The message as it was acknowledged."""
    device = await node.connect(sender, "/chat")
    answer = await device.ask("message_send", {"client_id": client_id, "text": text, **to})
    assert answer["ok"], answer
    message: dict[str, Any] = answer["message"]
    return message


async def texts(node: Node, reader: Person, chat: int) -> list[str]:
    device = await node.connect(reader, "/chat")
    answer = await device.ask("history", {"chat": chat})
    return [entry["text"] for entry in answer.get("entries", ()) if entry.get("text")]


async def test_the_next_owner_s_message_is_stored_also_under_a_client_id_of_the_former(node: Node) -> None:
    ann, tom = await node.sign_in_by_code(new_number()), await node.sign_in_by_code(new_number())
    await node.befriend(ann, tom)
    former = await send(node, ann, "from Ann", contact=tom.number)
    await remove(node, ann)
    eve = await node.sign_in_by_code(ann.number)
    await node.befriend(eve, tom)
    message = await send(node, eve, "from Eve", contact=tom.number)
    assert message["text"] == "from Eve"
    assert message["id"] != former["id"]
    assert "from Eve" in await texts(node, tom, message["chat"])


async def test_the_next_owner_has_another_account_and_the_old_chat_stays_with_whom_it_was_with(node: Node) -> None:
    ann, tom = await node.sign_in_by_code(new_number()), await node.sign_in_by_code(new_number())
    await node.befriend(ann, tom)
    chat = (await send(node, ann, "hello", contact=tom.number))["chat"]
    await remove(node, ann)
    eve = await node.sign_in_by_code(ann.number)
    assert eve.account_id != ann.account_id
    assert await texts(node, tom, chat) == ["hello"]
    assert await texts(node, eve, chat) == []
    profile = {"full_name": "Eve", "email": "eve@example.com"}
    assert (await node.rest("POST", "/auth/register", eve, json=profile))[0] == 200
    _, chats = await node.rest("GET", "/api/messages/chats/", tom)
    assert "Eve" not in str(chats)
    assert (await send(node, tom, "welcome", client_id="1", contact=eve.number))["chat"] != chat
    device = await node.connect(tom, "/chat")
    answer = await device.ask("message_send", {"chat": chat, "client_id": "2", "text": "are you there?"})
    assert answer["error"]["code"] == "not_a_contact"
    assert await texts(node, tom, chat) == ["hello"]


async def test_in_a_group_the_former_owner_s_client_ids_are_free(node: Node) -> None:
    ann, tom = await node.sign_in_by_code(new_number()), await node.sign_in_by_code(new_number())
    await node.befriend(ann, tom)
    body = {"subject": "us", "participants": [ann.number]}
    status, shown = await node.rest("POST", "/api/groups/create-group/", tom, json=body)
    assert status == 201, shown
    group = shown["groupid"]
    await send(node, ann, "from Ann", group=group)
    await remove(node, ann)
    eve = await node.sign_in_by_code(ann.number)
    adding = {"contact": ann.number}
    status, shown = await node.rest("POST", f"/api/groups/{group}/add-participant/", tom, data=adding)
    assert status == 200, shown
    assert (await send(node, eve, "from Eve", group=group))["text"] == "from Eve"


async def test_an_open_invitation_is_the_number_s_and_one_that_is_over_is_not(node: Node) -> None:
    ann, tom = await node.sign_in_by_code(new_number()), await node.sign_in_by_code(new_number())
    for title, date in (("then", "2020-01-01T12:00:00Z"), ("soon", "2040-01-01T12:00:00Z")):
        event = {"title": title, "event_date": date, "invite_phone_numbers": ["+" + ann.number]}
        assert (await node.rest("POST", "/events", tom, json=event))[0] == 201
    await remove(node, ann)
    eve = await node.sign_in_by_code(ann.number)
    status, shown = await node.rest("GET", "/events", eve)
    assert status == 200
    assert [event["title"] for event in shown["results"]] == ["soon"]


async def test_a_login_that_waited_for_the_number_proves_the_new_account(node: Node, stores: EmbeddedStores) -> None:
    ann, login = await node.sign_in_by_code(new_number()), await Api(node, stores).new_user()
    assert (await login("POST", CREATE, account=ann.number))[0] == 201
    code = last_code(node, ann.number)
    await remove(node, ann)
    assert (await login("POST", REGISTER, code=code))[0] == 200
    tom = await node.sign_in_by_code(new_number())
    await node.befriend(login.person(ann.number), tom)
    device = await node.connect(login.person(ann.number), "/chat")
    (ready,) = await device.expect("ready")
    assert ready["account"]["id"] != ann.account_id


class TestUnused:
    """`auth.recycle_days`: the database is made to look as if nobody had used the account for so long."""

    @pytest.fixture
    async def node(self, stores: EmbeddedStores, tmp_path: Path) -> AsyncIterator[Node]:
        async with running_node(stores, settings_for(tmp_path, auth={"recycle_days": 90})) as running:
            yield running

    async def test_who_proves_a_number_that_lay_unused_has_another_account(self, node: Node) -> None:
        ann, tom, chat = await talked(node)
        await leave_unused(node, ann, days=91)
        eve = await node.sign_in_by_code(ann.number)
        assert eve.account_id != ann.account_id
        assert (await node.rest("GET", "/auth/sessions", ann))[0] == 401
        assert await texts(node, tom, chat) == ["hello"]
        assert await texts(node, eve, chat) == []
        await node.befriend(eve, tom)
        assert (await send(node, eve, "from Eve", contact=tom.number))["text"] == "from Eve"

    async def test_who_comes_back_sooner_has_the_same(self, node: Node) -> None:
        ann, _, chat = await talked(node)
        await leave_unused(node, ann, days=89)
        again = await node.sign_in_by_code(ann.number)
        assert again.account_id == ann.account_id
        assert await texts(node, again, chat) == ["hello"]

    async def test_an_account_with_a_connected_device_is_in_use(self, node: Node) -> None:
        ann = await node.sign_in_by_code(new_number())
        phone = await node.connect(ann, "/chat")
        await leave_unused(node, ann, days=91)
        assert (await node.sign_in_by_code(ann.number)).account_id == ann.account_id
        assert phone.client.connected


async def test_by_default_no_number_is_ever_recycled(node: Node) -> None:
    ann, _, chat = await talked(node)
    await leave_unused(node, ann, days=5000)
    again = await node.sign_in_by_code(ann.number)
    assert again.account_id == ann.account_id
    assert await texts(node, again, chat) == ["hello"]


async def talked(node: Node) -> tuple[Person, Person, int]:
    """Two people, and their chat."""
    ann, tom = await node.sign_in_by_code(new_number()), await node.sign_in_by_code(new_number())
    await node.befriend(ann, tom)
    chat: int = (await send(node, ann, "hello", contact=tom.number))["chat"]
    for client in node.clients:
        await client.disconnect()
    node.clients.clear()
    return ann, tom, chat


async def leave_unused(node: Node, person: Person, *, days: int) -> None:
    then = datetime.now(UTC) - timedelta(days=days)
    database = pool.at(node.settings.mongodb.database).raw
    await database["sessions"].update_many({"account_id": person.account_id}, {"$set": {"last_used_at": then}})
    await database["accounts"].update_one({"_id": person.account_id}, {"$set": {"last_seen": then}})
    await database["uses"].update_one({"_id": f"account {person.account_id}"}, {"$set": {"at": then}}, upsert=True)
