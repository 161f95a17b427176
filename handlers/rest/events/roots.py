"""The front page of the events API: where its resources begin (events contract 1.1)."""

from dataclasses import dataclass

from aiohttp import web

from handlers.rest.account_choice import require_account
from handlers.rest.described import OperationSpec, Route
from handlers.rest.links import Links
from handlers.rest.paths import messaging

RESOURCES = ("auth", "events", "notifications", "users")  # of those in the contract, the ones that are served


@dataclass(frozen=True, slots=True)
class RootRoutes:
    """`GET /api/` for whoever is signed in."""

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
