"""The embedded stores open to their own server alone: another user of the machine, who reaches loopback, reads nothing."""

import asyncio
import stat
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure

from server.config import RedisSettings
from server.embedded import EmbeddedStores, throw_away_stores
from server.embedded.binaries import MONGOD, find_binary
from server.embedded.ports import choose_port
from tests.support.stores import quick_place

NO_REDIS = RedisSettings(url="redis://127.0.0.1:1/")
Client = AsyncMongoClient[dict[str, Any]]


@pytest.fixture(scope="module")
async def stores() -> AsyncIterator[EmbeddedStores]:
    async with throw_away_stores(quick_place()) as stores:
        yield stores


def stranger(stores: EmbeddedStores) -> Client:
    assert stores.mongod is not None
    return AsyncMongoClient("127.0.0.1", stores.mongod.port, directConnection=True)


def read_command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


@pytest.mark.parametrize(
    "command",
    [
        {"listDatabases": 1},
        {"find": "accounts"},
        {"insert": "accounts", "documents": [{}]},
        {"createUser": "me", "pwd": "me", "roles": ["root"]},
        {"shutdown": 1},
        {"getParameter": "*"},
        {"replSetGetStatus": 1},
    ],
    ids=lambda command: next(iter(command)),
)
async def test_whoever_has_no_password_is_told_nothing(stores: EmbeddedStores, command: dict[str, object]) -> None:
    async with stranger(stores) as client:
        with pytest.raises(OperationFailure) as refusal:
            await client.admin.command(dict(command))
        assert refusal.value.code == 13, "Unauthorized"


async def test_messages_of_strangers_are_not_unpacked(stores: EmbeddedStores) -> None:
    async with stranger(stores) as client:
        hello = await client.admin.command({"hello": 1, "compression": ["zlib", "snappy", "zstd"]})
        assert "compression" not in hello


async def test_what_opens_them_is_in_files_for_their_owner_alone_and_on_no_command_line(
    stores: EmbeddedStores,
) -> None:
    assert stores.mongod is not None
    password = stores.mongodb_url.partition("@")[0].rpartition(":")[2]
    assert len(password) >= 32
    folder = stores._data_dir
    kept = {path.name for path in folder.iterdir() if path.is_file() and password in path.read_text(errors="replace")}
    assert kept == {"mongodb.password"}
    for name in (*kept, "mongodb.key"):
        assert (folder / name).stat().st_mode & 0o077 == 0, name
    command = read_command(await stores.mongod.pid())
    assert password.encode() not in command
    assert (folder / "mongodb.key").read_bytes() not in command


async def make_old_folder(folder: Path) -> None:
    """As earlier versions left it: a replica set without users, on a port that is written down."""
    (folder / "mongodb").mkdir(parents=True)
    port = choose_port()
    (folder / "mongodb.port").write_text(f"{port}\n")
    options = {"--dbpath": folder / "mongodb", "--bind_ip": "127.0.0.1", "--port": port, "--replSet": "parley"}
    argv = [str(find_binary(MONGOD, "").path), "--nounixsocket", "--quiet", "--wiredTigerCacheSizeGB", "0.25"]
    argv += [str(part) for option in options.items() for part in option]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL)  # noqa: ASYNC220 (at once)
    try:
        async with (
            asyncio.timeout(60),
            AsyncMongoClient[dict[str, Any]]("127.0.0.1", port, directConnection=True) as old,
        ):
            member = {"_id": 0, "host": f"127.0.0.1:{port}"}
            await old.admin.command({"replSetInitiate": {"_id": "parley", "members": [member]}})
            while not (await old.admin.command("hello"))["isWritablePrimary"]:  # noqa: ASYNC110 (it tells nobody)
                await asyncio.sleep(0.05)
            await old.notes.notes.insert_one({"text": "old"})
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 60)


async def test_a_folder_of_an_earlier_version_is_taken_up_where_it_is(tmp_path: Path) -> None:
    await make_old_folder(tmp_path)
    for _ in range(2):
        async with EmbeddedStores(tmp_path, redis=NO_REDIS) as stores:
            async with Client(stores.mongodb_url) as client:
                assert [row["text"] async for row in client.notes.notes.find()] == ["old"]
            async with stranger(stores) as client:
                with pytest.raises(OperationFailure):
                    await client.notes.notes.find_one()


@pytest.fixture(scope="module")
async def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of stores that ran before and have stopped; there is one note in it."""
    folder = tmp_path_factory.mktemp("kept")
    async with EmbeddedStores(folder, redis=NO_REDIS) as stores, Client(stores.mongodb_url) as client:
        await client.notes.notes.insert_one({"text": "kept"})
    return folder


@pytest.mark.parametrize("lost", [["mongodb.password"], ["mongodb.key"], ["mongodb.password", "mongodb.key"]])
async def test_lost_secrets_are_made_anew_and_the_data_stays(kept: Path, lost: list[str]) -> None:
    former = {name: (kept / name).read_text() for name in ("mongodb.password", "mongodb.key")}
    for name in lost:
        (kept / name).unlink()
    async with EmbeddedStores(kept, redis=NO_REDIS) as stores, Client(stores.mongodb_url) as client:
        assert [row["text"] async for row in client.notes.notes.find()] == ["kept"]
    assert {name for name, secret in former.items() if (kept / name).read_text() != secret} == set(lost)


async def test_a_key_that_others_could_read_is_closed_to_them(kept: Path) -> None:
    key = kept / "mongodb.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    key.chmod(0o644)
    async with EmbeddedStores(kept, redis=NO_REDIS):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
