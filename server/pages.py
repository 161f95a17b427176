"""Pages and probes: what lies in `static/`, and whether this process lives and is ready."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

STATIC = Path(__file__).parent.parent / "static"
# Nothing is loaded from elsewhere, and no text of a message can become a script.
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self' ws: wss:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)
SAFE = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
OUTSIDE = ("/", "/healthz", "/readyz", "/static")


def routes(is_ready: Callable[[], Awaitable[dict[str, bool]]]) -> list[web.RouteDef]:
    """`/`, `/healthz` (the process answers) and `/readyz` (200 when every part is, 503 and which one is not)."""

    async def page(_: web.Request) -> web.StreamResponse:
        return web.FileResponse(STATIC / "index.html", headers=SAFE)

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(_: web.Request) -> web.Response:
        parts = await is_ready()
        return web.json_response(
            {"status": "ready" if all(parts.values()) else "not ready", **parts},
            status=200 if all(parts.values()) else 503,
        )

    return [web.get("/", page), web.get("/healthz", healthz), web.get("/readyz", readyz)]
