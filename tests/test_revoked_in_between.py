"""A session that ends while something it began is under way gets nothing more by it, whatever it waits for."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from models.documents.chat_ref import ChatRef
from models.documents.session import Actor, Identity
from models.services.accounts.authenticate import ChooseAccount
from models.services.chats.send import SendMessage
from server.embedded import EmbeddedStores
from tests.conversation.talk import friends, history, newcomers, say, texts
from tests.rest.messaging.logins import Api, new_number
from tests.support.node import Node, Person, running_node, settings_for
from tests.support.parts import services_of
from tests.support.pictures import encoded, halves
from tests.support.raw import frames, open_line, open_polling
from tests.support.socket_fixture import sockets_of, until

GIVE_UP_S = 30.0
BOUNDARY = "a-part-of-it"


@pytest.fixture
async def node(stores: EmbeddedStores, tmp_path: Path) -> AsyncIterator[Node]:
    """One person a second is let in, and who comes then waits in line."""
    settings = settings_for(tmp_path, sockets={"joins_per_s": 1, "join_waits_s": 30})
    async with running_node(stores, settings) as running:
        yield running


async def sign_out(node: Node, person: Person) -> None:
    status, _ = await node.rest("POST", "/auth/logout", person)
    assert status == 204


async def test_a_session_that_ends_while_its_client_waits_in_line_is_not_let_in_and_hears_nothing(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, tom = await friends(node, 2)
    victim = await node.sign_in_by_code(tom.number)
    phone = await node.connect(ann, "/chat")
    sockets, waiting = sockets_of(node), services_of(node).runtime.connect_admission
    may_listen, listen = asyncio.Event(), sockets.connections._on_join

    async def slow_bus(account_id: int) -> None:
        await may_listen.wait()
        await listen(account_id)

    async with frames(node.url) as socket:
        await socket.say("40/chat," + json.dumps({"token": victim.token}))
        await until(lambda: waiting.waiting == 1)
        await sign_out(node, victim)
        with monkeypatch.context() as patch:
            patch.setattr(sockets.connections, "_on_join", slow_bus)
            await until(lambda: waiting.waiting == 0)
            await say(phone, "secret", contact=tom.number)
            answer = await socket.hear_until("4")
            may_listen.set()
        assert answer.startswith("44/chat,"), answer
        assert json.loads(answer.removeprefix("44/chat,"))["data"]["code"] == "session_revoked"
    assert not sockets.connections.of_accounts("/chat").get(victim.account_id)


async def test_requests_that_wait_behind_another_are_not_begun_for_a_session_that_ended(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, tom = await friends(node, 2)
    victim = await node.sign_in_by_code(ann.number)
    phone = await node.connect(tom, "/chat")
    submit, is_begun, may_go_on = SendMessage.submit, asyncio.Event(), asyncio.Event()

    async def slowly(self: SendMessage, actor: Actor, target: ChatRef, message: Any, client_id: str) -> Any:
        if message.text == "first":
            is_begun.set()
            await may_go_on.wait()
        return await submit(self, actor, target, message, client_id)

    monkeypatch.setattr(SendMessage, "submit", slowly)
    sockets = sockets_of(node)
    async with frames(node.url) as socket:
        await socket.join(victim.token)
        for number, text in enumerate(("first", "behind it", "last")):
            body = {"contact": tom.number, "client_id": text, "text": text}
            await socket.say(f"42/chat,{number}" + json.dumps(["message_send", body]))
        await is_begun.wait()
        await until(lambda: any(one.unanswered == 3 for one in sockets.eio.sockets.values()))
        await sign_out(node, victim)
        may_go_on.set()
        await phone.until(lambda: "first" in texts(phone))
        # What a session that lives says now comes behind all that the other one had in its line.
        mark = await say(await node.connect(ann, "/chat"), "mark", contact=tom.number)
        said = [entry["text"] for entry in await history(phone, mark["chat"])]
        assert said == ["first", "mark"]


async def test_what_waits_for_a_polling_client_is_not_given_to_it_after_its_session_ended(node: Node) -> None:
    ann, tom = await friends(node, 2)
    victim = await node.sign_in_by_code(tom.number)
    phone = await node.connect(ann, "/chat")
    polling = await open_polling(node.url)
    assert await polling.post("40/chat," + json.dumps({"token": victim.token})) == 200
    await polling.hear_until('42/chat,["ready"')
    sockets = sockets_of(node)
    await say(phone, "secret", contact=tom.number)
    await until(lambda: bool(sockets.eio.sockets[polling.sid].queue))
    await sign_out(node, victim)
    _, packets = await polling.poll()
    assert not any("secret" in packet for packet in packets), packets


def json_body(to: Person) -> tuple[str, bytes]:
    return "application/json", json.dumps({"contact_id": to.number, "text": "late"}).encode()


def form_body(to: Person) -> tuple[str, bytes]:
    return "application/x-www-form-urlencoded", f"contact_id={to.number}&text=late".encode()


def upload_body(to: Person) -> tuple[str, bytes]:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="contact_id"\r\n\r\n{to.number}\r\n--{BOUNDARY}\r\n'
    head += 'Content-Disposition: form-data; name="filename"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
    body = head.encode() + encoded(halves((20, 20))) + f"\r\n--{BOUNDARY}--\r\n".encode()
    return f"multipart/form-data; boundary={BOUNDARY}", body


class SlowRequest:
    """A POST whose headers are sent, and looked at, before its body comes."""

    def __init__(self, node: Node, path: str, person: Person, kind: str, body: bytes) -> None:
        self.node, self.body = node, body
        self.head = (
            f"POST {path} HTTP/1.1\r\nHost: {urlsplit(node.url).netloc}\r\nAuthorization: Bearer {person.token}\r\n"
            f"Expect: 100-continue\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        )

    async def begin(self) -> None:
        self.reader, self.writer = await open_line(self.node.url)
        self.writer.write(self.head.encode())
        assert (await self.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")

    async def finish(self) -> tuple[int, bytes]:
        self.writer.write(self.body)
        async with asyncio.timeout(GIVE_UP_S):
            head = await self.reader.readuntil(b"\r\n\r\n")
            rest = await self.reader.read()
        self.writer.transport.abort()
        return int(head.split()[1]), rest


@pytest.mark.parametrize("make", [json_body, form_body, upload_body])
async def test_a_request_whose_body_comes_after_its_session_ended_does_nothing(node: Node, make: Any) -> None:
    ann, tom = await friends(node, 2)
    victim = await node.sign_in_by_code(ann.number)
    phone = await node.connect(tom, "/chat")
    # A node that has seen the token knows it, so that the request is looked at in the turn that says "continue".
    assert (await node.rest("GET", "/auth/sessions", victim))[0] == 200
    path = "/api/messages/send-image/" if make is upload_body else "/api/messages/send-message/"
    slow = SlowRequest(node, path, victim, *make(tom))
    await slow.begin()
    await sign_out(node, victim)
    status, answer = await slow.finish()
    assert status == 401, answer
    mark = await say(await node.connect(ann, "/chat"), "mark", contact=tom.number)
    assert [entry.get("text") for entry in await history(phone, mark["chat"])] == ["mark"]


async def test_an_event_whose_body_comes_after_its_session_ended_is_not_made(node: Node) -> None:
    (ann,) = await newcomers(node, 1)
    victim = await node.sign_in_by_code(ann.number)
    assert (await node.rest("GET", "/auth/sessions", victim))[0] == 200
    event = {"title": "Late", "date": "2031-01-01T12:00:00Z", "venue": "Here", "invitees": []}
    slow = SlowRequest(node, "/events", victim, "application/json", json.dumps(event).encode())
    await slow.begin()
    await sign_out(node, victim)
    status, answer = await slow.finish()
    assert status == 401, answer


async def test_a_login_that_is_signed_out_while_its_account_is_looked_up_is_not_let_in(
    node: Node, stores: EmbeddedStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = Api(node, stores)
    user = await api.new_user(new_number())
    choose = ChooseAccount.registered

    async def slowly(self: ChooseAccount, identity: Identity, number: str | None) -> Actor:
        actor = await choose(self, identity, number)
        monkeypatch.undo()
        assert (await api.revoke(token=user.access))[0] == 200
        return actor

    monkeypatch.setattr(ChooseAccount, "registered", slowly)
    async with frames(node.url) as socket:
        await socket.say("40/chat," + json.dumps({"token": user.access}))
        assert (await socket.hear_until("4")).startswith("44/chat,")


@pytest.mark.parametrize("door", ["message", "photo"])
async def test_what_is_fetched_for_a_session_that_ended_meanwhile_is_not_used(
    stores: EmbeddedStores, tmp_path: Path, door: str
) -> None:
    is_asked, may_go_on = asyncio.Event(), asyncio.Event()

    async def slowly(_: web.Request) -> web.Response:
        is_asked.set()
        await may_go_on.wait()
        return web.Response(body=encoded(halves((20, 20))), content_type="image/png")

    there = web.Application()
    there.add_routes([web.get("/a.png", slowly)])
    settings = settings_for(tmp_path, media={"allow_private_addresses": True})
    async with TestServer(there) as elsewhere, running_node(stores, settings) as node:
        ann, tom = await friends(node, 2)
        victim = await node.sign_in_by_code(ann.number)
        path = "/api/messages/send-image/" if door == "message" else "/api/account/profile-photo/"
        body = {"contact": tom.number, "url": str(elsewhere.make_url("/a.png"))}
        asking = asyncio.create_task(node.rest("POST", path, victim, json=body))
        async with asyncio.timeout(GIVE_UP_S):
            await is_asked.wait()
        await sign_out(node, victim)
        may_go_on.set()
        status, answer = await asking
        assert status == 401, answer
