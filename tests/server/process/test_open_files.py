"""A node that nears its limit of open files refuses newcomers politely, and goes on answering probes and those who are there."""

import http.client
import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from server.embedded import EmbeddedStores
from tests.server.processes import PATIENCE_S, command, environment, places, read_first_lines, wait_until
from tests.support.warm_start import OpenFilesLimit

LIMIT = 256
ANSWERS_WITHIN_S = 20
HANDSHAKE = "/socket.io/?EIO=4&transport=polling"


@contextmanager
def limited(stores: EmbeddedStores, folder: Path, limit: int) -> Iterator[tuple[str, Path]]:
    """A server that may have so many open files: its address, and its log."""
    log = folder / "stderr.txt"
    with log.open("w") as stderr:
        process = subprocess.Popen(
            command(folder / "var"),
            env=environment(places(stores)),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            preexec_fn=OpenFilesLimit(limit),
        )
    with process:
        try:
            yield read_first_lines(process)["open"].split("/")[2], log
            process.terminate()
            assert process.wait(PATIENCE_S) == 0
        finally:
            process.kill()


def read_warnings(log: Path) -> list[str]:
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    return [line["message"] for line in lines if line["level"] == "warning"]


def ask(line: http.client.HTTPConnection, path: str) -> http.client.HTTPResponse:
    line.request("GET", path)
    answer = line.getresponse()
    answer.read()
    return answer


@pytest.fixture(scope="module")
def server(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    with limited(stores, tmp_path_factory.mktemp("limited"), LIMIT) as running:
        yield running


def has_room(place: str) -> bool:
    with closing(http.client.HTTPConnection(place, timeout=ANSWERS_WITHIN_S)) as line:
        return ask(line, HANDSHAKE).status != 503


def open_too_many(stack: ExitStack, place: str, path: str) -> list[http.client.HTTPResponse]:
    """Lines that stay open, each with one request if there is a path; the answers of those that were refused."""
    refused = []
    for _ in range(LIMIT + 50):
        line = stack.enter_context(closing(http.client.HTTPConnection(place, timeout=ANSWERS_WITHIN_S)))
        line.connect()
        if path and (answer := ask(line, path)).status == 503:
            refused.append(answer)
    return refused


def assert_said(log: Path) -> None:
    (said,) = [line for line in read_warnings(log) if "open files are in use" in line]
    assert f"of {LIMIT} open files" in said


@pytest.mark.parametrize("path", [HANDSHAKE, "/api/contacts/", "/healthz"], ids=["sockets", "rest", "probes"])
def test_lines_without_end_leave_room_for_probes(server: tuple[str, Path], path: str) -> None:
    place, log = server
    wait_until(lambda: has_room(place))  # the lines of the test before are gone
    with ExitStack() as stack:
        refused = open_too_many(stack, place, path)
        if path == HANDSHAKE:
            assert len(refused) > 50
            assert_said(log)
        assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused)
        assert all(answer.headers["Connection"] == "close" for answer in refused)
        with closing(http.client.HTTPConnection(place, timeout=ANSWERS_WITHIN_S)) as probe:
            assert ask(probe, "/readyz").status == 200, "at once"


def test_lines_on_which_nothing_is_asked_are_refused_with_an_answer(stores: EmbeddedStores, tmp_path: Path) -> None:
    with limited(stores, tmp_path, LIMIT) as (place, log), ExitStack() as stack:
        open_too_many(stack, place, "")
        with closing(http.client.HTTPConnection(place, timeout=ANSWERS_WITHIN_S)) as probe:
            assert ask(probe, "/readyz").status == 503, "at once"
        assert_said(log)


def test_the_start_says_what_the_limit_means(server: tuple[str, Path]) -> None:
    _, log = server
    assert any(line.startswith(f"this process may have {LIMIT} open files: ") for line in read_warnings(log))


def test_a_limit_that_is_too_low_for_anything_is_one_line(stores: EmbeddedStores, tmp_path: Path) -> None:
    ended = subprocess.run(
        command(tmp_path / "var"),
        env=environment(places(stores)),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        preexec_fn=OpenFilesLimit(100),
    )
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("parley: this process may have 100 open files and needs ")
