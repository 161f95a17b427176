"""Requests about events: queries and bodies (docs/events-api.md, "Creating and changing")."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from handlers.wire.events.fields import (
    LINE,
    WORDS,
    Flag,
    Instant,
    Location,
    Phones,
    Zone,
    find_ids,
    find_instant,
    within,
)
from handlers.wire.events.nulls import ActingRequest
from handlers.wire.paging import PageQuery
from models.documents.event import (
    ADDRESS_MAX_CHARS,
    COMMENT_MAX_CHARS,
    DESCRIPTION_MAX_CHARS,
    EARLIEST,
    LIKES_MAX,
    MESSAGE_MAX_CHARS,
    RSVP_MAX_CHARS,
    SPOTS_MAX,
    TITLE_MAX_CHARS,
    VENUE_MAX_CHARS,
    EventFilter,
    TimeSuggestion,
)
from models.documents.phone import is_number
from models.documents.user import PER_PAGE, PER_PAGE_MAX
from models.errors import EventNotFound, FieldErrors
from models.services.events.lifecycle import EventEdit, EventPlan
from models.services.events.listing import Guests
from models.services.events.timeline import Place

_COUNT_MAX_DIGITS = 9
_ID_MAX_DIGITS = 18  # fits into 64 bits
_Places = Annotated[int, Field(ge=1, le=SPOTS_MAX), within(1, SPOTS_MAX)]
_Filled = Annotated[int, Field(ge=0, le=SPOTS_MAX), within(0, SPOTS_MAX)]
_YES, _NO = frozenset({"true", "y", "yes", "1", "ok"}), frozenset({"false", "n", "no", "0"})
# A field that is sent twice has the value that was sent last.
_Instant = Annotated[
    datetime | None,
    BeforeValidator(lambda value: find_instant(_last(value))),
    WithJsonSchema({"type": "string", "description": "Unix seconds, or a date and time of ISO 8601."}),
]
_Ids = Annotated[
    Sequence[int],
    BeforeValidator(lambda value: find_ids(_last(value))),
    WithJsonSchema({"type": "string", "description": "Ids, joined by |."}),
]


def _last(value: Any) -> Any:
    return value[-1] if isinstance(value, list) else value


def _word(value: Any) -> bool | None:
    word = str(_last(value)).strip().lower()
    return True if word in _YES else False if word in _NO else None


def _count(value: Any) -> int | None:
    text = str(_last(value)).strip()
    return int(text) if is_number(text) and len(text) <= _COUNT_MAX_DIGITS else None


def _per_page(value: Any) -> int:
    text = str(_last(value)).strip()
    number = int(text[:_ID_MAX_DIGITS]) if is_number(text) else 0
    return min(number or PER_PAGE, PER_PAGE_MAX)


class GuestsQuery(BaseModel):
    """The part of the invitees that an answer has; all of them without a limit. An unreadable value is ignored."""

    invitees_limit: Annotated[
        int | None,
        BeforeValidator(_count),
        WithJsonSchema({"type": "integer", "minimum": 0, "description": "0 leaves them out, for the shortest answer."}),
    ] = None
    invitees_offset: Annotated[
        int,
        BeforeValidator(lambda value: _count(value) or 0),
        WithJsonSchema({"type": "integer", "minimum": 0, "description": "How many are skipped, by full name."}),
    ] = 0

    @property
    def guests(self) -> Guests | None:
        return None if self.invitees_limit is None else Guests(self.invitees_limit, self.invitees_offset)


def read_guests(fields: Any) -> Guests | None:
    """Returns the part of the invitees that a query asks for; None for all."""
    return GuestsQuery.model_validate(fields).guests


class EventQuery(PageQuery, GuestsQuery):
    """The filters of a list of events. An unreadable value filters nothing."""

    event_after: _Instant = None
    event_before: _Instant = None
    i_am_owner: Annotated[bool | None, BeforeValidator(_word)] = None

    @property
    def wanted(self) -> EventFilter:
        return EventFilter(self.event_after, self.event_before, self.i_am_owner)


class TimelineQuery(GuestsQuery):
    """The timeline that is asked for, and the client's position in it: the date of the last event it got, and ids joined by `|`."""

    type: Annotated[Literal["sent", "received"], BeforeValidator(lambda value: str(_last(value)).strip().lower())]
    cursor: _Instant = None
    exclude_ids: _Ids = ()
    per_page: Annotated[int, Field(ge=1, le=PER_PAGE_MAX), BeforeValidator(_per_page)] = PER_PAGE

    @property
    def place(self) -> Place:
        return Place(self.cursor, self.exclude_ids)


class _Body(ActingRequest):
    model_config = ConfigDict(str_strip_whitespace=True, arbitrary_types_allowed=True)


class _DatedBody(_Body):
    utc_offset: Zone = None

    def _where_it_is(self, at: datetime) -> datetime:
        """Returns the instant with the offset that was sent beside it; an offset in the date itself wins."""
        return at if self.utc_offset is None or at.utcoffset() else at.astimezone(self.utc_offset)


class NewEvent(_DatedBody):
    """An event that is to be created."""

    title: Annotated[str, Field(min_length=1, max_length=TITLE_MAX_CHARS), LINE]
    event_date: Instant
    is_time_specified: Flag = True
    total_spots: _Places = 1
    invite_phone_numbers: Phones = Field(default_factory=list)
    location: Location = Field(default_factory=dict)
    address: Annotated[str, Field(max_length=ADDRESS_MAX_CHARS), WORDS] = ""
    venue_name: Annotated[str, Field(max_length=VENUE_MAX_CHARS), LINE] = ""
    description: Annotated[str, Field(max_length=DESCRIPTION_MAX_CHARS), WORDS] = ""

    @property
    def plan(self) -> EventPlan:
        return EventPlan(
            self.title,
            self._where_it_is(self.event_date),
            is_time_specified=self.is_time_specified,
            total_spots=self.total_spots,
            location=self.location,
            address=self.address,
            venue_name=self.venue_name,
            description=self.description,
            invited=self.invite_phone_numbers,
        )


def _without_defaults(schema: dict[str, Any]) -> None:
    """Removes defaults: a field that is not sent leaves the event as it is."""
    for each in schema["properties"].values():
        each.pop("default", None)


class ChangedEvent(_DatedBody):
    """Changes to an event; `utc_offset` is read together with the date.

    `spot_filled` and `spots_filled` name one field, which is sent by the first name and shown by the second.
    """

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    title: Annotated[str, Field(min_length=1, max_length=TITLE_MAX_CHARS), LINE] = ""
    event_date: Instant = EARLIEST
    is_time_specified: Flag = True
    total_spots: _Places = 1
    spot_filled: _Filled = 0
    spots_filled: _Filled = 0
    invite_phone_numbers: Phones = Field(default_factory=list)
    location: Location = Field(default_factory=dict)
    address: Annotated[str, Field(max_length=ADDRESS_MAX_CHARS), WORDS] = ""
    venue_name: Annotated[str, Field(max_length=VENUE_MAX_CHARS), LINE] = ""
    description: Annotated[str, Field(max_length=DESCRIPTION_MAX_CHARS), WORDS] = ""

    @property
    def edit(self) -> EventEdit:
        """Returns the fields that were sent, and no others."""
        given = {name: getattr(self, name) for name in self.model_fields_set - {"utc_offset"}}
        invited = given.pop("invite_phone_numbers", [])
        filled_as = "spot_filled" if "spot_filled" in given else "spots_filled"
        if "event_date" in given:
            given["date"] = self._where_it_is(given.pop("event_date"))
        if "spot_filled" in given:
            given["spots_filled"] = given.pop("spot_filled")
        return EventEdit(given, invited, filled_as)


class WholeEvent(ChangedEvent):
    """Changes to an event that must name every required field; the others stay as they are if they are not sent."""

    title: Annotated[str, Field(min_length=1, max_length=TITLE_MAX_CHARS), LINE]
    event_date: Instant


class Rsvp(_Body):
    """An answer to an invitation. An empty message counts as none."""

    rsvp_message: Annotated[str, Field(max_length=RSVP_MAX_CHARS), LINE] = ""

    @property
    def message(self) -> str | None:
        return self.rsvp_message or None


class NewMessage(_Body):
    body: Annotated[str, Field(min_length=1, max_length=MESSAGE_MAX_CHARS), WORDS]


class NewPoll(_Body):
    """A poll about another date, another place or both."""

    suggested_date: Instant | None = None
    suggested_venue: Annotated[str, Field(max_length=VENUE_MAX_CHARS), LINE] = ""

    def require_something(self) -> Self:
        """Requires a date if there is no place. Raises FieldErrors."""
        if self.suggested_date is None and not self.suggested_venue:
            raise FieldErrors({"suggested_date": ["This field is required."]})
        return self


class NewSuggestion(_Body):
    """A suggestion of another time (docs/events-api.md, "Time suggestions")."""

    suggested_time: Instant
    comment: Annotated[str, Field(max_length=COMMENT_MAX_CHARS), WORDS] = ""
    like_count: Annotated[int, Field(ge=0, le=LIKES_MAX), within(0, LIKES_MAX)] = 0
    is_set: Flag = False

    def suggestion(self, account_id: int) -> TimeSuggestion:
        return TimeSuggestion(account_id, self.suggested_time, self.comment, self.like_count, self.is_set)


def read_event_id(text: str) -> int:
    """Returns the id. Raises EventNotFound, with the sentence of an unknown event, for text that is no number."""
    if not is_number(text):
        raise EventNotFound("")
    if len(text) > _ID_MAX_DIGITS:
        raise EventNotFound
    return int(text)
