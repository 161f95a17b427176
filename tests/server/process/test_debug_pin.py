"""The PIN that signs in as anybody: only where nobody but this machine can reach the server, and never without a word."""

from pathlib import Path
from typing import Any

import pytest

from server.config import ConfigError, read_settings
from server.embedded import EmbeddedStores
from tests.server.processes import places, refused, running

DEBUG = {"auth": {"debug_pin": "1111"}}


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("http", "host", "0.0.0.0"),
        ("http", "host", "::"),
        ("http", "host", ""),
        ("http", "host", "192.0.2.1"),
        ("http", "host", "chat.example.org"),
        ("http", "trusted_proxies", ["127.0.0.1"]),
        ("http", "public_url", "https://chat.example.org"),
        ("nodes", "host", "192.0.2.1"),
        ("nodes", "url", "http://192.0.2.1:9001"),
    ],
)
def test_where_others_may_reach_the_server_the_start_is_refused(section: str, key: str, value: Any) -> None:
    with pytest.raises(ConfigError) as refusal:
        read_settings(overrides={**DEBUG, section: {key: value}})
    assert refusal.value.path == "auth.debug_pin"
    assert f"{section}.{key}" in refusal.value.problem
    assert "1111" not in str(refusal.value)
    assert read_settings(overrides={section: {key: value}}).auth.debug_pin == ""


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_on_loopback_it_may_be_set(host: str) -> None:
    assert read_settings(overrides={**DEBUG, "http": {"host": host}}).auth.debug_pin == "1111"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_one_line_says_so_instead_of_a_start(tmp_path: Path, workers: str) -> None:
    settings = {"PARLEY_AUTH__DEBUG_PIN": "1111"}
    status, said = refused(tmp_path / "data", "--host", "0.0.0.0", "--workers", workers, settings=settings)
    assert (status, said.count("\n")) == (1, 1)
    assert "auth.debug_pin" in said
    assert "http.host" in said


async def test_each_start_warns_of_it(tmp_path: Path, stores: EmbeddedStores) -> None:
    settings = {**places(stores), "PARLEY_AUTH__DEBUG_PIN": "1111"}
    for starts in (1, 2):
        with running(tmp_path / "data", settings=settings) as server:
            server.stop()
        said = (tmp_path / "stderr.txt").read_text()
        assert said.count("can sign in as anybody") == starts
    assert "1111" not in said
