"""A phone number as a person writes it where a country is known: checked, and shown for them to compare (docs/rest.md, "Numbers").

The rules of `Phone` take any text, so that test numbers and new ranges work. What people type by hand is held to more.
"""

import re
from dataclasses import dataclass

import phonenumbers

from models.documents.phone import TEXT_MAX_CHARS, Phone, fold_digits, is_country
from models.errors import FieldErrors

_NUMBER = re.compile(r"(?:tel:)?(\+|00)?[0-9]{2,}", re.IGNORECASE | re.ASCII)
_NO_NUMBER = "This is no phone number. Write its digits, such as +49 30 901820."
_NO_CODE = "No country has this code."
_WRONG_LENGTH = "No number has so many digits."
_NO_COUNTRY = "Choose the country of this number, or begin it with + and the country code."


@dataclass(frozen=True, slots=True)
class WrittenNumber:
    """What was understood. `international` is for people to read; `country` is two letters, None for numbers of no country.

    `is_possible` is False for a number that is too long or too short for its country, `is_valid` also for one that its country has not
    given out, as far as is known.
    """

    phone: Phone
    international: str
    country: str | None
    is_possible: bool
    is_valid: bool


def read_written(text: str, country: str | None = None) -> WrittenNumber:
    """Read a number that begins with `+` or `00`, or is written as in `country`.

    Raises FieldErrors: of `phone_number` for a text that is no number; of `country` if it is needed and missing, or unknown.
    """
    digits = fold_digits(text) if len(text) <= TEXT_MAX_CHARS else ""
    written = _NUMBER.fullmatch(digits)
    if written is None:
        raise FieldErrors({"phone_number": [_NO_NUMBER]})
    if not written[1] and (country is None or not is_country(country)):
        raise FieldErrors({"country": [_NO_COUNTRY]})
    try:
        parsed = phonenumbers.parse("+" + Phone.from_digits(text).number if written[1] else digits, country)
    except phonenumbers.NumberParseException as error:
        is_country_wrong = error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE
        raise FieldErrors({"phone_number": [_NO_CODE if is_country_wrong else _WRONG_LENGTH]}) from None
    region = phonenumbers.region_code_for_number(parsed) or phonenumbers.region_code_for_country_code(
        parsed.country_code or 0
    )
    return WrittenNumber(
        Phone.from_digits(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)),
        phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL),
        region if region and is_country(region) else None,
        phonenumbers.is_possible_number(parsed),
        phonenumbers.is_valid_number(parsed),
    )
