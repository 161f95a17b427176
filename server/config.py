"""Every setting: its section, its type and range, its default, and the order in which sources win.

Defaults < `config.yaml` < environment (`PARLEY_HTTP__PORT=9000`, `PARLEY_DATA_DIR=...`) < command line. Read once,
frozen, handed out by section. `config.yaml` explains each setting; a test holds the two together.
"""

import difflib
import json
import os
import re
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from models.documents.phone import is_country
from server.http.origins import ANY, read_origin
from server.redis_urls import read_redis_url
from server.startup_error import StartupError

ENV_PREFIX = "PARLEY_"
_PACKAGE = Path(__file__).resolve().parent
# Where config.yaml and static/ lie: in the package where it was installed from a wheel, else beside it in a checkout.
ASSETS = _PACKAGE if (_PACKAGE / "static").exists() else _PACKAGE.parent
CONFIG_FILE = ASSETS / "config.yaml"
EMBEDDED = "embedded"  # the URL of a store that this server starts itself
PORT_MAX = 65_535
SECRET_MIN_CHARS = 32  # what HMAC-SHA256 can use up, and more than anyone types by accident


class ConfigError(StartupError):
    """Raised for a setting that is unknown or bad; `path` names it in full, such as `http.port`."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


# An IPv6 address begins with a bracket, too, and a template with a brace.
_JSON = re.compile(r"\s*(\[\s*([\"'\]{\[]|$)|{\s*[\"'}])")


def _split(value: object) -> object:
    return _split_at(",", value)


def _split_texts(value: object) -> object:
    return _split_at("|", value)


def _split_at(separator: str, value: object) -> object:
    """Returns the items of a list that is given as text, as in the environment: separated, or in JSON."""
    if not isinstance(value, str):
        return value
    if not _JSON.match(value):
        return [part.strip() for part in value.split(separator) if part.strip()]
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError(f'must be separated by {separator} or a list in JSON, such as ["one", "two"]') from None


def _long_enough(secret: SecretStr) -> SecretStr:
    if 0 < len(secret.get_secret_value()) < SECRET_MIN_CHARS:
        raise ValueError(f"needs at least {SECRET_MIN_CHARS} characters")
    return secret


def _redis_url(url: str) -> str:
    read_redis_url(url)
    return url


def _nameserver(text: str) -> str:
    host, _, port = text.rpartition(":") if text.startswith("[") or text.count(":") == 1 else (text, "", "53")
    ip_address(host.strip("[]"))
    if not (port.isascii() and port.isdigit() and 0 < int(port) <= PORT_MAX):
        raise ValueError("needs addresses, such as 192.0.2.53 or 192.0.2.53:53")
    return text


def _network(text: str) -> str:
    try:
        ip_network(text, strict=False)
    except ValueError:
        raise ValueError("must be an address or a network, such as 10.0.0.9 or 10.0.0.0/8") from None
    return text


def _matching(pattern: str, sentence: str) -> AfterValidator:
    """Returns a check that refuses other texts with `sentence`, as a pattern means little to the reader."""

    def require(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(sentence)
        return text

    return AfterValidator(require)


def _without_user(url: str) -> str:
    if "@" in url.partition("://")[2].partition("/")[0]:
        raise ValueError("must not hold a user or a password: it is shown to others")
    return url


def _path(value: object) -> object:
    if value == "":
        raise ValueError("must name a folder")
    return value


def _any_or_some(origins: tuple[str, ...]) -> tuple[str, ...]:
    if ANY in origins and len(origins) > 1:
        raise ValueError(f"must be {ANY} alone, which is every origin, or the origins that may ask")
    return origins


ClientId = Annotated[str, _matching(r"[^\s\[\]{}\"',]+", "must be a name without spaces, quotes and brackets")]
ClientIds = Annotated[tuple[ClientId, ...], BeforeValidator(_split)]  # in the environment: separated by commas, or JSON
Networks = Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], BeforeValidator(_split)]  # or addresses
Seconds = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Nameservers = Annotated[tuple[Annotated[str, AfterValidator(_nameserver)], ...], BeforeValidator(_split)]
Port = Annotated[int, Field(ge=0, le=PORT_MAX)]
HttpUrl = Annotated[
    str, _matching(r"(https?://[^\s/?#]+[^\s]*)?", "must begin with http:// or https:// and a host, or be empty")
]
ShownUrl = Annotated[HttpUrl, AfterValidator(_without_user)]
Name = Annotated[str, _matching(r"[A-Za-z0-9_-]{1,38}", "must be 1 to 38 letters, digits, - or _")]
MongodbUrl = Annotated[
    str,
    _matching(
        r"embedded|mongodb(\+srv)?://([^/?#@:]*(:[^/?#@:]*)?@)?(\[[^\]@]+\]|[^/?#@:,\s]+)(:[0-9]{1,5})?"
        r"(,(\[[^\]@]+\]|[^/?#@:,\s]+)(:[0-9]{1,5})?)*(/[^?#@]*)?(\?[^#@]*)?",
        "must be embedded, or mongodb:// or mongodb+srv:// and hosts (in a user's name and password, characters such as "
        "/ ? # @ : are written as %2F %3F %23 %40 %3A)",
    ),
]
PhoneNumber = Annotated[str, _matching(r"(\+[1-9][0-9]{5,14})?", "must be a telephone number in the form +15550100")]
Origins = Annotated[
    tuple[Annotated[str, AfterValidator(read_origin)], ...], BeforeValidator(_split), AfterValidator(_any_or_some)
]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, value: object, info: ValidationInfo) -> object:
        """Refuse true and false as a number: YAML reads yes, on and true alike, and pydantic would take them for 1."""
        if isinstance(value, bool) and cls.model_fields[str(info.field_name)].annotation in (int, float):
            raise ValueError("must be a number")
        return value


class HttpSettings(Section):
    host: str = "127.0.0.1"
    port: Port = 8080
    public_url: ShownUrl = ""
    body_max_bytes: Count = 67_108_864
    bodies_max_bytes: Count = 134_217_728
    compress_from_bytes: Count = 4096
    idle_s: Seconds = 75
    stalled_s: Seconds = 30
    least_bytes_per_s: Seconds = 512
    cors_origins: Origins = ("*",)
    metrics_for: Networks = ("127.0.0.0/8", "::1")
    trusted_proxies: Networks = ()


class MongodbSettings(Section):
    url: MongodbUrl = Field(EMBEDDED, repr=False)
    database: Name = "parley"
    driver: Literal["pymongo", "motor"] = "pymongo"
    binary: str = ""
    cache_mb: int = Field(256, ge=256)
    timeout_s: Seconds = 5


class RedisSettings(Section):
    url: Annotated[str, AfterValidator(_redis_url)] = Field(EMBEDDED, repr=False)
    binary: str = ""
    memory_mb: int = Field(64, ge=8)
    timeout_s: Seconds = 5
    prefix: Name = "parley"


class AuthSettings(Section):
    secret: Annotated[SecretStr, AfterValidator(_long_enough)] = SecretStr("")
    session_days: Count = 365
    pin_ttl_s: Seconds = 600
    pin_tries: Count = 5
    pin_resend_s: float = Field(60, ge=0)
    pin_wait_max_s: Seconds = 3600
    pin_sends_per_day: Count = 10
    pin_guesses_per_day: Count = 10
    pin_strangers_per_day: Count = 30
    pin_per_address_per_hour: Count = 30
    pin_guesses_per_address_per_day: Count = 100
    debug_pin: Annotated[str, _matching(r"[0-9]*", "must be digits")] = Field("", repr=False)
    public_registration: bool = True
    recycle_days: int = Field(0, ge=0)
    registration_pin_days: Count = 7
    app_scheme: Annotated[str, _matching(r"[a-z][a-z0-9+.-]*", "must be the scheme of a link, such as amigo")] = "amigo"


class OAuthSettings(Section):
    client_ids: ClientIds = ("RoVMZF1EIpC2vcfGC864gr4NZsv0mJlyPlE3gtQY",)
    guesses_per_login: Count = 10
    guesses_per_address: Count = 50


class AppSettings(Section):
    app_store_url: HttpUrl = ""
    google_play_url: HttpUrl = ""


class TwilioSettings(Section):
    account_sid: str = ""
    auth_token: SecretStr = SecretStr("")
    from_number: PhoneNumber = ""
    url: HttpUrl = "https://api.twilio.com"


class WebhookSettings(Section):
    url: HttpUrl = ""
    secret: SecretStr = SecretStr("")


def _country(text: str) -> str:
    if not is_country(text):
        raise ValueError(f"{text} is no country: two letters of ISO 3166, such as DE")
    return text


Countries = Annotated[tuple[Annotated[str, AfterValidator(_country)], ...], BeforeValidator(_split)]


class SmsSettings(Section):
    provider: Literal["log", "outbox", "twilio", "webhook"] = "log"
    outbox: Path = Path("outbox.jsonl")
    timeout_s: Seconds = 10
    countries: Countries = ()
    texts_per_number_per_day: Count = 3
    texts_per_day: Count = 2000
    codes_per_day: Count = 50_000
    twilio: TwilioSettings = TwilioSettings()
    webhook: WebhookSettings = WebhookSettings()


class PushSettings(Section):
    enabled: bool = True
    key_file: str = ""
    key_id: str = ""
    team_id: str = ""
    certificate_file: str = ""
    topic: str = ""
    sandbox: bool = False
    server: Annotated[str, _matching(r"([^\s/@]+:[0-9]{1,5})?", "must be HOST:PORT, or empty")] = ""
    ca_file: str = ""
    label: str = ""
    message_preview: bool = True
    retry_s: Seconds = 5
    at_once: Count = 64

    @property
    def is_on(self) -> bool:
        """Returns whether pushes are sent: not before there is a key or a certificate that proves to Apple who is sending."""
        return self.enabled and bool(self.key_file or self.certificate_file)

    @property
    def missing(self) -> str:
        """Returns the key that is still needed beside those that are set; empty when nothing is missing."""
        needed = ("key_id", "team_id", "topic") if self.key_file else ("topic",)
        if self.is_on:
            return next((key for key in needed if not getattr(self, key)), "")
        is_begun = self.enabled and (self.key_id or self.team_id or self.topic)
        return "key_file" if is_begun else ""

    @property
    def how_else(self) -> str:
        """Returns words for what could be set in place of the missing key."""
        is_begun = self.missing == "key_file"
        return " (or push.certificate_file, or push.enabled: false)" if is_begun else ""


class SocketSettings(Section):
    ping_interval_s: Seconds = 25
    ping_timeout_s: Seconds = 20
    queue_max_packets: Count = 4096
    queue_max_chars: Count = 16_777_216
    account_max_chars: Count = 33_554_432
    in_flight_max: Count = 128
    join_within_s: Seconds = 30
    joins_per_s: Count = 1000
    join_waits_s: Seconds = 5
    drain_per_s: Count = 500


class NodesSettings(Section):
    host: str = ""
    port: Port = 0
    url: ShownUrl = ""
    passed_on_max: Count = 20_000
    cache_ttl_s: float = Field(30, ge=1, le=300)
    lease_s: float = Field(6, ge=1, le=60)


class LimitSettings(Section):
    enabled: bool = True
    requests_per_s: Seconds = 50
    requests_burst: Count = 200
    messages_per_s: Seconds = 20
    messages_burst: Count = 100
    connects_per_minute: Count = 120
    groups_per_minute: Count = 10
    groups_burst: Count = 30
    new_numbers_per_day: Count = 10_000
    pictures_per_minute: Count = 60
    sockets_per_account: Count = 50
    lines_per_address: int = Field(2000, ge=0)


class ChatSettings(Section):
    text_max_chars: Count = 16_384
    group_max_members: Count = 10_000
    sync_max_entries: Count = 1000
    sync_max_chats: Count = 200
    delta_max_entries: Count = 5000
    large_chat_members: Count = 32
    receipts_max_members: Count = 256


def _with_link(text: str) -> str:
    if "{event_link}" not in text:
        raise ValueError("needs {event_link}")
    if any(name not in ("organizer", "event_title", "event_link") for name in re.findall(r"\{([^{}]*)\}", text)):
        raise ValueError("knows {organizer}, {event_title} and {event_link} alone")
    return text


class EventSettings(Section):
    # In the environment: separated by |, or JSON.
    sms_templates: Annotated[
        tuple[Annotated[str, AfterValidator(_with_link)], ...], BeforeValidator(_split_texts), Field(min_length=1)
    ] = (
        "{organizer} invites you to {event_title}. Are you coming? {event_link}",
        "You are invited to {event_title} by {organizer}! See {event_link}",
        "{organizer} would like you to come to {event_title}. Yes or no? {event_link}",
        "{event_title} - {organizer} hopes to see you there! {event_link}",
    )
    messages_per_person: Count = 3
    polls_per_person: Count = 3
    suggestions_per_person: Count = 20
    invitees_max: Count = 1000
    invitations_per_day: Count = 500
    demo: bool = False
    demo_owner: str = ""


class PresenceSettings(Section):
    grace_s: float = Field(3, ge=0)


class TypingSettings(Section):
    expires_s: Seconds = 8


class JournalSettings(Section):
    batch_max_entries: Count = 1000
    queue_max_entries: Count = 20_000


class MediaSettings(Section):
    image_max_bytes: Count = 5_242_880
    audio_max_bytes: Count = 10_485_760
    video_max_bytes: Count = 73_400_320
    photo_max_bytes: Count = 20_971_520
    photo_max_pixels: Count = 50_000_000
    picture_memory_mb: int = Field(384, ge=64)
    picture_cpu_s: Count = 10
    default_pictures: bool = True
    default_picture_font: str = "DejaVuSans.ttf"
    fetch_timeout_s: Seconds = 30
    fetch_max_redirects: int = Field(5, ge=0)
    fetches_per_account: Count = 4
    fetches_at_once: Count = 64
    nameservers: Nameservers = ()
    allow_private_addresses: bool = False


class UserSettings(Section):
    visible: Literal["known", "all"] = "known"


class FacebookSettings(Section):
    graph_url: HttpUrl = "https://graph.facebook.com"
    timeout_s: Seconds = 10


class LogSettings(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "text", "json"] = "auto"


class Settings(Section):
    """All settings. `Settings()` holds the defaults alone; `read_settings` asks the other sources."""

    data_dir: Annotated[Path, BeforeValidator(_path)] = Path("var")
    shutdown_s: Seconds = 10
    http: HttpSettings = HttpSettings()
    mongodb: MongodbSettings = MongodbSettings()
    redis: RedisSettings = RedisSettings()
    auth: AuthSettings = AuthSettings()
    oauth: OAuthSettings = OAuthSettings()
    apps: AppSettings = AppSettings()
    sms: SmsSettings = SmsSettings()
    push: PushSettings = PushSettings()
    sockets: SocketSettings = SocketSettings()
    nodes: NodesSettings = NodesSettings()
    limits: LimitSettings = LimitSettings()
    chat: ChatSettings = ChatSettings()
    events: EventSettings = EventSettings()
    presence: PresenceSettings = PresenceSettings()
    typing: TypingSettings = TypingSettings()
    journal: JournalSettings = JournalSettings()
    media: MediaSettings = MediaSettings()
    users: UserSettings = UserSettings()
    facebook: FacebookSettings = FacebookSettings()
    log: LogSettings = LogSettings()

    def require_providers(self) -> Self:
        """Returns these settings. Raises ConfigError if the SMS provider or Apple needs a key that is not set."""
        sms, missing = self.sms, ""
        if sms.provider == "twilio":
            values = {"account_sid": sms.twilio.account_sid, "auth_token": sms.twilio.auth_token.get_secret_value()}
            values |= {"from_number": sms.twilio.from_number, "url": sms.twilio.url}
            missing = next((f"sms.twilio.{key}" for key, value in values.items() if not value), "")
        elif sms.provider == "webhook" and not sms.webhook.url:
            missing = "sms.webhook.url"
        if missing:
            raise ConfigError(missing, f"needed by sms.provider {sms.provider}")
        if self.push.missing:
            raise ConfigError(f"push.{self.push.missing}", f"needed for pushes{self.push.how_else}")
        if self.push.key_file and self.push.certificate_file:
            raise ConfigError("push.certificate_file", "either a key or a certificate")
        if self.nodes.port and self.nodes.port == self.http.port:
            raise ConfigError("nodes.port", f"{self.nodes.port} is http.port: other nodes need one of their own")
        return self

    def require_alone_with_debug_pin(self) -> Self:
        """Returns these settings. Raises ConfigError if auth.debug_pin, which opens every account, meets a server that others can reach."""
        if not self.auth.debug_pin:
            return self
        reaches = {
            "http.host": not is_loopback(self.http.host),
            "http.trusted_proxies": bool(self.http.trusted_proxies),
            "http.public_url": bool(self.http.public_url) and not is_loopback(_host_of(self.http.public_url)),
            "nodes.host": bool(self.nodes.host) and not is_loopback(self.nodes.host),
            "nodes.url": bool(self.nodes.url) and not is_loopback(_host_of(self.nodes.url)),
        }
        found = next((path for path, does in reaches.items() if does), "")
        if found:
            raise ConfigError(
                "auth.debug_pin",
                f"signs in as anybody, so it needs a server that only this machine reaches; see {found}",
            )
        return self


def is_loopback(host: str) -> bool:
    """Returns whether only this machine can reach a server that listens on `host`. Of names, only `localhost` counts."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def read_settings(path: Path | None = None, overrides: Mapping[str, Any] | None = None) -> Settings:
    """Returns the settings of all sources, of which `overrides` (nested like the file) wins. Raises ConfigError for the first fault.

    A relative `data_dir` belongs to the folder of the file that sets it, and to the working directory when the
    environment, the command line or the file of an installed server sets it.
    """
    in_file = _read_file(path or CONFIG_FILE) if path or CONFIG_FILE.exists() else {}
    nearer = _merged(_read_environment(), overrides or {})
    is_here = "data_dir" in nearer or (path is None and ASSETS == _PACKAGE)
    base = Path.cwd() if is_here else (path or CONFIG_FILE).resolve().parent
    try:
        settings = Settings(**_merged(in_file, nearer))
    except ValidationError as error:
        raise _named(error) from None
    return (
        settings.model_copy(update={"data_dir": base / settings.data_dir})
        .require_providers()
        .require_alone_with_debug_pin()
    )


_YamlReader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C takes a fifteenth of the time


def _read_file(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8")
        loader = _YamlReader(text)
        node = loader.get_single_node()
        _require_each_key_once(node, path)
        values = None if node is None else loader.construct_document(node)
    except OSError as error:
        raise ConfigError(str(path), f"cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        # The end lies behind the last line.
        line = f" (line {min(mark.line + 1, len(text.splitlines()))})" if mark else ""
        raise ConfigError(str(path), f"is not valid YAML{line}") from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(str(path), "must hold sections, such as `http:`")
    return values


def _require_each_key_once(node: yaml.Node | None, path: Path, keys: tuple[str, ...] = ()) -> None:
    """Raises ConfigError if a section names a key twice, of which PyYAML would silently take the last."""
    if not isinstance(node, yaml.MappingNode):
        return
    lines: dict[str, int] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if key.tag != "tag:yaml.org,2002:str":
            raise ConfigError(str(path), f"line {line} has a key that is no name of a setting")
        below = (*keys, str(key.value))
        if key.value in lines:
            raise ConfigError(".".join(below), f"is in {path} twice, in lines {lines[key.value]} and {line}")
        lines[key.value] = line
        _require_each_key_once(value, path, below)


def _read_environment() -> dict[str, Any]:
    """Returns the variables of this server, nested like the file. Raises ConfigError for one that names no setting."""
    found: dict[str, Any] = {}
    for name in sorted(os.environ):
        if name.upper().startswith(ENV_PREFIX):
            keys = name[len(ENV_PREFIX) :].lower().split("__")
            _require_known(keys, name)
            nested: Any = os.environ[name]
            for key in reversed(keys):
                nested = {key: nested}
            found = _merged(found, nested)
    return found


def _require_known(keys: list[str], name: str) -> None:
    for key, section in zip(keys, [*_sections(keys), None], strict=False):
        if section is None or key not in section.model_fields:
            raise ConfigError(".".join(keys), f"unknown setting (environment variable {name}){_guess(keys)}")
    if len(_sections(keys)) > len(keys):
        raise ConfigError(".".join(keys), f"is a section: set its keys (environment variable {name})")


def _sections(keys: list[str]) -> list[type[BaseModel]]:
    """Returns the sections along a path, from `Settings` down; the last is the one that the last key names, if it is a section."""
    passed: list[type[BaseModel]] = [Settings]
    for key in keys:
        field = passed[-1].model_fields.get(key)
        if field is None or not (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)):
            break
        passed.append(field.annotation)
    return passed


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = _merged(under, value) if isinstance(under, Mapping) and isinstance(value, Mapping) else value
    return merged


# Sentences for pydantic's types of errors, in the words of the person who edits the file.
_SENTENCES = {
    **dict.fromkeys(("int_parsing", "int_from_float", "int_type"), "must be a whole number, without a unit"),
    **dict.fromkeys(("float_parsing", "float_type", "finite_number"), "must be a number, without a unit"),
    **dict.fromkeys(("bool_parsing", "bool_type"), "must be true or false"),
    **dict.fromkeys(("string_type", "path_type"), "must be a text, in quotes where it looks like a number"),
    "tuple_type": "must be a list",
    "too_short": "must not be empty",
    "greater_than_equal": "must be {ge:g} or more",
    "greater_than": "must be more than {gt:g}",
    "less_than_equal": "must be {le:g} or less",
    "literal_error": "must be {expected}",
}


def _named(error: ValidationError) -> ConfigError:
    first = error.errors(include_url=False, include_input=False)[0]
    keys = [str(part) for part in first["loc"]]
    if first["type"] == "extra_forbidden":
        return ConfigError(".".join(keys), f"unknown setting{_guess(keys)}")
    if first["type"] == "model_type":
        return ConfigError(".".join(keys), "is a section: set its keys")
    sentence = _SENTENCES.get(first["type"])
    if sentence is not None:
        return ConfigError(".".join(keys), sentence.format(**first.get("ctx", {})))
    problem = first["msg"].removeprefix("Value error, ")
    return ConfigError(".".join(keys), problem[0].lower() + problem[1:])


# Former settings: a start that still has one stops, and says what became of it.
_RENAMED = {"nodes.believe_s": "nodes.cache_ttl_s"}
_GONE = {"sockets.frame_max_bytes": "how long a message may be follows from chat.text_max_chars"}


def _guess(keys: list[str]) -> str:
    path = ".".join(keys)
    if path in _RENAMED:
        return f"; it was renamed to {_RENAMED[path]}"
    if path in _GONE:
        return f", and no longer needed: {_GONE[path]}"
    holders = _sections(keys[:-1])
    near = difflib.get_close_matches(keys[-1], holders[-1].model_fields, n=1) if len(holders) == len(keys) else []
    return f"; did you mean {'.'.join([*keys[:-1], *near])}?" if near else ""
