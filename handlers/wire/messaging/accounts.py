"""Accounts on the messaging API: codes, the registration PIN and removal (docs/messaging-api.md, "Accounts")."""

from typing import Annotated, Literal

from pydantic import BaseModel
from typing_extensions import TypedDict

from handlers.wire.fields import Fields
from handlers.wire.messaging.profiles import NICKNAME, find_nickname
from handlers.wire.messaging.request import FieldReader, MessagingRequest, Number, or_null
from models.documents.account import STATUS_MAX_CHARS
from models.documents.graphemes import cut
from models.documents.phone import is_number, read_code
from models.documents.pin import MESSAGING_DIGITS
from models.documents.plain_line import one_line
from models.errors import Malformed
from models.services.accounts.registration_pin import DIGITS_MAX, DIGITS_MIN


def _read_code(fields: Fields, name: str) -> str:
    """Returns the digits of a code, without anything between them. A code that begins with zeros must be sent as text."""
    code = fields.get(name)
    if isinstance(code, int) and not isinstance(code, bool):
        code = f"{code:0{MESSAGING_DIGITS}}"
    if not isinstance(code, str) or not code.strip():
        raise Malformed(f"{name} is needed.")
    digits = read_code(code)
    if not is_number(digits):
        raise Malformed(f"{name} must be digits.")
    return digits


def _find_registration_pin(fields: Fields, name: str) -> str:
    """Returns the registration PIN; empty if it is missing or null; of an integer, its digits."""
    pin = fields.get(name)
    if pin is None:
        return ""
    if isinstance(pin, int) and not isinstance(pin, bool):
        pin = str(pin)
    if not isinstance(pin, str):
        raise Malformed(f"{name} must be digits.")
    return read_code(pin.strip())[: DIGITS_MAX + 1]


def _read_registration_pin(fields: Fields, name: str) -> str:
    pin = _find_registration_pin(fields, name)
    if not (is_number(pin) and DIGITS_MIN <= len(pin) <= DIGITS_MAX):
        raise Malformed(f"{name} must be {DIGITS_MIN} to {DIGITS_MAX} digits.")
    return pin


REGISTRATION_PIN = {"type": "string", "pattern": f"^[0-9]{{{DIGITS_MIN},{DIGITS_MAX}}}$", "examples": ["271828"]}


def _read_feedback(fields: Fields, name: str) -> str:
    """Returns free text, shortened to what fits into a line of the log."""
    feedback = fields.get(name)
    return cut(one_line(feedback), STATUS_MAX_CHARS) if isinstance(feedback, str) else ""


class NewAccount(BaseModel):
    """A number that the login wants to own."""

    account: Number
    nickname: Annotated[str, FieldReader(find_nickname, NICKNAME)] = ""


class CodeProof(MessagingRequest):
    """The code that was sent to the account's number."""

    code: Annotated[
        str,
        FieldReader(
            _read_code,
            {
                "description": "Digits of any script; spaces, dashes, `/.()` and invisible characters between them are left out.",
                "anyOf": [
                    {"type": "string", "pattern": "^[0-9]+$", "maxLength": 128},
                    {"type": "integer", "minimum": 0},
                ],
                "examples": ["123456"],
            },
        ),
    ]
    registration_pin: Annotated[str, FieldReader(_find_registration_pin, or_null(REGISTRATION_PIN))] = ""


class RegistrationPinGiven(MessagingRequest):
    """The PIN that is required besides the code from now on."""

    registration_pin: Annotated[str, FieldReader(_read_registration_pin, REGISTRATION_PIN)]


class RegistrationPinShown(TypedDict):
    """Whether the account has a registration PIN."""

    registration_pin: bool


class RemoveAccountRequest(MessagingRequest):
    """The reason that somebody gives for removing an account."""

    feedback: Annotated[str, FieldReader(_read_feedback, {"type": "string", "examples": ["cool"]})] = ""


class CodeSentShown(TypedDict):
    """A code was sent; `length` is its number of digits."""

    id: Literal["code_request"]
    method: Literal["sms", "voice"]
    length: int


class ProvedShown(TypedDict):
    """The account is registered; `login` is its number again."""

    id: Literal["code_register"]
    account: str
    login: str
    registered: Literal[True]


class AccountRemovedShown(TypedDict):
    removed_account: str


def show_code_sent(channel: Literal["sms", "voice"]) -> CodeSentShown:
    return {"id": "code_request", "method": channel, "length": MESSAGING_DIGITS}


def show_proved(number: str) -> ProvedShown:
    return {"id": "code_register", "account": number, "login": number, "registered": True}


def show_removed(number: str) -> AccountRemovedShown:
    return {"removed_account": number}
