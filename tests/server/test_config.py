"""Settings: which source wins, and what a wrong one is told."""

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, ValidationError

from server.config import CONFIG_FILE, ConfigError, Settings, read_settings
from server.secret import load_secret


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("PARLEY_"):
            monkeypatch.delenv(name)


def file_of(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(text, "utf-8")
    return path


def plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return {name: plain(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, tuple):
        return list(value)
    if hasattr(value, "get_secret_value"):
        return value.get_secret_value()
    return str(value) if isinstance(value, Path) else value


def names(section: dict[str, Any], above: str = "") -> Iterator[str]:
    for key, value in section.items():
        yield above + key
        if isinstance(value, dict):
            yield from names(value, f"{above}{key}.")


def test_the_file_holds_every_setting_with_its_default() -> None:
    assert yaml.safe_load(CONFIG_FILE.read_text("utf-8")) == plain(Settings())


def test_the_file_has_the_order_of_the_settings() -> None:
    in_file = yaml.safe_load(CONFIG_FILE.read_text("utf-8"))
    assert list(names(in_file)) == list(names(plain(Settings())))


def test_every_setting_in_the_file_has_a_reason() -> None:
    lines = CONFIG_FILE.read_text("utf-8").splitlines()
    settings = [line for line in lines if ":" in line and not line.startswith("#") and not line.rstrip().endswith(":")]
    assert [line for line in settings if " # " not in line] == []


def test_the_command_line_wins_over_the_environment_over_the_file_over_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file_of(tmp_path, "http: {host: file, port: 1, body_max_bytes: 7}\nchat: {text_max_chars: 9}\n")
    monkeypatch.setenv("PARLEY_HTTP__PORT", "2")
    monkeypatch.setenv("PARLEY_HTTP__HOST", "environment")
    http = read_settings(path, {"http": {"port": 3}}).http
    assert (http.port, http.host, http.body_max_bytes, http.public_url) == (3, "environment", 7, "")


def test_lists_in_the_environment_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_HTTP__CORS_ORIGINS", "https://a.example, https://b.example")
    assert read_settings().http.cors_origins == ("https://a.example", "https://b.example")


LISTS = {  # each setting that is a list: two items, and what separates them in the environment
    "http.cors_origins": (["https://a.example", "https://b.example:8443"], ","),
    "http.metrics_for": (["10.0.0.0/8", "::1"], ","),
    "http.trusted_proxies": (["10.0.0.9", "fd00::/8"], ","),
    "oauth.client_ids": (["one", "two"], ","),
    "sms.countries": (["DE", "FR"], ","),
    "events.sms_templates": (["Come, {organizer} asks: {event_link}", "{event_link}"], "|"),
    "media.nameservers": (["192.0.2.53", "[2001:db8::1]:53"], ","),
}


@pytest.mark.parametrize("path", LISTS)
def test_a_list_in_the_environment_is_separated_or_in_json(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    items, separator = LISTS[path]
    section, key = path.split(".")
    name = f"PARLEY_{section}__{key}".upper()
    for given in (items, items[::-1], items[:1], []):
        if not given and key == "sms_templates":
            continue
        for text in (f" {separator} ".join(given), json.dumps(given), json.dumps(given, indent=2)):
            monkeypatch.setenv(name, text)
            assert getattr(getattr(read_settings(), section), key) == tuple(given), text


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "text", ['["x', "['x']", '["x",]', "[1]", '[["x"]]', "[{}]", '["x", null]', '{"x": "{event_link}"}', "{}"]
)
def test_a_list_in_the_environment_that_is_no_json_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, path: str, text: str
) -> None:
    monkeypatch.setenv("PARLEY_" + path.upper().replace(".", "__"), text)
    with pytest.raises(ConfigError) as refusal:
        read_settings()
    assert refusal.value.path.startswith(path)


def test_every_list_among_the_settings_is_tried() -> None:
    found = [name for name in names(plain(Settings())) if isinstance(at(plain(Settings()), name), list)]
    assert sorted(found) == sorted(LISTS)


def at(section: dict[str, Any], path: str) -> Any:
    for key in path.split("."):
        section = section[key]
    return section


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("*", "*"),
        ("https://a.example", "https://a.example"),
        ("HTTPS://App.Example:443", "https://app.example"),
        ("http://a.example:80", "http://a.example"),
        ("http://a.example:443", "http://a.example:443"),
        ("https://a.example:1", "https://a.example:1"),
        ("https://a.example:65535", "https://a.example:65535"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://[2001:DB8::0001]:8443", "https://[2001:db8::1]:8443"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("chrome-extension://abcdefghijklmnop", "chrome-extension://abcdefghijklmnop"),
    ],
)
def test_an_origin_is_kept_as_browsers_send_it(tmp_path: Path, text: str, shown: str) -> None:
    found = read_settings(file_of(tmp_path, f"http: {{cors_origins: [{json.dumps(text)}]}}"))
    assert found.http.cors_origins == (shown,)


NO_ORIGINS = """https://a.example/ https://a.example/app a.example //a.example null https:// https://*.example https://* **
https://a.example:0 https://a.example:65536 https://a.example:x https://me@a.example https://a.example?x https://a..example
https://[::x] https://a\\\\b wss://a.example file://a"""


@pytest.mark.parametrize("text", [*NO_ORIGINS.split(), "https://a b", ""])
def test_what_is_no_origin_stops_the_start(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        read_settings(file_of(tmp_path, f'http: {{cors_origins: ["https://b.example", "{text}"]}}'))
    assert refusal.value.path == "http.cors_origins.1"


def test_every_origin_stands_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_HTTP__CORS_ORIGINS", "https://a.example,*")
    with pytest.raises(ConfigError) as refusal:
        read_settings()
    assert refusal.value.path == "http.cors_origins"
    assert "alone" in refusal.value.problem


def test_templates_of_texts_in_the_environment_are_separated_by_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_EVENTS__SMS_TEMPLATES", "Come, {organizer} asks: {event_link} | {event_link}")
    assert read_settings().events.sms_templates == ("Come, {organizer} asks: {event_link}", "{event_link}")


def test_a_key_two_sections_down_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_SMS__TWILIO__FROM_NUMBER", "+15550100")
    assert read_settings().sms.twilio.from_number == "+15550100"


@pytest.mark.parametrize(
    ("text", "path", "problem"),
    [
        ("http: {prot: 1}", "http.prot", "unknown setting; did you mean http.port?"),
        ("htpt: {port: 1}", "htpt", "unknown setting; did you mean http?"),
        (
            "sockets: {frame_max_bytes: 131072}",
            "sockets.frame_max_bytes",
            "unknown setting, and no longer needed: how long a message may be follows from chat.text_max_chars",
        ),
        (
            "nodes: {believe_s: 30}",
            "nodes.believe_s",
            "unknown setting; it was renamed to nodes.cache_ttl_s",
        ),
        ("sms: {twilio: {sid: x}}", "sms.twilio.sid", "unknown setting"),
        ("events: {sms_templates: []}", "events.sms_templates", "must not be empty"),
        ("events: {sms_templates: [hello]}", "events.sms_templates.0", "needs {event_link}"),
        ("events: {sms_templates: ['{event_link} {name}']}", "events.sms_templates.0", "{event_title}"),
        ("http: {port: eighty}", "http.port", "must be a whole number"),
        ("http: {port: 65536}", "http.port", "must be 65535 or less"),
        ("http: {cors_origins: [1]}", "http.cors_origins.0", "must be a text"),
        ("http: {trusted_proxies: [10.0.0.9, balancer]}", "http.trusted_proxies.1", "an address or a network"),
        ("http:", "http", "is a section"),
        ("mongodb: {driver: mango}", "mongodb.driver", "'pymongo' or 'motor'"),
        ("media: {nameservers: [dns.example]}", "media.nameservers.0", ""),
        ("media: {nameservers: ['192.0.2.1:x']}", "media.nameservers.0", "192.0.2.53"),
        ("mongodb: {url: 'http://db'}", "mongodb.url", "mongodb"),
        ("shutdown_s: .inf", "shutdown_s", "must be a number"),
        ("auth: {secret: short}", "auth.secret", "at least 32 characters"),
        ("sms: {provider: twilio}", "sms.twilio.account_sid", "needed by sms.provider twilio"),
        ("sms: {provider: webhook}", "sms.webhook.url", "needed by sms.provider webhook"),
        ("push: {key_file: a.p8, key_id: k, topic: t}", "push.team_id", "needed for pushes"),
        ("push: {certificate_file: a.pem}", "push.topic", "needed for pushes"),
        (
            "push: {key_file: a, key_id: k, team_id: t, topic: t, certificate_file: b}",
            "push.certificate_file",
            "either",
        ),
        ("push: {server: apple}", "push.server", "must be HOST:PORT"),
    ],
)
def test_a_wrong_key_in_the_file_is_named_in_full(tmp_path: Path, text: str, path: str, problem: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        read_settings(file_of(tmp_path, text))
    assert refusal.value.path == path
    assert problem in refusal.value.problem
    assert str(refusal.value) == f"{path}: {refusal.value.problem}"


@pytest.mark.parametrize(
    ("name", "value", "path", "problem"),
    [
        ("PARLEY_HTTP__PROT", "1", "http.prot", "unknown setting"),
        ("PARLEY_HTPT__PORT", "1", "htpt.port", "unknown setting"),
        ("PARLEY_PORT", "1", "port", "unknown setting"),
        (
            "PARLEY_NODES__BELIEVE_S",
            "30",
            "nodes.believe_s",
            "PARLEY_NODES__BELIEVE_S); it was renamed to nodes.cache_ttl_s",
        ),
        ("PARLEY_HTTP", "1", "http", "is a section"),
        ("PARLEY_DATA_DIR__NAME", "1", "data_dir.name", "unknown setting"),
        ("PARLEY_HTTP__PORT", "eighty", "http.port", "must be a whole number"),
        ("PARLEY_HTTP__METRICS_FOR", "prometheus", "http.metrics_for.0", "an address or a network"),
        ("PARLEY_LIMITS__ENABLED", "perhaps", "limits.enabled", "must be true or false"),
    ],
)
def test_a_wrong_key_in_the_environment_is_named_in_full(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, path: str, problem: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as refusal:
        read_settings()
    assert refusal.value.path == path
    assert problem in refusal.value.problem


@pytest.mark.parametrize(
    ("text", "problem"), [("http: [", "not valid YAML (line 1)"), ("- a", "sections"), ("\xff: [\x00]", "YAML")]
)
def test_a_file_that_is_no_list_of_sections_is_named(tmp_path: Path, text: str, problem: str) -> None:
    path = file_of(tmp_path, text)
    with pytest.raises(ConfigError) as refusal:
        read_settings(path)
    assert refusal.value.path == str(path)
    assert problem in refusal.value.problem


def test_a_file_that_was_asked_for_and_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_settings(tmp_path / "none.yaml")


def test_a_relative_data_dir_belongs_to_the_folder_of_the_file_that_sets_it(tmp_path: Path) -> None:
    assert read_settings(file_of(tmp_path, "data_dir: here")).data_dir == tmp_path / "here"


def test_a_relative_data_dir_of_the_command_line_belongs_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_settings(overrides={"data_dir": "here"}).data_dir == tmp_path / "here"


@pytest.mark.parametrize(
    ("push", "is_on"),
    [
        ("", False),
        ("enabled: false, key_id: k", False),
        ("enabled: false, key_file: a", False),
        ("certificate_file: a, topic: t", True),
    ],
)
def test_pushes_are_off_until_there_is_a_key_or_a_certificate(tmp_path: Path, push: str, is_on: bool) -> None:
    assert read_settings(file_of(tmp_path, f"push: {{{push}}}")).push.is_on is is_on


def test_settings_are_frozen() -> None:
    settings = Settings()
    with pytest.raises(ValidationError):
        settings.http.port = 1  # type: ignore[misc]
    with pytest.raises(ValidationError):
        settings.http = settings.http  # type: ignore[misc]


def test_no_secret_is_shown_by_a_setting_or_by_a_refusal(tmp_path: Path) -> None:
    secrets = "auth: {secret: hush-hush-hush-hush-hush-hush-hush}\nmongodb: {url: 'mongodb://me:hush@db/'}\n"
    secrets += "redis: {url: 'redis://:hush@db/'}\nsms: {twilio: {auth_token: hush}, webhook: {secret: hush}}\n"
    assert "hush" not in repr(read_settings(file_of(tmp_path, secrets)))
    with pytest.raises(ConfigError) as refusal:
        read_settings(file_of(tmp_path, "mongodb: {url: 'postgres://me:hush@db/'}"))
    assert "hush" not in str(refusal.value)


def test_a_secret_is_made_once_for_the_owner_alone(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    first, second = load_secret(settings), load_secret(settings)
    assert first == second
    assert len(first.get_secret_value()) >= 32
    (path,) = (tmp_path / "data").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_secret(Settings(data_dir=tmp_path / "other")) != first


def test_a_secret_that_is_set_wins_over_the_one_that_was_made(tmp_path: Path) -> None:
    load_secret(Settings(data_dir=tmp_path))
    settings = read_settings(overrides={"data_dir": str(tmp_path), "auth": {"secret": "s" * 32}})
    assert load_secret(settings).get_secret_value() == "s" * 32


def test_a_damaged_secret_is_refused_rather_than_replaced(tmp_path: Path) -> None:
    load_secret(Settings(data_dir=tmp_path))
    (tmp_path / "auth.secret").write_text("cut")
    with pytest.raises(ConfigError, match=r"auth\.secret"):
        load_secret(Settings(data_dir=tmp_path))
