"""Profiles on the messaging API: one's own, and those of others (docs/messaging-api.md, "Profile", "Status messages")."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, NotRequired, Self

from pydantic import BaseModel, ConfigDict, PrivateAttr, model_validator
from typing_extensions import TypedDict, override

from handlers.wire.fields import Fields, read_name, read_numbers
from handlers.wire.messaging.request import NUMBERS, FieldReader, MessagingRequest, Number, as_given, or_null, text
from handlers.wire.times import Date, show_date
from models.documents.account import (
    NICKNAME_MAX_CHARS,
    STATUS_MAX_CHARS,
    Privacy,
    StatusChange,
    Visibility,
)
from models.documents.graphemes import cut
from models.documents.phone import is_number, read_code
from models.documents.pin import MESSAGING_DIGITS
from models.documents.plain_line import one_line
from models.errors import Malformed
from models.facts import VisiblePresence
from models.services.accounts.registration_pin import DIGITS_MAX, DIGITS_MIN

PRIVACY_PARTS = ("status_message", "photo", "last_seen")
STATUSES = ("online", "offline")


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


def _read_status_message(fields: Fields, name: str) -> str:
    status = read_name(fields, name, STATUS_MAX_CHARS)
    if status is None:
        raise Malformed(f"{name} is needed, and may not be empty.")
    return status


def _read_nickname(fields: Fields, name: str) -> str:
    """Returns the nickname, which is required and may be empty."""
    if name not in fields:
        raise Malformed(f"{name} is needed; it may be empty.")
    return _find_nickname(fields, name)


def _find_nickname(fields: Fields, name: str) -> str:
    return read_name(fields, name, NICKNAME_MAX_CHARS) or ""


def _read_connected_status(fields: Fields, name: str) -> bool:
    status = fields.get(name)
    if status not in STATUSES:
        raise Malformed(f"{name} must be online or offline.")
    return bool(status == "online")


def _read_visibility(fields: Fields, name: str) -> Visibility | None:
    value = fields.get(name)
    if value is None:
        return None
    if value not in tuple(Visibility):
        raise Malformed(f"{name} must be none, contacts or all.")
    return Visibility(value)


def _read_feedback(fields: Fields, name: str) -> str:
    """Returns free text, shortened to what fits into a line of the log."""
    feedback = fields.get(name)
    return cut(one_line(feedback), STATUS_MAX_CHARS) if isinstance(feedback, str) else ""


_NICKNAME = or_null(text(NICKNAME_MAX_CHARS, "Shown in notifications.", "John Lennon"))


class NewAccount(BaseModel):
    """A number that the login wants to own."""

    account: Number
    nickname: Annotated[str, FieldReader(_find_nickname, _NICKNAME)] = ""


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


class StatusMessage(MessagingRequest):
    status_message: Annotated[
        str, FieldReader(_read_status_message, text(STATUS_MAX_CHARS, "", "😍😍😍😍") | {"minLength": 1})
    ]


class Nickname(MessagingRequest):
    nickname: Annotated[str, FieldReader(_read_nickname, _NICKNAME)]


class ConnectedStatus(MessagingRequest):
    """Whether others see this account as online."""

    connected_status: Annotated[bool, FieldReader(_read_connected_status, {"enum": list(STATUSES)})]


VisibilityAsked = Annotated[
    Visibility | None, FieldReader(_read_visibility, or_null({"enum": [each.value for each in Visibility]}))
]


class PrivacyParts(MessagingRequest):
    """The parts to change, at least one; one wrong value refuses them all."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": [part]} for part in PRIVACY_PARTS]})

    status_message: VisibilityAsked = None
    photo: VisibilityAsked = None
    last_seen: VisibilityAsked = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if not self.given:
            raise Malformed(f"Give at least one of {', '.join(PRIVACY_PARTS)}.")
        return self

    @property
    def given(self) -> dict[str, Visibility]:
        parts = {part: getattr(self, part) for part in PRIVACY_PARTS}
        return {part: who for part, who in parts.items() if who is not None}


_MAY_BE_EMPTY = {**NUMBERS, "minItems": 0}


class BlockedNumbers(MessagingRequest):
    """The numbers to block from now on, under `numbers` or `contacts`; an empty list unblocks everybody."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["numbers"]}, {"required": ["contacts"]}]})

    numbers: Annotated[Any, FieldReader(as_given, _MAY_BE_EMPTY)] = None
    contacts: Annotated[Any, FieldReader(as_given, {**_MAY_BE_EMPTY, "deprecated": True})] = None
    _listed: list[str] = PrivateAttr(default_factory=list)

    @override
    def model_post_init(self, context: Any) -> None:
        name = "numbers" if self.numbers is not None or self.contacts is None else "contacts"
        value = getattr(self, name)
        self._listed = [] if value in ([], "[]") else read_numbers({name: value}, name)  # the second name in a form

    @property
    def listed(self) -> list[str]:
        return self._listed


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


class StatusMessageShown(TypedDict):
    status_message: str | None


class NicknameShown(TypedDict):
    nickname: str | None


class ConnectedStatusShown(TypedDict):
    connected_status: Literal["online", "offline"]


class PrivacyShown(TypedDict):
    """The audience of each part: nobody, contacts, or everybody."""

    status_message: Visibility
    photo: Visibility
    last_seen: Visibility


class PrivacyChangeShown(TypedDict):
    """The parts that were given."""

    status_message: NotRequired[Visibility]
    photo: NotRequired[Visibility]
    last_seen: NotRequired[Visibility]


class StatusShown(TypedDict):
    """A status message; null if there is none, or it is not shown to you."""

    contact_id: str
    status_message: str | None


class StatusesShown(TypedDict):
    statuses_messages: list[StatusShown]


class PastStatusShown(TypedDict):
    contact_id: str
    status_message: str
    updated: Date


class StatusHistoryShown(TypedDict):
    """Status messages, newest first."""

    values: list[PastStatusShown]


class PersonPresenceShown(TypedDict):
    """`deny`: it is not shown to you. Null: it was never learnt, since you were not online yourself."""

    contact_id: str
    connected_status: Literal["online", "offline", "deny"] | None
    last_seen: Date | None


class PresencesShown(TypedDict):
    connected_statuses: list[PersonPresenceShown]


class BlockShown(TypedDict):
    """The result; `text` if there was nothing to do."""

    text: NotRequired[Literal["already-blocked", "not-blocked"]]


class BlockedShown(TypedDict):
    """The blocked numbers, sorted."""

    numbers: list[str]


def show_privacy(privacy: Privacy) -> PrivacyShown:
    return {"status_message": privacy.status_message, "photo": privacy.photo, "last_seen": privacy.last_seen}


def show_privacy_change(parts: Mapping[str, Visibility]) -> PrivacyChangeShown:
    shown: PrivacyChangeShown = {}
    if "status_message" in parts:
        shown["status_message"] = parts["status_message"]
    if "photo" in parts:
        shown["photo"] = parts["photo"]
    if "last_seen" in parts:
        shown["last_seen"] = parts["last_seen"]
    return shown


def show_code_sent(channel: Literal["sms", "voice"]) -> CodeSentShown:
    return {"id": "code_request", "method": channel, "length": MESSAGING_DIGITS}


def show_proved(number: str) -> ProvedShown:
    return {"id": "code_register", "account": number, "login": number, "registered": True}


def show_removed(number: str) -> AccountRemovedShown:
    return {"removed_account": number}


def show_status_message(status: str | None) -> StatusMessageShown:
    return {"status_message": status}


def show_statuses(statuses: Iterable[tuple[str, str | None]]) -> StatusesShown:
    return {"statuses_messages": [{"contact_id": number, "status_message": status} for number, status in statuses]}


def show_status_history(number: str, changes: Iterable[StatusChange]) -> StatusHistoryShown:
    return {
        "values": [
            {"contact_id": number, "status_message": change.text, "updated": show_date(change.at)} for change in changes
        ]
    }


def show_presences(presences: Iterable[VisiblePresence]) -> PresencesShown:
    return {
        "connected_statuses": [
            {
                "contact_id": shown.number,
                "connected_status": shown.status,
                "last_seen": None if shown.last_seen is None else show_date(shown.last_seen),
            }
            for shown in presences
        ]
    }


def show_nickname(nickname: str) -> NicknameShown:
    return {"nickname": nickname or None}


def show_connected_status(*, is_online: bool) -> ConnectedStatusShown:
    return {"connected_status": "online" if is_online else "offline"}


def show_blocked(numbers: Iterable[str]) -> BlockedShown:
    return {"numbers": sorted(numbers)}


def show_block(*, is_new: bool) -> BlockShown:
    return {} if is_new else {"text": "already-blocked"}


def show_unblock(*, was_blocked: bool) -> BlockShown:
    return {} if was_blocked else {"text": "not-blocked"}
