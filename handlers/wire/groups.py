"""Groups on the messaging API: what is read and shown (messaging contract, section 12)."""

from collections.abc import Iterable
from datetime import datetime

from handlers.wire.fields import Fields, read_name
from models.documents.chat import SUBJECT_MAX_CHARS, Chat, Group, is_group_id
from models.errors import Malformed


def read_subject(fields: Fields) -> str:
    """1 to SUBJECT_MAX_CHARS characters, not all of them blank; raises Malformed and TooLong."""
    subject = read_name(fields, "subject", SUBJECT_MAX_CHARS)
    if subject is None or not subject.strip():
        raise Malformed("subject is needed, and may not be empty.")
    return subject


def read_group_id(fields: Fields) -> str:
    """The group that a body names, or Malformed."""
    group = fields.get("group_id")
    if not isinstance(group, str) or not is_group_id(group):
        raise Malformed("group_id must be the id of a group: digits, a hyphen, digits.")
    return group


def show_created(chat: Chat) -> dict[str, object]:
    return {"groupid": chat.group, "id": chat.group}


def show_group(group: Group) -> dict[str, object]:
    """The same object in `info` and in `info-all`; its id under both keys that the two had."""
    chat = group.chat
    return {
        "groupid": chat.group,
        "id": chat.group,
        "creator": chat.created_by_number,
        "creation": _unix_seconds(chat.created_at),
        "subject": chat.subject,
        "s_o": chat.subject_by,
        "s_t": _unix_seconds(chat.subject_at or chat.created_at),
        "participants": group.numbers,
        "admins": group.admin_numbers,
    }


def show_groups(groups: Iterable[Group]) -> dict[str, object]:
    return {"grouplist": [show_group(group) for group in groups]}


def _unix_seconds(at: datetime) -> str:
    return str(int(at.timestamp()))
