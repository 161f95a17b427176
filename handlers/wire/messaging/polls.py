"""Polls and votes on the messaging API (docs/messaging-api.md, "Polls")."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from handlers.wire.fields import Fields, list_of
from handlers.wire.messaging.drafts import ClientId, ReplyTo, new_attempt
from handlers.wire.messaging.lists import MESSAGE_ID
from handlers.wire.messaging.recipients import ToSomebody
from handlers.wire.messaging.request import FieldReader, MessagingRequest, or_null, text
from handlers.wire.polls import find_end, read_choice, read_options, read_question, read_switch
from handlers.wire.sockets.entries import EntryShown, show_entry
from handlers.wire.sockets.requests import CHAT_MAX
from models.documents.chat_ref import ChatRef
from models.documents.entry import Entry, Message, split_key
from models.documents.phone import is_number
from models.documents.poll import OPTION_MAX_CHARS, OPTIONS_MAX, OPTIONS_MIN, QUESTION_MAX_CHARS, ChatPoll
from models.errors import MessageNotFound

_SWITCH = {"true": True, "false": False, "1": True, "0": False, "": None}
_INDEX_MAX_CHARS = 4


def _read_texts(fields: Fields, name: str) -> tuple[str, ...]:
    """Returns a poll's options; a form repeats the field, or sends a JSON list. A comma is part of a text."""
    value = fields.get(name)
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = list_of(value)
    return read_options({name: value}, name)


def _read_indexes(fields: Fields, name: str) -> tuple[int, ...]:
    """Returns the indexes of a vote; a form repeats the field, or sends them as JSON or separated by commas."""
    value = fields.get(name)
    given = list_of(value) if isinstance(value, str) else value
    return read_choice({name: [_index(one) for one in given] if isinstance(given, list) else given}, name)


def _index(given: object) -> object:
    if isinstance(given, str) and len(given) <= _INDEX_MAX_CHARS and is_number(given.strip()):
        return int(given)
    return given


def _read_switch(fields: Fields, name: str) -> bool:
    value = fields.get(name)
    return read_switch({name: _SWITCH.get(value, value) if isinstance(value, str) else value}, name)


def _switch(description: str) -> Mapping[str, Any]:
    return or_null({"description": description, "type": "boolean", "examples": [False]})


class PollToSend(ToSomebody):
    """A question with answers to choose from."""

    question: Annotated[
        str, FieldReader(read_question, text(QUESTION_MAX_CHARS, "", "Where do we eat?", says_something=True))
    ]
    options: Annotated[
        tuple[str, ...],
        FieldReader(
            _read_texts,
            {
                "description": "Texts of one line, all different. A form repeats the field, or sends a JSON list.",
                "type": "array",
                "items": text(OPTION_MAX_CHARS, says_something=True),
                "minItems": OPTIONS_MIN,
                "maxItems": OPTIONS_MAX,
                "uniqueItems": True,
                "examples": [["At Ann's", "In the park"]],
            },
        ),
    ]
    multiple: Annotated[bool, FieldReader(_read_switch, _switch("Whether several options may be chosen."))] = False
    closes_at: Annotated[
        datetime | None,
        FieldReader(
            find_end,
            or_null(
                {
                    "description": "From then on nobody can vote. Unix seconds, or a date like 2016-06-06 10:00:00; UTC where it names no zone.",
                    "anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "format": "date-time"}],
                    "examples": ["2027-06-06T20:30:00Z"],
                }
            ),
        ),
    ] = None
    secret: Annotated[bool, FieldReader(_read_switch, _switch("Whether nobody is shown who voted."))] = False
    client_id: ClientId = Field(default_factory=new_attempt)
    reply_to: ReplyTo = None

    def draft(self) -> Message:
        poll = ChatPoll(
            self.question,
            self.options,
            is_multiple=self.multiple,
            closes_at=self.closes_at,
            is_secret=self.secret,
        )
        return Message("p", poll=poll, reply_to=self.reply_to)


class VoteToCast(MessagingRequest):
    """The options that your vote is for, and no others; an empty list takes your vote back."""

    options: Annotated[
        tuple[int, ...],
        FieldReader(
            _read_indexes,
            {
                "description": "Indexes, from 0 on. A form repeats the field, or separates them by commas.",
                "type": "array",
                "items": {"type": "integer", "minimum": 0, "maximum": OPTIONS_MAX - 1},
                "maxItems": OPTIONS_MAX,
                "uniqueItems": True,
                "examples": [[1]],
            },
        ),
    ]
    client_id: ClientId = Field(default_factory=new_attempt)


class VotedShown(TypedDict):
    """The poll as it is now, and the vote in the chat's log, both as the sockets show them."""

    message: EntryShown
    entry: EntryShown


def read_place(message_id: str) -> tuple[ChatRef, int]:
    """Returns the chat and the seq that a message's id names. Raises MessageNotFound for what is none."""
    if not MESSAGE_ID.fullmatch(message_id):
        raise MessageNotFound
    chat_id, seq = split_key(int(message_id, 16))
    if not 1 <= chat_id <= CHAT_MAX:
        raise MessageNotFound
    return ChatRef(chat_id=chat_id), seq


def show_voted(entry: Entry, message: Entry) -> dict[str, object]:
    return {"message": show_entry(message), "entry": show_entry(entry)}
