"""Decides which origins may open a socket."""

from collections.abc import Mapping, Sequence
from typing import Any


class OriginsAllowed:
    """Allows the listed origins and the server's own: browsers send the page's origin with every WebSocket, also of our own page."""

    def __init__(self, origins: Sequence[str]) -> None:
        self._origins = frozenset(origins)

    def __call__(self, origin: str | None, environ: Mapping[str, Any]) -> bool:
        if origin is None:
            return False
        host = environ.get("HTTP_HOST", "")
        return origin in self._origins or (bool(host) and origin.partition("://")[2] == host)
