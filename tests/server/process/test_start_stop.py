"""Start and stop, as an operator sees it: first lines, one clear line per refusal, clean ends, crashes."""

import http.client
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pymongo import MongoClient

from server.embedded import EmbeddedStores
from server.process.listeners import OPEN_FILES_MAX
from server.process.running_server import find_running
from tests.server.processes import (
    PATIENCE_S,
    ROOT,
    RunningServer,
    child_pids,
    command,
    environment,
    is_alive,
    places,
    refused,
    running,
    wait_until,
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running(tmp_path_factory.mktemp("server") / "data") as server:
        yield server


def health(server: RunningServer) -> object:
    with urllib.request.urlopen(f"{server.url}healthz", timeout=30) as answer:
        return json.load(answer)


def write_note(server: RunningServer, text: str) -> None:
    with MongoClient(mongodb_url(server)) as client:
        client.notes.get_collection("notes").insert_one({"_id": text})


def read_notes(server: RunningServer) -> list[str]:
    with MongoClient(mongodb_url(server)) as client:
        return [row["_id"] for row in client.notes.get_collection("notes").find()]


def mongodb_url(server: RunningServer) -> str:
    stores = find_running(server.data_dir)
    assert stores is not None
    return stores.mongodb_url


def assert_one_line(outcome: tuple[int, str], *parts: str) -> None:
    status, errors = outcome
    assert status == 1
    assert errors.count("\n") == 1
    assert errors.startswith("parley: ")
    for part in parts:
        assert part in errors


class TestFirstLines:
    def test_they_say_what_runs_where_and_which_url_to_open(self, server: RunningServer) -> None:
        assert server.first_lines["Parley"] == f"runs as process {server.process.pid}"
        assert server.first_lines["open"].startswith("http://127.0.0.1:")
        assert str(server.data_dir / "mongodb") in server.first_lines["MongoDB"]
        assert server.first_lines["Redis"].startswith("embedded")
        assert server.first_lines["data"] == str(server.data_dir)

    def test_the_url_answers(self, server: RunningServer) -> None:
        assert health(server) == {"status": "ok"}

    def test_tools_find_the_running_database_and_nobody_else_can_read_where(self, server: RunningServer) -> None:
        with MongoClient(mongodb_url(server)) as client:
            assert client.admin.command("hello")["isWritablePrimary"]
        assert (server.data_dir / "server.json").stat().st_mode & 0o077 == 0
        assert find_running(server.data_dir.parent) is None


@contextmanager
def few_open_files(soft: int) -> Iterator[int]:
    """What is started meanwhile may open so many, as from a shell, unless it asks for more; yields how many it is allowed."""
    before, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    try:
        yield hard
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before, hard))


def test_a_node_may_open_as_many_files_as_the_system_allows(stores: EmbeddedStores, tmp_path: Path) -> None:
    with few_open_files(512) as allowed, running(tmp_path / "data", settings=places(stores)) as server:
        with urllib.request.urlopen(f"{server.url}metrics", timeout=30) as answer:
            told = [line for line in answer.read().decode().splitlines() if line.startswith("process_max_fds")]
        assert {float(line.split()[1]) for line in told} == {min(allowed, OPEN_FILES_MAX)}
        assert server.stop() == 0


class TestSetUrls:
    def test_they_are_used_instead_of_children_and_shown_without_passwords(
        self, stores: EmbeddedStores, tmp_path: Path
    ) -> None:
        with running(tmp_path / "data", settings=places(stores)) as server:
            place = stores.mongodb_url.rpartition("@")[2].partition("?")[0]
            assert server.first_lines["MongoDB"].endswith(f"mongodb://{place}")
            assert server.first_lines["Redis"].endswith(f", redis://{stores.redis_url.rpartition('@')[2]}")
            assert server.child_pids() == {}
            assert health(server) == {"status": "ok"}
            assert server.stop() == 0

    def test_what_other_nodes_on_this_mongodb_would_lack_is_told(self, stores: EmbeddedStores, tmp_path: Path) -> None:
        own = {name: value for name, value in places(stores).items() if "REDIS" not in name}
        for settings, count in ((own, 2), (places(stores) | {"PARLEY_AUTH__SECRET": "s" * 32}, 0)):
            with running(tmp_path / "data", settings=settings) as server:
                assert server.stop() == 0
            said = (tmp_path / "stderr.txt").read_text()
            assert said.count("other nodes on this MongoDB") == count
            (tmp_path / "stderr.txt").write_text("")

    @pytest.mark.parametrize("path", ["mongodb.url", "redis.url"])
    def test_nobody_there_is_one_line(self, path: str, tmp_path: Path, stores: EmbeddedStores) -> None:
        settings = {"PARLEY_MONGODB__URL": stores.mongodb_url, "PARLEY_REDIS__URL": stores.redis_url}
        name, scheme = path.split(".", maxsplit=1)[0], {"mongodb.url": "mongodb", "redis.url": "redis"}[path]
        settings |= {f"PARLEY_{name.upper()}__URL": f"{scheme}://me:hush@127.0.0.1:1/"}
        settings |= {f"PARLEY_{name.upper()}__TIMEOUT_S": "2"}  # to be refused in, on a machine that is busy
        outcome = refused(tmp_path / "data", settings=settings)
        assert_one_line(outcome, f"{path}: no ", f"{scheme}://127.0.0.1:1/ within 2 s (", "111")
        assert "hush" not in outcome[1]

    @pytest.mark.parametrize("path", ["mongodb.url", "redis.url"])
    def test_somebody_silent_is_one_line_within_the_timeout(
        self, path: str, tmp_path: Path, stores: EmbeddedStores
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            name = path.split(".", maxsplit=1)[0]
            settings = {"PARLEY_MONGODB__URL": stores.mongodb_url, "PARLEY_REDIS__URL": stores.redis_url}
            settings |= {f"PARLEY_{name.upper()}__URL": f"{name}://127.0.0.1:{silent.getsockname()[1]}/"}
            settings |= {f"PARLEY_{name.upper()}__TIMEOUT_S": "0.3"}
            assert_one_line(refused(tmp_path / "data", settings=settings), f"{path}: no ", "within 0.3 s")

    def test_a_database_that_refuses_an_index_is_one_line(self, stores: EmbeddedStores, tmp_path: Path) -> None:
        settings = places(stores)
        with MongoClient(stores.mongodb_url) as client:
            entries = client[settings["PARLEY_MONGODB__DATABASE"]]["entries"]
            entries.drop_indexes()  # another test may have had this database
            entries.create_index("sender", name="once")
        assert_one_line(refused(tmp_path / "data", settings=settings), "mongodb.url: ", "once")

    def test_a_wrong_password_is_one_line_without_it(self, stores: EmbeddedStores, tmp_path: Path) -> None:
        address = stores.redis_url.rpartition("@")[2]
        settings = {"PARLEY_MONGODB__URL": stores.mongodb_url, "PARLEY_REDIS__URL": f"redis://:hush@{address}"}
        outcome = refused(tmp_path / "data", settings=settings)
        assert_one_line(outcome, "redis.url: ", "password")
        assert "hush" not in outcome[1]


class TestRefusals:
    """One clear line, status 1, and nothing left running."""

    def test_a_port_that_is_taken(self, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            assert_one_line(refused(tmp_path / "data", "--port", port), f"http.port: {port} on 127.0.0.1 is taken")
        assert child_pids(tmp_path / "data") == {}

    def test_a_host_that_is_not_here(self, tmp_path: Path) -> None:
        assert_one_line(refused(tmp_path / "data", "--host", "192.0.2.1"), "http.host: 192.0.2.1 is no address")

    def test_a_host_without_an_address(self, tmp_path: Path) -> None:
        assert_one_line(refused(tmp_path / "data", "--host", "nowhere.invalid"), "http.host: nowhere.invalid")

    def test_a_data_dir_where_a_file_is(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        assert_one_line(
            refused(tmp_path / "file" / "data"), "data_dir: ", "file/data is not writable (Not a directory)"
        )
        assert_one_line(refused(tmp_path / "file"), "data_dir: ", "is not writable (File exists)")

    def test_a_data_dir_of_somebody_else(self, tmp_path: Path) -> None:
        program = "import os, sys\nfrom server.process.data_dir import *\n"
        program += "if os.geteuid() == 0: os.setuid(65534)\n"
        program += "try: hold_data_dir(Path(sys.argv[1])).__enter__()\nexcept StartupError as line: print(line)"
        (tmp_path / "data").mkdir(mode=0o555)
        argv = [sys.executable, "-c", program, tmp_path / "data"]
        run = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True)
        assert run.stdout == f"data_dir: {tmp_path / 'data'} is not writable (Permission denied)\n"

    def test_a_data_dir_in_use_by_another_instance(self, server: RunningServer) -> None:
        assert_one_line(refused(server.data_dir), f"in use by another instance (process {server.process.pid})")
        assert health(server) == {"status": "ok"}

    @pytest.mark.parametrize("section", ["mongodb", "redis"])
    def test_no_binary(self, section: str, tmp_path: Path) -> None:
        settings = {f"PARLEY_{section.upper()}__BINARY": "/nowhere/server"}
        outcome = refused(tmp_path / "data", settings=settings)
        assert_one_line(outcome, f"{section}.binary: /nowhere/server is not a program; ", f"set {section}.url")
        assert not any(is_alive(pid) for pid in child_pids(tmp_path / "data").values())

    def test_a_bad_setting_in_the_file(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.yaml"
        path.write_text("http: {prot: 1}")
        assert_one_line(refused(tmp_path / "data", "--config", str(path)), "parley: http.prot: unknown setting")

    def test_a_bad_setting_in_the_environment(self, tmp_path: Path) -> None:
        outcome = refused(tmp_path / "data", settings={"PARLEY_CHAT__TEXT_MAX_CHARS": "many"})
        assert_one_line(outcome, "parley: chat.text_max_chars: ")

    def test_a_bad_setting_on_the_command_line(self, tmp_path: Path) -> None:
        assert_one_line(refused(tmp_path / "data", "--port", "eighty"), "parley: http.port: ")

    @pytest.mark.parametrize("argument", ["--prot", "strat"])
    def test_an_unknown_argument_is_a_usage_error(self, argument: str, tmp_path: Path) -> None:
        status, errors = refused(tmp_path / "data", argument)
        assert status == 2
        assert errors.startswith("usage: run.py")
        assert argument in errors


class TestStop:
    def test_everything_ends_cleanly_and_the_next_start_finds_the_data(self, tmp_path: Path) -> None:
        data_dir = tmp_path / "data"
        kept: list[str] = []
        for how in (signal.SIGTERM, signal.SIGINT):
            with running(data_dir) as server:
                assert read_notes(server) == kept, how.name
                write_note(server, how.name)
                os.killpg(
                    server.process.pid, how
                )  # a terminal signals the whole group, so this would reach the children
                assert server.process.wait(PATIENCE_S) == 0, how.name
                assert not any(is_alive(pid) for pid in server.child_pids().values()), how.name
                assert len(server.child_pids()) == 2, how.name
            kept.append(how.name)
            assert "mongodb://" not in (data_dir / "server.json").read_text(), how.name
            assert (data_dir / "mongodb" / "mongod.lock").read_bytes() == b"", f"mongod ended cleanly at {how.name}"
            said = (tmp_path / "stderr.txt").read_text()
            assert "Traceback" not in said, how.name
            assert "was not closed within" not in said, how.name

    def test_an_idle_connection_does_not_hold_it_up(self, stores: EmbeddedStores, tmp_path: Path) -> None:
        with running(tmp_path / "data", settings=places(stores) | {"PARLEY_SHUTDOWN_S": "900"}) as server:
            line = http.client.HTTPConnection(server.url.split("/")[2])
            line.request("GET", "/healthz")
            assert line.getresponse().read() == b'{"status": "ok"}'
            assert server.stop() == 0  # within much less than its share of that time
            line.close()

    def test_a_signal_while_it_starts_leaves_nothing_running(self, tmp_path: Path) -> None:
        data_dir = tmp_path / "data"
        process = subprocess.Popen(command(data_dir), env=environment({}), stdout=subprocess.PIPE)
        with process:
            try:
                wait_until(lambda: "mongodb" in child_pids(data_dir))
                process.terminate()
                said, _ = process.communicate(timeout=PATIENCE_S)
            finally:
                process.kill()
        assert (process.returncode, said) == (0, b"")
        assert not any(is_alive(pid) for pid in child_pids(data_dir).values())


class TestCrash:
    def test_kill_9_leaves_no_orphan_and_a_start_right_after_it_finds_the_data(self, tmp_path: Path) -> None:
        with running(tmp_path / "data") as server:
            write_note(server, "kept")
            orphans = server.child_pids()
            server.stop(signal.SIGKILL)
            assert find_running(server.data_dir) is None
            with running(tmp_path / "data") as second:
                assert read_notes(second) == ["kept"]
                assert not any(is_alive(pid) for pid in orphans.values())
                last = second.child_pids()
                second.stop(signal.SIGKILL)
                wait_until(lambda: not any(is_alive(pid) for pid in last.values()))

    def test_a_killed_store_is_started_again_at_the_same_place(self, server: RunningServer) -> None:
        write_note(server, "before")
        before = server.child_pids()
        for pid in before.values():
            os.kill(pid, signal.SIGKILL)
        write_note(server, "after")  # the driver waits for the primary to come back
        assert {"before", "after"} <= set(read_notes(server))
        wait_until(lambda: not set(before.values()) & set(server.child_pids().values()))
        assert health(server) == {"status": "ok"}
        events = [json.loads(line) for line in (server.data_dir.parent / "stderr.txt").read_text().splitlines()]
        assert {event["message"].partition(" ")[0] for event in events if event["level"] == "error"} == {
            "mongod",
            "redis",
        }
