"""Fetching other people's URLs: real servers on loopback, resolvers that lie, and nothing of this network for anyone."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from multidict import CIMultiDict
from yarl import URL

from models.errors import UrlRefused
from server.media.addresses import is_public
from server.media.fetcher import HttpFetcher, PublicResolver
from tests.support.listening import deaf_port

PRIVATE = [
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1",
    "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
    "64:ff9b:1::a00:1", "2002:7f00:1::", "2002:a00:1::1", "2001:0:7f00:1:0:0:f5ff:fffe", "100::1",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


class LyingResolver(AbstractResolver):
    """Answers with each list of addresses in turn, the last for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(hostname=host, host=each, port=port, family=socket.AF_INET, proto=0, flags=0)
            for each in addresses
        ]

    async def close(self) -> None:
        pass


@dataclass
class Site:
    """A server that counts who came."""

    url: str = ""
    port: int = 0
    visits: list[str] = field(default_factory=list)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    stop = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        site.visits.append(request.path)
        match request.path.strip("/").split("/"):
            case ["file"]:
                named = CIMultiDict([("Content-Disposition", each) for each in request.query.getall("named", [])])
                return web.Response(body=b"x" * 200_000, content_type="image/png", headers=named)
            case ["to", *rest]:
                raise web.HTTPFound("/".join(rest) if len(rest) > 1 else "/" + rest[0])
            case ["away"]:
                return web.Response(status=302, headers={"Location": request.query["to"]})
            case ["loop"]:
                raise web.HTTPFound("/loop")
            case ["count", number]:
                raise web.HTTPFound(f"/count/{int(number) - 1}" if number != "1" else "/file")
            case ["status", number]:
                return web.Response(status=int(number), body=b"x")
            case ["packed"]:
                return web.Response(body=b"x", headers={"Content-Encoding": "gzip"})
            case ["slow"]:
                await stop.wait()
            case ["drip"]:
                response = web.StreamResponse()
                await response.prepare(request)
                await response.write(b"first")
                await stop.wait()
            case ["cut"]:
                response = web.StreamResponse(headers={"Content-Length": "1000"})
                await response.prepare(request)
                await response.write(b"begun")
                assert request.transport is not None
                request.transport.abort()
        return web.Response(body=b"ok")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site.port = runner.addresses[0][1]
    site.url = f"http://127.0.0.1:{site.port}"
    yield site
    stop.set()
    await runner.cleanup()


def open_fetcher(timeout_s: float = 10, max_redirects: int = 3) -> HttpFetcher:
    """One that may go anywhere, to reach the servers of the tests."""
    return HttpFetcher(timeout_s=timeout_s, max_redirects=max_redirects, allow_private_addresses=True)


def shut_fetcher(*answers: list[str]) -> tuple[HttpFetcher, LyingResolver]:
    resolver = LyingResolver(*(answers or (["127.0.0.1"],)))
    return HttpFetcher(timeout_s=10, max_redirects=3, resolver=resolver), resolver


async def fetch(fetcher: HttpFetcher, url: str) -> tuple[str, str, bytes]:
    async with fetcher.open(url) as fetched:
        return fetched.url, fetched.mime_type, b"".join([piece async for piece in fetched.content])


Refused = Callable[[HttpFetcher, str], Awaitable[str]]


@pytest.fixture
def refused() -> Refused:
    async def ask(fetcher: HttpFetcher, url: str) -> str:
        with pytest.raises(UrlRefused) as caught:
            await fetch(fetcher, url)
        return caught.value.message

    return ask


class TestAddresses:
    @pytest.mark.parametrize("address", PRIVATE)
    def test_what_lies_in_here_is_not_public(self, address: str) -> None:
        assert not is_public(address)

    @pytest.mark.parametrize("address", PUBLIC)
    def test_the_internet_is(self, address: str) -> None:
        assert is_public(address)

    @pytest.mark.parametrize("text", ["", "localhost", "127.1", "0x7f000001", "2130706433", "1.2.3.4.5"])
    def test_what_is_no_address_is_not(self, text: str) -> None:
        assert not is_public(text)


class TestForbiddenPlaces:
    @pytest.mark.parametrize(
        "host",
        ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1", "2130706433", "0x7f.1", "017700000001", "127.0.0.1.",
         "localhost", "LOCALHOST", "localhost.", "①②⑦.⓪.⓪.①"],
    )  # fmt: skip
    async def test_no_spelling_of_this_machine_is_reached(self, site: Site, refused: Refused, host: str) -> None:
        fetcher = HttpFetcher(timeout_s=10, max_redirects=3)
        await refused(fetcher, f"http://{host}:{site.port}/file")
        assert site.visits == []

    @pytest.mark.parametrize("address", [address for address in PRIVATE if "%" not in address])
    async def test_a_name_of_an_address_in_here_is_not_reached(self, refused: Refused, address: str) -> None:
        fetcher, resolver = shut_fetcher([address])
        await refused(fetcher, "http://innocent.example/")
        assert resolver.asked == ["innocent.example"]

    async def test_a_name_with_one_address_in_here_is_not_reached_at_any(self, site: Site, refused: Refused) -> None:
        fetcher, _ = shut_fetcher(["8.8.8.8", "127.0.0.1"])
        await refused(fetcher, f"http://both.example:{site.port}/file")
        assert site.visits == []

    async def test_a_redirect_into_this_network_is_not_followed(self, site: Site, refused: Refused) -> None:
        """The first hop is let through as if it were public; each hop behind it is looked at on its own."""
        for target in (f"{site.url}/file", f"http://[::1]:{site.port}/file", f"http://inner.example:{site.port}/file"):
            fetcher = FirstHopOpen()
            await refused(fetcher, f"http://outer.example:{site.port}/away?to={target}")
            assert site.visits == ["/away"]
            site.visits.clear()

    async def test_a_name_that_moves_between_two_looks_is_looked_at_again(self, refused: Refused) -> None:
        resolver = PublicResolver(LyingResolver(["8.8.8.8"], ["127.0.0.1"]))
        assert [each["host"] for each in await resolver.resolve("moving.example")] == ["8.8.8.8"]
        with pytest.raises(OSError):
            await resolver.resolve("moving.example")

    async def test_the_connection_is_made_to_the_address_that_was_looked_at(self, site: Site) -> None:
        """A resolver is asked once per connection: there is no second look that could see something else."""
        resolver = LyingResolver(["127.0.0.1"], ["192.0.2.1"])
        fetcher = HttpFetcher(timeout_s=10, max_redirects=3, allow_private_addresses=True, resolver=resolver)
        await fetch(fetcher, f"http://moving.example:{site.port}/file")
        assert resolver.asked == ["moving.example"]

    @pytest.mark.parametrize(
        "url",
        ["file:///etc/passwd", "ftp://example.org/a", "gopher://x/", "data:image/png;base64,AA", "javascript:1", "//example.org/a",
         "/etc/passwd", "", "http://", "http:///a", "http://[::1", "http://a:99999/", "http://u:p@example.org/", "\0", "x" * 5000,
         "unix:///tmp/x", "http+unix://x/"],
    )  # fmt: skip
    async def test_only_plain_http_urls_are_fetched(self, refused: Refused, url: str) -> None:
        fetcher, resolver = shut_fetcher()
        await refused(fetcher, url)
        assert resolver.asked == []

    async def test_a_refusal_says_what_is_wrong(self, refused: Refused) -> None:
        for url, words in (("ftp://example.org/a", "http and https"), ("", "1 to 2048"), ("x" * 2049, "1 to 2048")):
            assert words in await refused(open_fetcher(), url)

    @pytest.mark.parametrize(
        "target", ["file:///etc/passwd", "ftp://127.0.0.1/", "http://u:p@127.0.0.1/", "http://[", ""]
    )
    async def test_no_redirect_leads_elsewhere(self, site: Site, refused: Refused, target: str) -> None:
        await refused(open_fetcher(), f"{site.url}/away?to={target}")

    async def test_a_refusal_tells_nothing_of_this_network(self, site: Site, refused: Refused) -> None:
        """An open port, a shut one and no such name look alike."""
        fetcher = HttpFetcher(timeout_s=10, max_redirects=3)
        with deaf_port() as shut:
            texts = {await refused(fetcher, f"http://127.0.0.1:{port}/") for port in (site.port, shut)}
        named, _ = shut_fetcher(["127.0.0.1"])
        texts.add(await refused(named, f"http://name.example:{site.port}/"))
        assert texts == {UrlRefused.text}


class FirstHopOpen(HttpFetcher):
    """A fetcher for which `outer.example` is a public host, though its server runs on loopback."""

    def __init__(self) -> None:
        super().__init__(timeout_s=10, max_redirects=3)

    def _session(self):  # type: ignore[no-untyped-def]
        session = super()._session()
        public = session.connector._resolver

        class Outer(AbstractResolver):
            async def resolve(
                self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
            ) -> list[ResolveResult]:
                lying = LyingResolver(["127.0.0.1"])
                if host == "outer.example":
                    return await lying.resolve(host, port, family)
                return await PublicResolver(lying).resolve(host, port, family)

            async def close(self) -> None:
                await public.close()

        session.connector._resolver = Outer()
        return session


class TestLimits:
    async def test_what_is_there_is_read_with_its_type(self, site: Site) -> None:
        url, mime_type, body = await fetch(open_fetcher(), f"{site.url}/file")
        assert (url, mime_type, len(body)) == (f"{site.url}/file", "image/png", 200_000)

    async def test_what_its_server_calls_it_is_told(self, site: Site) -> None:
        named = 'attachment; filename="a;b;c.m4a"'
        for said, name in (([named], "a;b;c.m4a"), ([], ""), ([named + "; x=y" * 30], "")):
            url = str(URL(site.url + "/file").with_query([("named", each) for each in said]))
            async with open_fetcher().open(url) as fetched:
                assert fetched.file_name == name

    async def test_redirects_are_followed_up_to_the_limit(self, site: Site, refused: Refused) -> None:
        url, _, _ = await fetch(open_fetcher(), f"{site.url}/count/3")
        assert url == f"{site.url}/file"
        assert "3 times" in await refused(open_fetcher(), f"{site.url}/count/4")
        site.visits.clear()
        await refused(open_fetcher(), f"{site.url}/loop")
        assert len(site.visits) == 4

    @pytest.mark.parametrize("status", [204, 206, 304, 401, 404, 500])
    async def test_only_the_whole_file_will_do(self, site: Site, refused: Refused, status: int) -> None:
        assert str(status) in await refused(open_fetcher(), f"{site.url}/status/{status}")

    async def test_packed_content_is_not_unpacked(self, site: Site, refused: Refused) -> None:
        assert "packed" in await refused(open_fetcher(), f"{site.url}/packed")

    @pytest.mark.parametrize("path", ["slow", "drip"])
    async def test_who_answers_too_slowly_is_left(self, site: Site, refused: Refused, path: str) -> None:
        assert "too long" in await refused(open_fetcher(timeout_s=0.3), f"{site.url}/{path}")

    async def test_what_breaks_off_is_refused(self, site: Site, refused: Refused) -> None:
        await refused(open_fetcher(), f"{site.url}/cut")

    async def test_a_server_that_is_not_there_is_refused(self, refused: Refused) -> None:
        with deaf_port() as port:
            await refused(open_fetcher(), f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    "url",
    ["http://a.test:8080/", "https://a.test:80/", "http://a.test:443/", "http://a.test:22/", "https://a.test:6379/"],
)
async def test_where_only_sites_are_wanted_other_ports_are_not_asked(url: str) -> None:
    resolver = LyingResolver(["1.1.1.1"])
    fetcher = HttpFetcher(timeout_s=10, max_redirects=3, resolver=resolver, default_ports_only=True)
    with pytest.raises(UrlRefused):
        await fetch(fetcher, url)
    assert resolver.asked == []
