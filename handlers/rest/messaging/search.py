"""Search on the messaging API (docs/rest.md, "Search")."""

from dataclasses import dataclass

import orjson
from aiohttp import web

from handlers.rest.account_choice import read_as_account
from handlers.rest.described import OperationSpec, Route
from handlers.rest.links import Links
from handlers.rest.paths import messaging
from handlers.rest.requests import read_query
from handlers.wire.messaging.request import parse
from handlers.wire.messaging.search import SearchAsked
from handlers.wire.sockets.search import SearchShown, show_search
from models.documents.search import show_place
from models.errors import ChatNotFound, RateLimited, TooLong
from models.services.search.search import SearchMessages


@dataclass(frozen=True, slots=True)
class SearchRoutes:
    """The sockets' `search`, over REST."""

    search: SearchMessages
    links: Links

    def routes(self) -> list[Route]:
        return messaging(
            "GET",
            "/api/messages/search/",
            self.find,
            OperationSpec(
                "Find messages by their words.",
                {200: SearchShown},
                query=SearchAsked,
                refuses=(ChatNotFound, RateLimited, TooLong),
                description="The sockets' `search`: what you may see in all your chats, or in one, newest first. While an answer has a "
                "`next`, ask again with it as `before`, or follow its Link, even if it has no hits: what one request reads is bounded. "
                "Addresses of files are relative to this server.",
            ),
        )

    async def find(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        page = await self.search(actor, parse(SearchAsked, {**fields, **read_query(request)}).search)
        return web.json_response(
            text=orjson.dumps(show_search(page)).decode(),
            headers=self.links.to_next(request, None if page.next is None else show_place(page.next)),
        )
