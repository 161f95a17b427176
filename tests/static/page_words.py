"""`python -m tests.static.page_words de`: brings the page's table of German up to the words of its scripts.

Translations stay, new texts get null, and texts that no script says any more go. Without a language the texts are printed.
static/js/language.js says how scripts name their texts.
"""

import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.npm import install_packages

LANGUAGES = ("de", "es", "fr", "ar")  # besides English, which is the language of the scripts
FORMS = {"ar": 6}  # of a text that numbers decide: zero, one, two, few, many, other; elsewhere two: one, other
STATIC = Path(__file__).parents[2] / "static"
# The reference is in English, as the descriptions are that the server sends it; language.js says nothing itself.
_NOT_READ = ("curl.js", "reference.js", "schemas.js", "language.js")

Translation = str | list[str] | None


@dataclass(frozen=True)
class Text:
    """A text of the page, and all places where scripts say it."""

    key: str  # the English, behind its context if it has one
    forms: tuple[str, str] | None  # the English for one and for several
    values: tuple[
        frozenset[str] | None, ...
    ]  # per place: the names that are filled in, None where only running it tells
    places: tuple[str, ...]  # "js/views/composer.js:35"

    @property
    def english(self) -> tuple[str, ...]:
        return self.forms or (self.key.rpartition("\u0004")[2],)


@dataclass(frozen=True)
class PageWords:
    texts: Mapping[str, Text]  # by key, in the order in which the scripts have them
    strays: Mapping[str, list[str]]  # words outside the tables -> their places
    problems: list[str]  # what cannot be read


async def read_words(scripts: Iterable[Path] | None = None) -> PageWords:
    """Returns the words of these scripts, by default of all scripts of the page. Raises RuntimeError where npm or node fail."""
    packages = await install_packages(Path(__file__).parent)
    script = Path(__file__).with_suffix(".mjs")
    parser = packages / "acorn" / "dist" / "acorn.mjs"
    process = await asyncio.create_subprocess_exec(
        "node", script, parser, *(_scripts() if scripts is None else scripts), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError("the scripts could not be read")
    return _words_of(json.loads(output))


def read_table(language: str) -> dict[str, Translation]:
    return json.loads(_path(language).read_text("utf-8"))


def update_table(table: Mapping[str, Translation], texts: Mapping[str, Text]) -> dict[str, Translation]:
    """Returns the table for these texts: with their translations as they are, and null for what has none."""
    return {key: table.get(key) for key in texts}


def _scripts() -> list[Path]:
    scripts = [*sorted((STATIC / "js").rglob("*.js")), STATIC / "service_worker.js"]
    return [path for path in scripts if path.name not in _NOT_READ]


def _words_of(found: Mapping[str, Any]) -> PageWords:
    problems = [f"{_place(each)}: {each['problem']}" for each in found["problems"]]
    strays = defaultdict(list)
    for each in found["strays"]:
        strays[each["text"]].append(_place(each))
    said = defaultdict(list)
    for each in found["texts"]:
        said[each["key"]].append(each)
    texts = {}
    for key, places in said.items():
        forms = {each["forms"] and tuple(each["forms"]) for each in places}
        if len(forms) > 1:
            problems.append(f"{_place(places[0])}: {key!r} is said with and without a number, or with two plurals")
        values = tuple(None if each["values"] is None else frozenset(each["values"]) for each in places)
        texts[key] = Text(key, forms.pop(), values, tuple(_place(each) for each in places))
    return PageWords(texts, strays, problems)


def _place(found: Mapping[str, Any]) -> str:
    path = Path(found["file"])
    return f"{path.relative_to(STATIC) if path.is_relative_to(STATIC) else path.name}:{found['line']}"


def _path(language: str) -> Path:
    return STATIC / "languages" / f"{language}.json"


async def _main(languages: Iterable[str]) -> None:
    words = await read_words()
    if not languages:
        sys.stdout.write(
            "".join(f"{json.dumps(text.forms or key, ensure_ascii=False)}\n" for key, text in words.texts.items())
        )
    for language in languages:
        table = update_table(read_table(language), words.texts)
        _path(language).write_text(json.dumps(table, ensure_ascii=False, indent=1) + "\n", "utf-8")
        missing = sum(translation is None for translation in table.values())
        sys.stdout.write(f"{language}: {len(table)} texts, {missing} of them without a translation\n")


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1:]))
