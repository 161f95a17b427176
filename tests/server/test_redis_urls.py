"""What `redis.url` may say, and what is said of it to whoever wrote it wrong: never the password."""

from pathlib import Path

import pytest
import yaml

from server.config import ConfigError, read_settings
from server.reachability import without_secrets
from server.redis_urls import read_redis_url


def set_to(url: str, folder: Path) -> str:
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump({"redis": {"url": url}}), "utf-8")
    return read_settings(file).redis.url


@pytest.mark.parametrize(
    "url",
    [
        "embedded",
        "unix:///run/redis.sock?db=1",
        "redis://db",
        "redis:///2",
        "rediss://:hush@db:6380/0?ssl_cert_reqs=none",
        "redis+sentinel://a/main",
        "rediss+sentinel://me:hu%2Fsh@a:26379,b,[::1]:26379/main/3?sentinel_username=s&sentinel_password=hush",
    ],
)
def test_a_url_that_can_be_read_is_taken_as_it_is(tmp_path: Path, url: str) -> None:
    assert set_to(url, tmp_path) == url


def test_the_parts_of_a_url_with_sentinels_find_their_places() -> None:
    url = (
        "rediss+sentinel://me:hu%2Fsh@a,[::1]:7/the%20one/3?sentinel_username=s&sentinel_password=h%26h&ssl_ca_certs=/c"
    )
    read = read_redis_url(url)
    assert read.sentinels == (("a", 26379), ("::1", 7))
    assert (read.primary, read.sentinel_username, read.sentinel_password) == ("the one", "s", "h&h")
    assert read.urls == ("rediss://me:hu%2Fsh@localhost:6379/3?ssl_ca_certs=%2Fc",)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "must be"),
        ("embedded too", "must be"),
        ("http://:hush@db", "must be"),
        ("redis://:hu#sh@db", "%23"),
        ("redis://:hu/sh@db", "port"),
        ("redis://:hush@db:seventy", "bad host or port"),
        ("redis://:hush@db:0", "bad host or port"),
        ("redis://:hush@b:65536/", "bad host or port"),
        ("redis://:hush@a,,b/", "bad host or port"),
        ("redis://:hush@db/main", "number of a database"),
        ("redis://:hush@a,b/", "names several servers"),
        ("redis+sentinel://:hush@a:26379", "lacks the name of the primary"),
        ("redis+sentinel://:hush@a:26379/?sentinel_password=hush", "lacks the name of the primary"),
        ("redis+sentinel://:hush@/main", "names no sentinel"),
        ("redis+sentinel://:hush@a:b/main", "bad host or port"),
        ("redis+sentinel://:hush@a/main/first", "number of a database"),
        ("redis+sentinel://:hush@a/main?sentinel_pasword=hush", "sentinel_pasword"),
    ],
)
def test_a_bad_url_stops_the_start_and_is_not_shown(tmp_path: Path, url: str, problem: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        set_to(url, tmp_path)
    assert refusal.value.path == "redis.url"
    assert problem in refusal.value.problem
    assert "hush" not in str(refusal.value)
    assert "hu" not in str(refusal.value).split("characters such as")[0]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://db/0", "redis://db/0"),
        ("redis://me:hush@db/0?ssl_cert_reqs=none", "redis://db/0"),
        ("redis+sentinel://me:hu@sh@a:1,b:2/main/0?sentinel_password=hush", "redis+sentinel://a:1,b:2/main/0"),
        ("rediss+sentinel://a/main?sentinel_password=hush", "rediss+sentinel://a/main"),
        ("redis+sentinel://a/main?sentinel_password=hu@sh", "redis+sentinel://..."),
        ("mongodb://me:hu?sh@db/", "mongodb://..."),
    ],
)
def test_what_is_shown_of_a_url_holds_no_secret(url: str, shown: str) -> None:
    assert without_secrets(url) == shown
