"""Links to this server as its clients see it."""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from handlers.wire.entries import MEDIA


@dataclass(frozen=True, slots=True)
class Links:
    """Absolute URLs. `public_url` is what they start with; empty: what the request was sent to."""

    public_url: str = ""

    def media(self, request: web.Request, name: str) -> str:
        """Where the file of this name is read."""
        return self.absolute(request, MEDIA + name)

    def shown_in(self, request: web.Request) -> Callable[[str], str]:
        """What makes a stored address one that clients can load: paths of this server become absolute."""
        return lambda url: self.absolute(request, url) if url.startswith(MEDIA) else url

    def absolute(self, request: web.Request, path: str) -> str:
        return (self.public_url or str(request.url.origin())).rstrip("/") + path
