"""Limits refuse with a code and the time to wait, and everything works again afterwards."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import socketio

from server.embedded import EmbeddedStores
from tests.support.node import Device, Node, Person, running_node, settings_for
from tests.support.socket_fixture import sign_in_friends

AMPLE = {"enabled": True, "requests_per_s": 1000, "requests_burst": 10_000, "messages_per_s": 1000}
AMPLE |= {"messages_burst": 10_000, "connects_per_minute": 10_000}


@asynccontextmanager
async def limited(
    stores: EmbeddedStores, folder: Path, limits: dict[str, Any] | None = None, **sections: Any
) -> AsyncIterator[tuple[Node, Person, Person, Device]]:
    settings = settings_for(
        folder, limits=AMPLE | (limits or {}), auth={"pin_resend_s": 0, "pin_per_address_per_hour": 1000}, **sections
    )
    async with running_node(stores, settings) as node:
        ann, tom = await sign_in_friends(node)
        yield node, ann, tom, await node.connect(ann, "/chat")


def wait_of(answer: dict[str, Any]) -> float:
    """The seconds after which a refused request may be sent again."""
    error = answer["error"]
    assert error["code"] == "rate_limited"
    assert error["retryable"] is True
    assert 0 < error["retry_after_ms"] <= 60_000
    return float(error["retry_after_ms"]) / 1000


def message(tom: Person, n: int, text: str = "x") -> dict[str, Any]:
    return {"contact": tom.number, "client_id": str(n), "text": text}


async def test_requests_of_one_account(stores: EmbeddedStores, tmp_path: Path) -> None:
    async with limited(stores, tmp_path, {"requests_per_s": 1, "requests_burst": 5}) as (node, _, tom, phone):
        answers = await asyncio.gather(*(phone.ask("chats") for _ in range(12)))
        refused = [answer for answer in answers if not answer["ok"]]
        assert all(answer["ok"] for answer in answers[:5])
        assert 1 <= len(refused) <= 7, "seven, less one for each second that this took"
        tom_phone = await node.connect(tom, "/chat")
        assert (await tom_phone.ask("chats"))["ok"], "each account has its own"
        await asyncio.sleep(max(map(wait_of, refused)))
        assert (await phone.ask("chats"))["ok"]


async def test_messages_of_one_account(stores: EmbeddedStores, tmp_path: Path) -> None:
    async with limited(stores, tmp_path, {"messages_per_s": 1, "messages_burst": 5}) as (node, ann, tom, phone):
        answers = await asyncio.gather(*(phone.ask("message_send", message(tom, n)) for n in range(10)))
        refused = [answer for answer in answers if not answer["ok"]]
        assert all(answer["ok"] for answer in answers[:5])
        assert 1 <= len(refused) <= 5, "five, less one for each second that this took"
        other_phone = await node.connect(ann, "/chat")
        again = await other_phone.ask("message_send", message(tom, 99))
        assert again["ok"] or again["error"]["code"] == "rate_limited", "all devices of an account share it"
        tom_phone = await node.connect(tom, "/chat")
        assert (await tom_phone.ask("message_send", message(ann, 1)))["ok"], "others have their own"
        while not (answer := await phone.ask("message_send", message(tom, 9)))["ok"]:  # noqa: ASYNC110 (it is told how long)
            await asyncio.sleep(wait_of(answer))


async def test_connects_of_one_account(stores: EmbeddedStores, tmp_path: Path) -> None:
    async with limited(stores, tmp_path, {"connects_per_minute": 60}) as (node, ann, tom, _):
        refusals: list[Any] = []
        for _ in range(1000):
            client = socketio.AsyncClient(reconnection=False)
            client.on("connect_error", refusals.append, namespace="/typing")
            try:
                await client.connect(
                    node.url,
                    namespaces=["/typing"],
                    auth={"token": ann.token},
                    transports=["websocket"],
                    wait_timeout=30,
                )
                await client.disconnect()
            except socketio.exceptions.ConnectionError:
                break
        (refusal,) = refusals
        assert refusal["message"]
        wait_s = wait_of({"error": refusal["data"]})
        assert await node.connect(tom, "/typing"), "others have their own"
        await asyncio.sleep(wait_s)
        assert await node.connect(ann, "/typing")


async def test_texts(stores: EmbeddedStores, tmp_path: Path) -> None:
    async with limited(stores, tmp_path, chat={"text_max_chars": 100}) as (_, _, tom, phone):
        answer = await phone.ask("message_send", message(tom, 1, "👩" * 101))
        assert answer["error"]["code"] == "too_long"
        assert answer["error"]["retryable"] is False
        assert (await phone.ask("message_send", message(tom, 1, "👩" * 100)))["ok"]
        answer = await phone.ask("message_send", message(tom, 1) | {"client_id": "x" * 65})
        assert answer["error"]["code"] == "too_long"


@pytest.mark.parametrize("kind", ["unknown event", "wrong shape"])
async def test_what_is_refused_costs_too(stores: EmbeddedStores, tmp_path: Path, kind: str) -> None:
    async with limited(stores, tmp_path, {"requests_per_s": 0.1, "requests_burst": 8}) as (_, _, _, phone):
        event, body = ("nothing", {}) if kind == "unknown event" else ("message_send", {"text": 1})
        codes = [(await phone.ask(event, body))["error"]["code"] for _ in range(10)]
        assert codes[-1] == "rate_limited"
