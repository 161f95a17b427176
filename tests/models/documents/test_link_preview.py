"""Which link of a text is looked at, and how a page's words are shown."""

import pytest

from models.documents import link_preview
from models.documents.link_preview import (
    CANDIDATES_MAX,
    DESCRIPTION_MAX_CHARS,
    find_link,
    shown_description,
    shown_title,
)

FOUND = [
    ("https://example.org", "https://example.org"),
    ("see HTTP://example.org/a?b=c#d.", "HTTP://example.org/a?b=c#d"),
    ("two: http://one.org and http://two.org", "http://one.org"),
    ("(https://example.org/wiki/Bread_(food))", "https://example.org/wiki/Bread_(food)"),
    ("(see https://example.org/bread)", "https://example.org/bread"),
    ("*https://example.org/bread*", "https://example.org/bread"),
    ("\u201chttps://example.org\u201d", None),
    ('"https://example.org/x"', "https://example.org/x"),
    ("`http://one.org` http://two.org", "http://two.org"),
    ("```\nhttp://one.org\n```\nhttp://two.org", "http://two.org"),
    ("half ` http://one.org", "http://one.org"),
    ("half ``` http://one.org", "http://one.org"),
    ("http://user:word@example.org/x", "http://user:word@example.org/x"),
    ("first http://0x7f.1/ then http://two.org", "http://two.org"),
    ("xhttps://example.org", None),
    ("ftp://example.org javascript://x mailto:a@example.org www.example.org", None),
    ("http://", None),
    ("no link", None),
    ("", None),
    (None, None),
]


@pytest.mark.parametrize(("text", "link"), FOUND)
def test_the_first_address_that_is_no_code_is_looked_at(text: str | None, link: str | None) -> None:
    assert find_link(text) == link


@pytest.mark.parametrize("text", ["`" * 16_384, "http://" * 2_340, "http://a" + "(" * 16_000, "```://" * 2_700])
def test_a_text_made_to_cost_work_is_read_in_a_moment(text: str) -> None:
    find_link(text)


def test_few_candidates_of_a_text_are_tried_and_none_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    monkeypatch.setattr(link_preview, "is_web_url", tried.append)
    long = "http://" + "\u00e4" * 3000
    assert find_link(" ".join([long, *["http://\u00e4_.-"] * 1000])) is None
    assert len(tried) == CANDIDATES_MAX - 1


def test_words_of_a_page_are_one_line_that_fits() -> None:
    assert shown_title(" Bread\n&\t\x07butter\u202e ") == "Bread & butter"
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    assert shown_description("x" * (DESCRIPTION_MAX_CHARS - 2) + family) == "x" * (DESCRIPTION_MAX_CHARS - 2)
    assert shown_description(" \u200b ") is None
