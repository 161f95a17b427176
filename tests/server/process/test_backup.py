"""Back-up and restore (docs/operations.md, "Back-ups"): the data directory of a stopped server, copied, is the whole server."""

import asyncio
import json
import shutil
import urllib.request
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient, WriteConcern

from server.config import MongodbSettings, RedisSettings
from server.embedded import EmbeddedStores
from server.embedded.binaries import MONGOD, find_binary
from server.embedded.ports import choose_port
from tests.server.processes import RunningServer, running
from tests.support.node import running_node, settings_for
from tests.support.socket_fixture import sign_in_friends

ANN, TOM = "+4930901820", "+4930901821"
OUTBOX = {"PARLEY_SMS__PROVIDER": "outbox"}


def ask(server: RunningServer, path: str, body: object = None, token: str = "") -> Any:
    """The answer to a GET, or to a POST of a body."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(server.url + path, data, headers), timeout=30) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def sign_in(server: RunningServer, number: str) -> str:
    ask(server, "auth", {"phone_number": number})
    sent = [json.loads(line) for line in (server.data_dir / "outbox.jsonl").read_text().splitlines()]
    code = next(one["code"] for one in reversed(sent) if one["to"] == number)
    token: str = ask(server, "auth/verify_pin", {"phone_number": number, "pin": code})["auth_token"]
    return token


def test_a_copied_data_directory_has_messages_and_sessions(tmp_path: Path) -> None:
    original, copy = tmp_path / "original", tmp_path / "elsewhere" / "copy"
    with running(original, settings=OUTBOX) as server:
        token = sign_in(server, ANN)
        sign_in(server, TOM)
        ask(server, "api/contacts/import-contacts/", {"contacts": [{"contact_id": TOM[1:]}]}, token)
        ask(server, "api/messages/send-message/", {"contact": TOM[1:], "message": "keep this"}, token)
        assert server.stop() == 0
    copy.parent.mkdir()
    shutil.copytree(original, copy)
    shutil.rmtree(original)
    with running(copy, settings=OUTBOX) as server:
        chats = ask(server, "api/messages/chats/", token=token)
        assert "keep this" in json.dumps(chats)
        assert server.stop() == 0


REPLICA_SET = "production"  # of three, of whom one's snapshot is what is left


async def start_mongod(folder: Path, port: int, *options: str) -> "asyncio.subprocess.Process":
    argv = ["--dbpath", str(folder), "--bind_ip", "127.0.0.1", "--port", str(port), "--wiredTigerCacheSizeGB", "0.25"]
    return await asyncio.create_subprocess_exec(
        str(find_binary(MONGOD, "").path),
        "--nounixsocket",
        "--quiet",
        *argv,
        *options,
        stdout=asyncio.subprocess.DEVNULL,
    )


@asynccontextmanager
async def running_mongod(folder: Path, port: int, *options: str) -> AsyncIterator[AsyncMongoClient[dict[str, Any]]]:
    process = await start_mongod(folder, port, *options)
    try:
        async with (
            asyncio.timeout(150),
            AsyncMongoClient[dict[str, Any]]("127.0.0.1", port, directConnection=True) as one,
        ):
            await one.admin.command("ping")
            yield one
    finally:
        process.terminate()
        await process.wait()


async def until_primary(one: AsyncMongoClient[dict[str, Any]]) -> None:
    while not (await one.admin.command("hello"))["isWritablePrimary"]:  # noqa: ASYNC110 (it tells nobody)
        await asyncio.sleep(0.1)


@pytest.mark.long
async def test_a_snapshot_of_one_member_becomes_a_set_of_one_as_the_readme_says(redis_url: str, tmp_path: Path) -> None:
    ports = [choose_port() for _ in range(3)]
    for number in range(3):
        (tmp_path / f"db{number}").mkdir()
    settings = settings_for(tmp_path / "var")
    named = ["--replSet", REPLICA_SET]
    async with AsyncExitStack() as stack:
        members = [
            await stack.enter_async_context(running_mongod(tmp_path / f"db{number}", port, *named))
            for number, port in enumerate(ports)
        ]
        config: list[dict[str, Any]] = [
            {"_id": number, "host": f"127.0.0.1:{port}"} for number, port in enumerate(ports)
        ]
        config[0]["priority"] = 2
        await members[0].admin.command({"replSetInitiate": {"_id": REPLICA_SET, "members": config}})
        await until_primary(members[0])
        url = f"mongodb://127.0.0.1:{ports[0]}/?replicaSet={REPLICA_SET}"
        stores = EmbeddedStores(tmp_path, MongodbSettings(url=url), RedisSettings(url=redis_url))
        async with running_node(stores, settings) as node:
            ann, tom = await sign_in_friends(node)
            body = {"contact": tom.number, "message": "keep this"}
            assert (await node.rest("POST", "/api/messages/send-message/", ann, json=body))[0] == 200
        everywhere = members[0].fence.get_collection("fence", write_concern=WriteConcern(w=3))
        await everywhere.insert_one({})  # behind it the snapshot of any member has the message
    # Alone it is a member of a set that has lost its majority: nobody can write to it.
    port = choose_port()
    async with running_mongod(tmp_path / "db1", port) as alone:  # without --replSet
        await alone.local["system.replset"].delete_many({})
    async with running_mongod(tmp_path / "db1", port, "--replSet", "restored") as restored:
        member = {"_id": 0, "host": f"127.0.0.1:{port}"}
        await restored.admin.command({"replSetInitiate": {"_id": "restored", "members": [member]}})
        await until_primary(restored)
        url = f"mongodb://127.0.0.1:{port}/?replicaSet=restored"
        stores = EmbeddedStores(tmp_path, MongodbSettings(url=url), RedisSettings(url=redis_url))
        async with running_node(stores, settings) as node:
            status, chats = await node.rest("GET", "/api/messages/chats/", ann)
            assert (status, "keep this" in json.dumps(chats)) == (200, True)
            body = {"contact": tom.number, "message": "and this"}
            assert (await node.rest("POST", "/api/messages/send-message/", ann, json=body))[0] == 200
