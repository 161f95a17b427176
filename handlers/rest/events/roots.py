"""The front page of the events API: links to where its resources begin (docs/events-api.md, "Root")."""

from dataclasses import dataclass

from aiohttp import web

from handlers.rest.account_choice import require_account
from handlers.rest.described import OperationSpec, Route
from handlers.rest.links import Links
from handlers.rest.paths import messaging

RESOURCES = ("auth", "events", "notifications", "users")  # the API's documented resources that are served


@dataclass(frozen=True, slots=True)
class RootRoutes:
    """`GET /api/` for a request with a token."""

    links: Links

    def routes(self) -> list[Route]:
        return messaging(
            "GET",
            "/api/",
            self.show,
            OperationSpec("Where the resources of the events API begin.", {200: dict[str, str]}),
        )

    async def show(self, request: web.Request) -> web.Response:
        await require_account(request)
        return web.json_response({name: self.links.absolute(request, f"/api/{name}") for name in RESOURCES})
