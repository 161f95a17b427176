"""Addresses of the web: texts that every program reads as the same address."""

import ipaddress
import re

import idna
from yarl import URL

URL_MAX_CHARS = 2048
_FORM = re.compile(
    r"https?://(?:[^/?#@]*@)?(\[[0-9a-f:.]+\]|[^/?#@:\[\]]+)(?::([0-9]{0,5}))?(?:[/?#].*)?", re.IGNORECASE
)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*", re.IGNORECASE)
_PORT_MAX = 65_535
_HOST_MAX_CHARS = 253


def is_web_url(text: str) -> bool:
    """Returns whether browsers (`new URL`) and this server (`yarl`) both read a text as the same http or https address.

    This is stricter than either of them. It refuses hosts that only one can read or that they read differently, as
    `http://0x7f.1/`, which is this machine to a browser and a name to others, and also backslashes and invisible
    characters.
    """
    if len(text) > URL_MAX_CHARS or "\\" in text or not text.isprintable() or text != text.strip():
        return False
    found = _FORM.fullmatch(text)
    host = None if found is None or int(found[2] or 0) > _PORT_MAX else _read_host(found[1])
    if host is None:
        return False
    try:
        return URL(text).raw_host == host
    except ValueError:
        return False


def is_host(text: str) -> bool:
    """Returns whether a text is a host, with or without a port, and contains no other part of an address."""
    return not set(text) & set("/?#@\\") and is_web_url(f"http://{text}/")


def host_of(url: str) -> str:
    """Returns the host of a web URL as it is looked up: in ASCII and lower case, without a final dot."""
    return (URL(url).raw_host or "").lower().removesuffix(".")


def _read_host(host: str) -> str | None:
    """Returns the host in ASCII as it is looked up, and None for a text that is no host."""
    if host.startswith("["):
        return _read_address(host[1:-1], 6)
    try:
        name = host if host.isascii() else idna.encode(host, uts46=True).decode()
        if "xn--" in name.lower():
            idna.decode(name)
    except (idna.IDNAError, UnicodeError):
        return None
    labels = name.removesuffix(".").split(".")
    if _NUMERIC.fullmatch(labels[-1]):
        return _read_address(name, 4)
    is_name = len(name) <= _HOST_MAX_CHARS and all(_LABEL.fullmatch(label) for label in labels)
    return name.lower() if is_name else None


def _read_address(text: str, version: int) -> str | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return str(address) if address.version == version else None
