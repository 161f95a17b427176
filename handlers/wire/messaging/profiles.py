"""One's own profile on the messaging API (docs/messaging-api.md, "Profile")."""

from collections.abc import Mapping
from typing import Annotated, Literal, NotRequired, Self

from pydantic import ConfigDict, model_validator
from typing_extensions import TypedDict

from handlers.wire.fields import Fields, read_name
from handlers.wire.messaging.request import FieldReader, MessagingRequest, or_null, text
from models.documents.account import NICKNAME_MAX_CHARS, STATUS_MAX_CHARS, Privacy, Visibility
from models.errors import Malformed, UnknownLanguage
from models.languages.language import TAGS

_SWITCH = ("true", "false")
_RECEIPTS = (Visibility.NONE, Visibility.ALL)
PRIVACY_PARTS = ("status_message", "photo", "last_seen", "read_receipts")
STATUSES = ("online", "offline")


def _read_status_message(fields: Fields, name: str) -> str:
    status = read_name(fields, name, STATUS_MAX_CHARS)
    if status is None:
        raise Malformed(f"{name} is needed, and may not be empty.")
    return status


def _read_nickname(fields: Fields, name: str) -> str:
    """Returns the nickname, which is required and may be empty."""
    if name not in fields:
        raise Malformed(f"{name} is needed; it may be empty.")
    return find_nickname(fields, name)


def find_nickname(fields: Fields, name: str) -> str:
    return read_name(fields, name, NICKNAME_MAX_CHARS) or ""


def _read_language(fields: Fields, name: str) -> str:
    """Returns the language that was chosen, empty for none."""
    if name not in fields:
        raise Malformed(f"{name} is needed; null takes the choice back.")
    tag = fields[name]
    if tag is None:
        return ""
    if not isinstance(tag, str):
        raise UnknownLanguage
    return tag


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


def _read_receipts(fields: Fields, name: str) -> Visibility | None:
    value = fields.get(name)
    if value is None:
        return None
    if value not in _RECEIPTS:
        raise Malformed(f"{name} must be none or all.")
    return Visibility(value)


def _read_switch(fields: Fields, name: str) -> bool:
    value = fields.get(name)
    if isinstance(value, bool):
        return value
    if value not in _SWITCH:  # of a form
        raise Malformed(f"{name} must be true or false.")
    return bool(value == "true")


NICKNAME = or_null(text(NICKNAME_MAX_CHARS, "Shown in notifications.", "John Lennon"))


class StatusMessage(MessagingRequest):
    status_message: Annotated[
        str, FieldReader(_read_status_message, text(STATUS_MAX_CHARS, "", "😍😍😍😍") | {"minLength": 1})
    ]


class Nickname(MessagingRequest):
    nickname: Annotated[str, FieldReader(_read_nickname, NICKNAME)]


class LanguageChosen(MessagingRequest):
    """The language of texts to this account; null or empty for the one that its client asks for while it signs in."""

    language: Annotated[str, FieldReader(_read_language, or_null({"enum": ["", *TAGS]}))]


class ConnectedStatus(MessagingRequest):
    """Whether others see this account as online."""

    connected_status: Annotated[bool, FieldReader(_read_connected_status, {"enum": list(STATUSES)})]


class LinkPreviewsWanted(MessagingRequest):
    """Whether the server looks at the links that this account sends."""

    link_previews: Annotated[bool, FieldReader(_read_switch, {"type": "boolean"})]


VisibilityAsked = Annotated[
    Visibility | None, FieldReader(_read_visibility, or_null({"enum": [each.value for each in Visibility]}))
]


class PrivacyParts(MessagingRequest):
    """The parts to change, at least one; one wrong value refuses them all."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": [part]} for part in PRIVACY_PARTS]})

    status_message: VisibilityAsked = None
    photo: VisibilityAsked = None
    last_seen: VisibilityAsked = None
    read_receipts: Annotated[
        Visibility | None, FieldReader(_read_receipts, or_null({"enum": [each.value for each in _RECEIPTS]}))
    ] = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if not self.given:
            raise Malformed(f"Give at least one of {', '.join(PRIVACY_PARTS)}.")
        return self

    @property
    def given(self) -> dict[str, Visibility]:
        parts = {part: getattr(self, part) for part in PRIVACY_PARTS}
        return {part: who for part, who in parts.items() if who is not None}


class StatusMessageShown(TypedDict):
    status_message: str | None


class NicknameShown(TypedDict):
    nickname: str | None


class LanguageShown(TypedDict):
    """The language that was chosen; null if none was."""

    language: str | None


class ConnectedStatusShown(TypedDict):
    connected_status: Literal["online", "offline"]


class LinkPreviewsShown(TypedDict):
    """Whether the server looks at the links that this account sends; `available` is false where it looks at nobody's."""

    link_previews: bool
    available: bool


class PrivacyShown(TypedDict):
    """The audience of each part: nobody, contacts, or everybody. `read_receipts` has no contacts."""

    status_message: Visibility
    photo: Visibility
    last_seen: Visibility
    read_receipts: Visibility


class PrivacyChangeShown(TypedDict):
    """The parts that were given."""

    status_message: NotRequired[Visibility]
    photo: NotRequired[Visibility]
    last_seen: NotRequired[Visibility]
    read_receipts: NotRequired[Visibility]


def show_privacy(privacy: Privacy, read_receipts: Visibility) -> PrivacyShown:
    return {
        "status_message": privacy.status_message,
        "photo": privacy.photo,
        "last_seen": privacy.last_seen,
        "read_receipts": read_receipts,
    }


def show_privacy_change(parts: Mapping[str, Visibility]) -> PrivacyChangeShown:
    shown: PrivacyChangeShown = {}
    if "status_message" in parts:
        shown["status_message"] = parts["status_message"]
    if "photo" in parts:
        shown["photo"] = parts["photo"]
    if "last_seen" in parts:
        shown["last_seen"] = parts["last_seen"]
    if "read_receipts" in parts:
        shown["read_receipts"] = parts["read_receipts"]
    return shown


def show_status_message(status: str | None) -> StatusMessageShown:
    return {"status_message": status}


def show_nickname(nickname: str) -> NicknameShown:
    return {"nickname": nickname or None}


def show_language(tag: str | None) -> LanguageShown:
    return {"language": tag}


def show_connected_status(*, is_online: bool) -> ConnectedStatusShown:
    return {"connected_status": "online" if is_online else "offline"}
