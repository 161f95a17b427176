"""Phone numbers: how they are shown, and which spellings are the same person."""

import re
import unicodedata
from dataclasses import dataclass

import phonenumbers

from models.errors import Malformed

TEXT_MAX_CHARS = 128  # events contract 1.5: invalid numbers are kept as they are, up to this length
_SEPARATORS = re.compile(r"[\s+.()\-]")  # messaging contract 1.2: what may stand between digits


@dataclass(frozen=True, slots=True)
class Phone:
    """One phone number. `text` is E.164 when valid, else what was written; `number` is the identity.

    `number` is the digits alone (the messaging API's `contact_id`), so `+49 30 1234`, `+49301234` and `49301234` are one
    person on both APIs. A text that is no number at all is its own identity: the events API never refuses one.
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

        Spellings that are several people here, as `+49 (0)30 901820`, `+49/30/901820` and `+4930901820` are, may reach one
        telephone: a provider, or a network, reads them alike.
        """
        if self.text == "+" + self.number and is_number(self.number):
            return self.number.lstrip("0")  # in international form, and cheap
        try:
            parsed = phonenumbers.parse(
                self.dialled.replace("#", " ")
            )  # which would make an extension of what stands before
        except phonenumbers.NumberParseException:
            digits = "".join(str(unicodedata.decimal(each)) for each in self.text if each.isdecimal())
            return digits.lstrip("0") or self.text
        return f"{parsed.country_code}{parsed.national_number}"

    @property
    def country(self) -> str | None:
        """The country of a valid number, as two letters of ISO 3166; None for any other text."""
        try:
            parsed = phonenumbers.parse(self.dialled)
        except phonenumbers.NumberParseException:
            return None
        return phonenumbers.region_code_for_number(parsed) if phonenumbers.is_valid_number(parsed) else None

    @classmethod
    def from_text(cls, text: str) -> "Phone":
        """Read what the events API was given; refuses only the empty and the over-long (events contract 1.5)."""
        identity = identity_of(text)
        text = text.strip()
        is_international = text.startswith("+") and is_number(identity)
        return cls((_e164("+" + identity) if is_international else None) or text, identity)

    @classmethod
    def from_digits(cls, text: str) -> "Phone":
        """Read what the messaging API was given: international digits with separators (messaging contract 1.2)."""
        digits = digits_of(text)
        return cls(_e164("+" + digits) or digits, digits)


def identity_of(text: str) -> str:
    """The identity of what `Phone.from_text` reads, without the price of parsing it; refuses the same."""
    text = text.strip()
    if not text:
        raise Malformed("A phone number is needed.")
    if len(text) > TEXT_MAX_CHARS or not text.isprintable():
        raise Malformed(f"A phone number has at most {TEXT_MAX_CHARS} printable characters.")
    digits = _SEPARATORS.sub("", text)
    return digits if is_number(digits) else text


def digits_of(text: str) -> str:
    """The identity of a number written with separators, without the price of parsing it; raises Malformed for anything else."""
    digits = _SEPARATORS.sub("", text)
    if not is_number(digits) or len(digits) > TEXT_MAX_CHARS:
        raise Malformed(f"A number is 1 to {TEXT_MAX_CHARS} digits.")
    return digits


def is_country(text: str) -> bool:
    """Whether numbers of this country can be told: two upper-case letters of ISO 3166."""
    return text in phonenumbers.SUPPORTED_REGIONS


def is_number(text: str) -> bool:
    """Whether a text is made of ASCII digits alone; other scripts' digits are not numbers here."""
    return text.isascii() and text.isdigit()


def _e164(text: str) -> str | None:
    try:
        parsed = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    formatted: str = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return formatted
