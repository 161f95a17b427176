"""Parses `redis.url`: one server, several of a Redis Cluster, or the sentinels of a primary and its name."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlencode

PORT, SENTINEL_PORT = 6379, 26379
OF_SENTINELS = "sentinel_"  # prefix of options for sentinels only

_URL = re.compile(
    r"(?P<scheme>rediss?)(?P<sentinels>\+sentinel)?://((?P<user>[^/?#]*)@)?(?P<hosts>[^/?#@]*)(/(?P<path>[^?#]*))?"
    r"(\?(?P<options>[^#]*))?"
)
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.%]+\]|[^\s:,\[\]]+)(:(?P<port>[0-9]{1,5}))?")
_OTHER = re.compile(r"embedded|unix://.+")


@dataclass(frozen=True, slots=True)
class RedisUrl:
    """A URL in parts. `urls` names each server as redis-py reads it; with sentinels there is one, for their primary."""

    urls: tuple[str, ...]
    sentinels: tuple[tuple[str, int], ...] = ()
    primary: str = ""  # its name at the sentinels, empty without them
    sentinel_username: str | None = None
    sentinel_password: str | None = None


def read_redis_url(url: str) -> RedisUrl:
    """Returns the parts of a URL. ValueError says what is wrong, and shows none of it except an option's name."""
    if _OTHER.fullmatch(url):
        return RedisUrl((url,))
    parts = _URL.fullmatch(url)
    if parts is None:
        raise ValueError(
            "must be embedded, unix://, redis://, rediss://, redis+sentinel:// or rediss+sentinel:// and hosts (in a "
            "user's name and password, characters such as / ? # are written as %2F %3F %23)"
        )
    hosts = _hosts(parts["hosts"], SENTINEL_PORT if parts["sentinels"] else PORT)
    options = parse_qsl(parts["options"] or "", keep_blank_values=True)
    if parts["sentinels"]:
        return _of_sentinels(parts, hosts, options)
    path = (parts["path"] or "").rstrip("/")
    _require_number(path, "after the hosts of redis:// only the number of a database may follow")
    if len(hosts) > 1 and int(path or 0):
        raise ValueError(
            "names several servers, which must be those of a Redis Cluster, and a cluster has database 0 alone"
        )
    return RedisUrl(tuple(_join(parts, host, path, options) for host in hosts or (("localhost", PORT),)))


def _of_sentinels(parts: re.Match[str], hosts: list[tuple[str, int]], options: list[tuple[str, str]]) -> RedisUrl:
    if not hosts:
        raise ValueError("names no sentinel: redis+sentinel://HOST:26379,HOST:26379/NAME")
    name, _, database = (parts["path"] or "").partition("/")
    if not name:
        raise ValueError("lacks the name of the primary: redis+sentinel://HOST:26379,HOST:26379/NAME")
    _require_number(database, "after the name of the primary only the number of a database may follow")
    own = {key: value for key, value in options if key.startswith(OF_SENTINELS)}
    username, password = (own.pop(f"{OF_SENTINELS}{key}", None) for key in ("username", "password"))
    if own:
        raise ValueError(f"has an unknown option, {min(own)}: sentinel_username and sentinel_password are known")
    rest = [option for option in options if not option[0].startswith(OF_SENTINELS)]
    primary = _join(parts, ("localhost", PORT), database, rest)
    plain = tuple((unquote(host).strip("[]"), port) for host, port in hosts)
    return RedisUrl((primary,), plain, unquote(name), username, password)


def _hosts(text: str, default_port: int) -> list[tuple[str, int]]:
    hosts = []
    for each in text.split(",") if text else ():
        host = _HOST.fullmatch(each)
        port = int(host["port"] or default_port) if host else 0
        if host is None or not 0 < port <= 65535:
            raise ValueError("has a bad host or port: HOST or HOST:PORT, separated by commas")
        hosts.append((host["name"], port))
    return hosts


def _require_number(text: str, problem: str) -> None:
    if text and not (text.isascii() and text.isdigit()):
        raise ValueError(problem)


def _join(parts: re.Match[str], host: tuple[str, int], database: str, options: list[tuple[str, str]]) -> str:
    user = f"{parts['user']}@" if parts["user"] else ""
    query = f"?{urlencode(options)}" if options else ""
    return f"{parts['scheme']}://{user}{host[0]}:{host[1]}/{database}{query}"
