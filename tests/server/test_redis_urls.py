"""What `redis.url` may say, and what is said of it to whoever wrote it wrong: never the password."""

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest
import yaml

from benchmarks.redis_cluster import RedisCluster
from server.config import ConfigError, RedisSettings, read_settings
from server.embedded import EmbeddedStores
from server.embedded.ports import LOOPBACK
from server.process.store_checks import require_redis
from server.process.url_secrets import without_secrets
from server.redis_client.client import Cluster, open_redis
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
        "redis://me:hush@a:7000,b:7000,[::1]:7000/",
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


def test_each_server_of_a_cluster_is_asked_with_what_is_said_of_all() -> None:
    read = read_redis_url("rediss://:hush@a:1,b,[::1]:3/?ssl_check_hostname=false")
    assert read.urls == tuple(f"rediss://:hush@{at}/?ssl_check_hostname=false" for at in ("a:1", "b:6379", "[::1]:3"))


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
        ("redis://:hush@a:1,b:65536/", "bad host or port"),
        ("redis://:hush@a,,b/", "bad host or port"),
        ("redis://:hush@db/main", "number of a database"),
        ("redis://:hush@a,b/1", "database 0 alone"),
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
        ("redis://:hush@a:1,b:2/", "redis://a:1,b:2/"),
        ("redis+sentinel://me:hu@sh@a:1,b:2/main/0?sentinel_password=hush", "redis+sentinel://a:1,b:2/main/0"),
        ("rediss+sentinel://a/main?sentinel_password=hush", "rediss+sentinel://a/main"),
        ("redis+sentinel://a/main?sentinel_password=hu@sh", "redis+sentinel://..."),
        ("mongodb://me:hu?sh@db/", "mongodb://..."),
    ],
)
def test_what_is_shown_of_a_url_holds_no_secret(url: str, shown: str) -> None:
    assert without_secrets(url) == shown


async def test_a_cluster_is_found_while_some_of_the_servers_that_are_named_are_away(
    cluster: RedisCluster, silent_port: int, closed_port: int
) -> None:
    url = cluster.url.rpartition("@")[0]
    ports = [closed_port, silent_port, cluster.primaries[1].port]
    url = f"{url}@{','.join(f'{LOOPBACK}:{port}' for port in ports)}/"
    assert (await require_redis(RedisSettings(url=url))).endswith("a cluster")
    async with asyncio.timeout(30), aclosing(await open_redis(url, timeout_s=120)) as redis:
        assert isinstance(redis, Cluster)
        assert {int(at.rpartition(":")[2]) for at in await redis.map_slots()} == {
            each.port for each in cluster.primaries
        }


async def test_several_servers_of_which_none_answers_stop_the_start(silent_port: int, closed_port: int) -> None:
    ports = (closed_port, silent_port)
    with pytest.raises(ConfigError, match=rf"^redis\.url: no Redis answers at .*:{ports[0]},.*:{ports[1]}"):
        await require_redis(RedisSettings(url=f"redis://{LOOPBACK}:{ports[0]},{LOOPBACK}:{ports[1]}", timeout_s=1))


async def test_several_servers_that_are_no_cluster_are_refused(stores: EmbeddedStores, closed_port: int) -> None:
    url = f"{stores.redis_url.rpartition('/')[0]},{LOOPBACK}:{closed_port}/"
    with pytest.raises(ConfigError, match=r"^redis\.url: names several servers, .* no Redis Cluster$"):
        await require_redis(RedisSettings(url=url))
