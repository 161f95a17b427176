"""Every citation, link and path leads somewhere: code cites the documents by heading, and nothing that the repository does not hold."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.docs.documents import DOCS, ROOT, anchor_of, is_setting, list_files, list_headings, read_prose

DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.glob("*.md")])
CODE = {".py", ".js", ".mjs", ".cjs", ".yaml", ".toml", ".cfg", ".html", ".jinja", ".conf", ".service", ".c", ".css"}
MINE = Path(__file__)
CITATION = re.compile(r'docs/([\w-]+\.md)((?:(?:,| and) "[^"\n]+")*)')
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
PATH = re.compile(
    r"`((?:server|handlers|models|static|tests|benchmarks|deploy|docs)/[\w./-]*|(?:run|config|setup)\.\w+)`"
)
CLASS = re.compile(r"`((?:[A-Z][a-z]+){2,})`")
DRAWN = re.compile(r"participant \w+ as ((?:[A-Z][a-z]+){2,})$", re.MULTILINE)  # in a picture
SETTING = re.compile(
    r"`([a-z]+\.[a-z]+_[a-z_]+|(?:mongodb|redis)\.url|auth\.secret|http\.port|http\.host|nodes\.(?:port|host|url))`"
)
# What only readers of other documents can follow. The sections of an RFC are public: such a line names it.
OUTSIDE = re.compile(
    r"""
    \b(design|contracts?)('s)?,?\ (sections?\ )?\(?\d        # "design section 5", "contract 3.2"
    | \b(events|messaging)\ contract\b | \bcontract's\ (section|own|table|\d) | \bthe\ contract\ (lets|says|names|has|wants)
    | \bseed\ documents?\b | \b(of|beyond|by|in)\ the\ seed\b | \(seed,
    | \bAPI's\ (own\ )?document\b | \bthe\ document\ names\b
    | \b(style|house|design|contract|amigo-contract|windu-contract)\.md\b | \bhouse\ style\ \d
    | \bthe\ design\b | \(design\b
    """,
    re.VERBOSE | re.IGNORECASE,
)  # fmt: skip
WORDS = ("contract", "design", "seed", "document", "section", ".md", "house style")  # one of these is in each such line
SECTION = re.compile(r"\bsections?\ \d", re.IGNORECASE)


def list_code() -> list[Path]:
    return [path for path in list_files() if (path.suffix in CODE or path.parent.name == ".ci") and path != MINE]


def list_lines(paths: list[Path]) -> Iterator[tuple[str, str]]:
    """Yields (place, line) of each line of these files."""
    for path in paths:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            yield f"{path.relative_to(ROOT)}:{number}", line


@cache
def read_code() -> str:
    return "\n".join(path.read_text("utf-8") for path in list_code() if path.suffix == ".py")


def find_dangling(line: str) -> list[str]:
    """Returns what a line cites of the documents and what is not there."""
    missing: list[str] = []
    if "docs/" not in line:  # as nearly all lines, which the expression would slow down
        return missing
    for name, headings in CITATION.findall(line):
        document = DOCS / name
        if not document.is_file():
            missing.append(name)
        else:
            missing += [each for each in re.findall(r'"([^"]+)"', headings) if each not in list_headings(document)]
    return missing


def cites_outside(line: str) -> bool:
    """Returns whether a line cites a document that the repository does not hold."""
    lower = line.lower()
    if not any(word in lower for word in WORDS):  # as in nearly all lines, which the expressions below would slow down
        return False
    return OUTSIDE.search(line) is not None or (SECTION.search(line) is not None and "RFC" not in line)


def test_every_heading_that_is_cited_is_there() -> None:
    paths = [*list_code(), *DOCUMENTS]
    assert [f"{place}: {missing}" for place, line in list_lines(paths) if (missing := find_dangling(line))] == []


def test_nothing_is_cited_that_the_repository_does_not_hold() -> None:
    found = [f"{place}: {line.strip()}" for place, line in list_lines(list_code()) if cites_outside(line)]
    assert found == [], "\n" + "\n".join(found)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda each: each.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    dead = []
    for target in LINK.findall(read_prose(document)):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        file = (document.parent / name).resolve() if name else document
        if not file.exists() or (anchor and anchor not in map(anchor_of, list_headings(file))):
            dead.append(target)
    assert dead == []


@pytest.mark.parametrize(
    "document", [each for each in DOCUMENTS if each.name != "CHANGELOG.md"], ids=lambda each: each.name
)
def test_every_path_and_setting_in_a_document_is_there(document: Path) -> None:
    text = read_prose(document)
    assert [path for path in PATH.findall(text) if not (ROOT / path).exists()] == []
    assert [name for name in SETTING.findall(text) if not is_setting(name)] == []
    names = [*CLASS.findall(text), *DRAWN.findall(document.read_text("utf-8"))]
    assert [name for name in names if f"class {name}" not in read_code()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda each: each.name)
def test_a_heading_stands_once(document: Path) -> None:
    headings = [each for each in list_headings(document) if document.name != "CHANGELOG.md"]
    assert len(set(headings)) == len(headings)


@pytest.mark.parametrize(
    ("line", "missing"),
    [
        ('# see docs/architecture.md, "Journal"', []),
        ('"""Promise 6 (docs/architecture.md, "Promises", 6; docs/protocol.md, "Limits" and "Sessions")."""', []),
        ('# see docs/architecture.md, "No such heading"', ["No such heading"]),
        ('# see docs/protocol.md, "Limits" and "No such heading"', ["No such heading"]),
        ("# see docs/no-such.md", ["no-such.md"]),
    ],
)
def test_a_citation_that_dangles_is_found(line: str, missing: list[str]) -> None:
    assert find_dangling(line) == missing


@pytest.mark.parametrize(
    "line",
    [
        "# events contract, section 7",
        '"""Its times (messaging contract 1.3)."""',
        "# of each call (contract 16.7)",
        "(design section 5, promise 6)",
        '(seed document, "Poll")',
        "# Section 13.5: favourites",
        "# those of the messaging API's document",
        "# house style 3.2",
        "see design.md",
        "What the document names for its type",
    ],
)
def test_a_citation_of_another_document_is_found(line: str) -> None:
    assert cites_outside(line)


@pytest.mark.parametrize(
    "line",
    [
        "# RFC 6455, section 7.4",
        "# a dunder's contract is Python's",
        "random.Random(seed)",
        "# the section of the settings",
        'docs/architecture.md, "Journal"',
    ],
)
def test_other_lines_are_let_be(line: str) -> None:
    assert not cites_outside(line)
