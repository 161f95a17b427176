"""Texts, plurals, dates and times in a language.

The words of the code are English, and stand in it as they are shown; each other language has a table of them beside this file,
`<language>.json`: {English: translation}, with a list of plural forms where a number decides. static/js/language.js does the same for the
words of the page.

    language.gettext("{who} invites you to {title}", who="Ada", title="Tea")      # "Ada lädt dich ein: Tea"
    language.ngettext("{count} place is left", "{count} places are left", 3)      # "3 Plätze sind frei"
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import Literal

from babel import Locale, negotiate_locale
from babel.dates import format_date, format_skeleton

from models.documents.plain_line import FIRST_STRONG_ISOLATE, POP_ISOLATE

ENGLISH = "en"
TAGS = (ENGLISH, "de", "es", "fr", "ar")  # as in static/js/language.js
PLURALS = ("zero", "one", "two", "few", "many", "other")  # the order of six forms; of two, the first one is "one"
ACCEPT_LANGUAGE_MAX_CHARS = 512  # browsers send a tenth of it
_BLANK = re.compile(r"\{(\w+)\}")
_TAG = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_WEIGHT = re.compile(r"q=(0(\.[0-9]{0,3})?|1(\.0{0,3})?)")
_Table = Mapping[str, str | Sequence[str]]


def gettext_noop(text: str) -> str:
    """Returns the text. It says that the text is one of the tables, where `gettext` gets it by a variable."""
    return text


@dataclass(frozen=True, slots=True)
class Language:
    """One of TAGS. `Language.of` takes whatever was stored or asked for."""

    tag: str

    @classmethod
    def of(cls, *tags: str) -> "Language":
        """Returns the first of these languages that is known, else English. An empty text stands for none."""
        return cls(next((tag for tag in tags if tag in TAGS), ENGLISH))

    @property
    def direction(self) -> Literal["ltr", "rtl"]:
        return "rtl" if self.is_right_to_left else "ltr"

    @property
    def is_right_to_left(self) -> bool:
        return self.tag == "ar"

    def gettext(self, text: str, /, **values: object) -> str:
        """Returns an English text in this language, with `values` in place of the names in braces."""
        found = _table(self.tag).get(text, text)
        return self._filled(found if isinstance(found, str) else text, values)

    def ngettext(self, one: str, many: str, count: int, /, **values: object) -> str:
        """Returns the form for a number of things; `{count}` in it is the number."""
        forms = _table(self.tag).get(one, (one, many))
        form = _locale(self.tag).plural_form(count)
        place = PLURALS.index(form) if len(forms) == len(PLURALS) else int(form != "one")
        return self._filled(forms[place], {"count": count, **values})

    def _filled(self, text: str, values: Mapping[str, object]) -> str:
        if not values:
            return text
        shown = {name: self.isolated(str(value)) for name, value in values.items()}
        return _BLANK.sub(lambda blank: shown.get(blank[1], blank[0]), text)

    def isolated(self, value: str) -> str:
        """Returns a value for use inside a sentence: set apart, where a name in Latin letters would turn the sentence around it.

        A link stays as it is: telephones would take the mark behind it for a part of the link.
        """
        if not self.is_right_to_left or value.startswith(FIRST_STRONG_ISOLATE) or "://" in value:
            return value
        return f"{FIRST_STRONG_ISOLATE}{value}{POP_ISOLATE}"

    def short_date(self, day: date) -> str:
        """Returns a day with its year: "05 Jan 2030", "5. Jan. 2030"."""
        if self.tag == ENGLISH:
            return format_date(day, "dd MMM y", self.tag)
        return format_skeleton("yMMMd", day, locale=self.tag)

    def full_date(self, day: date) -> str:
        """Returns a day in full: "Saturday, 19 March 2016", "Samstag, 19. März 2016"."""
        return format_date(day, "EEEE, d MMMM y" if self.tag == ENGLISH else "full", self.tag)

    def weekday(self, day: date) -> str:
        """Returns the name of a day, in English three letters of it: "Sat", "Samstag"."""
        return format_date(day, "EEE" if self.tag == ENGLISH else "EEEE", self.tag)

    def day(self, day: date) -> str:
        """Returns a day without its year: "Mar 19", "19. März"."""
        if self.tag == ENGLISH:
            return format_date(day, "MMM dd", self.tag)
        return format_skeleton("MMMMd", day, locale=self.tag)

    def clock(self, at: datetime) -> str:
        """Returns a time of 24 hours: "18:05"."""
        return f"{at:%H:%M}"

    def short_clock(self, at: datetime) -> str:
        """Returns a time as it stands in short dates: "06:05PM" in English, else "18:05"."""
        return f"{at:%I:%M%p}" if self.tag == ENGLISH else self.clock(at)


def negotiate(accept_language: str) -> str:
    """Returns the language that the header `Accept-Language` asks for (RFC 9110, section 12.5.4); an empty text if there is none.

    What cannot be read in it is skipped, and "any language" asks for none.
    """
    weighed = sorted(_weighed(accept_language[:ACCEPT_LANGUAGE_MAX_CHARS]), key=lambda each: -each[1])
    return negotiate_locale([tag for tag, weight in weighed if weight > 0], TAGS, sep="-") or ""


def _weighed(accept_language: str) -> Iterator[tuple[str, float]]:
    for part in accept_language.split(","):
        tag, *parameters = (each.strip() for each in part.split(";"))
        weights = [_WEIGHT.fullmatch(each.lower()) for each in parameters]
        if _TAG.fullmatch(tag) and all(weights):
            yield tag.lower(), min((float(weight[1]) for weight in weights if weight), default=1.0)


def load_languages() -> None:
    """Load all tables, plurals and names of days, which the first text in each language would otherwise wait for."""
    for tag in TAGS:
        reader, day = Language(tag), date(2030, 1, 1)
        _table(tag)
        _locale(tag).plural_form(1)
        for said in (reader.short_date, reader.full_date, reader.weekday, reader.day):
            said(day)


@cache
def _table(tag: str) -> _Table:
    if tag == ENGLISH:
        return {}
    table: _Table = json.loads(resources.files(__package__).joinpath(f"{tag}.json").read_text("utf-8"))
    return table


@cache
def _locale(tag: str) -> Locale:
    return Locale.parse(tag)
