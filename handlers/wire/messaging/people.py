"""What one sees of others on the messaging API, and blocks (docs/messaging-api.md, "Status messages")."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, PrivateAttr
from typing_extensions import TypedDict, override

from handlers.wire.fields import read_numbers
from handlers.wire.messaging.request import NUMBERS, FieldReader, MessagingRequest, as_given
from handlers.wire.times import Date, show_date
from models.documents.account import StatusChange
from models.facts import VisiblePresence

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


def show_blocked(numbers: Iterable[str]) -> BlockedShown:
    return {"numbers": sorted(numbers)}


def show_block(*, is_new: bool) -> BlockShown:
    return {} if is_new else {"text": "already-blocked"}


def show_unblock(*, was_blocked: bool) -> BlockShown:
    return {} if was_blocked else {"text": "not-blocked"}
