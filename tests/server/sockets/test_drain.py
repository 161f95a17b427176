"""A node that stops: it takes nobody new, sends its clients away one after the other, and keeps what it acknowledged."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from models.documents.entry import Draft, Message
from models.stores.journal_inserts import Inserts
from models.stores.pending_draft import PendingDraft
from server.embedded import EmbeddedStores
from server.sockets.drain import TICK_S, drain
from server.wiring import DRAIN_CLIENTS
from tests.conversation.talk import texts
from tests.support import raw
from tests.support.node import Node, running_node, settings_for
from tests.support.parts import parts_of, services_of
from tests.support.socket_fixture import sign_in_friends, until

GOING_AWAY, SERVICE_RESTART = 1001, 1012
HANDSHAKE = raw.QUERY + "polling"


@asynccontextmanager
async def one_a_second(stores: EmbeddedStores, folder: Path) -> AsyncIterator[Node]:
    """A node that has time to see off its clients one by one."""
    settings = settings_for(folder, sockets={"drain_per_s": 1}).model_copy(update={"shutdown_s": 240.0})
    async with running_node(stores, settings) as node:
        yield node


@asynccontextmanager
async def leaving(node: Node) -> AsyncIterator["asyncio.Future[None]"]:
    """The node sees its clients off while the block runs, as at SIGTERM."""
    seeing_off = asyncio.ensure_future(node.runner.app[DRAIN_CLIENTS]())
    try:
        yield seeing_off
    finally:
        seeing_off.cancel()
        with suppress(asyncio.CancelledError):
            await seeing_off


async def test_who_waits_for_its_turn_still_writes_and_hears(stores: EmbeddedStores, tmp_path: Path) -> None:
    async with one_a_second(stores, tmp_path) as node, AsyncExitStack() as stack:
        ann, tom = await sign_in_friends(node)
        first = await stack.enter_async_context(raw.frames(node.url))
        others = [await stack.enter_async_context(raw.frames(node.url)) for _ in range(3)]
        ann_phone, tom_phone = await node.connect(ann, "/chat"), await node.connect(tom, "/chat")
        async with leaving(node) as seeing_off:
            assert await first.ended() == GOING_AWAY
            answer = await ann_phone.ask("message_send", {"contact": tom.number, "client_id": "1", "text": "Bye"})
            assert answer["ok"]
            await tom_phone.expect("message_created")
            assert not seeing_off.done()
            status, _, body = await raw.request(node.url, "GET", "/readyz")
            assert (status, json.loads(body)["not_draining"]) == (503, False)
            status, headers, _ = await raw.request(node.url, "GET", HANDSHAKE)
            assert (status, headers["retry-after"]) == (503, "1")
        for other in others:
            other.writer.close()


async def test_nobody_waits_where_there_are_few(stores: EmbeddedStores, tmp_path: Path) -> None:
    async with running_node(stores, settings_for(tmp_path)) as node, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(raw.frames(node.url)) for _ in range(10)]
        seeing_off = node.runner.app[DRAIN_CLIENTS]()
        with pytest.raises(StopIteration):  # without a single wait
            seeing_off.send(None)  # type: ignore[attr-defined]
        assert [await client.ended() for client in clients] == [GOING_AWAY] * 10


async def test_what_is_stored_at_the_very_end_is_told_on_the_other_nodes_and_nobody_need_sync_for_it(
    stores: EmbeddedStores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(tmp_path)
    may_store, store = asyncio.Event(), Inserts.attempt
    async with running_node(stores, settings) as staying, running_node(stores, settings) as going:
        await until(lambda: all(services_of(node).runtime.bus.lease.others for node in (staying, going)))
        ann, tom = await sign_in_friends(staying)
        chat = await parts_of(going).found_group(ann, tom)
        phone = await staying.connect(tom, "/chat")
        told = len(phone.told("resync"))

        async def late(inserts: Inserts, todo: deque[PendingDraft]) -> None:
            await may_store.wait()
            await store(inserts, todo)

        monkeypatch.setattr(Inserts, "attempt", late)
        draft = Draft(chat.id, ann.account_id, ann.number, "last", Message(text="last words"))
        storing = parts_of(going).journal.append(draft)
        leaving = asyncio.create_task(going.go())
        await until(lambda: parts_of(going).journal._queue._is_closing)
        may_store.set()
        await storing
        await leaving
        await phone.until(lambda: "last words" in texts(phone), within_s=10)
        assert len(phone.told("resync")) == told


async def test_all_are_told_the_reason(stores: EmbeddedStores, tmp_path: Path) -> None:
    async with running_node(stores, settings_for(tmp_path)) as node, raw.frames(node.url) as client:
        await node.runner.app[DRAIN_CLIENTS]()
        opcode, data = await client.read_frame()
        assert (opcode, data[2:]) == (raw.CLOSE, b"the server restarts: come back and sync")


async def test_a_polling_client_is_told_by_its_poll(stores: EmbeddedStores, tmp_path: Path) -> None:
    async with running_node(stores, settings_for(tmp_path)) as node:
        client = await raw.open_polling(node.url)
        polling = asyncio.ensure_future(client.poll())
        async with node.http.get(f"{node.url}/healthz"):
            pass  # the poll came before it
        await node.runner.app[DRAIN_CLIENTS]()
        assert await polling == (200, ["6"]), "no CLOSE, after which the Python client would stay away"
        status, [body] = await client.poll()
        assert (status, json.loads(body)["code"]) == (400, 1)


async def test_what_is_stored_is_acknowledged_before_its_sender_goes(stores: EmbeddedStores, tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    async with running_node(stores, settings) as node, raw.frames(node.url) as phone:
        ann, tom = await sign_in_friends(node)
        await phone.join(ann.token)
        for number in range(300):
            body = {"contact": tom.number, "client_id": f"c{number}", "text": f"{number}"}
            await phone.say(f"42/chat,{number}" + json.dumps(["message_send", body]))
        heard = [await phone.hear_until("43/chat,0[")]
        going = asyncio.ensure_future(node.go())
        heard += await phone.hear_to_the_end()
        await going
    acknowledged = {number_of(text) for text in heard if text.startswith("43/chat,") and '"ok":true' in text}
    async with running_node(stores, settings) as node:
        phone_again = await node.connect(ann, "/chat")
        stored = await read_client_ids(phone_again, tom.number)
    assert acknowledged == stored


def number_of(text: str) -> str:
    message: dict[str, Any] = json.loads(text[text.index("[") :])[0]["message"]
    client_id: str = message["client_id"]
    return client_id


async def read_client_ids(phone: Any, contact: str) -> set[str]:
    found: set[str] = set()
    page: dict[str, Any] = {"next": 0}
    while page["next"] is not None:
        page = await phone.ask("history", {"contact": contact, "after": page["next"], "limit": 200})
        found |= {entry["client_id"] for entry in page["entries"]}
    return found


async def test_an_idle_line_for_requests_holds_nothing_up(stores: EmbeddedStores, tmp_path: Path) -> None:
    async with running_node(stores, settings_for(tmp_path)) as node:
        reader, writer = await raw.open_line(node.url)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        await node.go()
        async with asyncio.timeout(30):
            rest = await reader.read()  # to the end of the line
        assert b"ok" in rest
        writer.close()


class TestHeldForAnotherNode:
    """Clients whose session is elsewhere come through the node that goes."""

    async def test_an_upgraded_client_is_told_to_come_back(self, stores: EmbeddedStores, tmp_path: Path) -> None:
        settings = settings_for(tmp_path)
        async with running_node(stores, settings) as owner, running_node(stores, settings) as between:
            session = await raw.open_polling(owner.url)
            async with raw.frames(between.url, sid=session.sid) as client:
                await client.say("2probe")
                assert await client.hear() == "3probe"
                await client.say("5")
                await client.say("3")
                ending = asyncio.ensure_future(client.ended())
                await between.runner.app[DRAIN_CLIENTS]()
                assert await ending == SERVICE_RESTART

    async def test_a_poll_ends_with_its_session(self, stores: EmbeddedStores, tmp_path: Path) -> None:
        settings = settings_for(tmp_path)
        async with running_node(stores, settings) as owner, running_node(stores, settings) as between:
            session = await raw.open_polling(owner.url)
            through = raw.Polling(between.url, session.sid)
            polling = asyncio.ensure_future(through.poll())
            await until_held(between)
            await between.runner.app[DRAIN_CLIENTS]()
            assert await polling == (200, ["6"])
            status, _ = await session.poll()
            assert status == 400


async def until_held(node: Node) -> None:
    async with asyncio.timeout(30):
        while True:
            async with aiohttp.ClientSession() as http, http.get(f"{node.url}/metrics") as answer:
                if "parley_passed_on_requests 1.0" in await answer.text():
                    return


@pytest.mark.parametrize(("per_s", "within_s"), [(1000, 60.0), (1, 0.1)], ids=["the rate", "the time there is"])
async def test_a_crowd_goes_no_faster_than(per_s: float, within_s: float) -> None:
    moments: list[float] = []
    loop = asyncio.get_running_loop()
    started = loop.time()
    await drain([lambda: moments.append(loop.time() - started)] * 100, per_s=per_s, within_s=within_s)
    assert len(moments) == 100
    assert all(moment >= number / 1000 - TICK_S for number, moment in enumerate(moments))
