"""The only file that knows every concrete class."""

from aiohttp import web

from server.config import Settings


async def build(settings: Settings, mongodb_url: str, redis_url: str) -> web.Application:  # noqa: ARG001
    """Assemble the application; what it opens it closes in its cleanup hooks."""
    app = web.Application(client_max_size=settings.http.body_max_bytes)
    app.router.add_get("/healthz", _alive)
    return app


async def _alive(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})
