"""Logins from the command line: while a server runs on the embedded database, and while none does."""

import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest

from server.embedded import EmbeddedStores
from tests.server.processes import PATIENCE_S, RunningServer, command, environment, places, running

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


def test_logins_are_changed_while_the_server_runs_and_while_it_does_not(tmp_path: Path) -> None:
    data_dir = tmp_path / "var"
    assert run(data_dir, "add-login", "ann", "--password", "first", "--new") == (0, "login ann is added", "")
    with running(data_dir) as server:
        assert sign_in(server, "ann", "first")[0] == 200
        assert run(data_dir, "add-login", "tom", said="typed in\n") == (0, "login tom is added", "")
        status, pair = sign_in(server, "tom", "typed in")
        assert status == 200
        assert is_signed_in(server, pair["access_token"])

        assert run(data_dir, "set-password", "tom", "--password", "second")[0] == 0
        assert sign_in(server, "tom", "typed in")[0] == 400
        assert not is_signed_in(server, pair["access_token"]), "the running server hears of it at once"

        _, pair = sign_in(server, "tom", "second")
        assert is_signed_in(server, pair["access_token"])
        assert run(data_dir, "remove-login", "tom") == (0, "login tom is removed", "")
        assert not is_signed_in(server, pair["access_token"])
        assert sign_in(server, "tom", "second")[0] == 400
        for arguments in (["remove-login", "tom"], ["set-password", "tom", "--password", "x"]):
            assert run(data_dir, *arguments) == (1, "", "parley: There is no such login.")
        taken = run(data_dir, "add-login", "ann", "--password", "x")
        assert taken == (1, "", "parley: There is a login of this name already.")
        assert server.stop() == 0


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


def test_the_options_may_stand_behind_the_command(tmp_path: Path) -> None:
    data_dir = tmp_path / "elsewhere"
    assert run(tmp_path / "var", "add-login", "ann", "--password", "x", "--data-dir", str(data_dir), "--new")[0] == 0
    assert (data_dir / "mongodb").is_dir()
    assert not (tmp_path / "var").exists()
