"""Translates chats and members into rows of the database and back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from models.documents.chat import Chat, ChatKind, Look, Member, Pinners, Role, Span
from models.documents.entry import SEQ_BITS, entry_key
from models.documents.plain_line import one_line
from models.stores.database import Row
from models.stores.entry_rows import read_photo
from models.stores.setting_rows import read_settings

CHATS = "chats"
MEMBERS = "members"
UNLISTED = True  # of a member row: the chat does not exist for the account yet
# Of a row of a chat with oneself: it is in no list yet, but in every sync. Whoever asks for `unlisted: None` or for all but True, is right.
UNLISTED_SELF = "self"


def stored_kind(kind: ChatKind) -> str:
    """Returns the name of a chat's kind in rows. There a chat with oneself is a direct one, whose pair is one account twice."""
    return ChatKind.DIRECT.value if kind is ChatKind.SELF else kind.value


def member_key(chat_id: int, account_id: int) -> int:
    """Returns the `_id` of a member row; the members of one chat are a range of it."""
    return entry_key(chat_id, account_id)


def members_of_chat(chat_id: int) -> Row:
    """Returns the query for all member rows of a chat."""
    return {"_id": {"$gt": member_key(chat_id, 0), "$lt": member_key(chat_id + 1, 0)}}


def first_key(chat: str | Row) -> Row:
    """Returns the pipeline's expression for the key before all keys of a chat, of members and of entries alike.

    `chat` is the expression for the chat's id.
    """
    return {"$multiply": [chat, 1 << SEQ_BITS]}


def member_row(
    chat_id: int,
    account_id: int,
    number: str,
    role: Role,
    *,
    first_seq: int,
    is_listed: bool = True,
    kind: ChatKind,
    at: datetime,
) -> Row:
    """Returns the row of an account that joins a chat of this kind at this time (chat_places.py says what for)."""
    row: Row = {
        "_id": member_key(chat_id, account_id),
        "chat": chat_id,
        "account": account_id,
        "number": number,
        "role": role.value,
        "spans": [[first_seq, None]],
        "active": True,
        "changed": first_seq,
        # What was said before is nobody's unread message.
        "delivered": first_seq - 1,
        "read": first_seq - 1,
        "shown": {"delivered": first_seq - 1, "read": first_seq - 1},
        "kind": stored_kind(kind),
        "activity": at,
    }
    if not is_listed:
        row["unlisted"] = UNLISTED_SELF if kind is ChatKind.SELF else UNLISTED
    return row


def chat_of(row: Mapping[str, Any]) -> Chat:
    """Returns the chat that a row holds."""
    first, _, second = row.get("pair", "").partition(":")
    is_self = bool(second) and first == second
    return Chat(
        row["_id"],
        ChatKind.SELF if is_self else ChatKind(row["kind"]),
        row["created_at"],
        row["created_by"],
        created_by_number=row.get("created_by_number", ""),
        subject=one_line(row.get("subject", "")),
        subject_by=row.get("subject_by", ""),
        subject_at=row.get("subject_at"),
        photo=read_photo(row),
        subject_seq=row.get("subject_seq", 0),
        photo_seq=row.get("photo_seq", 0),
        expires_after_s=row.get("expires_after_s"),
        expiry_seq=row.get("expiry_seq", 0),
        group=row.get("group"),
        pair=(int(first), int(second)) if second else None,
        event_id=row.get("event"),
        is_large=row.get("large", False),
        pinners=Pinners(row.get("pinners", Pinners.ADMINS)),
    )


def member_of(row: Mapping[str, Any]) -> Member:
    """Returns the member that a row holds."""
    return Member(
        row["chat"],
        row["account"],
        row["number"],
        Role(row["role"]),
        spans_of(row),
        delivered=row["delivered"],
        read=row["read"],
        shown_delivered=row["shown"]["delivered"],
        shown_read=row["shown"]["read"],
        hidden=frozenset(row.get("hidden", ())),
        hidden_count=row.get("hidden_count", len(row.get("hidden", ()))),
        folded=row.get("folded", 0),
        cleared=row.get("cleared", 0),
        is_listed=not row.get("unlisted", False),
        look=Look(one_line(row["look"]["subject"]), read_photo(row["look"])) if row.get("look") else None,
        is_synced=row.get("unlisted") is not UNLISTED,
        settings=read_settings(row),
    )


def spans_of(row: Mapping[str, Any]) -> tuple[Span, ...]:
    return tuple(Span(first, last) for first, last in row["spans"])
