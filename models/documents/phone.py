"""Phone numbers: how they are shown, and which spellings are one number (docs/rest.md, "Numbers")."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import phonenumbers

from models.documents.plain_line import is_blank
from models.errors import Malformed

TEXT_MAX_CHARS = 128  # of an invalid number, which the events API keeps as it is
_WRITTEN_MAX_CHARS = 512  # longer texts are refused unread; the longest number has a quarter of this
# Used as hyphens, but not of category Pd; Japanese keyboards give U+30FC.
_MINUS = "\u2212\u02d7\u2043\u30fc\u2053\u223c"
_POINTS = "\u00b7\u2022\u2027\u2219\u22c5\u30fb"  # used as full stops in the middle of the line
_SEPARATORS = "./()[]~"
_LEFT_OUT = "\t" + _SEPARATORS + _MINUS + _POINTS
_ASCII_LEFT_OUT = dict.fromkeys(map(ord, " \t-" + _SEPARATORS))
# The version of the rule that makes identities of texts. The library's data is part of it: it knows each country's rule.
RULE = f"1, phonenumbers {phonenumbers.__version__}"
_SCHEME = re.compile(r"\W*tel:", re.IGNORECASE)
# The parameters of a `tel:` address (RFC 3966). Those of one without `+` say in which region it is a number.
_PARAMETERS = re.compile(r"(\W*\+[^;]*);.*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone number. `text` is E.164 if the number is valid, else the text that was given; `number` is its identity.

    `number` is the digits of the international form (the `contact_id` of the messaging API), so `+44 (0)7400 123777`, `0044
    7400 123777` and `447400123777` are one number on both APIs. A text that is no number is its own identity: the events
    API refuses none.
    """

    text: str
    number: str

    @property
    def dialled(self) -> str:
        """Returns where a code is sent: the international form, however it was written.

        Without the `+` a provider may read the digits as a local number, which is somebody else's.
        """
        return "+" + self.number if is_number(self.number) else self.text

    @property
    def reached(self) -> str:
        """Returns the telephone that rings, by which messages to it are counted.

        A text without a digit reaches none, and is its own.

        Several spellings of an invalid number are different identities here, but a provider or network may reach one
        telephone by all of them: it may read `+49 (0)30 1` and `+49 30 1` alike.
        """
        try:
            # A `#` would make an extension of the digits before it.
            parsed = phonenumbers.parse(self.dialled.replace("#", " "))
        except phonenumbers.NumberParseException:
            digits = "".join(each for each in fold_digits(self.text) if is_number(each))
            return digits.lstrip("0") or self.text
        return f"{parsed.country_code}{parsed.national_number}"

    @property
    def country(self) -> str | None:
        """Returns the country of a valid number, as two letters of ISO 3166, and None for any other text."""
        if not is_number(self.number):
            return None
        valid = _find_valid(self.dialled)
        return None if valid is None else phonenumbers.region_code_for_number(phonenumbers.parse(valid))

    @classmethod
    def from_text(cls, text: str) -> "Phone":
        """Read a number of the events API. Raises Malformed only for empty, over-long and unprintable texts."""
        number = identity_of(text)
        shown = (_find_valid("+" + number) if is_number(number) else None) or _spell_out(text)
        if len(shown) > TEXT_MAX_CHARS:
            raise _unreadable()
        return cls(shown, number)

    @classmethod
    def from_digits(cls, text: str) -> "Phone":
        """Read a number of the messaging API: an international one, with or without `+`.

        Raises Malformed for any other text.
        """
        number = digits_of(text)
        return cls(_find_valid("+" + number) or number, number)


def identity_of(text: str) -> str:
    """Returns the `number` of `Phone.from_text` without parsing more than necessary.

    Raises Malformed for the texts that it refuses.
    """
    if len(text) <= TEXT_MAX_CHARS and is_number(text.removeprefix("+")):  # as nearly all that programs send
        return _international(text.removeprefix("+"))
    text = text.strip()
    if len(text) > _WRITTEN_MAX_CHARS:
        raise _unreadable()
    written = _without_scheme(text) if ":" in text else text
    digits = fold_digits(written).replace("+", "")
    if is_number(digits):
        if len(digits) > TEXT_MAX_CHARS:
            raise _unreadable()
        return _international(digits)
    shown = _spell_out(text)
    if not shown:
        raise Malformed("A phone number is needed.")
    if len(shown) > TEXT_MAX_CHARS or not shown.isprintable() or any(map(_is_control, text)):
        raise _unreadable()
    return _parse(_spell_out(written)) or shown


def digits_of(text: str) -> str:
    """Returns the identity of a text that is a number, without parsing more than necessary.

    Raises Malformed for any other text.
    """
    number = identity_of(text)
    if not is_number(number):
        raise Malformed("This is no phone number.")
    return number


def is_country(text: str) -> bool:
    """Returns whether numbers of this country are known. A country is two upper-case letters of ISO 3166."""
    return text in phonenumbers.SUPPORTED_REGIONS


def read_code(text: str) -> str:
    """Returns the digits of a code or PIN, written in any script and with separators. Returns any other text as it is."""
    folded = fold_digits(text).replace("+", "") if len(text) <= _WRITTEN_MAX_CHARS else text
    return folded if is_number(folded) else text


def is_number(text: str) -> bool:
    """Returns whether a text consists of ASCII digits."""
    return text.isascii() and text.isdigit()


@lru_cache(maxsize=16_384)
def _international(digits: str) -> str:
    """Returns the digits of an international number without dialling prefixes, which a valid number does not have.

    `00` before a country code means `+`. A prefix that is dialled inside the country, as the 0 of `+44 (0)7400`, is rare,
    and only numbers that may have one are parsed: that takes a hundred times as long as checking.
    """
    number = digits
    while number.startswith("00"):
        number = number[2:]
    length, prefix = _national_prefix(number[:3])
    if not length:
        return digits
    found = prefix.match(number, length) if prefix is not None else None
    if found is None or found.end() == length:
        return number
    valid = _find_valid("+" + number)
    return number if valid is None else valid[1:]


@lru_cache(maxsize=1024)
def _national_prefix(start: str) -> tuple[int, re.Pattern[str] | None]:
    """Returns the length of the country code that these digits begin with, and the pattern of prefixes dialled after it.

    The length is 0 if no country code fits.
    """
    for length in range(1, len(start) + 1 if not start.startswith("0") else 1):
        code = int(start[:length])
        if code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            region = phonenumbers.region_code_for_country_code(code)
            metadata: Any = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, region)
            prefix = metadata.national_prefix_for_parsing
            return length, None if prefix is None else re.compile(prefix)
    return 0, None


def _parse(written: str) -> str | None:
    """Returns the digits of a valid international number that has an extension, as `+49 30 901820 ext.

    7`; None for other texts.

    An extension belongs to the same telephone, and no code is sent to it. Other words are not read as the digits on the
    keys of their letters: `+49 30 901820 Mum` would be somebody else's number.
    """
    if not written.startswith(("+", "00")):
        return None
    try:
        parsed = phonenumbers.parse("+" + written.removeprefix("+").removeprefix("00"))
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed) or (not parsed.extension and any(map(str.isalpha, written))):
        return None
    return f"{parsed.country_code}{phonenumbers.national_significant_number(parsed)}"


@lru_cache(maxsize=16_384)
def _find_valid(text: str) -> str | None:
    """Returns the E.164 form of a valid international number, and None for any other text."""
    try:
        parsed = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    formatted: str = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return formatted


def _without_scheme(text: str) -> str:
    number, is_address = _SCHEME.subn("", text, count=1)
    return _PARAMETERS.sub(r"\1", number) if is_address else number


def fold_digits(text: str) -> str:
    """Returns the shortest spelling of a text: digits of every script as ASCII, compatible characters as the plain ones.

    Spaces, tabs, dashes, points, slashes, brackets and invisible characters are left out. Characters with a value that are
    no decimal digits, such as superscripts and circled numbers, stay: they may be a mark and no part of the number.
    """
    return text.translate(_ASCII_LEFT_OUT) if text.isascii() else "".join(map(_fold, text))


def _spell_out(text: str) -> str:
    """Returns the visible part of a text on one line: no invisible characters, and each run of white space as one space."""
    return text if text.isascii() and text.isalnum() else " ".join("".join(map(_show, text)).split())


@lru_cache(maxsize=4096)
def _fold(character: str) -> str:
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    if character.isnumeric():
        return character
    plain = unicodedata.normalize("NFKC", character)
    return "".join(each for each in plain if not _is_left_out(each))


def _is_left_out(character: str) -> bool:
    return character in _LEFT_OUT or unicodedata.category(character) in ("Zs", "Pd") or not _show(character)


@lru_cache(maxsize=4096)
def _show(character: str) -> str:
    is_space_or_control = character.isspace() or unicodedata.category(character) in ("Cc", "Cs")
    is_invisible = unicodedata.category(character) == "Cf" or (is_blank(character) and not is_space_or_control)
    return "" if is_invisible else character


def _is_control(character: str) -> bool:
    return character != "\t" and unicodedata.category(character) in ("Cc", "Zl", "Zp")  # a line break, say


def _unreadable() -> Malformed:
    return Malformed(f"A phone number has at most {TEXT_MAX_CHARS} printable characters.")
