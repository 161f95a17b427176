"""What a search finds in a text, in every script, and where; and that the index never knows less."""

from collections.abc import Iterator

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.documents import search_words
from models.documents.search_block import SIZES, filter_bits
from models.documents.search_snippet import SNIPPET_MAX_CHARS, make_snippet
from models.documents.search_words import (
    FOUND_MAX,
    QUERY_MAX_CHARS,
    RANGES_MAX,
    WORDS_MAX,
    Range,
    find_ranges,
    fold,
    list_terms,
    matches,
    read_query,
)
from models.errors import Malformed, TooLong
from tests.support.searched_logs import EVERY_WORD


def found(query: str, text: str) -> list[str] | None:
    """What is highlighted in a text; None if it is not found."""
    ranges = find_ranges(read_query(query), [text])
    return None if ranges is None else [text[start:end] for start, end in ranges[0]]


@pytest.mark.parametrize(
    ("query", "text", "highlighted"),
    [
        ("lun", "Lunch at noon?", ["Lun"]),
        ("noon lunch", "Lunch at noon?", ["Lunch", "noon"]),
        ("unch", "Lunch at noon?", None),
        ("lunch tomorrow", "Lunch at noon?", None),
        ("strasse", "Hauptstraße 5, Straße", ["Straße"]),
        ("STRASSE", "straße", ["straße"]),
        ("cafe", "un CAFÉ, un cafe\u0301s", ["CAFÉ", "cafe\u0301"]),
        ("café", "cafe", ["cafe"]),
        ("lodz", "ŁÓDŹ", ["ŁÓDŹ"]),
        ("istanbul", "İSTANBUL", ["İSTANBUL"]),
        ("ｌｕｎｃｈ", "lunch", ["lunch"]),
        ("don't", "I don’t know", ["don", "t"]),
        ("wort", "Wort\u00adteil", ["Wort"]),
        ("report pdf", "report_final-v2.pdf", ["report", "pdf"]),
        ("12", "at 12:30, not 112", ["12"]),
        ("сказ", "Сказка", ["Сказ"]),
        ("елка", "ёлка", ["ёлка"]),
        ("и", "й", None),
        ("σοφος", "ΣΟΦΌΣ", ["ΣΟΦΌΣ"]),
        ("سلام", "سَلَام", ["سَلَام"]),
        ("اهلا", "أهلا", ["أهلا"]),
        ("שלום", "שָׁלוֹם", ["שָׁלוֹם"]),
        ("किताब", "मेरी किताब", ["किताब"]),
        ("क", "किताब", ["कि"]),
        ("午饭", "我们一起吃午饭吧", ["午饭"]),
        ("午", "我们一起吃午饭吧", ["午"]),
        ("饭午", "我们一起吃午饭吧", None),
        ("ランチ", "お昼はﾗﾝﾁです", ["ﾗﾝﾁ"]),
        ("ガス", "ｶﾞｽ", ["ｶﾞｽ"]),
        ("かす", "がす", None),
        ("학교", "고등학교에서", ["학교"]),
        ("กิน", "ฉันกินข้าว", ["กิน"]),
        ("iphone15を", "iPhone15を買った", ["iPhone15を"]),
        ("👍", "great 👍🏽!", ["👍🏽"]),
        ("❤", "I ❤️ you", ["❤️"]),
        ("👨", "👨‍👩‍👧", None),
        ("🇩🇪", "🇩🇪🇫🇷", ["🇩🇪"]),
        ("👍", "👍\u200d 👍\ufe0f\u200d", ["👍\u200d", "👍\ufe0f\u200d"]),
    ],
)
def test_a_query_finds_what_people_expect(query: str, text: str, highlighted: list[str] | None) -> None:
    assert found(query, text) == highlighted


def test_the_words_of_a_query_may_be_in_different_texts_of_one_message() -> None:
    query = read_query("budget report")
    assert find_ranges(query, ["The budget", "report.pdf"]) == [[(4, 10)], [(0, 6)]]
    assert find_ranges(query, ["The budget"]) is None


@pytest.mark.parametrize("query", ["", "   ", "?!", "\u200b", "…"])
def test_a_query_without_a_word_is_refused(query: str) -> None:
    with pytest.raises(Malformed):
        read_query(query)


@pytest.mark.parametrize("query", ["a" * (QUERY_MAX_CHARS + 1), " ".join(f"w{n}" for n in range(WORDS_MAX + 1))])
def test_a_query_that_is_too_long_is_refused(query: str) -> None:
    with pytest.raises(TooLong):
        read_query(query)


UNHURRIED = settings(deadline=None)
CHARACTERS = st.one_of(
    st.sampled_from([*EVERY_WORD, " ", "\n", "\u0301", "\u200d", "\ufe0f", "ﾞ", "½", "㎏", "ﷺ", "İ", "ß", "\u1100"]),
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"),
)
TEXTS = st.lists(CHARACTERS, max_size=12).map("".join)


@UNHURRIED
@given(TEXTS, TEXTS, st.data())
@example("ﷺ", "ﷺ", None)
def test_the_index_knows_all_terms_of_whatever_is_found(text: str, other: str, data: st.DataObject | None) -> None:
    start = data.draw(st.integers(0, len(text))) if data is not None else 0
    try:
        query = read_query(text[start : start + 8] + " " + other[:2])
    except (Malformed, TooLong):
        return
    texts = [text, other]
    ranges = find_ranges(query, texts)
    assert (ranges is not None) == matches(query, texts)
    if ranges is None:
        return
    known = list_terms(fold("\n".join(texts)))
    assert list_terms(query.folded) <= known
    for size in SIZES:
        asked = int.from_bytes(filter_bits(list_terms(query.folded), size))
        assert int.from_bytes(filter_bits(known, size)) & asked == asked


@UNHURRIED
@given(TEXTS)
def test_terms_that_are_remembered_are_those_of_the_text(text: str) -> None:
    folded = fold(text)
    assert list_terms(folded) == set(search_words._list_terms(folded)) == list_terms(folded)


@pytest.mark.parametrize("text", ["我们，一起。吃午饭", "ฉันกินข้าว", "고등학교", "word" * 8])
def test_what_hardly_comes_again_and_has_many_terms_is_not_remembered(text: str) -> None:
    before = search_words._known_terms.cache_info()
    list_terms(fold(text))
    assert search_words._known_terms.cache_info() == before


@pytest.mark.parametrize(("text", "query"), [("a " * 8192, "a"), ("饭。" * 8192, "饭"), ("👍 " * 8192, "👍")])
def test_a_long_text_is_not_searched_to_its_end_for_places_that_nobody_is_shown(
    text: str, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = 0

    def counted(part: str, folded: str) -> Iterator[Range]:
        nonlocal looked
        for place in occurrences(part, folded):
            looked += 1
            yield place

    occurrences = search_words._occurrences
    monkeypatch.setattr(search_words, "_occurrences", counted)
    ranges = find_ranges(read_query(query), [text])
    assert ranges is not None
    assert len(ranges[0]) == RANGES_MAX
    assert RANGES_MAX < looked <= FOUND_MAX + 1  # and one that says whether it is found at all


@UNHURRIED
@given(TEXTS)
def test_what_is_found_begins_and_ends_between_clusters(text: str) -> None:
    ends = {0, *(match.end() for match in regex.finditer(r"\X", text))}
    for word in text.split():
        try:
            ranges = find_ranges(read_query(word), [text])
        except (Malformed, TooLong):
            continue
        assert ranges is not None, "a text has its own words"
        assert ranges[0] or not text
        assert {place for found in ranges[0] for place in found} <= ends
        assert sorted(ranges[0]) == ranges[0]
        snippet = make_snippet([text], ranges)
        assert [snippet.text[start:end] for start, end in snippet.ranges]


@UNHURRIED
@given(TEXTS, TEXTS)
def test_a_text_is_folded_part_by_part(first: str, second: str) -> None:
    """So blocks may be folded as one text, and ASCII and single characters by quicker ways."""
    assert fold(f"{first}\n{second}") == f"{fold(first)}\n{fold(second)}"
    assert fold("a" + first) == fold("a" + first + "\n").removesuffix("\n")


def test_a_snippet_shows_the_surroundings_of_what_was_found() -> None:
    text = "word " * 100 + "the needle\nis here " + "more " * 100
    ranges = find_ranges(read_query("needle"), ["nothing", text])
    assert ranges is not None
    snippet = make_snippet(["nothing", text], ranges)
    assert len(snippet.text) <= SNIPPET_MAX_CHARS + 2
    ((start, end),) = snippet.ranges
    assert snippet.text[start:end] == "needle"
    assert snippet.text.startswith("…word word")
    assert snippet.text.endswith("…")
    assert "needle is here" in snippet.text


def test_a_snippet_is_one_line_whatever_breaks_the_text() -> None:
    assert make_snippet(["a\u2028b\u2029c\td\re\nf"], [[(0, 1)]]).text == "a b c d e f"


def test_a_snippet_of_a_short_text_is_that_text() -> None:
    ranges = find_ranges(read_query("hi"), ["👍🏽 hi there"])
    assert ranges is not None
    snippet = make_snippet(["👍🏽 hi there"], ranges)
    assert (snippet.text, snippet.ranges) == ("👍🏽 hi there", [(3, 5)])
