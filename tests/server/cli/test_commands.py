"""Logins and sample replies from the command line: while a server runs on the embedded database, and while none does."""

import json
import os
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from server.embedded import EmbeddedStores
from tests.server.processes import PATIENCE_S, RunningServer, command, environment, places, running

YES = "I'll be there :)"
CLIENT = "RoVMZF1EIpC2vcfGC864gr4NZsv0mJlyPlE3gtQY"


def run(
    data_dir: Path, *arguments: str, said: str = "", settings: Mapping[str, str] | None = None
) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a command that reads `said`."""
    ended = subprocess.run(
        command(data_dir, *arguments),
        env=environment(settings or {}),
        input=said,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    return ended.returncode, ended.stdout.strip(), ended.stderr.strip()


def post(url: str, **form: str) -> tuple[int, dict[str, str]]:
    body = urllib.parse.urlencode({"client_id": CLIENT, **form}).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body), timeout=PATIENCE_S) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def sign_in(server: RunningServer, name: str, password: str) -> tuple[int, dict[str, str]]:
    return post(server.url + "o/token/", grant_type="password", username=name, password=password)


def is_signed_in(server: RunningServer, token: str) -> bool:
    request = urllib.request.Request(server.url + "api/contacts/", headers={"Authorization": f"Bearer {token}"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=PATIENCE_S)
    refused.value.close()
    assert refused.value.code in {400, 401}, "without an account a good token is a 400"
    return refused.value.code == 400


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an embedded database, which a command has made by options behind it, and a login."""
    folder = tmp_path_factory.mktemp("kept")
    options = ["--data-dir", str(folder / "elsewhere"), "--new"]
    made = run(folder / "var", "add-login", "ann", "--password", "first", *options)
    assert made == (0, "login ann is added", "")
    return folder / "elsewhere"


def test_the_options_may_stand_behind_the_command(kept: Path) -> None:
    assert (kept / "mongodb").is_dir()
    assert not (kept.parent / "var").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a folder to somebody else")
def test_a_stopped_store_of_another_user_is_left_alone(kept: Path) -> None:
    os.chown(kept, 12345, 12345)
    try:
        status, _, why = run(kept, "add-login", "tom", "--password", "x")
    finally:
        os.chown(kept, os.geteuid(), os.getegid())
    assert (status, why) == (
        1,
        f"parley: data_dir: {kept} belongs to another user (number 12345): run this as that one",
    )


@pytest.fixture(scope="module")
def without_yes(kept: Path) -> str:
    """What a command has said that took a sample reply out of that database before a server ever ran on it."""
    status, said, why = run(kept, "remove-sample-reply", YES)
    assert (status, why) == (0, "")
    return said


@pytest.fixture(scope="module")
def server(kept: Path, without_yes: str) -> Iterator[RunningServer]:
    with running(kept, settings={"PARLEY_AUTH__DEBUG_PIN": "1111"}) as server:
        yield server
        assert server.stop() == 0


def test_a_database_that_one_command_has_made_is_found_by_the_next(without_yes: str) -> None:
    assert without_yes == f"{YES} is removed"


def test_logins_are_changed_while_the_server_runs_and_while_it_does_not(kept: Path, server: RunningServer) -> None:
    assert sign_in(server, "ann", "first")[0] == 200
    assert run(kept, "add-login", "tom", said="typed in\n") == (0, "login tom is added", "")
    status, pair = sign_in(server, "tom", "typed in")
    assert status == 200
    assert is_signed_in(server, pair["access_token"])

    assert run(kept, "set-password", "tom", "--password", "second")[0] == 0
    assert sign_in(server, "tom", "typed in")[0] == 400
    assert not is_signed_in(server, pair["access_token"]), "the running server hears of it at once"

    _, pair = sign_in(server, "tom", "second")
    assert is_signed_in(server, pair["access_token"])
    assert run(kept, "remove-login", "tom") == (0, "login tom is removed", "")
    assert not is_signed_in(server, pair["access_token"])
    assert sign_in(server, "tom", "second")[0] == 400
    for arguments in (["remove-login", "tom"], ["set-password", "tom", "--password", "x"]):
        assert run(kept, *arguments) == (1, "", "parley: There is no such login.")
    taken = run(kept, "add-login", "ann", "--password", "x")
    assert taken == (1, "", "parley: There is a login of this name already.")


def ask_json(server: RunningServer, path: str, body: object = None, token: str = "") -> Any:
    """The answer to a GET, or to a POST of a body."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(server.url + path, data, headers)
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def served(server: RunningServer, token: str) -> list[tuple[str, str]]:
    replies = ask_json(server, "events/sample_rsvp_replies", token=token)
    return [(each["type"], each["text"]) for each in replies]


def test_sample_replies_are_seeded_once_and_changed_while_the_server_runs_and_while_it_does_not(
    kept: Path, server: RunningServer
) -> None:
    ask_json(server, "auth", {"phone_number": "+4930123456"})
    token = ask_json(server, "auth/verify_pin", {"phone_number": "+4930123456", "pin": "1111"})["auth_token"]
    first = served(server, token)
    assert len(first) == 15
    assert YES not in [text for _, text in first], "what is removed stays removed"
    assert run(kept, "add-sample-reply", f" {YES} ", "--type", "reject") == (0, f"reject: {YES} is added", "")
    assert served(server, token) == sorted([*first, ("reject", YES)])
    taken = run(kept, "add-sample-reply", YES, "--type", "accept")
    assert taken == (1, "", "parley: There is a sample reply of this text already.")
    listed = run(kept, "list-sample-replies")[1].splitlines()
    assert listed == [f"{kind}: {text}" for kind, text in served(server, token)]


@pytest.mark.parametrize(
    ("name", "password"), [("ann", ""), (" ann", "x"), ("", "x"), ("a\nb", "x"), ("ann", "x" * 2000)]
)
def test_a_name_or_password_that_cannot_be_is_one_line(
    stores: EmbeddedStores, tmp_path: Path, name: str, password: str
) -> None:
    status, said, why = run(tmp_path / "var", "add-login", name, said=password + "\n", settings=places(stores))
    assert (status, said) == (1, "")
    assert why.startswith("parley: A ")
    assert len(why.splitlines()) == 1
