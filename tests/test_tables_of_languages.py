"""The words that the server writes for people: every one of them is in the table of every language, and nowhere else."""

import ast
import json
import re
from functools import cache
from pathlib import Path

import pytest

from models.documents.plain_line import quoted
from models.documents.sample_reply import FIRST
from models.documents.sms import as_sms, parts_of
from models.languages.language import PLURALS, TAGS, Language, negotiate
from server.config import Settings

ROOT = Path(__file__).parent.parent
LAYERS = ("server", "handlers", "models")
OTHERS = [tag for tag in TAGS if tag != "en"]
FORMS = {tag: len(PLURALS) if tag == "ar" else 2 for tag in OTHERS}
TEMPLATES = sorted((ROOT / "static" / "invitation").glob("*.jinja"))
# Where people who are no developers read what Python writes. Logs, refusals of the APIs and the command line are English.
WRITERS = [
    *(
        ROOT / "models/services/events" / name
        for name in ("alert_texts.py", "alerts.py", "demo.py", "invitation_texts.py")
    ),
    *(ROOT / "models/services/notifications" / name for name in ("contact_joined.py", "message_push.py")),
    *(ROOT / "models/services/accounts" / name for name in ("pins.py", "sign_in_alert.py")),
    *(ROOT / "handlers" / name for name in ("rest/events/invitation_pages.py", "wire/events/invitation_page.py")),
    ROOT / "handlers/wire/events/friendly_dates.py",
]
CALLS = {"gettext", "ngettext", "gettext_noop", "gettext_nodes"}
NO_WORDS_FOR_PEOPLE = {"debug", "info", "warning", "error", "exception", "compile", "RateLimited", "RuntimeError"}
BLANK = re.compile(r"\{\w+\}")


def called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


@cache
def texts_of_the_code() -> dict[str, str | None]:
    """English texts, each with the one for many of a number that decides."""
    found: dict[str, str | None] = {}
    for path in (path for layer in LAYERS for path in (ROOT / layer).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and called(node) in CALLS:
                first, *more = [each.value for each in node.args if isinstance(each, ast.Constant)] or [None]
                if first is not None:
                    found[first] = more[0] if called(node) == "ngettext" else None
    for path in TEMPLATES:
        for many, text, other in re.findall(r'\b(n?)gettext(?:_nodes)?\("([^"]*)"(?:, "([^"]*)")?', path.read_text()):
            found[text] = other if many else None
    kept = [text for texts in FIRST.values() for text in texts]
    return found | dict.fromkeys([*kept, *Settings().events.sms_templates])


def table_of(tag: str) -> dict[str, str | list[str]]:
    table: dict[str, str | list[str]] = json.loads((ROOT / "models" / "languages" / f"{tag}.json").read_text("utf-8"))
    return table


@pytest.mark.parametrize("tag", OTHERS)
def test_a_language_lacks_no_text_and_has_none_that_the_code_lacks(tag: str) -> None:
    texts = texts_of_the_code()
    assert len(texts) > 80
    assert sorted(texts.keys() - table_of(tag).keys()) == []
    assert sorted(table_of(tag).keys() - texts.keys()) == []


@pytest.mark.parametrize("tag", OTHERS)
def test_a_translation_has_the_blanks_of_its_text_and_a_form_for_every_number(tag: str) -> None:
    wrong = []
    for text, translation in table_of(tag).items():
        many = texts_of_the_code()[text]
        forms = [translation] if isinstance(translation, str) else translation
        if (len(forms) if many else isinstance(translation, str)) != (FORMS[tag] if many else True):
            wrong.append(f"forms of {text}")
        # A form of "one" may say the number in a word, and so may other forms of a language that has more of them.
        known = set(BLANK.findall(f"{text} {many or ''}"))
        for form in forms:
            blanks = set(BLANK.findall(form))
            if not (blanks <= known and known - blanks <= ({"{count}"} if many else set())) or not form.strip():
                wrong.append(f"blanks of {form}")
    assert wrong == []


def words_outside(path: Path) -> list[str]:
    """Texts of a module that have the look of a sentence and go through no table."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            child.parent = node  # type: ignore[attr-defined]

    def is_inside(node: ast.AST) -> bool:
        while (node := getattr(node, "parent", None)) is not None:  # type: ignore[assignment]
            if isinstance(node, ast.Call) and called(node) in CALLS | NO_WORDS_FOR_PEOPLE:
                return True
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                return True
            if isinstance(node, ast.Raise | ast.Assert):
                return True
        return False

    return [
        f"{path.name}: {node.value}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.search(r"[A-Za-z]{2,}[,:]? [A-Za-z]{2,}|\b[a-z]{2,}[.!?]", node.value)
        and not is_inside(node)
    ]


# Headers, types and templates of pages, keys of quotas and of the queue, the name of a task.
NO_SENTENCES = re.compile(
    r": (default-src|nosniff|noindex|camera=|inline;|text/|[a-z]+\.jinja|iPhone|http:|guesses |code guesses |not texted |message pushes)"
)


@pytest.mark.parametrize("path", WRITERS, ids=lambda path: path.stem)
def test_a_module_that_writes_for_people_has_no_words_outside_the_tables(path: Path) -> None:
    assert [each for each in words_outside(path) if not NO_SENTENCES.search(each)] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_page_has_no_words_outside_the_tables(path: Path) -> None:
    brands = {"App Store", "Google Play"}
    markup = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|<(script|style).*?</\1>", "", path.read_text(), flags=re.DOTALL)
    seen = re.sub(r"<[^>]*>", "\n", markup)
    spoken = re.findall(r'\b(?:alt|title|placeholder|aria-label)="([^"]*)"', markup)
    assert {text.strip() for text in [*seen.splitlines(), *spoken] if re.search(r"\w", text)} <= brands


@pytest.mark.parametrize("tag", TAGS)
def test_a_code_is_one_sms_and_an_invitation_is_short(tag: str) -> None:
    reader = Language(tag)
    holds, link = 70 if tag == "ar" else 160, "https://parley.example/invitation?token=" + "x" * 22
    code = reader.gettext("Hello! Your code is {code}. Or open {link}", code="1234", link="amigo://verify/1234")
    assert len(code) <= holds
    for template in Settings().events.sms_templates:
        name, title = ("Ann", "Tea") if tag != "ar" else ("ليلى حسن", "عشاء عند ليلى يوم الجمعة")
        sent = as_sms(
            reader.gettext(template, organizer=quoted(name, 30), event_title=quoted(title, 60), event_link=link)
        )
        assert parts_of(sent) == (1 if tag != "ar" else 2)
        if tag != "ar":
            assert as_sms(sent + "—").endswith("-"), "a letter of it would double what it costs"


@pytest.mark.parametrize("count", [1, 2, 3, 11, 100])
def test_an_arabic_number_has_its_form(count: int) -> None:
    forms = {1: "أنت وشخص آخر", 2: "أنت وشخصان آخران", 3: "أشخاص آخرين", 11: "شخصًا آخر", 100: "شخص آخر"}
    said = Language("ar").ngettext("You and {count} friend", "You and {count} friends", count)
    assert forms[count] in said


def test_a_name_in_latin_letters_is_set_apart_in_an_arabic_sentence_and_a_link_is_not() -> None:
    template = Settings().events.sms_templates[0]
    said = Language("ar").gettext(
        template, organizer="Ann {event_link}", event_title="Tea", event_link="https://a.example/"
    )
    assert said == "دعوة من \u2068Ann {event_link}\u2069: \u2068Tea\u2069. هل تأتي؟ https://a.example/"


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("en;q=0.1, ar-EG;q=0.7", "ar"),
        ("zh-TW, pt, FR-ca;q=0.001", "fr"),
        ("de;q=0, es", "es"),
        ("*", ""),
        ("", ""),
        (";;q=,,\x00 =;q", ""),
        ("de;q=2, es;q=nan, fr;q=1e400", ""),
        ("x" * 100_000, ""),
        ("de_DE, ../../etc/passwd, {{7*7}}", ""),
        ("," * 5000 + "de", ""),
    ],
)
def test_a_header_asks_for_a_language_and_one_that_cannot_be_read_for_none(header: str, tag: str) -> None:
    assert negotiate(header) == tag
