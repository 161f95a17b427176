"""Entries: the rows of a chat's log. Everything that happens in a chat is one, numbered 1, 2, 3, … without a gap.

So a client catches up with all of it by one cursor per chat. The stored `_id` is `chat id << 32 | seq`
(docs/architecture.md, "Log").
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from models.documents.chat import Pinners, Role
from models.documents.chat_settings import SavedDraft, SettingsChange
from models.documents.link_preview import LinkPreview
from models.documents.photo import Photo
from models.documents.poll import ChatPoll, Tally, chars_of_votes, options_of_vote, pack_vote, seq_of_vote, tally_of

SEQ_BITS = 32
SEQ_MAX = (1 << SEQ_BITS) - 1
# Characters in one answer to a client: at most 2 MB of UTF-8, since common clients refuse frames above 4 MB.
ANSWER_MAX_CHARS = 500_000
MESSAGE_TYPES = frozenset("tilsavcdp")  # text, image, location, voice, audio, video, card (vCard), document, poll


@dataclass(frozen=True, slots=True)
class Mention:
    """A part of a text or a caption that means a member of the chat: `length` code points from the code point `offset` on.

    `account` is 0 in what a client sends, until the member of that number has been found.
    """

    account: int
    number: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Message:
    """A message. `type` is one letter of `MESSAGE_TYPES`; `reply_to` is a seq of the same chat.

    `width`, `height` and `blur` of a picture or a video are those of models/documents/media.py, `Placeholder`; `duration_ms` and
    `waveform` those of `Recording`, and `poster` is a picture of a video. Older messages have none.

    `mentions` lie in the text or the caption, in order and without overlapping. `forwarded` is how many times a message was forwarded on
    its way here, None for one that was written here.
    """

    type: str = "t"
    text: str | None = None
    url: str | None = None
    hash: str | None = None
    mime_type: str | None = None
    file_name: str | None = None
    size_bytes: int | None = None
    width: int | None = None
    height: int | None = None
    blur: str | None = None
    duration_ms: int | None = None
    poster: str | None = None
    waveform: str | None = None
    caption: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    vcard: str | None = None
    name: str | None = None
    reply_to: int | None = None
    mentions: tuple[Mention, ...] = ()
    forwarded: int | None = None
    poll: ChatPoll | None = None

    @property
    def words(self) -> str | None:
        """Returns the part that an edit changes: the text of a text message, or else the caption."""
        return self.text if self.type == "t" else self.caption

    @property
    def title(self) -> str | None:
        """Returns the words that stand for a message in lists: what its author wrote, or the name of a card or a document."""
        if self.poll is not None:
            return self.poll.question
        return self.words or self.name or (self.file_name if self.type == "d" else None)

    def with_words(self, words: str | None, mentions: tuple[Mention, ...] = ()) -> "Message":
        """Returns the message with another text or caption, and the mentions in it."""
        if self.type == "t":
            return replace(self, text=words, mentions=mentions)
        return replace(self, caption=words, mentions=mentions)

    def as_forwarded(self) -> "Message":
        """Returns the message as it goes on to another chat: it answers nothing there, and mentions nobody."""
        return replace(self, reply_to=None, mentions=(), forwarded=(self.forwarded or 0) + 1)


@dataclass(frozen=True, slots=True)
class Edit:
    """The text of message `of` is now `text`, with these mentions in it."""

    of: int
    text: str
    mentions: tuple[Mention, ...] = ()


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
class Previewed:
    """This server looked at the link in the text that entry `edit` gave message `of`; 0 stands for its first text.

    A preview belongs to that text alone: an edit ends it. None once the message is deleted, or if the reader may not see it.
    """

    of: int
    edit: int
    preview: LinkPreview | None


@dataclass(frozen=True, slots=True)
class Pin:
    """Message `of` is pinned in its chat for everybody, or not any more."""

    of: int
    pinned: bool


@dataclass(frozen=True, slots=True)
class Vote:
    """The sender's vote in the poll `of` is for these options from now on, and for no other; () takes it back.

    `options` is None for readers who may not see the poll. `tally`, which is not stored, is the poll's at this entry, or at a later one that
    the reader may see: whoever may not see the vote itself, because the poll is secret, counts by it.
    """

    of: int
    options: tuple[int, ...] | None
    is_secret: bool = False
    tally: Tally | None = None


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
class ExpirySet:
    """Messages sent from now on are gone after so many seconds; None for never. Those sent before keep their time."""

    seconds: int | None


@dataclass(frozen=True, slots=True)
class PinnersSet:
    """These members of the group may pin messages from now on."""

    pinners: Pinners


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


@dataclass(frozen=True, slots=True)
class ChatSettingsSet:
    """The sender set these fields of its own settings of chat `of_chat`. An entry of its chat with itself."""

    of_chat: int
    fields: SettingsChange

    @property
    def text(self) -> str | None:
        """Returns the text of the draft that is set, the only long field."""
        draft = self.fields.get("draft")
        return draft.text if isinstance(draft, SavedDraft) else None


@dataclass(frozen=True, slots=True)
class Starred:
    """The sender marked entry `of_seq` of chat `of_chat` with a star, or not any more. An entry of its chat with itself."""

    of_chat: int
    of_seq: int
    starred: bool


Body = (
    Message
    | Edit
    | Deletion
    | Reaction
    | Previewed
    | Joined
    | Left
    | RoleSet
    | SubjectSet
    | PhotoSet
    | RsvpSet
    | PollAdded
    | EventSet
    | Pin
    | ChatSettingsSet
    | Starred
    | Vote
    | ExpirySet
    | PinnersSet
)
MessageChange = Edit | Deletion | Reaction | Previewed | Pin | Vote
# Changes that show what a message says, or what was answered: as secret as the message itself.
WordsChange = Edit | Previewed | Vote
ChatChange = Joined | Left | RoleSet | SubjectSet | PhotoSet | ExpirySet | PinnersSet
# Changes of what one account alone sees, in the log of its chat with itself.
PersonalChange = ChatSettingsSet | Starred
# Facts about a chat's event. Its own row holds its state, so such an entry changes nothing.
EventFact = RsvpSet | PollAdded | EventSet
# When and where an event is, and whether it takes place: a change of these concerns everybody who is in its chat.
PLAN_FIELDS = frozenset(("date", "is_time_specified", "location", "address", "venue_name", "canceled", "deleted"))


class Kind(StrEnum):
    """The name of each body in the store and on the wire."""

    MESSAGE = "message"
    EDIT = "edit"
    DELETION = "deletion"
    REACTION = "reaction"
    PREVIEW = "preview"
    JOINED = "joined"
    LEFT = "left"
    ROLE = "role"
    SUBJECT = "subject"
    PHOTO = "photo"
    RSVP = "rsvp"
    POLL = "poll"
    EVENT = "event"
    EXPIRY = "expiry"
    PIN = "pin"
    PINNERS = "pinners"
    SETTINGS = "settings"
    STAR = "star"
    VOTE = "vote"


KIND_OF: Mapping[type, Kind] = {
    Message: Kind.MESSAGE,
    Edit: Kind.EDIT,
    Deletion: Kind.DELETION,
    Reaction: Kind.REACTION,
    Previewed: Kind.PREVIEW,
    Joined: Kind.JOINED,
    Left: Kind.LEFT,
    RoleSet: Kind.ROLE,
    SubjectSet: Kind.SUBJECT,
    PhotoSet: Kind.PHOTO,
    RsvpSet: Kind.RSVP,
    PollAdded: Kind.POLL,
    EventSet: Kind.EVENT,
    ExpirySet: Kind.EXPIRY,
    Pin: Kind.PIN,
    PinnersSet: Kind.PINNERS,
    ChatSettingsSet: Kind.SETTINGS,
    Starred: Kind.STAR,
    Vote: Kind.VOTE,
}
_NOBODY: frozenset[int] = frozenset()
MENTION_CHARS = 80  # about as many as a mention has on the wire
_TEXTS = ("text", "url", "caption", "vcard", "name", "file_name", "poster", "waveform")  # the long ones


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry before it has a number. One (chat, sender, client_id) is stored only once, for ever."""

    chat_id: int
    sender_id: int
    number: str  # the sender's, stored in the row so that reading a page needs no accounts
    client_id: str
    body: Body
    hidden_from: tuple[int, ...] = ()  # accounts that blocked the sender when it was sent
    expires_after_s: int | None = None  # of a message, from the time at which it is stored
    expires_at: datetime | None = None  # of a change: when the message that it changes is gone

    def ends_at(self, at: datetime) -> datetime | None:
        """Returns when what the draft says is gone, if it is stored at this time; None for never."""
        return self.expires_at if self.expires_after_s is None else at + timedelta(seconds=self.expires_after_s)


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
    first_mentions: tuple[Mention, ...] = ()  # the mentions in it
    reactions: Mapping[int, str] = field(default_factory=dict)  # account id -> emoji
    # Account id -> the entry by which it last set or took back its reaction.
    reaction_seqs: Mapping[int, int] = field(default_factory=dict)
    previewed: Previewed | None = None  # the newest, perhaps of a text that was edited since
    preview_seq: int = 0
    # When what it says is gone (stores/lifetimes.py); a change has the time of its message.
    expires_at: datetime | None = None
    # Accounts that deleted the message for themselves and whose member rows no longer say so.
    hidden_by: tuple[int, ...] = ()
    pinned_at: datetime | None = None  # None for a message that is not pinned
    pinned_by: int = 0
    pin_seq: int = 0  # the entry by which it was last pinned, or not any more
    votes: Mapping[int, int] = field(default_factory=dict)  # of a poll: account id -> its vote, as in poll.py
    # The account that this is shown to, where it may know more than others: its own votes in secret polls (`shown_to`).
    viewer_id: int | None = None

    @property
    def preview(self) -> LinkPreview | None:
        """Returns the preview of the first link in the text as it is now, if there is one."""
        made = self.previewed
        return made.preview if made is not None and made.edit == self.edit_seq else None

    @property
    def tally(self) -> Tally | None:
        """Returns the votes of a poll, or of a vote as far as they were counted; None for every other entry."""
        match self.body:
            case Message(poll=ChatPoll() as poll):
                return tally_of(poll, self.votes)
            case Vote(tally=tally):
                return tally
            case _:
                return None

    @property
    def own_choice(self) -> tuple[int, ...] | None:
        """Returns what the viewer chose in a secret poll; None if there is no viewer, or it never voted."""
        vote = None if self.viewer_id is None else self.votes.get(self.viewer_id)
        return None if vote is None else options_of_vote(vote)

    @property
    def hides_author(self) -> bool:
        """Returns whether nobody may be told who wrote this entry: a vote in a secret poll, unless it is shown to its author."""
        return isinstance(self.body, Vote) and self.body.is_secret and self.viewer_id != self.sender_id

    @property
    def kind(self) -> Kind:
        return KIND_OF[type(self.body)]

    @property
    def chars(self) -> int:
        """Returns about how many characters the entry has on the wire."""
        made = self.body if isinstance(self.body, Previewed) else self.previewed
        preview = 0 if made is None or made.preview is None else made.preview.chars
        votes = chars_of_votes(self.body.poll, self.votes) if self.votes and isinstance(self.body, Message) else 0
        return chars_of(self.body) + preview + votes

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


def chars_of(body: Body) -> int:
    """Returns about how many characters an entry with this body has on the wire before anything is made of it."""
    texts = (getattr(body, name, None) for name in _TEXTS)
    mentions = MENTION_CHARS * len(body.mentions) if isinstance(body, Message | Edit) else 0
    poll = body.poll.chars if isinstance(body, Message) and body.poll is not None else 0
    return 300 + mentions + poll + sum(len(text) for text in texts if text is not None)


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


def without_text(change: Entry) -> Entry:
    """Returns an edit without its text, a preview without what it shows, a vote without its options; any other change as it is."""
    match change.body:
        case Edit(of):
            return replace(change, body=Edit(of, ""))
        case Previewed(of, edit, _):
            return replace(change, body=Previewed(of, edit, None))
        case Vote(of, _, is_secret):
            return replace(change, body=Vote(of, None, is_secret))
        case _:
            return change


def has_changed_since(message: Entry, last: int) -> bool:
    """Returns whether an edit, a reaction, a preview, a pin or a vote after entry `last` shows in a message. A deleted one shows none."""
    newest = max(message.edit_seq, message.preview_seq, message.pin_seq)
    return (
        newest > last
        or any(seq > last for seq in message.reaction_seqs.values())
        or any(seq_of_vote(vote) > last for vote in message.votes.values())
    )


def without_content(entry: Entry) -> Entry:
    """Returns an entry that tells only that it exists, from whom and when."""
    if isinstance(entry.body, Message):
        return _without_changes(entry, Message(entry.body.type))
    return without_text(entry)


def _without_changes(message: Entry, body: Message) -> Entry:
    """Returns a message with this body, as if no edit, reaction, preview, pin or vote had been applied to it."""
    return replace(
        message,
        body=body,
        edited_at=None,
        edit_seq=0,
        first_text=None,
        first_mentions=(),
        reactions={},
        reaction_seqs={},
        previewed=None,
        preview_seq=0,
        pinned_at=None,
        pinned_by=0,
        pin_seq=0,
        votes={},
    )


def as_of(message: Entry, changes: Sequence[Entry]) -> Entry:
    """Returns a message as it was after these of its edits, reactions, previews, pins and votes, all up to some entry of the log.

    A message that was deleted later is deleted here, too.
    """
    if not isinstance(message.body, Message) or message.is_deleted:
        return message
    body = message.body
    if message.edit_seq:
        body = body.with_words(message.first_text, message.first_mentions)
    message = _without_changes(message, body)
    for change in changes:
        if not isinstance(change.body, Vote):
            message = with_change(message, change)
    return _with_votes(message, [change for change in changes if isinstance(change.body, Vote)])


def is_notice(body: Body) -> bool:
    """Returns whether an entry concerns somebody besides its author, and is unread until they have seen it, as a message is.

    Whom: the accounts that a Joined, Left or RoleSet names, the owner of the event for an RsvpSet and a PollAdded, and all members for
    an EventSet of PLAN_FIELDS.
    """
    match body:
        case Joined() | Left() | RoleSet() | RsvpSet() | PollAdded():
            return True
        case EventSet(fields):
            return not PLAN_FIELDS.isdisjoint(fields)
        case _:
            return False


def mentioned_accounts(entry: Entry) -> frozenset[int]:
    """Returns the accounts that a message mentions as it is in this entry, or that an edit mentions; none for any other entry."""
    body = entry.body
    if isinstance(body, Message | Edit) and body.mentions:
        return frozenset(mention.account for mention in body.mentions)
    return _NOBODY


def as_seen_by(entry: Entry, account_id: int) -> Entry:
    """Returns an entry in which a Joined names no other account than this one: a large group has thousands."""
    if not isinstance(entry.body, Joined) or account_id not in entry.body.accounts:
        return entry
    number = entry.body.numbers[entry.body.accounts.index(account_id)]
    admins = (account_id,) if account_id in entry.body.admins else ()
    return replace(entry, body=Joined((account_id,), (number,), admins))


def shown_to(entry: Entry, account_id: int) -> Entry:
    """Returns an entry that shows this account its own vote in a secret poll, and nobody else's."""
    match entry.body:
        case Vote(is_secret=True) | Message(poll=ChatPoll(is_secret=True)):
            return replace(entry, viewer_id=account_id)
        case _:
            return entry


def with_tally(vote: Entry, poll: Entry | None) -> Entry:
    """Returns a vote in a secret poll with the tally of that poll, by which others count it; without options if the poll is gone."""
    body = vote.body
    if not isinstance(body, Vote) or not body.is_secret or body.options is None:
        return vote
    if poll is None or poll.is_deleted or poll.tally is None:
        return without_text(vote)
    return replace(vote, body=replace(body, tally=poll.tally))


def as_deleted(message: Entry) -> Entry:
    """Returns a message as it is after being deleted for everybody."""
    if not isinstance(message.body, Message):
        return message
    # Its texts and the mark of an edit are deleted too, so the order of edit and deletion does not matter.
    bare = _without_changes(message, Message(message.body.type, reply_to=message.body.reply_to))
    return replace(bare, is_deleted=True)


def as_over(entry: Entry) -> Entry:
    """Returns a message whose time is over, or a change of one, as everybody sees it: it says nothing any more."""
    match entry.body:
        case Message():
            return as_deleted(entry)
        case Reaction(of, _):
            return replace(entry, body=Reaction(of, None))
        case _:
            return without_text(entry)


def with_change(message: Entry, change: Entry) -> Entry:
    """Returns a message after one stored change, by the rule that the store applies to the row (models/stores/entries.py)."""
    if not isinstance(message.body, Message) or message.is_deleted:
        return message
    match change.body:
        case Deletion():
            return as_deleted(message)
        case Edit():
            return _with_edit(message, message.body, change, change.body)
        case Reaction(_, emoji):
            reactions, seqs = dict(message.reactions), dict(message.reaction_seqs)
            seqs[change.sender_id] = change.seq
            if emoji is None:
                reactions.pop(change.sender_id, None)
            else:
                reactions[change.sender_id] = emoji
            return replace(message, reactions=reactions, reaction_seqs=seqs)
        case Previewed() as made:
            # Of two of one text, which two nodes made, the first stays.
            before = message.previewed
            if before is not None and (before.edit, -message.preview_seq) >= (made.edit, -change.seq):
                return message
            return replace(message, previewed=made, preview_seq=change.seq)
        case Pin(_, pinned):
            if message.pin_seq > change.seq:
                return message
            at, by = (change.at, change.sender_id) if pinned else (None, 0)
            return replace(message, pinned_at=at, pinned_by=by, pin_seq=change.seq)
        case Vote():
            return _with_votes(message, [change])
        case _:
            return message


def _with_edit(message: Entry, body: Message, change: Entry, edit: Edit) -> Entry:
    if message.edit_seq > change.seq:
        return message
    is_first = message.edit_seq == 0
    return replace(
        message,
        body=body.with_words(edit.text, edit.mentions),
        edited_at=change.at,
        edit_seq=change.seq,
        first_text=body.words if is_first else message.first_text,
        first_mentions=body.mentions if is_first else message.first_mentions,
    )


def _with_votes(message: Entry, votes: Sequence[Entry]) -> Entry:
    """Returns a poll after these votes: of each account the one with the highest seq counts, in whatever order they come."""
    if not votes or not isinstance(message.body, Message) or message.body.poll is None:
        return message
    counted = dict(message.votes)
    for vote in votes:
        if isinstance(vote.body, Vote) and vote.body.options is not None:
            given = pack_vote(vote.seq, vote.body.options)
            counted[vote.sender_id] = max(given, counted.get(vote.sender_id, 0))
    return replace(message, votes=counted)
