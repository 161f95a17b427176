"""Pages name the version of what they load: it is kept for a year, and no node serves anything else under that name."""

import asyncio
import gzip
import re
import shutil
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from models.stores.database import Database
from models.stores.page_versions import VERSIONS_MAX, PageVersions
from server.embedded import EmbeddedStores
from server.http import page_versions, pages
from server.http.page_files import PageFiles
from server.http.page_versions import ServedVersions
from tests.support.node import Node, running_node, settings_for

NOW = datetime(2030, 1, 1, tzinfo=UTC)
IN_THE_PAGE = re.compile(r'(?<=[" ])/static/[^" ]+')
KEPT = "public, max-age=31536000, immutable"


@pytest.fixture(scope="module")
async def upgraded(
    stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Node, Node]]:
    """A node of this version, and one of another, in which two modules have changed together."""
    folder = tmp_path_factory.mktemp("other") / "static"
    shutil.copytree(pages.STATIC, folder)
    for name in ("js/app.js", "js/emitter.js"):
        (folder / name).write_text((folder / name).read_text() + "void 0;\n")
    settings = settings_for(tmp_path_factory.mktemp("data"))
    async with running_node(stores, settings) as one:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pages, "STATIC", folder)
            async with running_node(stores, settings) as other:
                patch.undo()
                yield one, other


async def read_page(node: Node) -> list[str]:
    """What the page of a node loads."""
    async with node.http.get(node.url) as answer:
        assert answer.status == 200
        return IN_THE_PAGE.findall(await answer.text())


async def load(node: Node, address: str) -> tuple[int, str, bytes]:
    async with node.http.get(node.url + address) as answer:
        return answer.status, answer.headers.get("Cache-Control", ""), await answer.read()


async def test_what_a_page_loads_is_for_its_origin_alone_and_says_little_beside(node: Node) -> None:
    for address in (await read_page(node))[:3]:
        # As a browser asks for the modules of a page, also of its own origin.
        async with node.http.get(node.url + address, headers={"Origin": node.url}) as answer:
            assert answer.status == 200
            assert not [name for name in answer.headers if name.startswith("Access-Control")]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
            policy = answer.headers["Content-Security-Policy"]  # of a worker, or of a drawing that is opened by itself
            assert policy == "default-src 'self'"
            assert sum(len(name) + len(value) + 4 for name, value in answer.headers.items()) < 420


async def test_a_page_names_all_of_its_modules_and_they_are_kept_for_a_year(node: Node) -> None:
    named = await read_page(node)
    assert {each.split("/", 3)[3] for each in named} > {
        "parley.css",
        "js/app.js",
        "js/views/sign_in.js",
        "js/engine.js",
    }
    for address in named:
        assert (await load(node, address))[:2] == (200, KEPT)


async def test_the_page_itself_is_asked_for_each_time(node: Node) -> None:
    async with node.http.get(node.url) as answer:
        assert answer.headers["Cache-Control"] == "no-cache"
        tag = answer.headers["ETag"]
    async with node.http.get(node.url, headers={"If-None-Match": tag}) as answer:
        assert (answer.status, await answer.read()) == (304, b"")


async def test_each_node_serves_the_modules_of_the_others_pages(upgraded: tuple[Node, Node]) -> None:
    for one, other in (upgraded, upgraded[::-1]):
        named = await read_page(one)
        assert named != await read_page(other)
        for address in named:
            own, others = await load(one, address), await load(other, address)
            assert own == others
            assert own[:2] == (200, KEPT)


async def test_a_version_that_nobody_has_is_not_found_and_that_is_not_kept(node: Node) -> None:
    assert await load(node, f"/static/{'0' * 32}/js/app.js") == (404, "no-store", b"")


class CountedStore(PageVersions):
    """Stores nothing, and counts how often it is asked."""

    def __init__(self, held: Mapping[str, Mapping[str, bytes]]) -> None:
        self.held = held
        self.asked = 0

    async def list_versions(self) -> set[str]:
        self.asked += 1
        return set(self.held)

    async def find(self, version: str) -> dict[str, bytes] | None:
        return dict(self.held[version])


class Standing:
    def now(self) -> datetime:
        return NOW


def versions_of(store: PageVersions, tmp_path: Path) -> ServedVersions:
    (tmp_path / "app.js").write_text("start();")
    return ServedVersions(PageFiles.read(tmp_path), store, Standing())


async def test_whoever_invents_versions_costs_a_query_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_versions, "LOOK_EVERY_S", 0.2)
    store = CountedStore({})
    versions = versions_of(store, tmp_path)
    async with asyncio.timeout(10):
        found = await asyncio.gather(*(versions.find(f"{number:032x}") for number in range(500)))
    assert found == [None] * 500
    assert store.asked <= 2


async def test_stored_files_are_served_only_under_the_version_that_they_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(page_versions, "LOOK_EVERY_S", 0)
    forged = {"app.js": gzip.compress(b"steal();")}
    true = PageFiles.unpack(forged).version
    versions = versions_of(CountedStore({"0" * 32: forged, true: forged}), tmp_path)
    assert await versions.find("0" * 32) is None
    assert "not what was stored" in caplog.text
    found = await versions.find(true)
    assert found is not None
    assert found.files["app.js"].body == b"steal();"


async def test_versions_that_were_not_started_for_longest_are_removed(database: Database) -> None:
    store = PageVersions(database)
    await store.prepare()
    for number in range(VERSIONS_MAX):
        await store.keep(f"{number}", {"app.js": b"packed"}, NOW + timedelta(days=number))
    await store.keep("0", {"app.js": b"packed"}, NOW + timedelta(days=50))  # is started again
    await store.keep("new", {"app.js": b"packed"}, NOW + timedelta(days=51))
    assert await store.list_versions() == {"0", "new", *(f"{number}" for number in range(2, VERSIONS_MAX))}
    assert await store.find("1") is None
    assert await store.find("0") == {"app.js": b"packed"}
