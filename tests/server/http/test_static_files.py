"""Nothing is served from the disk but what lies in `static/`, and no name of a file is a fault."""

from pathlib import Path
from urllib.parse import quote

import pytest

from server.http.page_files import PageFiles, shorten_styles
from server.http.pages import STATIC
from tests.support.node import Node
from tests.support.raw import request

SECRET = "not yours"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A script that lies elsewhere on this machine."""
    path = tmp_path / "x.js"
    path.write_text(SECRET)
    return path


@pytest.mark.parametrize(
    "prefix", ["/static/", "/static//", "/static/./", "/static/%2f", "/static/js/..%2f..%2f", "/static/js//"]
)
async def test_an_absolute_path_behind_the_slash_is_not_served(node: Node, outside: Path, prefix: str) -> None:
    up = "../" * 12
    for path in (
        f"{outside}",
        f"{outside}"[1:],
        quote(f"{outside}", safe=""),
        up + f"{outside}"[1:],
        quote(up, safe="") + f"{outside}"[1:],
    ):
        status, _, body = await request(node.url, "GET", prefix + path)
        assert status == 404
        assert SECRET.encode() not in body


def test_what_is_for_tests_and_editors_alone_is_not_published(tmp_path: Path) -> None:
    for name in ("package.json", "numbers.json"):
        (tmp_path / name).write_text("{}")
    assert set(PageFiles.read(tmp_path).files) == {"numbers.json"}


def test_styles_are_sent_without_what_nobody_needs_and_mean_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text(
        '/* Calm */\n.a > .b, .c:is(.d, .e) { width: calc(1px + 2px); content: "x  y"; }\n@media (min-width: 48rem) {\n  .a { margin: 0 auto; }\n}\n'
    )
    sent = PageFiles.read(tmp_path).files["a.css"].body.decode()
    assert (
        sent
        == '.a > .b,.c:is(.d,.e){width:calc(1px + 2px);content:"x  y";}@media (min-width:48rem){.a{margin:0 auto;}}'
    )


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ('a { content: "x:  { /* y */ }"; }', 'a{content:"x:  { /* y */ }";}'),
        ("a { content: 'it\\'s :  {'; }", "a{content:'it\\'s :  {';}"),
        ("/* it's */\na, /* b */ b { c: d }  \n/* e */\n", "a,b{c:d}"),
        ("a/* c */ b { margin: 0/* c */1px }", "a b{margin:0 1px}"),
        ("a /* c */{ b: url(x/*.png) }\nd { e: f; /* * ** */ }", "a{b:url(x/*.png)}d{e:f;}"),
        ('a::after { content: "/*"; } b { c: d } e { content: "*/" }', 'a::after{content:"/*";}b{c:d}e{content:"*/"}'),
        ("a\nb { c: d }", "a\nb{c:d}"),
    ],
)
def test_strings_in_styles_are_sent_as_they_are_and_words_are_kept_apart(written: str, sent: str) -> None:
    assert shorten_styles(written.encode()).decode() == sent


def test_a_link_out_of_the_folder_is_not_followed(outside: Path, tmp_path: Path) -> None:
    folder = tmp_path / "static"
    (folder / "js").mkdir(parents=True)
    (folder / "js" / "app.js").write_text("start();")
    (folder / "link.js").symlink_to(outside)
    (folder / "folder").symlink_to(outside.parent)
    (folder / "circle.js").symlink_to(folder / "circle.js")
    (folder / "gone.js").symlink_to(folder / "nothing.js")
    assert set(PageFiles.read(folder).files) == {"js/app.js"}


@pytest.mark.parametrize(
    "name",
    ["%00.js", "js/app%00.js", "x" * 300 + ".js", "x/" * 2000 + "a.js", "js/app.js/x.js", "%ff.js", "%ed%a0%80.js",
     "..js", ".js", "js%5c..%5capp.js", "invitation/invitation.jinja", "js/", "JS/APP.JS", "%2e%2e/%2e%2e/run.py", "a%0d%0ab.js",
     f"{STATIC}/index.html", f"../{STATIC.name}/index.html"],
)  # fmt: skip
async def test_what_names_no_file_is_not_found(node: Node, name: str) -> None:
    status, _, _ = await request(node.url, "GET", f"/static/{name}")
    assert status == 404


async def test_the_page_and_its_modules_are_served(node: Node) -> None:
    for name in ("js/app.js", "index.html", "js/views/dom.js"):
        status, _, body = await request(node.url, "GET", f"/static/{name}")
        assert (status, bool(body)) == (200, True)


@pytest.mark.parametrize(
    "prefix", ["/static/{}//", "/static/{}/../", "/static/{}/%2e%2e/", "/static/{}/./js/../", "/static/{}/js/..%2f"]
)
async def test_nor_is_anything_else_served_below_a_version(node: Node, outside: Path, prefix: str) -> None:
    version = PageFiles.read(STATIC).version
    assert (await request(node.url, "GET", f"/static/{version}/js/app.js"))[0] == 200
    for name in (f"{outside}", f"{outside}"[1:], "index.html", "invitation/invitation.jinja", "../run.py", ""):
        status, _, body = await request(node.url, "GET", prefix.format(version) + name)
        assert status == 404
        assert SECRET.encode() not in body


NAMES = (
    "%00",
    "%ff",
    "%ed%a0%80",
    "..%2f..%2fetc%2fpasswd",
    "x" * 3000,
    "%25",
    "a%5cb",
    "%0d%0a",
    "9" * 3000,
    "%d9%a1",
    "-1",
)
PLACES = (
    "/media/{}", "/media/{}/thumbnail", "/media/{}/60x60.jpg", "/media/x/{}", "/users/{}", "/events/{}", "/events/{}/messages",
    "/api/contacts/{}/", "/api/groups/{}/info/", "/api/messages/chats/{}/", "/auth/sessions/{}", "/{}", "/docs/{}", "/openapi.json/{}",
    "/invitation/?token={}", "/invitation/calendar/?token={}", "/socket.io/?EIO=4&transport=polling&sid={}", "/socket.io/{}",
)  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
async def test_no_name_in_a_path_is_a_fault(node: Node, place: str) -> None:
    ann = await node.sign_in(f"49309075{PLACES.index(place):02}")
    for name in NAMES:
        for headers in ("", f"Authorization: Bearer {ann.token}\r\n"):
            status, _, body = await request(node.url, "GET", place.format(name), headers=headers)
            assert status < 500, (name, body)
