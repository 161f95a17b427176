"""The application of the route tests: real routes in the real assembly, with an actor by header in place of a token."""

from collections.abc import Iterable
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.typedefs import Handler
from typing_extensions import override

from handlers.rest.requests import ACTOR
from models.documents.session import Actor
from server.http.application import build_application
from tests.support.documented import watch

BODY_MAX_BYTES = 1 << 20
Client = TestClient[web.Request, web.Application]


@web.middleware
async def identify(request: web.Request, handler: Handler) -> web.StreamResponse:
    who = request.headers.get("X-Actor")
    if who is not None:
        account_id, number = who.split(":")
        request[ACTOR] = Actor(int(account_id), number, f"session-{account_id}")
    return await handler(request)


def acting(actor: Actor) -> dict[str, str]:
    """The header by which `identify` knows this actor."""
    return {"X-Actor": f"{actor.account_id}:{actor.number}"}


class Server(TestServer):
    """A server that ends a request as Parley does: when its body breaks off, not in the middle of whatever it does."""

    @override
    async def _make_runner(self, **options: Any) -> web.AppRunner:
        return web.AppRunner(self.app, **options | {"handler_cancellation": False})


def client_of(routes: Iterable[web.AbstractRouteDef]) -> Client:
    app = build_application(routes, [identify], body_max_bytes=BODY_MAX_BYTES, origins=["*"])
    watch(app)
    return TestClient(Server(app))
