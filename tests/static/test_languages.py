"""The words of the page: each one can be translated, and each language has them all."""

import re
import shutil
from pathlib import Path

import pytest

from tests.static.page_words import FORMS, LANGUAGES, PageWords, Text, read_table, read_words, update_table

# What looks like words, and is none that a language could say otherwise.
NAMES = (
    "Parley",
    "(…) Parley",
    "Android",
    "Chrome",
    "Edg",
    "Edge",
    "Firefox",
    "Linux",
    "Mac OS",
    "Opera",
    "Safari",
    "Windows",
)
OF_THE_API = ("True", "False", "title")
FOR_DEVELOPERS = (
    "LineBroken", "Refused", "closed here", "not a Socket.IO packet of ours", "Another window holds the store.", "The page ended.",
    "this is the page of another version", "the connection broke each time.",
)  # fmt: skip
FOR_THE_BROWSER = (
    "a, button, input", "a[href], button, summary", ":not(strong, em, s, code, a)", "input, video", "bold 34px system-ui, sans-serif",
)  # fmt: skip
_BLANK = re.compile(r"\{(\w+)\}")


def blanks(*texts: str) -> set[str]:
    return {name for text in texts for name in _BLANK.findall(text)}


@pytest.fixture(scope="module")
async def words() -> PageWords:
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is needed to read the scripts")
    return await read_words()


async def words_of(tmp_path: Path, script: str) -> PageWords:
    path = tmp_path / "script.js"
    path.write_text(script, "utf-8")
    return await read_words([path])


def test_every_text_is_read_from_the_scripts_as_it_stands(words: PageWords) -> None:
    assert words.problems == []


def test_a_text_is_given_exactly_what_it_leaves_open(words: PageWords) -> None:
    for text in words.texts.values():
        wanted = blanks(*text.english) - ({"count"} if text.forms else set())
        for values, place in zip(text.values, text.places, strict=True):
            assert values is None or values - {"count"} == wanted - {"count"}, (place, text.english)


def test_nothing_that_people_read_stands_outside_the_tables(words: PageWords) -> None:
    known = {*NAMES, *OF_THE_API, *FOR_DEVELOPERS, *FOR_THE_BROWSER}
    assert {text: places for text, places in words.strays.items() if text not in known} == {}
    assert known - set(words.strays) == set(), "no exception outlives what it was made for"


@pytest.mark.parametrize(
    ("script", "stray"),
    [
        ('el("p", {}, "Loading…");', "Loading…"),
        ('el("p", {}, name ? "Loading…" : null);', "Loading…"),
        ('el("p", {}, [" left"]);', " left"),
        ("const said = `${name} left`;", "… left"),
        ('iconButton("close", "Close", () => {});', "Close"),
        ('el("input", { placeholder: "name" });', "name"),
        ('node.textContent = "gone";', "gone"),
        ("show(node, `${count} more`);", "… more"),
        ('throw new Error("No connection.");', "No connection."),
        ('fail(isOld ? "This is too old." : "");', "This is too old."),
        ('const STATES = { done: "Done" };', "Done"),
        ('gettext("{who} left", { who: "You" });', "You"),
    ],
)  # fmt: skip
async def test_words_outside_the_tables_are_found(words: PageWords, tmp_path: Path, script: str, stray: str) -> None:
    assert list((await words_of(tmp_path, script)).strays) == [stray]


@pytest.mark.parametrize(
    "script",
    [
        'import { el } from "./Some Folder/dom.js";',
        'el("p.hint", { class: "is-open Large", title: gettext("Close") }, gettext("{who} left", { who: gettext("You") }));',
        'if (event.key === "Escape" || ["Enter", "Tab"].includes(event.key)) node.querySelector("Two Words");',
        'switch (key) { case "ArrowUp": done(); }',
    ],
)
async def test_what_no_reader_sees_is_no_word(words: PageWords, tmp_path: Path, script: str) -> None:
    assert not (await words_of(tmp_path, script)).strays


async def test_texts_inside_of_texts_are_read(words: PageWords, tmp_path: Path) -> None:
    script = 'gettext("{who} left", { who: pgettext("name", "You") }); ngettext("{count} day", "{count} days", 2); gettextNodes("See {a}", { a });'
    read = (await words_of(tmp_path, script)).texts
    assert list(read) == ["{who} left", "name\u0004You", "{count} day", "See {a}"]
    assert read["{count} day"].forms == ("{count} day", "{count} days")


async def test_a_text_that_is_made_when_the_page_runs_cannot_be_translated(words: PageWords, tmp_path: Path) -> None:
    assert (await words_of(tmp_path, "gettext(text); gettext(`a ${b}`);")).problems == [
        "script.js:1: gettext() takes its text as a plain literal",
    ] * 2


def test_a_table_keeps_what_is_translated_and_loses_what_is_said_no_more() -> None:
    texts = {key: Text(key, None, (), ()) for key in ("Open", "Close")}
    assert list(update_table({"Old": "Alt", "Close": "Schließen"}, texts).items()) == [
        ("Open", None),
        ("Close", "Schließen"),
    ]


def blanks_are_kept(english: Text, translation: str | list[str]) -> bool:
    """Whether what is filled in is the same; one form of several may write the number as a word."""
    wanted = blanks(*english.english)
    if isinstance(translation, str):
        return blanks(translation) == wanted
    return all(blanks(form) | {"count"} == wanted | {"count"} and blanks(form) <= wanted for form in translation)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_exactly_the_words_of_the_page(words: PageWords, language: str) -> None:
    table = read_table(language)
    assert [key for key in words.texts if table.get(key) is None] == [], f"python -m tests.static.page_words {language}"
    assert [key for key in table if key not in words.texts] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_fills_in_the_same_and_has_a_form_for_each_number(words: PageWords, language: str) -> None:
    for key, translation in read_table(language).items():
        if key not in words.texts or translation is None:
            continue
        text = words.texts[key]
        assert isinstance(translation, list) == (text.forms is not None), key
        if isinstance(translation, list):
            assert len(translation) == FORMS.get(language, 2), key
        assert blanks_are_kept(text, translation), (key, translation)
