"""What pages say of themselves, read in a process that ends in time."""

import pytest

from models.documents.link_preview import PageFacts
from models.errors import Malformed
from server.media import imaging
from server.media.imaging import PictureProcesses
from server.media.page_worker import read_head
from tests.support.pictures import content_of

META = '<meta {0}="{1}" content="{2}">'


@pytest.fixture
def processes() -> PictureProcesses:
    return PictureProcesses(max_pixels=1000)


async def test_a_page_is_read_in_a_process_of_its_own(processes: PictureProcesses) -> None:
    page = "<title>Fl\u00fcgel</title><meta name=description content='von V\u00f6geln'>".encode("cp1252")
    found = await processes.read_page(content_of(page), charset="ISO-8859-1")
    assert found == PageFacts("Fl\u00fcgel", "von V\u00f6geln", "")


async def test_a_page_that_costs_too_much_work_ends_with_its_process(
    processes: PictureProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imaging, "PAGE_CPU_S", 1)
    with pytest.raises(Malformed):
        await processes.read_page(content_of(b"<p>" * 3_000_000), charset="")
    assert await processes.read_page(content_of(b"<title>next</title>"), charset="") == PageFacts("next")


@pytest.mark.parametrize(
    ("page", "facts"),
    [
        ("<title>one</title><title>two</title>", ("one", "", "")),
        (META.format("property", "og:title", "card") + "<title>plain</title>", ("card", "", "")),
        (META.format("name", "twitter:title", "bird") + META.format("property", "og:title", "card"), ("card", "", "")),
        (META.format("PROPERTY", "OG:Title", "a &lt;b&gt; &amp;amp; c"), ("a <b> &amp; c", "", "")),
        (META.format("property", "og:title", " ") + "<title>plain</title>", ("plain", "", "")),
        (META.format("name", "description", "words"), ("", "words", "")),
        (META.format("property", "og:image", "/a.png"), ("", "", "/a.png")),
        ("<script>'<title>no</title>'</script><title>yes</title>", ("yes", "", "")),
        ("<!-- <title>no</title> --><title>yes</title>", ("yes", "", "")),
        ("<title>a</title><body>" + META.format("property", "og:title", "of a comment"), ("a", "", "")),
        ("<meta property content><meta content=x><title>a", ("a", "", "")),
        ("", ("", "", "")),
    ],
)
def test_the_head_says_what_is_shown(page: str, facts: tuple[str, str, str]) -> None:
    assert read_head("", page.encode()) == facts


@pytest.mark.parametrize(
    ("stated", "content"),
    [
        ("utf-8", "<title>\u00e4\u4e2d</title>".encode()),
        ("", "<title>\u00e4\u4e2d</title>".encode()),
        ("", "<meta charset=gbk><title>\u00e4\u4e2d</title>".encode("gb18030")),
        (
            "",
            "<meta http-equiv=Content-Type content='text/html; charset=GB2312'><title>\u00e4\u4e2d</title>".encode(
                "gb18030"
            ),
        ),
        ("gbk", "<meta charset=utf-8><title>\u00e4\u4e2d</title>".encode("gb18030")),
        ("gbk", b"\xef\xbb\xbf" + "<title>\u00e4\u4e2d</title>".encode()),
        ("", b"\xff\xfe" + "<title>\u00e4\u4e2d</title>".encode("utf-16le")),
        ("no-such", "<title>\u00e4\u4e2d</title>".encode()),
        ("zip", "<title>\u00e4\u4e2d</title>".encode()),
        ("", "<title>\u00e4\u4e2d</title>".encode() + "\u4e2d".encode()[:2]),
    ],
)
def test_a_page_is_read_in_its_encoding(stated: str, content: bytes) -> None:
    assert read_head(stated, content)[0] == "\u00e4\u4e2d"


def test_a_page_in_no_encoding_that_is_named_is_read_as_browsers_do() -> None:
    assert read_head("", b"<title>caf\xe9 \x80</title>")[0] == "caf\u00e9 \u20ac"


def test_words_without_end_are_cut() -> None:
    assert [len(part) for part in read_head("", b"<title>" + b"x" * 100_000)] == [4096, 0, 0]
