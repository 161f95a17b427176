"""The requests of `/chat` that search."""

from handlers.sockets.base import Answer, Body
from handlers.sockets.client import ClientConnection
from handlers.wire.sockets.search import read_search, show_search
from models.services.search.search import SearchMessages


class SearchRequests:
    """A part of ChatNamespace."""

    _search: SearchMessages

    async def on_search(self, client: ClientConnection, body: Body) -> Answer:
        """{query, chat or contact or group?, from?, kind?, before?, limit <= 50} -> {hits, next}."""
        return show_search(await self._search(client.actor, read_search(body)))
