"""Events: a date with places, the people who are invited, and their answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from datetime import date as Day  # noqa: N812 (events have a field `date`)
from typing import Any

from models.documents.phone import Phone

# The limits of docs/events-api.md, "Limits".
TITLE_MAX_CHARS = 200
VENUE_MAX_CHARS = 100
ADDRESS_MAX_CHARS = 1000
DESCRIPTION_MAX_CHARS = 4000
LOCATION_MAX_BYTES = 2048  # any JSON object is accepted, so its size needs a bound
LOCATION_MAX_DEPTH = 10  # the database nests at most 100 levels, and each of these takes three
SPOTS_MAX = 1_000_000
RSVP_MAX_CHARS = 60
MESSAGE_MAX_CHARS = 1000
COMMENT_MAX_CHARS = 500
INVITED_AT_ONCE_MAX = 1000  # numbers in one request
LIKES_MAX = 2**31 - 1
# Years of four digits, far from the ends of the calendar, so that adding hours stays inside it.
EARLIEST, LATEST = datetime(1000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
# An event is over this long after its date, with and without a time (docs/events-api.md, "Limits").
TIMED_LIVES = timedelta(hours=2)
UNTIMED_LIVES = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Invitation:
    """One number's invitation to one event. If its account is not registered yet, only the number is shown."""

    id: int
    account_id: int
    phone: Phone
    created_at: datetime
    answer: bool | None = None  # None: not answered
    message: str | None = None
    answered_at: datetime | None = None
    has_seen: bool = False


@dataclass(frozen=True, slots=True)
class PostedMessage:
    """A message of the events API. Its text is the entry `seq` of the event's chat once that is stored."""

    id: int
    account_id: int
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class Poll:
    """Another date or place that somebody suggests."""

    id: int
    account_id: int
    date: datetime  # with the offset from UTC that it was sent with
    venue: str = ""


@dataclass(frozen=True, slots=True)
class TimeSuggestion:
    account_id: int
    time: datetime  # with the offset from UTC that it was sent with
    comment: str = ""
    like_count: int = 0
    is_set: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """An event with everybody who is invited. It is one row, so every change of it is one atomic step."""

    id: int
    chat_id: int
    owner_id: int
    title: str
    # With the offset from UTC that its owner sent, which gives the local time there. In microseconds, unlike the other dates
    # here, since clients page by it.
    date: datetime
    created_at: datetime
    modified_at: datetime
    is_time_specified: bool = True
    total_spots: int = 1
    spots_filled: int = 0  # places taken by people without an invitation
    location: Mapping[str, Any] = field(default_factory=dict)
    address: str = ""
    venue_name: str = ""
    description: str = ""  # may have lines
    is_canceled: bool = False
    is_deleted: bool = False  # for everybody; the row is deleted once that is announced
    is_reminded: bool = False
    revision: int = 0  # grows with each change that a calendar shows (SEQUENCE of iCalendar)
    version: int = 0  # grows with every change: the higher of two states of an event is the newer
    spots_at_first: int = 1  # total_spots when it was created
    invitations: Sequence[Invitation] = ()
    messages: Sequence[PostedMessage] = ()
    polls: Sequence[Poll] = ()
    suggestions: Sequence[TimeSuggestion] = ()
    outbox: Sequence["OutboxItem"] = ()

    @property
    def day(self) -> Day:
        """Returns the day of an event without a time, where its owner is.

        Its date is midnight there (docs/events-api.md, "Creating and changing"). A date in UTC may be such a midnight in
        any zone, since programs convert dates and older rows hold no offset. Then the day is that of the nearest midnight
        in UTC, which is right for every zone less than twelve hours away.
        """
        if self.date.utcoffset():
            return self.date.date()
        return (self.date.astimezone(UTC) + timedelta(hours=12)).date()

    @property
    def attendees_count(self) -> int:
        return sum(invitation.answer is True for invitation in self.invitations)

    @property
    def spots_left(self) -> int:
        return self.total_spots - self.spots_filled - self.attendees_count

    @property
    def expires_at(self) -> datetime:
        return self.date + (TIMED_LIVES if self.is_time_specified else UNTIMED_LIVES)

    @property
    def account_ids(self) -> set[int]:
        """Returns the owner, the invited, and everybody who wrote a message."""
        return self.speaker_ids | {each.account_id for each in self.invitations}

    @property
    def speaker_ids(self) -> set[int]:
        """Returns the owner, and everybody who wrote a message."""
        return {self.owner_id} | {each.account_id for each in self.messages}

    @property
    def untold_words(self) -> dict[int, str]:
        """Returns the texts of messages that are not in the log yet, by message id."""
        return {item.what.message: item.what.body for item in self.outbox if isinstance(item.what, Posted)}

    @property
    def zone(self) -> str:
        """Returns the zone of its date as people write it: "UTC", "UTC-7", "UTC+5:30"."""
        offset = self.date.utcoffset() or timedelta()
        hours, minutes = divmod(abs(offset) // MINUTE, 60)
        if not offset:
            return "UTC"
        return f"UTC{'-' if offset < timedelta() else '+'}{hours}" + (f":{minutes:02}" if minutes else "")

    def is_over(self, now: datetime) -> bool:
        return self.expires_at <= now

    def find_invitation(self, account_id: int) -> Invitation | None:
        return next((each for each in self.invitations if each.account_id == account_id), None)

    def is_visible_to(self, account_id: int) -> bool:
        """Returns whether it exists for this account: its owner or an invited one (docs/events-api.md, "Visibility")."""
        return not self.is_deleted and (account_id == self.owner_id or self.find_invitation(account_id) is not None)


# --- The facts of an event's outbox. An item is stored in one step with the change that it describes, and removed once it is in
# the chat's log, on the sockets and in the queue of pushes: a crash in between only delays it.


@dataclass(frozen=True, slots=True)
class Invited:
    """These invitations are new."""

    invitations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    invitation: int
    answer: bool
    message: str | None


@dataclass(frozen=True, slots=True)
class Posted:
    """A message was posted. `body` is its text until that is in the log."""

    message: int
    body: str


@dataclass(frozen=True, slots=True)
class PollPosted:
    poll: int


@dataclass(frozen=True, slots=True)
class Edited:
    """These fields of `Event` changed."""

    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """An invited account was removed: the answer is gone, and the invitation waits for the next owner of the number."""

    invitation: int


@dataclass(frozen=True, slots=True)
class Canceled:
    pass


@dataclass(frozen=True, slots=True)
class Deleted:
    pass


@dataclass(frozen=True, slots=True)
class ReminderDue:
    pass


What = Invited | Answered | Withdrawn | Posted | PollPosted | Edited | Canceled | Deleted | ReminderDue


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """One fact of an event's outbox.

    Everything that is made of it carries its `id`, so repeating that creates nothing twice.

    `left_before` and `left` are the places left before and after the step; the store sets them if the step may change them.
    """

    id: str
    at: datetime
    by: int  # the account that did it
    what: What
    left_before: int | None = None
    left: int | None = None

    @property
    def took_place(self) -> bool:
        """Returns whether this answer took a place."""
        if not isinstance(self.what, Answered) or self.left_before is None or self.left is None:
            return False
        return self.left < self.left_before

    def waits_for(self, older: "OutboxItem") -> bool:
        """Returns whether an older item of the same event must be announced before this one."""
        match older.what, self.what:
            case Invited(), _:
                return True  # its guests must be in the chat before they act
            case (Answered(first) | Withdrawn(first), Answered(second) | Withdrawn(second)):
                return first == second
            case Edited(), Edited():
                return True
            case _:
                return False


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Selects events of an account: strictly after and before these dates, only its own (True) or only others' (False)."""

    after: datetime | None = None
    before: datetime | None = None
    is_owner: bool | None = None
