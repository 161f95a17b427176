"""Serves the web client, the reference and the probes, and loads the templates: all that lies in `static/`."""

import asyncio
import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Literal

import aiohttp_jinja2
from aiohttp import hdrs, web
from jinja2 import FileSystemLoader, StrictUndefined
from typing_extensions import TypedDict

from handlers.rest.described import OperationSpec
from handlers.rest.media import has_tag
from handlers.rest.paths import plain
from server.config import ASSETS

STATIC = (ASSETS / "static").resolve()
# Nothing is loaded from other sites, no inline script runs, and no text can become markup: the page builds nodes, not HTML.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
SAFE = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    # Revalidated each time and answered with 304: a page never mixes modules of two versions.
    "Cache-Control": "no-cache",
}
OUTSIDE = ("/", "/docs", "/healthz", "/readyz", "/static/{name}")
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
}


class Alive(TypedDict):
    status: Literal["ok"]


class Ready(TypedDict):
    """Says of each part whether it works. If one does not, clients should be sent to other nodes."""

    status: Literal["ready", "not ready"]
    database: bool
    bus: bool
    secret: bool  # equal to that of the nodes that were there before
    clock: bool  # close enough to those of other nodes
    not_draining: bool


def routes(is_ready: Callable[[], Ready], codes: str) -> list[web.AbstractRouteDef]:
    """Returns the routes `/`, `/docs` and `/static/…`, `/healthz` and `/readyz`.

    `/healthz` answers while the process does; `/readyz` is 200 when every part works, else 503 with the one that does
    not. `codes` is the SMS provider: the page tells new users where to look for a code that a provider without phones
    wrote.
    """

    async def page(request: web.Request) -> web.StreamResponse:
        return await _answer(request, "index.html", codes)

    async def file(request: web.Request) -> web.StreamResponse:
        return await _answer(request, request.match_info["name"], codes)

    async def reference(request: web.Request) -> web.StreamResponse:
        return await _answer(request, "docs.html", codes)

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(_: web.Request) -> web.Response:
        shown = is_ready()
        return web.json_response(shown, status=200 if shown["status"] == "ready" else 503)

    return [
        web.get("/", page),
        web.get("/static/{name:.+}", file),
        web.get("/docs", reference),
        *plain(
            "GET", "/healthz", healthz, OperationSpec("Whether this process answers.", {200: Alive}, is_public=True)
        ),
        *plain(
            "GET",
            "/readyz",
            readyz,
            OperationSpec("Whether this node should be sent people.", {200: Ready, 503: Ready}, is_public=True),
        ),
    ]


def load_templates(app: web.Application) -> None:
    """Read all templates of the invitation pages now. Inserted values are escaped."""
    loader = FileSystemLoader(STATIC / "invitation")
    environment = aiohttp_jinja2.setup(
        app, loader=loader, undefined=StrictUndefined, auto_reload=False, trim_blocks=True, autoescape=True
    )
    for name in environment.list_templates(extensions=["jinja"]):
        environment.get_template(name)


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    packed: bytes
    etag: str


async def _answer(request: web.Request, name: str, codes: str) -> web.Response:
    asked = PurePosixPath(name)
    kind = TYPES.get(asked.suffix)
    if kind is None or asked.is_absolute() or ".." in asked.parts:  # which would tell where this folder lies
        raise web.HTTPNotFound
    file = await asyncio.to_thread(_read, name, codes)
    if file is None:
        raise web.HTTPNotFound
    headers = {**SAFE, hdrs.ETAG: file.etag, hdrs.VARY: "Accept-Encoding"}
    if has_tag(request, file.etag):
        return web.Response(status=304, headers=headers)
    headers[hdrs.CONTENT_TYPE] = kind
    if "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, ""):
        return web.Response(body=file.packed, headers={**headers, hdrs.CONTENT_ENCODING: "gzip"})
    return web.Response(body=file.body, headers=headers)


def _read(name: str, codes: str) -> _File | None:
    """Returns the file of this name in `static/`, None where there is none.

    Links and names that lead elsewhere find nothing.
    """
    try:
        path = (STATIC / name).resolve(strict=True)
        return _load(path, path.stat().st_mtime_ns, codes) if path.is_relative_to(STATIC) else None
    except (OSError, RuntimeError, ValueError):  # no such file, a folder, links in a circle, no name of a file
        return None


@lru_cache(maxsize=256)
def _load(path: Path, _changed_at: int, codes: str) -> _File:
    body = path.read_bytes()
    if path.suffix == ".html":
        body = body.replace(b"{{codes}}", codes.encode())
    return _File(body, gzip.compress(body, mtime=0), f'"{hashlib.sha256(body).hexdigest()[:32]}"')
