"""The mistakes that an operator makes, each with the one line that it gets: which setting, what is wrong, and nothing secret."""

import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from server.config import ConfigError, MongodbSettings, RedisSettings, read_settings
from server.embedded import EmbeddedStores
from server.process.data_dir import hold_data_dir
from server.process.store_checks import require_mongodb, require_redis
from server.startup_error import StartupError
from tests.server.processes import places, refused

NO_REDIS = RedisSettings(url="redis://127.0.0.1:1/")

FILES = [
    ("http: {prot: 1}", "http.prot: unknown setting; did you mean http.port?"),
    ("http:\n  host: 0.0.0.0\nlog: {level: info}\nhttp:\n  port: 80", "http: is in {file} twice, in lines 1 and 4"),
    ("auth:\n  secret: a\n  pin_tries: 3\n  secret: b", "auth.secret: is in {file} twice, in lines 2 and 4"),
    ("1: x", "{file}: line 1 has a key that is no name of a setting"),
    ("http: 8080", "http: is a section: set its keys"),
    ("http: {port: 80a}", "http.port: must be a whole number, without a unit"),
    ("http: {port: true}", "http.port: must be a number"),
    ("http: {port: 70000}", "http.port: must be 65535 or less"),
    ("auth: {pin_resend_s: -1}", "auth.pin_resend_s: must be 0 or more"),
    ("auth: {session_days: 0}", "auth.session_days: must be 1 or more"),
    ("mongodb: {timeout_s: 0}", "mongodb.timeout_s: must be more than 0"),
    ("shutdown_s: 10s", "shutdown_s: must be a number, without a unit"),
    ("media: {video_max_bytes: 70MB}", "media.video_max_bytes: must be a whole number, without a unit"),
    ("limits: {enabled: maybe}", "limits.enabled: must be true or false"),
    (
        "http: {public_url: chat.example.org}",
        "http.public_url: must begin with http:// or https:// and a host, or be empty",
    ),
    (
        "http: {public_url: 'https://me:hush@chat.example.org'}",
        "http.public_url: must not hold a user or a password: it is shown to others",
    ),
    (
        "nodes: {url: 'http://me:hush@10.0.0.7:9001'}",
        "nodes.url: must not hold a user or a password: it is shown to others",
    ),
    ("http: {cors_origins: [example.org]}", "http.cors_origins.0: must be *, or an origin such as https://example.org"),
    (
        "http: {trusted_proxies: balancer}",
        "http.trusted_proxies.0: must be an address or a network, such as 10.0.0.9 or 10.0.0.0/8",
    ),
    ("nodes: {port: 8080}", "nodes.port: 8080 is http.port: other nodes need one of their own"),
    ("redis: {prefix: 'a:b'}", "redis.prefix: must be 1 to 38 letters, digits, - or _"),
    ("mongodb: {database: my chat}", "mongodb.database: must be 1 to 38 letters, digits, - or _"),
    ("auth: {secret: hush}", "auth.secret: needs at least 32 characters"),
    ("auth: {debug_pin: hush}", "auth.debug_pin: must be digits"),
    ("sms: {provider: vonage}", "sms.provider: must be 'log', 'outbox', 'twilio' or 'webhook'"),
    ("sms: {provider: twilio}", "sms.twilio.account_sid: needed by sms.provider twilio"),
    (
        "sms: {twilio: {from_number: banana}}",
        "sms.twilio.from_number: must be a telephone number in the form +15550100",
    ),
    (
        "sms: {twilio: {from_number: 15550100}}",
        "sms.twilio.from_number: must be a text, in quotes where it looks like a number",
    ),
    (
        "sms: {webhook: {url: 'ftp://x'}}",
        "sms.webhook.url: must begin with http:// or https:// and a host, or be empty",
    ),
    (
        "push: {key_id: ABC}",
        "push.key_file: needed for pushes (or push.certificate_file, or push.enabled: false)",
    ),
    ("push: {key_file: a, team_id: b, topic: c}", "push.key_id: needed for pushes"),
    ("push: {server: apple}", "push.server: must be HOST:PORT, or empty"),
    ("log: {level: loud}", "log.level: must be 'debug', 'info', 'warning' or 'error'"),
    ("data_dir: ''", "data_dir: must name a folder"),
    ("events: {sms_templates: []}", "events.sms_templates: must not be empty"),
    ("events: {sms_templates: [Come!]}", "events.sms_templates.0: needs {{event_link}}"),
    ("http: [", "{file}: is not valid YAML (line 1)"),
    ("- http", "{file}: must hold sections, such as `http:`"),
]


@pytest.mark.parametrize(
    ("text", "line"), FILES, ids=[line.partition(":")[0] + str(n) for n, (_, line) in enumerate(FILES)]
)
def test_what_the_file_has_wrong_is_one_line(tmp_path: Path, text: str, line: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as refusal:
        read_settings(path)
    assert str(refusal.value) == line.format(file=path)
    assert "hush" not in str(refusal.value)


# Passwords as people paste them: with characters that end a user's part of a URL before they end the password.
PASTED = [
    "hush/secret",
    "hush@secret",
    "hu/sh@secret",
    "hush?secret",
    "hush#secret",
    "27017/secret",
    "hush:secret",
    "hush,secret/1",
]


@pytest.mark.parametrize("password", PASTED)
@pytest.mark.parametrize(
    "url",
    [
        "mongodb://me:{}@db.example.org/",
        "mongodb+srv://me:{}@db.example.org/?retryWrites=true",
        "redis://me:{}@db.example.org/0",
        "rediss://:{}@db.example.org:6380",
        "redis+sentinel://me:{}@a:26379,b:26379/main",
    ],
)
async def test_no_piece_of_a_password_is_in_the_line_about_its_url(tmp_path: Path, url: str, password: str) -> None:
    kind = "mongodb" if url.startswith("mongodb") else "redis"
    path = tmp_path / "config.yaml"
    path.write_text(f"{kind}: {{url: '{url.format(password)}', timeout_s: 0.2}}")
    try:
        settings = read_settings(path)
        await (require_mongodb(settings.mongodb) if kind == "mongodb" else require_redis(settings.redis))
    except StartupError as refusal:
        said = str(refusal)
    assert said.startswith(f"{kind}.url: ")
    for piece in ("hush", "hu/", "secret", "27017/", "sh@"):
        assert piece not in said, said


async def test_a_wrong_password_is_said_to_be_one(stores: EmbeddedStores) -> None:
    mongodb = stores.mongodb_url.replace(stores.mongodb_url.partition("@")[0].rpartition(":")[2], "hush")
    with pytest.raises(ConfigError, match=r"^mongodb\.url: MongoDB at mongodb://127.* refuses: Authentication failed"):
        await require_mongodb(MongodbSettings(url=mongodb))
    redis = f"redis://:hush@{stores.redis_url.rpartition('@')[2]}"
    with pytest.raises(ConfigError, match=r"^redis\.url: Redis at redis://127.* refuses: ") as refusal:
        await require_redis(RedisSettings(url=redis))
    assert "hush" not in str(refusal.value)


async def test_the_name_of_another_replica_set_is_said_to_be_one(stores: EmbeddedStores) -> None:
    url = stores.mongodb_url.replace("replicaSet=parley", "replicaSet=rs0")
    with pytest.raises(ConfigError, match=r"^mongodb\.url: no MongoDB answers at .*rs0"):
        await require_mongodb(MongodbSettings(url=url, timeout_s=0.5))


async def test_a_redis_that_is_too_old_is_named(stores: EmbeddedStores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("redis.asyncio.Redis.info", lambda *_: _said({"redis_version": "6.0.16", "cluster_enabled": 0}))
    with pytest.raises(
        ConfigError, match=r"^redis\.url: Redis must be of version 6\.2 or later, and this one is 6\.0\.16$"
    ):
        await require_redis(RedisSettings(url=stores.redis_url))


async def _said(what: dict[str, object]) -> dict[str, object]:
    return what


async def test_a_full_disk_is_said_to_be_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """mongod aborts on one, and cannot say so: its log is on the same disk."""
    path = tmp_path / "mongod"
    path.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "db version v6.0.5" || kill -ABRT $$\n')
    path.chmod(0o755)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(total=1 << 30, used=1 << 30, free=1 << 20))
    with pytest.raises(
        StartupError, match=r"^data_dir: mongodb cannot work in .*, as its disk is full: 1 MB are free$"
    ):
        async with EmbeddedStores(tmp_path / "data", MongodbSettings(binary=str(path)), NO_REDIS):
            pass


@pytest.mark.parametrize(("number", "words"), [(28, "No space left on device"), (30, "Read-only file system")])
def test_a_disk_that_takes_nothing_is_one_line(tmp_path: Path, number: int, words: str) -> None:
    with (
        pytest.raises(StartupError, match=rf"^data_dir: {tmp_path} cannot be written \({words}\)$"),
        hold_data_dir(tmp_path),
    ):
        raise OSError(number, words)


def test_a_port_of_another_program_is_named(stores: EmbeddedStores, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, said = refused(tmp_path / "var", "--port", str(port), settings=places(stores))
    assert (status, said) == (
        1,
        f"parley: http.port: {port} on 127.0.0.1 is taken by another program; choose another port\n",
    )


def test_a_key_file_that_is_not_there_is_named(stores: EmbeddedStores, tmp_path: Path) -> None:
    push = {"PARLEY_PUSH__KEY_FILE": "/nowhere/AuthKey.p8", "PARLEY_PUSH__KEY_ID": "K", "PARLEY_PUSH__TEAM_ID": "T"}
    status, said = refused(tmp_path / "var", settings=places(stores) | push | {"PARLEY_PUSH__TOPIC": "example.app"})
    assert status == 1
    assert said.splitlines()[-1].startswith("parley: push.key_file: ")
