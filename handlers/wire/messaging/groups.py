"""Groups on the messaging API: what is read and shown (messaging contract, section 12)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from typing_extensions import TypedDict

from handlers.wire.fields import Fields, read_name
from handlers.wire.messaging.request import GROUP_ID, FieldReader, MessagingRequest, Number, Numbers, text
from models.documents.chat import SUBJECT_MAX_CHARS, Chat, Group, is_group_id
from models.errors import Malformed


def _read_subject(fields: Fields, name: str) -> str:
    """1 to SUBJECT_MAX_CHARS characters in one line, not all of them blank; raises Malformed and TooLong."""
    subject = read_name(fields, name, SUBJECT_MAX_CHARS)
    if subject is None:
        raise Malformed(f"{name} is needed, and may not be empty.")
    return subject


def _read_group_id(fields: Fields, name: str) -> str:
    group = fields.get(name)
    if not isinstance(group, str) or not is_group_id(group):
        raise Malformed(f"{name} must be the id of a group: digits, a hyphen, digits.")
    return group


Subject = Annotated[str, FieldReader(_read_subject, text(SUBJECT_MAX_CHARS, "", "Cool group 👍", says_something=True))]


class NewGroup(MessagingRequest):
    """A group with these people in it, all of them contacts, and yourself as its admin."""

    subject: Subject
    participants: Numbers


class GroupSubject(MessagingRequest):
    """What the group is called from now on."""

    subject: Subject


class NamedGroupSubject(MessagingRequest):
    """The same, where the path does not name the group."""

    group_id: Annotated[str, FieldReader(_read_group_id, GROUP_ID)]
    subject: Subject


class Participant(MessagingRequest):
    """The number of the one that it is about."""

    contact: Number


class CreatedShown(TypedDict):
    """The new group's id, twice."""

    groupid: str
    id: str


class GroupShown(TypedDict):
    """`creation` and `s_t` (when the subject was set, by `s_o`) are unix seconds, as text."""

    groupid: str
    id: str
    creator: str
    creation: str
    subject: str
    s_o: str
    s_t: str
    participants: list[str]
    admins: list[str]


class GroupsShown(TypedDict):
    grouplist: list[GroupShown]


class SubjectShown(TypedDict):
    subject: str


def show_created(chat: Chat) -> CreatedShown:
    return {"groupid": chat.group or "", "id": chat.group or ""}


def show_group(group: Group) -> GroupShown:
    """The same object in `info` and in `info-all`; its id under both keys that the two had."""
    chat = group.chat
    return {
        "groupid": chat.group or "",
        "id": chat.group or "",
        "creator": chat.created_by_number,
        "creation": _unix_seconds(chat.created_at),
        "subject": chat.subject,
        "s_o": chat.subject_by,
        "s_t": _unix_seconds(chat.subject_at or chat.created_at),
        "participants": group.numbers,
        "admins": group.admin_numbers,
    }


def show_subject(chat: Chat) -> SubjectShown:
    return {"subject": chat.subject}


def show_groups(groups: Iterable[Group]) -> GroupsShown:
    return {"grouplist": [show_group(group) for group in groups]}


def _unix_seconds(at: datetime) -> str:
    return str(int(at.timestamp()))
