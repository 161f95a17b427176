"""Facebook's Graph API, version 2.5, on loopback: its paths, its fields, and its errors as it says them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.support.pictures import GREEN, plain

TOKEN = "CAACEdEose0cBA"
FRIENDS = [{"name": "Foo Bar", "id": "442506887580729"}, {"name": "Älva Ö", "id": "10"}]


def refusal(code: int = 190, **more: object) -> dict[str, Any]:
    """An error as Graph words it."""
    return {
        "error": {
            "message": "Invalid OAuth access token.",
            "type": "OAuthException",
            "code": code,
            "fbtrace_id": "EJplcsCHuLu",
            **more,
        }
    }


@dataclass
class Graph:
    """Knows one token. `answer` is said in place of everything else."""

    me: dict[str, Any] = field(default_factory=dict)
    answer: tuple[int, bytes] | None = None
    picture: bytes = b""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    url: str = ""

    def reset(self) -> None:
        self.me = {
            "id": "1",
            "first_name": "Wei",
            "last_name": "Gonzales",
            "email": "wei@example.org",
            "picture": {"data": {"height": 961, "width": 961, "is_silhouette": False, "url": f"{self.url}pictures/1"}},
        }
        self.answer, self.picture = None, plain(size=(300, 300), colour=GREEN)
        self.asked.clear()

    def _refused(self, request: web.Request) -> web.Response | None:
        self.asked.append((request.path, dict(request.query)))
        if self.answer is not None:
            return web.Response(status=self.answer[0], body=self.answer[1], content_type="application/json")
        if request.query.get("access_token") != TOKEN:
            return web.json_response(refusal(), status=400, headers={"WWW-Authenticate": 'OAuth "Facebook Platform"'})
        return None

    async def show_me(self, request: web.Request) -> web.Response:
        refused = self._refused(request)
        if refused is not None:
            return refused
        fields = [each.partition(".")[0] for each in request.query["fields"].split(",")]
        return web.json_response({name: self.me[name] for name in ("id", *fields) if name in self.me})

    async def show_friends(self, request: web.Request) -> web.Response:
        paging = {"next": f"{self.url}v2.5/1/friends?after=x"}
        shown = {"data": FRIENDS, "paging": paging, "summary": {"total_count": 100}}
        return self._refused(request) or web.json_response(shown)

    async def show_picture(self, request: web.Request) -> web.Response:
        self.asked.append((request.path, {}))
        return web.Response(body=self.picture, content_type="image/jpeg")


@asynccontextmanager
async def running_graph() -> AsyncIterator[Graph]:
    graph = Graph()
    app = web.Application()
    app.router.add_get("/v2.5/me", graph.show_me)
    app.router.add_get("/v2.5/me/friends", graph.show_friends)
    app.router.add_get("/pictures/1", graph.show_picture)
    async with TestServer(app) as server:
        graph.url = str(server.make_url("/"))
        graph.reset()
        yield graph
