"""Phone numbers: how they are shown, and which spellings are the same person."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import phonenumbers

from models.documents.plain_line import is_blank
from models.errors import Malformed

TEXT_MAX_CHARS = 128  # events contract 1.5: invalid numbers are kept as they are, up to this length
_WRITTEN_MAX_CHARS = 512  # more is not looked at: four times what the longest number has
_MINUS = "\u2212\u02d7\u2043\u30fc\u2053\u223c"  # stand for a hyphen and are none (Pd); Japanese keyboards give U+30FC
_POINTS = "\u00b7\u2022\u2027\u2219\u22c5\u30fb"  # stand for a full stop in the middle of the line
_SEPARATORS = "./()[]~"
_LEFT_OUT = "\t" + _SEPARATORS + _MINUS + _POINTS
_ASCII_LEFT_OUT = dict.fromkeys(map(ord, " \t-" + _SEPARATORS))
# By which rule identities are made of what people write. The rule of a country may change with the library's data.
RULE = f"1, phonenumbers {phonenumbers.__version__}"
_SCHEME = re.compile(r"\W*tel:", re.IGNORECASE)
# Of a `tel:` address (RFC 3966); those of one without `+` say where it is a number.
_PARAMETERS = re.compile(r"(\W*\+[^;]*);.*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Phone:
    """One phone number. `text` is E.164 when valid, else what was written; `number` is the identity.

    `number` is the digits of the international form alone (the messaging API's `contact_id`), so `+44 (0)7400 123777`,
    `0044 7400 123777` and `447400123777` are one person on both APIs. A text that is no number at all is its own identity: the
    events API never refuses one.
    """

    text: str
    number: str

    @property
    def dialled(self) -> str:
        """Where a code for this identity is sent: international form, whatever was written.

        Without the `+` a provider may read digits as a local number, which is somebody else.
        """
        return "+" + self.number if is_number(self.number) else self.text

    @property
    def reached(self) -> str:
        """The telephone that rings, by which messages to it are counted; texts without a digit reach none and are themselves.

        Of numbers that are not valid here, spellings are several people, and a provider or a network may know better: it may
        read `+49 (0)30 1` and `+49 30 1` alike.
        """
        try:
            parsed = phonenumbers.parse(
                self.dialled.replace("#", " ")
            )  # which would make an extension of what stands before
        except phonenumbers.NumberParseException:
            digits = "".join(each for each in _fold_digits(self.text) if is_number(each))
            return digits.lstrip("0") or self.text
        return f"{parsed.country_code}{parsed.national_number}"

    @property
    def country(self) -> str | None:
        """The country of a valid number, as two letters of ISO 3166; None for any other text."""
        if not is_number(self.number):
            return None
        valid = _find_valid(self.dialled)
        return None if valid is None else phonenumbers.region_code_for_number(phonenumbers.parse(valid))

    @classmethod
    def from_text(cls, text: str) -> "Phone":
        """Read what the events API was given; refuses only what is empty, over-long or unprintable (events contract 1.5)."""
        number = identity_of(text)
        shown = (_find_valid("+" + number) if is_number(number) else None) or _spell_out(text)
        if len(shown) > TEXT_MAX_CHARS:
            raise _unreadable()
        return cls(shown, number)

    @classmethod
    def from_digits(cls, text: str) -> "Phone":
        """Read what the messaging API was given: an international number, with or without `+` (messaging contract 1.2)."""
        number = digits_of(text)
        return cls(_find_valid("+" + number) or number, number)


def identity_of(text: str) -> str:
    """The identity of what `Phone.from_text` reads, without the price of parsing it; refuses the same."""
    if len(text) <= TEXT_MAX_CHARS and is_number(text.removeprefix("+")):  # as nearly everything is that programs send
        return _international(text.removeprefix("+"))
    text = text.strip()
    if len(text) > _WRITTEN_MAX_CHARS:
        raise _unreadable()
    written = _without_scheme(text) if ":" in text else text
    digits = _fold_digits(written).replace("+", "")
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
    """The identity of a text that is a number, without the price of parsing it; raises Malformed for anything else."""
    number = identity_of(text)
    if not is_number(number):
        raise Malformed("This is no phone number.")
    return number


def is_country(text: str) -> bool:
    """Whether numbers of this country can be told: two upper-case letters of ISO 3166."""
    return text in phonenumbers.SUPPORTED_REGIONS


def read_code(text: str) -> str:
    """Returns the digits of a one-time code or a PIN, whatever they are written with; a text that is none as it is."""
    folded = _fold_digits(text).replace("+", "") if len(text) <= _WRITTEN_MAX_CHARS else text
    return folded if is_number(folded) else text


def is_number(text: str) -> bool:
    """Whether a text is made of ASCII digits alone."""
    return text.isascii() and text.isdigit()


@lru_cache(maxsize=16_384)
def _international(digits: str) -> str:
    """The digits of an international number, without what people dial before it or inside it and a valid number has not.

    `00` in front of a country code is another `+`. What is dialled in front of a number inside its country, as the 0 of
    `+44 (0)7400`, is seldom there, and only then the number is parsed: that takes a hundred times as long as to look.
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
    """The length of the country code that these digits begin with (0: none), and what may be dialled behind it inside the country."""
    for length in range(1, len(start) + 1 if not start.startswith("0") else 1):
        code = int(start[:length])
        if code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            region = phonenumbers.region_code_for_country_code(code)
            metadata: Any = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, region)
            prefix = metadata.national_prefix_for_parsing
            return length, None if prefix is None else re.compile(prefix)
    return 0, None


def _parse(written: str) -> str | None:
    """The digits of a valid international number with more in it, as the extension of `+49 30 901820 ext. 7`; None for other texts.

    An extension rings behind the same telephone, and no code is sent to it. Other words are not read as the digits on whose
    keys their letters are: `+49 30 901820 Mum` would be somebody else.
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
    """The E.164 form of a valid international number; None for any other text."""
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


def _fold_digits(text: str) -> str:
    """Returns the text in its shortest spelling: digits of every script as ASCII, compatible characters as the plain ones.

    Spaces, tabs, dashes, points, slashes, brackets and invisible characters are left out. What has a value without being a
    decimal digit, such as a superscript or a circled number, stays as it is: it may be a mark and no part of the number.
    """
    return text.translate(_ASCII_LEFT_OUT) if text.isascii() else "".join(map(_fold, text))


def _spell_out(text: str) -> str:
    """Returns what is seen of a text, on one line: no invisible characters, and each run of white space as one space."""
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
