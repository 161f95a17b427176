"""Commands at a shell that lacks the server's environment change what the server uses, or say that they cannot."""

from pathlib import Path

import pytest

from server.embedded import EmbeddedStores
from tests.server.cli.test_commands import is_signed_in, run, sign_in
from tests.server.processes import places, running

COMMANDS = [
    ["add-login", "ann", "--password", "x"],
    ["set-password", "ann", "--password", "x"],
    ["remove-login", "ann"],
    ["list-sample-replies"],
    ["add-sample-reply", "Yes!", "--type", "accept"],
]


def test_beside_a_server_with_stores_of_its_own_they_change_what_it_uses(
    stores: EmbeddedStores, tmp_path: Path
) -> None:
    data_dir = tmp_path / "var"
    settings = places(stores) | {"PARLEY_AUTH__SECRET": "known to the server's unit alone, " * 2}
    with running(data_dir, settings=settings) as server:
        assert run(data_dir, "add-login", "ann", "--password", "first") == (0, "login ann is added", "")
        status, pair = sign_in(server, "ann", "first")
        assert status == 200
        assert is_signed_in(server, pair["access_token"])
        assert run(data_dir, "set-password", "ann", "--password", "second")[0] == 0
        assert not is_signed_in(server, pair["access_token"]), "the running server hears of it at once"
        assert not (data_dir / "mongodb").exists()
        assert (data_dir / "server.json").stat().st_mode & 0o077 == 0
        assert server.stop() == 0
    assert settings["PARLEY_MONGODB__URL"].partition("@")[0] not in (data_dir / "server.json").read_text()


def test_when_that_server_has_ended_they_say_where_it_kept_its_data(stores: EmbeddedStores, tmp_path: Path) -> None:
    data_dir = tmp_path / "var"
    settings = places(stores)
    with running(data_dir, settings=settings) as server:
        assert server.stop() == 0
    place = settings["PARLEY_MONGODB__URL"].rpartition("@")[2].partition("?")[0]
    for command in COMMANDS:
        status, said, why = run(data_dir, *command)
        assert (status, said) == (1, "")
        assert why.startswith(f"parley: mongodb.url: the server on {data_dir} last used mongodb://{place}"), why
    assert not (data_dir / "mongodb").exists()
    assert run(data_dir, "add-login", "ann", "--password", "x", settings=settings)[0] == 0


@pytest.mark.parametrize("command", COMMANDS, ids=[command[0] for command in COMMANDS])
def test_where_nothing_is_kept_nothing_is_made_unless_that_is_said(tmp_path: Path, command: list[str]) -> None:
    status, said, why = run(tmp_path / "var", *command)
    assert (status, said) == (1, "")
    assert why.startswith(f"parley: data_dir: there is no database in {tmp_path / 'var'}")
    assert "--new" in why
    assert not (tmp_path / "var").exists()
