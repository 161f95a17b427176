"""Events: something with a date and places, people who are invited to it, and what they answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from datetime import date as Day  # noqa: N812 (events have a field `date`)
from typing import Any

from models.documents.phone import Phone

TITLE_MAX_CHARS = 200  # seed document, "Create new event"; events contract 11
VENUE_MAX_CHARS = 100
ADDRESS_MAX_CHARS = 1000
LOCATION_MAX_BYTES = 2048  # any JSON object is accepted, so its size is what bounds it
LOCATION_MAX_DEPTH = 10  # the database nests no deeper than 100 levels, and needs three for each of these
SPOTS_MAX = 1_000_000
RSVP_MAX_CHARS = 60
MESSAGE_MAX_CHARS = 1000
COMMENT_MAX_CHARS = 500
INVITED_AT_ONCE_MAX = 1000  # numbers in one request
LIKES_MAX = 2**31 - 1
# Dates of four digits, far from the ends of the calendar: some hours before and behind one there are dates, too.
EARLIEST, LATEST = datetime(1000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
# An event is over for its timeline and statistics so long after its date (events contract 12).
TIMED_LIVES = timedelta(hours=2)
UNTIMED_LIVES = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Invitation:
    """One number at one event. The account may not be registered yet: then only its number is shown."""

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
    """A message by the events API. Its words are an entry of the event's chat, at `seq` as soon as that is stored."""

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
    """An event with everybody who is invited. One row holds all of it, so every change of it is one atomic step."""

    id: int
    chat_id: int
    owner_id: int
    title: str
    # With the offset from UTC that its owner sent, which says what the clocks show there; and in microseconds, unlike every
    # other date here: clients page by it.
    date: datetime
    created_at: datetime
    modified_at: datetime
    is_time_specified: bool = True
    total_spots: int = 1
    spots_filled: int = 0  # places taken by people who have no invitation
    location: Mapping[str, Any] = field(default_factory=dict)
    address: str = ""
    venue_name: str = ""
    is_canceled: bool = False
    is_deleted: bool = False  # gone for everybody; the row goes when that is told
    is_reminded: bool = False
    revision: int = 0  # grows with every change of what a calendar shows (iCalendar's SEQUENCE)
    version: int = 0  # grows with every change at all: of two states of an event, the higher one is the newer
    spots_at_first: int = 1  # as many as it was created with
    invitations: Sequence[Invitation] = ()
    messages: Sequence[PostedMessage] = ()
    polls: Sequence[Poll] = ()
    suggestions: Sequence[TimeSuggestion] = ()
    outbox: Sequence["OutboxItem"] = ()

    @property
    def day(self) -> Day:
        """Returns the day that an event without a time is on, where its owner is.

        Its date is midnight there (seed document, "Create new event"). A date in UTC may be such a midnight of any zone:
        programs convert it, and older rows hold no offset. Then the day is that of the nearest midnight in UTC, which is
        right for every zone less than twelve hours away.
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
        """Everybody who has to do with it."""
        return self.speaker_ids | {each.account_id for each in self.invitations}

    @property
    def speaker_ids(self) -> set[int]:
        """The owner, and whoever wrote a message."""
        return {self.owner_id} | {each.account_id for each in self.messages}

    @property
    def untold_words(self) -> dict[int, str]:
        """The words of messages that are not in the log yet, by the messages' ids."""
        return {item.what.message: item.what.body for item in self.outbox if isinstance(item.what, Posted)}

    @property
    def zone(self) -> str:
        """Returns the zone of its date, as people read it: "UTC", "UTC-7", "UTC+5:30"."""
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
        """Whether it exists for this account: its owner and who is invited (events contract 6.0)."""
        return not self.is_deleted and (account_id == self.owner_id or self.find_invitation(account_id) is not None)


# --- What happened to an event and is not told everywhere yet. An item is stored in the very step that it tells of, and
# removed when it is in the chat's log, on the sockets and in the queue of pushes: a crash in between delays it, no more.


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
    """A message, with its words until they are in the log."""

    message: int
    body: str


@dataclass(frozen=True, slots=True)
class PollPosted:
    poll: int


@dataclass(frozen=True, slots=True)
class Edited:
    """These fields differ from before: names of `Event`'s fields."""

    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Who was invited has removed the account: the answer is gone, the invitation waits for whoever has the number next."""

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
    """`id` names it for ever: whatever is made of it carries it, so that doing it again makes nothing twice.

    `left_before` and `left` are the places left before the step and after it, set by the store where a step may change them.
    """

    id: str
    at: datetime
    by: int  # the account that did it
    what: What
    left_before: int | None = None
    left: int | None = None

    @property
    def took_place(self) -> bool:
        """Whether somebody came who had not been coming."""
        if not isinstance(self.what, Answered) or self.left_before is None or self.left is None:
            return False
        return self.left < self.left_before

    def waits_for(self, older: "OutboxItem") -> bool:
        """Whether an older item of the same event is to be told before this one: what is told of one thing is told in order."""
        match older.what, self.what:
            case Invited(), _:
                return True  # whoever does something is in the chat first
            case (Answered(first) | Withdrawn(first), Answered(second) | Withdrawn(second)):
                return first == second
            case Edited(), Edited():
                return True
            case _:
                return False


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which of somebody's events: strictly after, strictly before, only one's own (True) or only others' (False)."""

    after: datetime | None = None
    before: datetime | None = None
    is_owner: bool | None = None
