"""Entries: the rows of a chat's log. Everything that happens in a chat is one, numbered 1, 2, 3, … without a gap.

So a client catches up with all of it by one cursor per chat. The stored `_id` is `chat id << 32 | seq`
(docs/architecture.md, "Log").
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from models.documents.chat import Role
from models.documents.photo import Photo

SEQ_BITS = 32
SEQ_MAX = (1 << SEQ_BITS) - 1
# Characters in one answer to a client: at most 2 MB of UTF-8, since common clients refuse frames above 4 MB.
ANSWER_MAX_CHARS = 500_000
MESSAGE_TYPES = frozenset("tilsavc")  # text, image, location, voice, audio, video, card (vCard)


@dataclass(frozen=True, slots=True)
class Message:
    """A message. `type` is one letter of `MESSAGE_TYPES`; `reply_to` is a seq of the same chat."""

    type: str = "t"
    text: str | None = None
    url: str | None = None
    hash: str | None = None
    mime_type: str | None = None
    caption: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    vcard: str | None = None
    name: str | None = None
    reply_to: int | None = None

    @property
    def words(self) -> str | None:
        """Returns the part that an edit changes: the text of a text message, or else the caption."""
        return self.text if self.type == "t" else self.caption

    def with_words(self, words: str | None) -> "Message":
        return replace(self, text=words) if self.type == "t" else replace(self, caption=words)


@dataclass(frozen=True, slots=True)
class Edit:
    """The text of message `of` is now `text`."""

    of: int
    text: str


@dataclass(frozen=True, slots=True)
class Deletion:
    """Message `of` is gone for everybody."""

    of: int


@dataclass(frozen=True, slots=True)
class Reaction:
    """The sender's reaction to message `of` is now `emoji`; None takes it back."""

    of: int
    emoji: str | None


@dataclass(frozen=True, slots=True)
class Joined:
    """These accounts are members from this entry on, those in `admins` as admins (the creator of a group)."""

    accounts: tuple[int, ...]
    numbers: tuple[str, ...]
    admins: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Left:
    """This account is no member after this entry: it left, if it is the sender, or was removed."""

    account: int
    number: str


@dataclass(frozen=True, slots=True)
class RoleSet:
    """This account has this role from now on."""

    account: int
    number: str
    role: Role


@dataclass(frozen=True, slots=True)
class SubjectSet:
    subject: str


@dataclass(frozen=True, slots=True)
class PhotoSet:
    """The chat has this photo from now on, or none."""

    photo: Photo | None


@dataclass(frozen=True, slots=True)
class RsvpSet:
    """The sender's answer to an invitation to the chat's event."""

    invitation: int
    answer: bool
    message: str | None = None


@dataclass(frozen=True, slots=True)
class PollAdded:
    """The sender suggests another date or place for the chat's event.

    `date` is in UTC. If the event has no time, it keeps the offset from UTC that it was sent with, which determines its
    day.
    """

    poll: int
    date: datetime
    venue: str = ""


@dataclass(frozen=True, slots=True)
class EventSet:
    """These fields of the chat's event (models/documents/event.py) changed."""

    fields: tuple[str, ...]


Body = (
    Message
    | Edit
    | Deletion
    | Reaction
    | Joined
    | Left
    | RoleSet
    | SubjectSet
    | PhotoSet
    | RsvpSet
    | PollAdded
    | EventSet
)
MessageChange = Edit | Deletion | Reaction
ChatChange = Joined | Left | RoleSet | SubjectSet | PhotoSet
# Facts about a chat's event. Its own row holds its state, so such an entry changes nothing.
EventFact = RsvpSet | PollAdded | EventSet


class Kind(StrEnum):
    """The name of each body in the store and on the wire."""

    MESSAGE = "message"
    EDIT = "edit"
    DELETION = "deletion"
    REACTION = "reaction"
    JOINED = "joined"
    LEFT = "left"
    ROLE = "role"
    SUBJECT = "subject"
    PHOTO = "photo"
    RSVP = "rsvp"
    POLL = "poll"
    EVENT = "event"


KIND_OF: Mapping[type, Kind] = {
    Message: Kind.MESSAGE,
    Edit: Kind.EDIT,
    Deletion: Kind.DELETION,
    Reaction: Kind.REACTION,
    Joined: Kind.JOINED,
    Left: Kind.LEFT,
    RoleSet: Kind.ROLE,
    SubjectSet: Kind.SUBJECT,
    PhotoSet: Kind.PHOTO,
    RsvpSet: Kind.RSVP,
    PollAdded: Kind.POLL,
    EventSet: Kind.EVENT,
}


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry before it has a number. One (chat, sender, client_id) is stored only once, for ever."""

    chat_id: int
    sender_id: int
    number: str  # the sender's, stored in the row so that reading a page needs no accounts
    client_id: str
    body: Body
    hidden_from: tuple[int, ...] = ()  # accounts that blocked the sender when it was sent


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored entry; a message includes the changes that were applied to it."""

    chat_id: int
    seq: int
    sender_id: int
    number: str
    client_id: str
    at: datetime
    body: Body
    hidden_from: tuple[int, ...] = ()
    edited_at: datetime | None = None
    edit_seq: int = 0  # the edit whose text this is; 0 for the first text
    is_deleted: bool = False
    first_text: str | None = None  # the text of an edited message before its first edit
    reactions: Mapping[int, str] = field(default_factory=dict)  # account id -> emoji
    # Account id -> the entry by which it last set or took back its reaction.
    reaction_seqs: Mapping[int, int] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        return KIND_OF[type(self.body)]

    @property
    def chars(self) -> int:
        """Returns about how many characters the entry has on the wire."""
        texts = (getattr(self.body, name, None) for name in ("text", "url", "caption", "vcard"))
        return 300 + sum(len(text) for text in texts if text is not None)

    @property
    def public_id(self) -> str:
        """Returns the id that REST shows, 22 upper-case hex digits (docs/messaging-api.md, "Identifiers").

        Sender and recipient see the same id.
        """
        return show_key(entry_key(self.chat_id, self.seq))


@dataclass(frozen=True, slots=True)
class Stored:
    """An acknowledged entry. `is_new` is False when the same (chat, sender, client id) was stored before."""

    entry: Entry
    is_new: bool


def show_key(key: int) -> str:
    """Returns the `_id` of an entry as REST writes it, in hex.

    It is unique, and the entry is found by it, without an index.
    """
    return f"{key:022X}"


def entry_key(chat_id: int, seq: int) -> int:
    """Returns the 64-bit `_id` of an entry. A chat's log is one range of ids."""
    return chat_id << SEQ_BITS | seq


def split_key(key: int) -> tuple[int, int]:
    """Returns the (chat id, seq) of an `_id`."""
    return key >> SEQ_BITS, key & ((1 << SEQ_BITS) - 1)


def fitting(entries: Sequence[Entry], max_chars: int) -> list[Entry]:
    """Returns as many of the first of these entries as fit into one answer, and at least one."""
    fit: list[Entry] = []
    for entry in entries:
        max_chars -= entry.chars
        if max_chars < 0 and fit:
            break
        fit.append(entry)
    return fit


def without_text(edit: Entry) -> Entry:
    """Returns an edit without the text that it set."""
    return replace(edit, body=Edit(edit.body.of, "")) if isinstance(edit.body, Edit) else edit


def has_changed_since(message: Entry, last: int) -> bool:
    """Returns whether an edit or reaction after entry `last` shows in a message. A deleted message shows none."""
    return message.edit_seq > last or any(seq > last for seq in message.reaction_seqs.values())


def without_content(entry: Entry) -> Entry:
    """Returns an entry that tells only that it exists, from whom and when."""
    if isinstance(entry.body, Message):
        return replace(
            entry,
            body=Message(entry.body.type),
            edited_at=None,
            edit_seq=0,
            first_text=None,
            reactions={},
            reaction_seqs={},
        )
    return without_text(entry)


def as_of(message: Entry, changes: Sequence[Entry]) -> Entry:
    """Returns a message as it was after these of its edits and reactions, which are all up to some entry of the log.

    A message that was deleted later is deleted here, too.
    """
    if not isinstance(message.body, Message) or message.is_deleted:
        return message
    body = message.body.with_words(message.first_text) if message.edit_seq else message.body
    message = replace(message, body=body, edited_at=None, edit_seq=0, first_text=None, reactions={}, reaction_seqs={})
    for change in changes:
        message = with_change(message, change)
    return message


def as_deleted(message: Entry) -> Entry:
    """Returns a message as it is after being deleted for everybody."""
    if not isinstance(message.body, Message):
        return message
    # Its texts and the mark of an edit are deleted too, so the order of edit and deletion does not matter.
    return replace(
        message,
        body=Message(message.body.type, reply_to=message.body.reply_to),
        edited_at=None,
        edit_seq=0,
        first_text=None,
        is_deleted=True,
        reactions={},
        reaction_seqs={},
    )


def with_change(message: Entry, change: Entry) -> Entry:
    """Returns a message after one stored change, by the rule that the store applies to the row (models/stores/entries.py)."""
    if not isinstance(message.body, Message) or message.is_deleted:
        return message
    match change.body:
        case Deletion():
            return as_deleted(message)
        case Edit(_, text):
            if message.edit_seq > change.seq:
                return message
            first = message.first_text if message.edit_seq else message.body.words
            body = message.body.with_words(text)
            return replace(message, body=body, edited_at=change.at, edit_seq=change.seq, first_text=first)
        case Reaction(_, emoji):
            reactions, seqs = dict(message.reactions), dict(message.reaction_seqs)
            seqs[change.sender_id] = change.seq
            if emoji is None:
                reactions.pop(change.sender_id, None)
            else:
                reactions[change.sender_id] = emoji
            return replace(message, reactions=reactions, reaction_seqs=seqs)
        case _:
            return message
