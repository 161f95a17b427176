"""A site on this machine with pages that others send links to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from tests.support.pictures import plain

PAGE = """<!doctype html><html><head><title>Plain title</title>
<meta property="og:title" content="Bread &amp; butter">
<meta property="og:description" content="How to
 bake it">
<meta property="og:site_name" content="Your Bank">
<meta property="og:image" content="/loaf.png">
</head><body><p>hello</p></body></html>"""


@dataclass
class Pages:
    """What it serves by path: HTML or a response; `visits` are the paths that were asked for, in order."""

    url: str = ""
    pages: dict[str, web.Response | str | bytes] = field(default_factory=dict)
    visits: list[str] = field(default_factory=list)
    heads: list[dict[str, str]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)  # which pages below /later/ wait for
    asked: asyncio.Event = field(default_factory=asyncio.Event)  # set by each visit

    def add(self, path: str, page: web.Response | str | bytes = PAGE) -> str:
        """Serve a page. Returns its address."""
        self.pages[path] = page
        return self.url + path

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.visits.append(request.path)
        self.heads.append({name.lower(): value for name, value in request.headers.items()})
        self.asked.set()
        if request.path.startswith("/later/"):
            await self.gate.wait()
        if request.path == "/drip":
            response = web.StreamResponse(headers={"Content-Type": "text/html"})
            await response.prepare(request)
            await response.write(b"<html><head><title>never")
            await self.gate.wait()
            return response
        page = self.pages.get(request.path)
        if page is None:
            raise web.HTTPNotFound
        if isinstance(page, web.Response):  # one response is sent once
            return web.Response(status=page.status, headers=page.headers, body=page.body)
        if isinstance(page, bytes):
            return web.Response(body=page, content_type="image/png")
        return web.Response(text=page, content_type="text/html")


@asynccontextmanager
async def open_pages() -> AsyncIterator[Pages]:
    pages = Pages()
    app = web.Application()
    app.router.add_get("/{path:.*}", pages.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    pages.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    pages.add("/loaf.png", plain(size=(600, 300)))
    try:
        yield pages
    finally:
        pages.gate.set()
        await runner.cleanup()
