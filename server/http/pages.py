"""Serves the web client, the reference and the probes, and loads the templates: all that lies in `static/`."""

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Literal

import aiohttp_jinja2
from aiohttp import hdrs, web
from jinja2 import FileSystemLoader, StrictUndefined
from typing_extensions import TypedDict

from handlers.rest.described import OperationSpec
from handlers.rest.media import has_tag
from handlers.rest.paths import plain
from server.config import ASSETS
from server.http.cross_origin import FOR_OWN_PAGE
from server.http.page_files import TYPES, VERSION, PageFile, PageFiles, read_pages
from server.http.page_versions import ServedVersions

STATIC = (ASSETS / "static").resolve()
# Nothing is loaded from other sites, no inline script runs, and no text can become markup: the page builds nodes, not HTML.
# The one policy for trusted types names the service worker, and no text can become another address (static/js/versions.js).
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types service-worker"
)
SAFE = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(self), microphone=(self)",  # each is asked for when somebody sends a place or a voice note
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
# What a page loads is no document. It is for this origin alone, and a script that is started as a worker may no more than the page.
# Each of seventy files has these headers, which are a good part of a first load.
LOADED = {
    "Content-Security-Policy": "default-src 'self'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
# Revalidated each time and answered with 304. A page names the version of all that it loads, which is kept for a year:
# so it never mixes modules of two versions, and loads none twice.
REVALIDATED = {"Cache-Control": "no-cache"}
IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable"}
NOT_KEPT = {"Cache-Control": "no-store"}  # a version that is not known yet
WORKER = "service_worker.js"  # at the root, which is what it may serve
OUTSIDE = ("/", f"/{WORKER}", "/docs", "/healthz", "/readyz", "/static/{name}")
HTML = "text/html; charset=utf-8"
FIRST = ("js/app.js",)  # what everybody loads
DOOR = ("js/views/sign_in.js",)  # what is loaded by somebody who is not signed in
CLIENT = ("js/client.js", "js/views/shell.js")  # what is loaded by somebody signed in
REFERENCE = ("js/reference.js",)
NO_SHELL = (
    "docs.css",
    "emoji/",
    "invitation/",
    "languages/",
    WORKER,
)  # what the web client never loads, large and only when it is asked for, or in one of several kinds


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


def routes(is_ready: Callable[[], Ready], codes: str, versions: ServedVersions) -> list[web.AbstractRouteDef]:
    """Returns the routes `/`, `/service_worker.js`, `/docs` and `/static/…`, `/healthz` and `/readyz`.

    `/healthz` answers while the process does; `/readyz` is 200 when every part works, else 503 with the one that does
    not. `codes` is the SMS provider: the page tells new users where to look for a code that a provider without phones
    wrote.
    """
    pages = _fill_pages(versions.own, codes)
    worker = _fill_worker(versions.own)

    async def page(request: web.Request) -> web.StreamResponse:
        return _answer(request, pages["index.html"], HTML, REVALIDATED)

    async def file(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name in pages:
            return _answer(request, pages[name], HTML, REVALIDATED)
        version, _, versioned = name.partition("/")
        if not VERSION.fullmatch(version):
            return _answer(request, _require(versions.own, name), _type_of(name), REVALIDATED)
        files = await versions.find(version)
        if files is None:
            return web.Response(status=404, headers=SAFE | NOT_KEPT)
        request[FOR_OWN_PAGE] = True
        return _answer(request, _require(files, versioned), _type_of(versioned), IMMUTABLE, LOADED)

    async def service_worker(request: web.Request) -> web.StreamResponse:
        return _answer(request, worker, TYPES[".js"], REVALIDATED)

    async def reference(request: web.Request) -> web.StreamResponse:
        return _answer(request, pages["docs.html"], HTML, REVALIDATED)

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(_: web.Request) -> web.Response:
        shown = is_ready()
        return web.json_response(shown, status=200 if shown["status"] == "ready" else 503)

    return [
        web.get("/", page),
        web.get(f"/{WORKER}", service_worker),
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


def load_templates(app: web.Application, version: str) -> None:
    """Read all templates of the invitation pages now. Inserted values are escaped. `version` is that of their files."""
    loader = FileSystemLoader(STATIC / "invitation")
    environment = aiohttp_jinja2.setup(
        app, loader=loader, undefined=StrictUndefined, auto_reload=False, trim_blocks=True, autoescape=True
    )
    environment.globals["static"] = f"/static/{version}"
    for name in environment.list_templates(extensions=["jinja"]):
        environment.get_template(name)


def _fill_pages(own: PageFiles, codes: str) -> Mapping[str, PageFile]:
    """Returns the pages, which name their files by this node's version, and all modules, so that none waits for another."""
    static = f"/static/{own.version}"
    first = own.list_modules(*FIRST)
    addresses = {
        name: " ".join(f"{static}/{each}" for each in own.list_modules(*modules) if each not in first)
        for name, modules in (("door", DOOR), ("client", CLIENT))
    }
    blanks = {
        b"{{codes}}": codes,
        b"{{static}}": static,
        b"{{first}}": "\n".join(f'<link rel="modulepreload" href="{static}/{name}">' for name in first),
        b"{{door}}": addresses["door"],
        b"{{client}}": addresses["client"],
    }
    filled = {}
    for name, body in read_pages(STATIC).items():
        whole = body
        for blank, text in blanks.items():
            whole = whole.replace(blank, text.encode())
        filled[name] = PageFile.of(whole)
    return filled


def _fill_worker(own: PageFiles) -> PageFile:
    """Returns the service worker of this node's version, with the addresses of all that the web client may load."""
    client = own.list_modules(*FIRST, *DOOR, *CLIENT)
    others = {name for name in own.list_modules(*REFERENCE) if name not in client}
    shell = [name for name in own.files if not name.startswith(NO_SHELL) and name not in others]
    addresses = " ".join(f"/static/{own.version}/{name}" for name in shell)
    worker = own.files[WORKER].body.replace(b"{{version}}", own.version.encode())
    return PageFile.of(worker.replace(b"{{files}}", addresses.encode()))


def _type_of(name: str) -> str:
    return TYPES.get(PurePosixPath(name).suffix, "")


def _require(files: PageFiles, name: str) -> PageFile:
    """Returns the file of exactly this name. No other name leads anywhere, whatever it may mean on a disk."""
    file = files.files.get(name)
    if file is None:
        raise web.HTTPNotFound
    return file


def _answer(
    request: web.Request, file: PageFile, kind: str, kept: Mapping[str, str], safe: Mapping[str, str] = SAFE
) -> web.Response:
    headers = {**safe, **kept, hdrs.VARY: "Accept-Encoding"}
    if kept is not IMMUTABLE:  # which is never asked for again
        headers[hdrs.ETAG] = file.etag
    if has_tag(request, file.etag):
        return web.Response(status=304, headers=headers)
    headers[hdrs.CONTENT_TYPE] = kind
    if "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, ""):
        return web.Response(body=file.packed, headers={**headers, hdrs.CONTENT_ENCODING: "gzip"})
    return web.Response(body=file.body, headers=headers)
