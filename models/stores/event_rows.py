"""Rows of events: how an event with its invitations is stored and indexed, and read again.

Dates that clients page and compare by are stored as microseconds since 1970, since MongoDB's own dates have milliseconds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel

from models.documents.event import (
    Answered,
    Canceled,
    Deleted,
    Edited,
    Event,
    Invitation,
    Invited,
    OutboxItem,
    Poll,
    PollPosted,
    Posted,
    PostedMessage,
    ReminderDue,
    TimeSuggestion,
    What,
    Withdrawn,
)
from models.documents.phone import Phone
from models.documents.plain_line import one_line
from models.stores.database import Row
from models.stores.instants import from_microseconds, microseconds, offset_minutes

EVENTS = "events"
# Latest date first, then by title, then by id, so that no event is on two pages or on none.
LISTED = [("date", DESCENDING), ("title", ASCENDING), ("_id", DESCENDING)]
INDEXES = [
    # For lists and timelines of the events that an account owns, and of those it is invited to. They hold all that a count
    # asks, so that only the events of a page are read.
    IndexModel([("owner", ASCENDING), ("is_deleted", ASCENDING), *LISTED], name="owned_by_date"),
    IndexModel(
        [("invitations.account", ASCENDING), ("is_deleted", ASCENDING), *LISTED, ("owner", ASCENDING)],
        name="invited_to_by_date",
    ),
    # Finds whether an account is invited to an event of another, and all who invited it.
    IndexModel([("invitations.account", ASCENDING), ("is_deleted", ASCENDING), ("owner", ASCENDING)], name="inviters"),
    IndexModel([("chat", ASCENDING)], unique=True, name="chat"),
    # Finds events with facts to announce, and events to remind of. Both hold few rows for any number of events.
    IndexModel([("outbox.at", ASCENDING)], name="outbox", partialFilterExpression={"outbox.at": {"$exists": True}}),
    IndexModel([("date", ASCENDING)], name="reminders", partialFilterExpression={"is_reminded": False}),
]
_KINDS: Mapping[str, Callable[..., What]] = {
    "invited": Invited,
    "answered": Answered,
    "withdrawn": Withdrawn,
    "posted": Posted,
    "poll_posted": PollPosted,
    "edited": Edited,
    "canceled": Canceled,
    "deleted": Deleted,
    "reminder_due": ReminderDue,
}
_KIND_OF: Mapping[Any, str] = {kind: name for name, kind in _KINDS.items()}
# Fields of an event that are stored under their own name, unchanged.
_PLAIN = (
    "title",
    "created_at",
    "modified_at",
    "is_time_specified",
    "total_spots",
    "spots_filled",
    "address",
    "venue_name",
    "is_canceled",
    "is_deleted",
    "is_reminded",
    "revision",
    "version",
    "spots_at_first",
)
# Folded to one line when they are read, since earlier versions stored them as they came.
_LINES = (
    "title",
    "venue_name",
)


def event_row(event: Event) -> Row:
    return {
        "_id": event.id,
        "chat": event.chat_id,
        "owner": event.owner_id,
        "description": event.description,
        **{name: getattr(event, name) for name in _PLAIN},
        **date_fields(event),
        "location": location_row(event.location),
        "invitations": [invitation_row(each) for each in event.invitations],
        "messages": [asdict(each) for each in event.messages],
        "polls": [poll_row(each) for each in event.polls],
        "suggestions": [suggestion_row(each) for each in event.suggestions],
        "outbox": [item_row(each) for each in event.outbox],
    }


def date_fields(event: Event) -> Row:
    """Returns the fields for its date, its end, and the date's offset from UTC. Queries ask for ranges of the first two."""
    return {
        "date": microseconds(event.date),
        "offset": offset_minutes(event.date),
        "expires": microseconds(event.expires_at),
    }


def location_row(location: Mapping[str, Any]) -> list[list[Any]]:
    """Returns a JSON object of a client as pairs, so that the names in it do not become names of fields."""
    return [[name, _frozen(value)] for name, value in location.items()]


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return {"o": location_row(value)}
    return {"l": [_frozen(each) for each in value]} if isinstance(value, list) else value


def read_location(pairs: Sequence[Sequence[Any]]) -> dict[str, Any]:
    return {name: _thawed(value) for name, value in pairs}


def _thawed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return read_location(value["o"]) if "o" in value else [_thawed(each) for each in value["l"]]


def invitation_row(invitation: Invitation) -> Row:
    return {
        "id": invitation.id,
        "account": invitation.account_id,
        "number": invitation.phone.number,
        "phone": invitation.phone.text,
        "created_at": invitation.created_at,
        "answer": invitation.answer,
        "message": invitation.message,
        "answered_at": invitation.answered_at,
        "seen": invitation.has_seen,
    }


def poll_row(poll: Poll) -> Row:
    return asdict(poll) | _dated_row("date", poll.date)


def suggestion_row(suggestion: TimeSuggestion) -> Row:
    return asdict(suggestion) | _dated_row("time", suggestion.time)


def _dated_row(name: str, at: datetime) -> Row:
    """Returns the fields of a date, with its offset from UTC unless that is 0.

    Nodes of the version before can read rows without an offset.
    """
    minutes = offset_minutes(at)
    return {name: microseconds(at)} | ({"offset": minutes} if minutes else {})


def item_row(item: OutboxItem) -> Row:
    what = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(item.what).items()}
    return {"id": item.id, "at": item.at, "by": item.by, "kind": _KIND_OF[type(item.what)], "what": what}


def event_of(row: Mapping[str, Any]) -> Event:
    """Returns the event of a row."""
    return Event(
        id=row["_id"],
        chat_id=row["chat"],
        owner_id=row["owner"],
        date=from_microseconds(row["date"], row.get("offset")),
        location=read_location(row["location"]),
        invitations=tuple(_invitation(each) for each in row["invitations"]),
        messages=tuple(PostedMessage(**each) for each in row["messages"]),
        polls=tuple(_poll(each) for each in row["polls"]),
        suggestions=tuple(TimeSuggestion(**_dated(each, "time")) for each in row.get("suggestions", ())),
        outbox=tuple(_item(each) for each in row.get("outbox", ())),
        description=row.get("description", ""),  # older rows have none
        **{name: row[name] for name in _PLAIN} | {name: one_line(row[name]) for name in _LINES},
    )


def _dated(row: Mapping[str, Any], name: str) -> Row:
    """Returns the fields of a row with this date read. Its offset is a field beside it, which old rows lack."""
    fields = dict(row)
    return fields | {name: from_microseconds(row[name], fields.pop("offset", None))}


def _poll(row: Mapping[str, Any]) -> Poll:
    return Poll(**_dated(row, "date") | {"venue": one_line(row["venue"])})


def _invitation(row: Mapping[str, Any]) -> Invitation:
    return Invitation(
        row["id"],
        row["account"],
        Phone(row["phone"], row["number"]),
        row["created_at"],
        answer=row["answer"],
        message=one_line(row["message"] or "") or None,
        answered_at=row["answered_at"],
        has_seen=row["seen"],
    )


def _item(row: Mapping[str, Any]) -> OutboxItem:
    read = _KINDS[row["kind"]]
    what = {name: tuple(value) if isinstance(value, list) else value for name, value in row["what"].items()}
    return OutboxItem(row["id"], row["at"], row["by"], read(**what), row.get("left_before"), row.get("left"))
