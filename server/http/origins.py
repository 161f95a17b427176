"""Origins: as operators write them into the settings, in the form that browsers send (RFC 6454, section 6), and of sockets."""

import re
from collections.abc import Mapping, Sequence
from ipaddress import IPv6Address
from typing import Any

import idna

ANY = "*"
DEFAULT_PORTS = {"http": 80, "https": 443}
PORT_MAX = 65_535
_ORIGIN = re.compile(
    r"([a-z][a-z0-9+.-]*)://(\[[^\[\]]*\]|[^\s/?#@:\[\]\\]+)(?::([0-9]{1,5}))?", re.ASCII | re.IGNORECASE
)
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?")
# No browser sends other schemes as origins, and a page without a host has the origin `null`.
_NOT_OF_PAGES = frozenset({"ws", "wss", "file", "data", "blob", "about", "javascript"})


def read_origin(text: str) -> str:
    """Returns the origin as browsers send it: lower case, an ASCII host, no default port; or `*`.

    Raises ValueError, which says what it must be, for anything that no browser sends: a path or a final slash, a user,
    a host without a scheme, `null`, a pattern.
    """
    if text == ANY:
        return text
    match = _ORIGIN.fullmatch(text)
    if match is None:
        raise ValueError("must be *, or an origin such as https://example.org")
    scheme, host, port = match[1].lower(), _read_host(match[2]), match[3]
    if scheme in _NOT_OF_PAGES:
        raise ValueError(f"must be the origin of a page, such as https://example.org; no page has one of {scheme}:")
    number = None if port is None else int(port)
    if number is not None and not 0 < number <= PORT_MAX:
        raise ValueError(f"must have a port from 1 to {PORT_MAX}, or none")
    return f"{scheme}://{host}" + ("" if number in (None, DEFAULT_PORTS.get(scheme)) else f":{number}")


def _read_host(text: str) -> str:
    try:
        if text.startswith("["):
            return f"[{IPv6Address(text[1:-1])}]"
        host = text.lower() if text.isascii() else idna.encode(text, uts46=True).decode()
    except ValueError:  # idna's errors are ValueErrors
        raise ValueError("must have a host that exists in names, or an address") from None
    if not _HOST.fullmatch(host) or ".." in host:
        raise ValueError(
            "must have a host of letters, digits, dots and hyphens; patterns such as *.example.org are none"
        )
    return host


class OriginsAllowed:
    """Allows sockets of the listed origins and of the server's own: browsers send the page's origin with every WebSocket."""

    def __init__(self, origins: Sequence[str]) -> None:
        self._origins = frozenset(origins)

    def __call__(self, origin: str | None, environ: Mapping[str, Any]) -> bool:
        if origin is None:
            return False
        host = environ.get("HTTP_HOST", "")
        return origin in self._origins or (bool(host) and origin.partition("://")[2] == host)
