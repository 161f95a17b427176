"""Messages and entries as JSON, for `history`, `sync` and every event about a log (docs/protocol.md, "Messages and entries")."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, NotRequired

from typing_extensions import TypedDict

from handlers.wire.polls import OptionShown, show_poll, show_vote
from handlers.wire.previews import PreviewShown, show_preview
from handlers.wire.sockets.settings import SettingsShown, show_settings_change
from handlers.wire.times import Time, show_event_date
from models.documents.chat import Pinners
from models.documents.entry import (
    ChatChange,
    ChatSettingsSet,
    Deletion,
    Edit,
    Entry,
    EventSet,
    ExpirySet,
    Joined,
    Kind,
    Left,
    Mention,
    Message,
    MessageChange,
    PersonalChange,
    PhotoSet,
    Pin,
    PinnersSet,
    PollAdded,
    Previewed,
    Reaction,
    RoleSet,
    RsvpSet,
    Starred,
    SubjectSet,
    Vote,
)
from models.documents.media import MEDIA
from models.documents.photo import Photo

_FIELDS = {"date": "event_date"}  # fields of an event that have another name in REST
_CONTENT = (
    "text",
    "url",
    "hash",
    "mime_type",
    "file_name",
    "size_bytes",
    "width",
    "height",
    "blur",
    "duration_ms",
    "poster",
    "waveform",
    "caption",
    "latitude",
    "longitude",
    "vcard",
    "name",
    "reply_to",
)
_TEXT_CONTENT = ("text", "reply_to")  # all that a text has, and most messages are texts


class MentionShown(TypedDict):
    """A part of a text or a caption that means a member: `length` code points from the code point `offset` on."""

    account: int
    number: str
    offset: int
    length: int


class MessagePinShown(TypedDict):
    """When a message was pinned, and the account that did it."""

    at: Time
    by: int


# What `show_entry` returns for each kind of entry, described for the reference.
EntryShown = TypedDict(
    "EntryShown",
    {
        "kind": Kind,
        "chat": int,
        "seq": int,
        # Left out of a vote in a secret poll, like `account`, unless it is one's own:
        "client_id": NotRequired[str],
        "from": NotRequired[str],
        # A message:
        "id": NotRequired[str],
        "sender": NotRequired[int],
        "type": NotRequired[Literal["t", "i", "l", "s", "a", "v", "c", "d", "p"]],
        "sent_at": NotRequired[Time],
        "text": NotRequired[str],
        "url": NotRequired[str],
        "hash": NotRequired[str],
        "mime_type": NotRequired[str],
        "file_name": NotRequired[str],
        "size_bytes": NotRequired[int],
        "width": NotRequired[int],
        "height": NotRequired[int],
        "blur": NotRequired[str],
        "duration_ms": NotRequired[int],
        "poster": NotRequired[str],
        "waveform": NotRequired[str],
        "caption": NotRequired[str],
        "latitude": NotRequired[float],
        "longitude": NotRequired[float],
        "vcard": NotRequired[str],
        "name": NotRequired[str],
        "reply_to": NotRequired[int],
        "edited_at": NotRequired[Time],
        "deleted": NotRequired[Literal[True]],
        "expires_at": NotRequired[Time],
        "edit_seq": NotRequired[int],
        "preview": NotRequired[PreviewShown | None],
        "reactions": NotRequired[dict[str, str]],
        "mentions": NotRequired[list[MentionShown]],
        "forwarded": NotRequired[int],
        # A poll:
        "question": NotRequired[str],
        "voter_count": NotRequired[int | None],
        "multiple": NotRequired[Literal[True]],
        "closes_at": NotRequired[Time],
        "secret": NotRequired[Literal[True]],
        "chosen": NotRequired[list[int]],
        # The options of a poll; in a vote, those that it is for.
        "options": NotRequired[list[OptionShown] | list[int] | None],
        # A change:
        "account": NotRequired[int],
        "at": NotRequired[Time],
        "of": NotRequired[int],
        "scope": NotRequired[Literal["all"]],
        "emoji": NotRequired[str | None],
        "accounts": NotRequired[list[int]],
        "numbers": NotRequired[list[str]],
        "admins": NotRequired[list[int]],
        "left": NotRequired[int],
        "number": NotRequired[str],
        "member": NotRequired[int],
        "role": NotRequired[str],
        "subject": NotRequired[str],
        "photo_url": NotRequired[str | None],
        "preview_photo_url": NotRequired[str | None],
        "invitation": NotRequired[int],
        "answer": NotRequired[bool],
        "rsvp_message": NotRequired[str | None],
        "poll": NotRequired[int],
        "suggested_date": NotRequired[Time],
        "suggested_venue": NotRequired[str],
        "fields": NotRequired[list[str]],
        "expires_after_s": NotRequired[int | None],
        # When and by whom a message was pinned; in a change, whether it is.
        "pinned": NotRequired[MessagePinShown | bool],
        "pinners": NotRequired[Pinners],
        # A change of one's own state:
        "of_chat": NotRequired[int],
        "of_seq": NotRequired[int],
        "starred": NotRequired[bool],
        "settings": NotRequired[SettingsShown],
        # How often each option of a secret poll was chosen, for a vote.
        "votes": NotRequired[list[int] | None],
    },
)


def show_time(at: datetime) -> str:
    """Returns ISO 8601 in UTC with milliseconds and a Z."""
    return at.isoformat(timespec="milliseconds")[:23] + "Z"


def show_message(entry: Entry) -> dict[str, object]:
    """Returns a message with the changes applied to it so far.

    It has `{"id", "chat", "seq", "sender", "from", "client_id", "type", "sent_at"}` and the fields of its type; `edited_at` with
    `edit_seq`, `deleted`, `preview`, `reactions` (`{account id: emoji}`), `mentions`, `forwarded`, `expires_at` and `pinned` only if there are any.
    """
    body = entry.body
    if not isinstance(body, Message):
        raise TypeError(f"{entry.kind} is no message")
    shown: dict[str, object] = {
        "id": entry.public_id,
        "chat": entry.chat_id,
        "seq": entry.seq,
        "sender": entry.sender_id,
        "from": entry.number,
        "client_id": entry.client_id,
        "type": body.type,
        "sent_at": show_time(entry.at),
    }
    for name in _TEXT_CONTENT if body.type == "t" else _CONTENT:
        value = getattr(body, name)
        if value is not None:
            shown[name] = value
    if body.poll is not None:
        shown.update(show_poll(entry, body.poll, show_time))
    shown |= _show_times(entry)
    if entry.preview is not None:
        shown["preview"] = show_preview(entry.preview)
    if entry.is_deleted:
        shown["deleted"] = True
    if entry.reactions:
        shown["reactions"] = {str(account): emoji for account, emoji in entry.reactions.items()}
    if body.mentions:
        shown["mentions"] = show_mentions(body.mentions)
    if body.forwarded is not None:
        shown["forwarded"] = body.forwarded
    return shown


def _show_times(message: Entry) -> Mapping[str, object]:
    """Returns what has happened to a message, and what will, each with its time."""
    shown: dict[str, object] = {}
    if message.edited_at is not None:
        shown["edited_at"] = show_time(message.edited_at)
        shown["edit_seq"] = message.edit_seq
    if message.expires_at is not None:
        shown["expires_at"] = show_time(message.expires_at)
    if message.pinned_at is not None:
        shown["pinned"] = show_pin(message.pinned_at, message.pinned_by)
    return shown


def show_pin(at: datetime, by: int) -> MessagePinShown:
    return {"at": show_time(at), "by": by}


def show_mentions(mentions: Sequence[Mention]) -> list[MentionShown]:
    """Returns `[{"account", "number", "offset", "length"}]`, in the order of the text."""
    return [
        {"account": one.account, "number": one.number, "offset": one.offset, "length": one.length} for one in mentions
    ]


def show_entry(entry: Entry) -> dict[str, object]:
    """Returns any entry: `{"kind", "chat", "seq", …}`; a message with all of `show_message`, a change with what it changes.

    `edit` {of, text, edited_at, mentions?} · `deletion` {of, scope: "all"} · `reaction` {of, emoji} · `preview` {of, edit_seq, preview} · `joined` {accounts, numbers,
    admins} · `left` {left, number} · `role` {member, number, role} · `subject` {subject} · `photo` {photo_url,
    preview_photo_url} · `rsvp` {invitation, answer, rsvp_message} · `poll` {poll, suggested_date, suggested_venue} · `event`
    {fields} (of the event that differ, as REST names them; "canceled", "deleted" and "invitations" among them) · `pin` {of, pinned} ·
    `pinners` {pinners} · `settings` {of_chat, settings} · `star` {of_chat, of_seq, starred} · `vote` {of, options}, in a secret poll {of, votes, voter_count} ·
    `expiry` {expires_after_s}.
    `account` and `from` say who did it, but for a vote that is secret.
    """
    if isinstance(entry.body, Message):
        return {"kind": entry.kind.value, **show_message(entry)}
    author: dict[str, object] = {}
    if not entry.hides_author:
        author = {"account": entry.sender_id, "from": entry.number, "client_id": entry.client_id}
    return {
        "kind": entry.kind.value,
        "chat": entry.chat_id,
        "seq": entry.seq,
        **author,
        "at": show_time(entry.at),
        **_show_change(entry),
    }


def _show_message_change(entry: Entry, change: MessageChange) -> Mapping[str, object]:
    match change:
        case Edit(of, text, mentions):
            shown: dict[str, object] = {"of": of, "text": text, "edited_at": show_time(entry.at)}
            return shown | {"mentions": show_mentions(mentions)} if mentions else shown
        case Deletion(of):
            return {"of": of, "scope": "all"}
        case Reaction(of, emoji):
            return {"of": of, "emoji": emoji}
        case Previewed(of, edit, preview):
            return {"of": of, "edit_seq": edit, "preview": None if preview is None else show_preview(preview)}
        case Pin(of, pinned):
            return {"of": of, "pinned": pinned}
        case Vote():
            return show_vote(entry, change)


def show_photo(photo: Photo | None) -> dict[str, object]:
    """Returns `{"photo_url", "preview_photo_url"}`, relative to this server; null if there is no photo."""
    return {
        "photo_url": None if photo is None else MEDIA + photo.full,
        "preview_photo_url": None if photo is None else MEDIA + photo.preview,
    }


def _show_change(entry: Entry) -> Mapping[str, object]:
    if isinstance(entry.body, MessageChange):
        return _show_message_change(entry, entry.body)
    if isinstance(entry.body, ChatChange):
        return _show_chat_change(entry.body)
    match entry.body:
        case RsvpSet(invitation, answer, message):
            return {"invitation": invitation, "answer": answer, "rsvp_message": message}
        case PollAdded(poll, date, venue):
            return {"poll": poll, "suggested_date": show_event_date(date, has_time=False), "suggested_venue": venue}
        case EventSet(fields):
            return {"fields": [_FIELDS.get(name, name) for name in fields]}
        case ChatSettingsSet() | Starred():
            return _show_personal_change(entry.body)
        case _:
            raise TypeError(f"{entry.kind} is no change")


def _show_personal_change(change: PersonalChange) -> Mapping[str, object]:
    match change:
        case ChatSettingsSet(of_chat, fields):
            return {"of_chat": of_chat, "settings": show_settings_change(fields)}
        case Starred(of_chat, of_seq, starred):
            return {"of_chat": of_chat, "of_seq": of_seq, "starred": starred}


def _show_chat_change(change: ChatChange) -> Mapping[str, object]:
    match change:
        case Joined(accounts, numbers, admins):
            return {"accounts": list(accounts), "numbers": list(numbers), "admins": list(admins)}
        case Left(account, number):
            return {"left": account, "number": number}
        case RoleSet(account, number, role):
            return {"member": account, "number": number, "role": role.value}
        case SubjectSet(subject):
            return {"subject": subject}
        case PhotoSet(photo):
            return show_photo(photo)
        case PinnersSet(pinners):
            return {"pinners": pinners.value}
        case ExpirySet(seconds):
            return {"expires_after_s": seconds}
