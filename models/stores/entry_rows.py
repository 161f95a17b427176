"""Translates entries of the log into rows of the database and back; the collection's indexes."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, IndexModel

from models.documents.chat import Pinners, Role
from models.documents.entry import (
    KIND_OF,
    Body,
    ChatChange,
    ChatSettingsSet,
    Deletion,
    Draft,
    Edit,
    Entry,
    EventFact,
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
    entry_key,
    is_notice,
    split_key,
)
from models.documents.link_preview import LinkPreview, PreviewPicture
from models.documents.media import Placeholder, media_named
from models.documents.photo import Photo
from models.documents.plain_line import one_line
from models.documents.poll import ChatPoll
from models.documents.reaction import as_reaction
from models.stores.database import Row
from models.stores.instants import from_microseconds, microseconds, offset_minutes
from models.stores.setting_rows import personal_fields, read_change

ENTRIES = "entries"
INDEXES = [
    # A send happens once, for ever, also on a collection sharded by chat.
    IndexModel([("chat", ASCENDING), ("sender", ASCENDING), ("client", ASCENDING)], unique=True, name="once"),
    # Changes stored and not yet applied: nearly always empty, so that asking costs nothing.
    IndexModel([("chat", ASCENDING), ("_id", ASCENDING)], name="pending", partialFilterExpression={"pending": True}),
    # What became of one message: its edits, reactions and deletions. Messages themselves are not in it.
    IndexModel(
        [("chat", ASCENDING), ("of", ASCENDING), ("_id", ASCENDING)],
        name="changes",
        partialFilterExpression={"of": {"$exists": True}},
    ),
    # Messages that have not moved their chat up in any list yet: see services/chats/summaries.py.
    IndexModel([("chat", ASCENDING), ("_id", ASCENDING)], name="unsummed", partialFilterExpression={"unsummed": True}),
    # The three by which chat lists are made (chat_summaries.py): each chat's newest message; what each writer said there, the deleted apart,
    # so that unread messages are counted without a reader's own; and, of the few that were kept from somebody, each writer's
    # newest. The first two cost MongoDB some 6 us of a processor each for every message, where one without any takes 30; neither
    # can do the other's work, for groups have many writers. All the sparse and partial ones here cost nothing that can be measured.
    IndexModel(
        [("chat", ASCENDING), ("_id", ASCENDING)],
        name="said",
        partialFilterExpression={"kind": Kind.MESSAGE.value, "hidden_from": None},
    ),
    IndexModel(
        [("chat", ASCENDING), ("sender", ASCENDING), ("deleted", ASCENDING), ("_id", ASCENDING)],
        name="said_by",
        partialFilterExpression={"kind": Kind.MESSAGE.value, "hidden_from": None},
    ),
    IndexModel(
        [("chat", ASCENDING), ("sender", ASCENDING), ("_id", ASCENDING)],
        name="kept_back",
        partialFilterExpression={"hidden_from": {"$exists": True}},
    ),
    # What concerns members besides messages (entry.py, is_notice): few, so that they are counted where many messages are unread.
    IndexModel([("chat", ASCENDING), ("_id", ASCENDING)], name="notices", partialFilterExpression={"notice": True}),
    # Which messages and changes point to a stored file; most rows are in none of these.
    IndexModel([("media", ASCENDING)], name="media", sparse=True),
    IndexModel([("url", ASCENDING)], name="url", sparse=True),  # rows of versions that wrote no `media`
    IndexModel([("photo.$**", ASCENDING)], name="files"),
    # What has a time at which it is gone, and is not swept yet.
    IndexModel([("expires_at", ASCENDING)], name="expiring", sparse=True),
    # The messages that an account deleted for itself long ago (members.py).
    IndexModel(
        [("hidden_by", ASCENDING), ("_id", ASCENDING)],
        name="hidden_by",
        partialFilterExpression={"hidden_by": {"$exists": True}},
    ),
    # The messages that mention an account, by which unread mentions are counted (unread_counts.py); most messages mention nobody.
    IndexModel(
        [("chat", ASCENDING), ("mentions.account", ASCENDING), ("_id", ASCENDING)],
        name="mentioned",
        partialFilterExpression={"kind": Kind.MESSAGE.value, "mentions": {"$exists": True}},
    ),
    # An account's votes in a poll, by which a poll is counted as it was at some entry; nothing but votes is in it.
    IndexModel(
        [("chat", ASCENDING), ("of", ASCENDING), ("sender", ASCENDING), ("_id", ASCENDING)],
        name="votes",
        partialFilterExpression={"kind": Kind.VOTE.value},
    ),
    # The pinned messages of a chat: a few.
    IndexModel(
        [("chat", ASCENDING), ("_id", ASCENDING)], name="pinned", partialFilterExpression={"pin.at": {"$exists": True}}
    ),
]

_MESSAGE_FIELDS = tuple(name for name in Message.__slots__ if name not in ("mentions", "poll"))
_TEXT_FIELDS = ("type", "text", "reply_to")  # all that nearly every text has, and most messages are texts
# What a deletion takes away from a message's row: what it says, and what its changes made of it.
CONTENT_FIELDS = ("media", "mentions", "poll", *(name for name in _MESSAGE_FIELDS if name not in ("type", "reply_to")))
GONE_FIELDS = (*CONTENT_FIELDS, "edited_at", "edit_seq", "first", "reactions", "previewed", "pin", "votes")


def entry_row(draft: Draft, seq: int, at: datetime) -> Row:
    """Returns the row of a draft under a seq. A change is `pending` until it has been applied to what it changes."""
    row: Row = {
        "_id": entry_key(draft.chat_id, seq),
        "chat": draft.chat_id,
        "sender": draft.sender_id,
        "client": draft.client_id,
        "kind": KIND_OF[type(draft.body)].value,
        "at": at,
        "number": draft.number,
    }
    if draft.hidden_from:
        row["hidden_from"] = list(draft.hidden_from)
    expires_at = draft.ends_at(at)
    if expires_at is not None:
        row["expires_at"] = expires_at
    body = draft.body
    if isinstance(body, Message):
        return row | _said_fields(body)
    if is_notice(body):
        row["notice"] = True
    if isinstance(body, EventFact):
        return row | _fact_fields(body)
    row["pending"] = True
    if isinstance(body, PersonalChange):
        return row | personal_fields(body)
    return row | (_chat_fields(body) if isinstance(body, ChatChange) else _change_fields(body))


def _said_fields(message: Message) -> Row:
    """Returns what a message says, and the name of the file that it points to."""
    names = _TEXT_FIELDS if message.type == "t" else _MESSAGE_FIELDS
    said: Row = {name: value for name in names if (value := getattr(message, name)) is not None}
    if message.forwarded is not None:
        said["forwarded"] = message.forwarded
    if message.mentions:
        said["mentions"] = mention_rows(message.mentions)
    if message.poll is not None:
        said["poll"] = asdict(message.poll)
    media = media_named(said.get("url", ""))
    return said if media is None else said | {"media": media}


def _fact_fields(fact: EventFact) -> Row:
    match fact:
        case RsvpSet(invitation, answer, message):
            return {"invitation": invitation, "answer": answer, "rsvp_message": message}
        case PollAdded(poll, date, venue):
            return {"poll": poll, "date": microseconds(date), "offset": offset_minutes(date), "venue": venue}
        case EventSet(fields):
            return {"fields": list(fields)}


def _change_fields(change: MessageChange) -> Row:
    match change:
        case Edit(of, text, mentions):
            return {"of": of, "text": text, **({"mentions": mention_rows(mentions)} if mentions else {})}
        case Deletion(of):
            return {"of": of}
        case Reaction(of, emoji):
            return {"of": of, "emoji": emoji}
        case Previewed(of, edit, preview):
            return {"of": of, "edit": edit, **_preview_fields(preview)}
        case Vote(of, options, is_secret):
            return {"of": of, "options": list(options or ()), **({"secret": True} if is_secret else {})}
        case Pin(of, pinned):
            return {"of": of, "pinned": pinned}


def _chat_fields(change: ChatChange) -> Row:
    match change:
        case Joined(accounts, numbers, admins):
            return {"accounts": list(accounts), "numbers": list(numbers), "admins": list(admins)}
        case Left(account, number):
            return {"account": account, "account_number": number}
        case RoleSet(account, number, role):
            return {"account": account, "account_number": number, "role": role.value}
        case SubjectSet(subject):
            return {"subject": subject}
        case PhotoSet(photo):
            return {"photo": photo_row(photo)}
        case ExpirySet(seconds):
            return {"seconds": seconds}
        case PinnersSet(pinners):
            return {"pinners": pinners.value}


def _preview_fields(preview: LinkPreview | None) -> Row:
    """Returns the fields of a preview; `media` keeps its picture, as it keeps the file of a message."""
    fields: Row = {"preview": preview_row(preview)}
    media = None if preview is None or preview.picture is None else media_named(preview.picture.url)
    return fields if media is None else fields | {"media": media}


def read_poll(row: Mapping[str, Any]) -> ChatPoll:
    """Returns the poll in field `poll` of a message's row."""
    return ChatPoll(**row["poll"] | {"options": tuple(row["poll"]["options"])})


def mention_rows(mentions: Iterable[Mention]) -> list[Row]:
    return [asdict(mention) for mention in mentions]


def read_mentions(row: Mapping[str, Any]) -> tuple[Mention, ...]:
    """Returns the mentions in field `mentions` of a row, none for most rows."""
    return tuple(Mention(**mention) for mention in row.get("mentions", ()))


def preview_row(preview: LinkPreview | None) -> Row | None:
    return None if preview is None else asdict(preview)


def read_preview(row: Mapping[str, Any] | None) -> LinkPreview | None:
    """Returns the preview that `preview_row` made a row of, or None."""
    if row is None:
        return None
    picture = row["picture"]
    shown = None if picture is None else PreviewPicture(picture["url"], Placeholder(**picture["placeholder"]))
    return LinkPreview(row["url"], row["site"], row["title"], row["description"], shown)


def photo_row(photo: Photo | None) -> Row | None:
    return None if photo is None else asdict(photo)


def read_photo(row: Mapping[str, Any]) -> Photo | None:
    """Returns the photo in field `photo` of a row, or None."""
    return Photo(**row["photo"]) if row.get("photo") else None


def with_photo(names: Collection[str]) -> Row:
    """Returns the query for rows whose field `photo` points to one of these files."""
    among = {"$in": list(names)}
    return {"$or": [{"photo.full": among}, {"photo.preview": among}]}


def photo_files(rows: Iterable[Mapping[str, Any]]) -> set[str]:
    """Returns the names of the files that these rows point to by their field `photo`."""
    return {name for row in rows if row.get("photo") for name in row["photo"].values()}


def stored_entry(draft: Draft, seq: int, at: datetime) -> Entry:
    """Returns the entry that a draft became, without reading the row that was just written."""
    return Entry(
        draft.chat_id,
        seq,
        draft.sender_id,
        draft.number,
        draft.client_id,
        at,
        draft.body,
        hidden_from=draft.hidden_from,
        expires_at=draft.ends_at(at),
    )


def read_entry(row: Mapping[str, Any]) -> Entry:
    """Returns the entry that a row holds, with the changes already applied to it."""
    chat_id, seq = split_key(row["_id"])
    return Entry(
        chat_id,
        seq,
        row["sender"],
        row["number"],
        row["client"],
        row["at"],
        _BODIES[Kind(row["kind"])](row),
        hidden_from=tuple(row.get("hidden_from", ())),
        edited_at=row.get("edited_at"),
        edit_seq=row.get("edit_seq", 0),
        first_text=row.get("first", {}).get("text"),
        first_mentions=read_mentions(row["first"]) if "first" in row else (),
        is_deleted=row.get("deleted", False),
        reactions={
            int(account): as_reaction(reaction["emoji"])
            for account, reaction in row.get("reactions", {}).items()
            if reaction["emoji"] is not None
        },
        reaction_seqs={int(account): reaction["seq"] for account, reaction in row.get("reactions", {}).items()},
        expires_at=row.get("expires_at") or row.get("expired_at"),
        hidden_by=tuple(row.get("hidden_by", ())),
        **_previewed(row),
        **_pinned(row),
        votes={int(account): vote for account, vote in row.get("votes", {}).items()},
    )


def _previewed(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the fields of an entry that say what was made of the link in a message, none for most messages."""
    made = row.get("previewed")
    if made is None:
        return {}
    of = split_key(row["_id"])[1]
    return {"previewed": Previewed(of, made["edit"], read_preview(made["preview"])), "preview_seq": made["seq"]}


def _pinned(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the fields of an entry that say whether a message is pinned, none for one that never was."""
    pin = row.get("pin")
    if pin is None or row.get("deleted"):
        return {}
    return {"pinned_at": pin.get("at"), "pinned_by": pin.get("by", 0), "pin_seq": pin["seq"]}


def _message(row: Mapping[str, Any]) -> Message:
    # Nodes of earlier versions, which share the database during an upgrade, leave fields that they do not know.
    if row.get("deleted"):
        return Message(row["type"], reply_to=row.get("reply_to"))
    fields = {name: row[name] for name in _MESSAGE_FIELDS if name in row}
    if "mentions" in row:
        fields["mentions"] = read_mentions(row)
    if "poll" in row:
        fields["poll"] = read_poll(row)
    return Message(**fields)


_BODIES: Mapping[Kind, Callable[[Mapping[str, Any]], Body]] = {
    Kind.MESSAGE: _message,
    Kind.EDIT: lambda row: Edit(row["of"], row["text"], read_mentions(row)),
    Kind.DELETION: lambda row: Deletion(row["of"]),
    Kind.REACTION: lambda row: Reaction(row["of"], row["emoji"] and as_reaction(row["emoji"])),
    Kind.PREVIEW: lambda row: Previewed(row["of"], row["edit"], read_preview(row["preview"])),
    Kind.JOINED: lambda row: Joined(tuple(row["accounts"]), tuple(row["numbers"]), tuple(row["admins"])),
    Kind.LEFT: lambda row: Left(row["account"], row["account_number"]),
    Kind.ROLE: lambda row: RoleSet(row["account"], row["account_number"], Role(row["role"])),
    Kind.SUBJECT: lambda row: SubjectSet(one_line(row["subject"])),
    Kind.PHOTO: lambda row: PhotoSet(read_photo(row)),
    Kind.RSVP: lambda row: RsvpSet(
        row["invitation"], row["answer"], row["rsvp_message"] and one_line(row["rsvp_message"])
    ),
    Kind.POLL: lambda row: PollAdded(
        row["poll"], from_microseconds(row["date"], row.get("offset")), one_line(row["venue"])
    ),
    Kind.EVENT: lambda row: EventSet(tuple(row["fields"])),
    Kind.EXPIRY: lambda row: ExpirySet(row["seconds"]),
    Kind.PIN: lambda row: Pin(row["of"], row["pinned"]),
    Kind.PINNERS: lambda row: PinnersSet(Pinners(row["pinners"])),
    Kind.SETTINGS: lambda row: ChatSettingsSet(row["of_chat"], read_change(row["settings"])),
    Kind.STAR: lambda row: Starred(row["of_chat"], row["of_seq"], row["starred"]),
    Kind.VOTE: lambda row: Vote(row["of"], tuple(row["options"]), row.get("secret", False)),
}
