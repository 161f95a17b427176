"""Looking at links: within bounds of time, size and number, and once for all who send one link."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast
from unittest.mock import AsyncMock

import pytest
from aiohttp import web

from models.documents.link_preview import PageFacts
from models.documents.media import Placeholder, Thumbnail
from models.errors import Unavailable
from models.ports import Fetched, Imaging
from models.services.media.looking import Look, LookAtLinks, LookRules
from models.services.media.storage import single_piece
from models.services.runtime.token_bucket import TokenBuckets
from server.media.fetcher import HttpFetcher
from tests.support.web_pages import Pages, open_pages

DRAWN = Thumbnail(b"jpeg", Placeholder(4, 3, "blur"))


@dataclass
class Reader:
    """Takes the beginning of a page for its title, and the address below for its picture."""

    picture: str = ""
    read: list[tuple[bytes, str]] = field(default_factory=list)
    drawn: list[bytes] = field(default_factory=list)
    is_busy: bool = False
    draws_nothing_now: bool = False
    works_s: float = 0  # how long a picture waits for its turn

    async def read_page(self, content: AsyncIterator[bytes], *, charset: str, by: Hashable = None) -> PageFacts:
        if self.is_busy:
            raise Unavailable
        data = b"".join([piece async for piece in content])
        self.read.append((data, charset))
        return PageFacts(data[:4].decode(), "", self.picture)

    async def make_thumbnail(self, content: AsyncIterator[bytes], *, by: Hashable = None) -> Thumbnail:
        if self.draws_nothing_now:
            raise Unavailable
        await asyncio.sleep(self.works_s)
        self.drawn.append(b"".join([piece async for piece in content]))
        return DRAWN


@dataclass
class World:
    """A site, and what looks at it."""

    pages: Pages
    reader: Reader
    look: LookAtLinks


def looking(reader: Reader, *, timeout_s: float = 30, per_host: TokenBuckets | None = None) -> LookAtLinks:
    fetcher = HttpFetcher(timeout_s=timeout_s, max_redirects=3, allow_private_addresses=True)
    rules = LookRules(page_max_bytes=1000, image_max_bytes=1000, timeout_s=timeout_s, cached_s=600)
    return LookAtLinks(
        fetcher, reader, cast("Imaging", reader), rules, per_host or TokenBuckets(1, 1, is_enabled=False)
    )


@pytest.fixture
async def world() -> AsyncIterator[World]:
    reader = Reader()
    async with open_pages() as pages:
        yield World(pages, reader, looking(reader))


async def test_so_much_of_a_page_is_read_and_no_more(world: World) -> None:
    assert await world.look(world.pages.add("/long", "page" * 1_000_000), 1) == Look("127.0.0.1", "page")
    assert [(len(data), charset) for data, charset in world.reader.read] == [(1000, "utf-8")]


async def test_a_picture_that_is_too_large_is_left_out(world: World) -> None:
    world.pages.add("/large.png", b"x" * 1001)
    world.pages.add("/small.png", b"x" * 1000)
    world.reader.picture = "large.png"
    assert await world.look(world.pages.add("/one", "one!"), 1) == Look("127.0.0.1", "one!")
    world.reader.picture = "small.png"
    assert await world.look(world.pages.add("/two", "two!"), 1) == Look("127.0.0.1", "two!", None, DRAWN)


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "javascript:1", "http://[", "data:image/png;base64,eA==", "\0"]
)
async def test_a_picture_is_fetched_over_http_alone(world: World, address: str) -> None:
    world.reader.picture = address
    assert await world.look(world.pages.add("/one", "one!"), 1) == Look("127.0.0.1", "one!")


@pytest.mark.parametrize("path", ["/drip", "/later/page"])
async def test_a_site_that_takes_too_long_has_no_preview(world: World, path: str) -> None:
    world.pages.add(path, "page")
    assert await looking(world.reader, timeout_s=0.3)(world.pages.url + path, 1) is None
    assert world.reader.read == []


async def test_of_many_who_send_a_link_at_once_one_has_it_fetched(world: World) -> None:
    link = world.pages.add("/page", "page")
    found = await asyncio.gather(*(world.look(f"{link}#{part}", part) for part in range(20)))
    assert found == [Look("127.0.0.1", "page")] * 20
    assert world.pages.visits == ["/page"]


async def test_a_link_that_leads_nowhere_is_not_asked_again(world: World) -> None:
    for _ in range(3):
        assert await world.look(f"{world.pages.url}/missing", 1) is None
    assert world.pages.visits == ["/missing"]


async def test_a_link_is_looked_at_again_if_this_server_was_too_busy(world: World) -> None:
    link = world.pages.add("/page", "page")
    world.reader.is_busy = True
    assert await world.look(link, 1) is None
    world.reader.is_busy = False
    assert await world.look(link, 1) == Look("127.0.0.1", "page")


async def test_one_host_is_asked_so_many_times_in_a_minute(world: World) -> None:
    look = looking(world.reader, per_host=TokenBuckets(1 / 60, 2))
    links = [world.pages.add(f"/page{n}", "page") for n in range(4)]
    found = [await look(link, 1) for link in links]
    assert [each is not None for each in found] == [True, True, False, False]
    assert world.pages.visits == ["/page0", "/page1"]


async def test_words_that_no_line_can_show_are_no_title(world: World) -> None:
    assert await world.look(world.pages.add("/blank", " \u200b "), 1) is None


def redirect(location: str) -> web.Response:
    return web.Response(status=302, headers={"Location": location})


async def test_each_redirect_is_charged_to_its_host(world: World) -> None:
    look = looking(world.reader, per_host=TokenBuckets(1 / 60, 3))
    world.pages.add("/page", "page")
    for path in ("/one", "/two"):
        world.pages.add(path, redirect("/page"))
    assert await look(f"{world.pages.url}/one", 1) == Look("127.0.0.1", "page")
    assert await look(f"{world.pages.url}/two", 1) is None
    assert world.pages.visits == ["/one", "/page", "/two"]


async def test_a_link_that_leads_to_another_site_has_no_preview(world: World) -> None:
    world.pages.add("/page", "page")
    link = world.pages.add("/away", redirect(world.pages.url.replace("127.0.0.1", "localhost") + "/page"))
    assert await world.look(link, 1) is None
    assert world.pages.visits == ["/away", "/page"]


@dataclass
class Answers:
    """A fetcher of one page, which says so much of itself, and of pictures."""

    url: str = "http://a.example/"
    mime_type: str = "text/html"
    fetched: int = 0

    @asynccontextmanager
    async def open(self, url: str, on_hop: object = None) -> AsyncIterator[Fetched]:
        del on_hop
        self.fetched += 1
        yield Fetched(self.url, "image/png" if url.endswith(".png") else self.mime_type, single_piece(b"page"))

    def looked_at_by(self, reader: Reader, timeout_s: float = 30) -> LookAtLinks:
        rules = LookRules(page_max_bytes=1000, image_max_bytes=1000, timeout_s=timeout_s, cached_s=600)
        return LookAtLinks(self, reader, cast("Imaging", reader), rules, TokenBuckets(1, 1, is_enabled=False))


@pytest.mark.parametrize(
    ("link", "answered", "site"),
    [
        ("http://a.example", "https://www.a.example/home", "a.example"),
        ("http://www.A.example.", "http://m.a.example/", "a.example"),
        ("http://m.a.example", "http://a.example/", "m.a.example"),
        ("http://b\u00fccher.example", "http://xn--bcher-kva.example/", "xn--bcher-kva.example"),
        ("http://a.example", "http://ba.example/", None),
        ("http://a.example", "http://a.example.evil.test/", None),
        ("http://bank.example", "http://evil.test/", None),
    ],
)
async def test_the_site_is_that_of_the_link(link: str, answered: str, site: str | None) -> None:
    found = await Answers(answered).looked_at_by(Reader())(link, 1)
    assert (found.site if found else None) == site


@pytest.mark.parametrize("rest", ["; x=\udcff\udcfe", "; charset=\udcff", "; x*0=a" * 1000])
async def test_whatever_a_site_says_of_the_type_is_read(rest: str) -> None:
    answers = Answers(mime_type=f"text/html{rest}")
    assert await answers.looked_at_by(Reader())("http://a.example", 1) == Look("a.example", "page")


async def test_a_page_that_cannot_be_read_is_not_fetched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, answers = Reader(), Answers()
    monkeypatch.setattr(reader, "read_page", AsyncMock(side_effect=UnicodeError))
    look = answers.looked_at_by(reader)
    assert [await look("http://a.example", 1) for _ in range(2)] == [None, None]
    assert answers.fetched == 1


async def test_a_picture_is_drawn_later_if_this_server_was_too_busy(world: World) -> None:
    link = world.pages.add("/page", "page")
    world.pages.add("/small.png", b"x")
    world.reader.picture, world.reader.draws_nothing_now = "small.png", True
    assert await world.look(link, 1) == Look("127.0.0.1", "page")
    world.reader.draws_nothing_now = False
    assert await world.look(link, 1) == Look("127.0.0.1", "page", None, DRAWN)


async def test_the_wait_for_a_turn_is_not_time_that_the_site_took() -> None:
    look = Answers().looked_at_by(Reader("small.png", works_s=0.6), timeout_s=0.5)
    assert await look("http://a.example", 1) == Look("a.example", "page", None, DRAWN)


async def test_a_link_whose_look_is_given_up_is_looked_at_again(world: World) -> None:
    link = world.pages.add("/later/page", "page")
    first, second = (asyncio.ensure_future(world.look(link, part)) for part in range(2))
    async with asyncio.timeout(30):
        await world.pages.asked.wait()
    first.cancel()
    assert await second is None
    world.pages.gate.set()
    assert await world.look(link, 1) == Look("127.0.0.1", "page")
