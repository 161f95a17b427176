"""Links to this server as its clients see it."""

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

    def absolute(self, request: web.Request, path: str) -> str:
        return (self.public_url or str(request.url.origin())).rstrip("/") + path
