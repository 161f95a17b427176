"""Requests to sign in, and how sessions are shown (docs/events-api.md, "Signing in")."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, field_validator
from typing_extensions import TypedDict

from handlers.wire.events.fields import LINE
from handlers.wire.events.nulls import ActingRequest, Nullable
from handlers.wire.fields import Fields
from handlers.wire.messaging.request import FieldReader
from handlers.wire.times import Time, show_time
from models.documents.account import EMAIL_MAX_CHARS, NAME_MAX_CHARS, NAME_MIN_CHARS, is_email
from models.documents.phone import TEXT_MAX_CHARS, Phone, read_code
from models.documents.pin import EVENTS_DIGITS
from models.documents.session import Session
from models.documents.written_number import WrittenNumber
from models.errors import Malformed
from models.services.accounts.registration_pin import DIGITS_MAX, DIGITS_MIN


def _pin_text(value: Any) -> Any:
    """Returns the code as text; integers are accepted, though a code that begins with zeros cannot be sent as one."""
    return f"{value:0{EVENTS_DIGITS}}" if type(value) is int else _code(value)


def _code(value: Any) -> Any:
    return read_code(value) if isinstance(value, str) else value


Code = BeforeValidator(_code)


def _read_phone(fields: Fields, name: str) -> Phone:
    """Returns the number to send a code to. Refuses only a missing number and what is no text."""
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Malformed(f"{name} is not provided.")
    return Phone.from_text(value)


PHONE = {
    "description": "International form, however it is written. One that is no valid number is taken as it is.",
    "type": "string",
    "minLength": 1,
    "maxLength": TEXT_MAX_CHARS,
    "examples": ["+4930901820"],
}


class PinAsked(BaseModel):
    """The number to send a code to."""

    phone_number: Annotated[Phone, FieldReader(_read_phone, PHONE)]


class NumberWritten(Nullable):
    """A number as a person writes it, and the country that it is written in: two letters of ISO 3166."""

    phone_number: Annotated[str, Field(min_length=1, max_length=TEXT_MAX_CHARS, examples=["030 901820"])]
    country: Annotated[str | None, Field(pattern="^[A-Z]{2}$", examples=["DE"])] = None


class NumberShown(TypedDict):
    """A number as it was understood.

    `phone_number` is what other requests take, `international` what people read. `is_possible` is false for a number that is too long or
    too short for its country, `is_valid` also for one that is not known to be given out; it may work all the same.
    """

    phone_number: str
    international: str
    country: str | None
    is_possible: bool
    is_valid: bool


def show_number(number: WrittenNumber) -> NumberShown:
    return {
        "phone_number": number.phone.dialled,
        "international": number.international,
        "country": number.country,
        "is_possible": number.is_possible,
        "is_valid": number.is_valid,
    }


class Proof(Nullable):
    """A number and the code that was sent to it."""

    model_config = ConfigDict(str_strip_whitespace=True, arbitrary_types_allowed=True)

    phone_number: Annotated[str, Field(min_length=1), WithJsonSchema(PHONE)]
    pin: Annotated[str, Field(min_length=1, max_length=EVENTS_DIGITS, examples=["1234"]), BeforeValidator(_pin_text)]
    registration_pin: Annotated[str, Field(max_length=DIGITS_MAX, examples=["271828"]), Code] = ""

    @field_validator("phone_number")
    @classmethod
    def _is_readable(cls, text: str) -> str:
        try:
            Phone.from_text(text)
        except Malformed as refusal:
            raise ValueError(refusal.message) from None
        return text

    @property
    def phone(self) -> Phone:
        return Phone.from_text(self.phone_number)


class RegistrationPinSet(ActingRequest):
    """The registration PIN that is required besides the code from now on: 6 to 32 digits."""

    registration_pin: Annotated[
        str, Field(min_length=DIGITS_MIN, max_length=DIGITS_MAX, pattern="^[0-9]+$", examples=["271828"]), Code
    ]


class RegistrationPinStateShown(TypedDict):
    """Whether a registration PIN is required."""

    is_set: bool


class Profile(ActingRequest):
    """The profile of an account's owner (docs/events-api.md, "Registration")."""

    model_config = ConfigDict(str_strip_whitespace=True)

    full_name: Annotated[str, Field(max_length=NAME_MAX_CHARS), LINE]
    email: Annotated[str, Field(min_length=1, max_length=EMAIL_MAX_CHARS)]

    @field_validator("full_name")
    @classmethod
    def _is_long_enough(cls, text: str) -> str:
        if not text:
            raise ValueError("This field may not be blank.")
        if len(text) < NAME_MIN_CHARS:
            raise ValueError(f"Ensure this field has at least {NAME_MIN_CHARS} characters.")
        return text

    @field_validator("email")
    @classmethod
    def _is_an_address(cls, text: str) -> str:
        if not is_email(text):
            raise ValueError("Enter a valid email address.")
        return text


class SessionShown(TypedDict):
    """A session. `device` is the user agent that signed in; `current` marks the session of this request."""

    id: str
    device: str
    created: Time
    last_used: Time
    current: bool


class SessionsShown(TypedDict):
    sessions: list[SessionShown]


def show_session(session: Session, *, current_id: str) -> SessionShown:
    return {
        "id": session.id,
        "device": session.device,
        "created": show_time(session.created_at),
        "last_used": show_time(session.last_used_at),
        "current": session.id == current_id,
    }


def show_sessions(sessions: Iterable[Session], *, current_id: str) -> SessionsShown:
    return {"sessions": [show_session(each, current_id=current_id) for each in sessions]}
