"""Kinds of values of settings: what each must be, said in a sentence to whoever edits the file."""

import json
import re
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from models.documents.phone import is_country
from server.http.origins import ANY, read_origin
from server.redis_urls import read_redis_url

EMBEDDED = "embedded"  # the URL of a store that this server starts itself
PORT_MAX = 65_535
SECRET_MIN_CHARS = 32  # what HMAC-SHA256 can use up, and more than anyone types by accident
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


def _country(text: str) -> str:
    if not is_country(text):
        raise ValueError(f"{text} is no country: two letters of ISO 3166, such as DE")
    return text


def _with_link(text: str) -> str:
    if "{event_link}" not in text:
        raise ValueError("needs {event_link}")
    if any(name not in ("organizer", "event_title", "event_link") for name in re.findall(r"\{([^{}]*)\}", text)):
        raise ValueError("knows {organizer}, {event_title} and {event_link} alone")
    return text


def matching(pattern: str, sentence: str) -> AfterValidator:
    """Returns a check that refuses other texts with `sentence`, as a pattern means little to the reader."""

    def require(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(sentence)
        return text

    return AfterValidator(require)


ClientId = Annotated[str, matching(r"[^\s\[\]{}\"',]+", "must be a name without spaces, quotes and brackets")]
ClientIds = Annotated[tuple[ClientId, ...], BeforeValidator(_split)]  # in the environment: separated by commas, or JSON
Networks = Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], BeforeValidator(_split)]  # or addresses
Seconds = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Nameservers = Annotated[tuple[Annotated[str, AfterValidator(_nameserver)], ...], BeforeValidator(_split)]
Port = Annotated[int, Field(ge=0, le=PORT_MAX)]
HttpUrl = Annotated[
    str, matching(r"(https?://[^\s/?#]+[^\s]*)?", "must begin with http:// or https:// and a host, or be empty")
]
ShownUrl = Annotated[HttpUrl, AfterValidator(_without_user)]
Name = Annotated[str, matching(r"[A-Za-z0-9_-]{1,38}", "must be 1 to 38 letters, digits, - or _")]
MongodbUrl = Annotated[
    str,
    matching(
        r"embedded|mongodb(\+srv)?://([^/?#@:]*(:[^/?#@:]*)?@)?(\[[^\]@]+\]|[^/?#@:,\s]+)(:[0-9]{1,5})?"
        r"(,(\[[^\]@]+\]|[^/?#@:,\s]+)(:[0-9]{1,5})?)*(/[^?#@]*)?(\?[^#@]*)?",
        "must be embedded, or mongodb:// or mongodb+srv:// and hosts (in a user's name and password, characters such as "
        "/ ? # @ : are written as %2F %3F %23 %40 %3A)",
    ),
]
PhoneNumber = Annotated[str, matching(r"(\+[1-9][0-9]{5,14})?", "must be a telephone number in the form +15550100")]
Origins = Annotated[
    tuple[Annotated[str, AfterValidator(read_origin)], ...], BeforeValidator(_split), AfterValidator(_any_or_some)
]
Countries = Annotated[tuple[Annotated[str, AfterValidator(_country)], ...], BeforeValidator(_split)]
Secret = Annotated[SecretStr, AfterValidator(_long_enough)]
RedisUrl = Annotated[str, AfterValidator(_redis_url)]
Folder = Annotated[Path, BeforeValidator(_path)]
# In the environment: separated by |, or JSON.
SmsTemplates = Annotated[
    tuple[Annotated[str, AfterValidator(_with_link)], ...], BeforeValidator(_split_texts), Field(min_length=1)
]
