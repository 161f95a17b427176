"""The request of a search by REST (docs/rest.md, "Search"); handlers/wire/sockets/search.py shows the answer."""

from typing import Annotated

from pydantic import Field

from handlers.wire.fields import Fields, find_number
from handlers.wire.messaging.recipients import read_whole, require_single
from handlers.wire.messaging.request import GROUP_ID, NUMBER, SAYING, FieldReader, MessagingRequest
from handlers.wire.sockets.requests import CHAT_MAX, read_target, read_text
from handlers.wire.sockets.search import LIMIT_DEFAULT, NEXT_PATTERN, find_type
from models.documents.chat_ref import ChatRef
from models.documents.entry import MESSAGE_TYPES
from models.documents.phone import is_number
from models.documents.search import END, HITS_MAX, Search, read_place
from models.documents.search_block import Place
from models.documents.search_words import QUERY_MAX_CHARS, SearchQuery, read_query
from models.errors import Malformed


def _read_words(fields: Fields, name: str) -> SearchQuery:
    require_single(fields, name)
    return read_query(read_text(fields, name, QUERY_MAX_CHARS))


def _read_chat(fields: Fields, name: str) -> int | None:
    require_single(fields, name)
    return None if fields.get(name) in (None, "") else read_whole(fields, name, CHAT_MAX)


def _read_named(fields: Fields, name: str) -> str | None:
    """Returns a name of a chat as it was given; `read_target` reads it."""
    require_single(fields, name)
    return fields.get(name) or None


def _read_sender(fields: Fields, name: str) -> str | None:
    given = fields.get(name)  # a Python name, since `from` is none
    require_single({"from": given}, "from")
    if given in (None, ""):
        return None
    number = find_number(given)
    if number is None:
        raise Malformed("from: must be a phone number.")
    return number


def _read_type(fields: Fields, name: str) -> str | None:
    require_single(fields, name)
    return find_type(fields.get(name))


def _read_before(fields: Fields, name: str) -> Place:
    require_single(fields, name)
    given = fields.get(name)
    return END if given in (None, "") else read_place(str(given))


def _read_limit(fields: Fields, name: str) -> int:
    require_single(fields, name)
    given = str(fields.get(name, ""))
    if not is_number(given):
        return LIMIT_DEFAULT
    return min(max(int(given[:9]), 1), HITS_MAX)


class SearchAsked(MessagingRequest):
    """What is looked for, and where."""

    q: Annotated[
        SearchQuery,
        FieldReader(
            _read_words,
            {
                "description": "Words, or the beginnings of words, all of which a message must have; in scripts without spaces any "
                "part of a text. Case, accents and width make no difference.",
                "type": "string",
                "minLength": 1,
                "maxLength": QUERY_MAX_CHARS,
                "pattern": SAYING,
                "examples": ["lunch"],
            },
        ),
    ]
    chat: Annotated[
        int | None,
        FieldReader(
            _read_chat,
            {
                "description": "Only this chat, by its id.",
                "type": "integer",
                "minimum": 1,
                "maximum": CHAT_MAX,
                "examples": [7],
            },
        ),
    ] = None
    contact: Annotated[
        str | None,
        FieldReader(_read_named, {**NUMBER, "description": "Only the chat with this number, instead of `chat`."}),
    ] = None
    group: Annotated[
        str | None,
        FieldReader(_read_named, {**GROUP_ID, "description": "Only this group, by its id, instead of `chat`."}),
    ] = None
    sender: Annotated[
        str | None, FieldReader(_read_sender, {**NUMBER, "description": "Only what this number has sent."})
    ] = Field(None, alias="from")
    kind: Annotated[
        str | None,
        FieldReader(
            _read_type,
            {
                "description": "Only messages of this type: t text, i image, l place, s voice, a sound, v video, c card, d document.",
                "type": "string",
                "enum": sorted(MESSAGE_TYPES),
            },
        ),
    ] = None
    before: Annotated[
        Place,
        FieldReader(
            _read_before,
            {"description": "The `next` of the page before.", "type": "string", "pattern": NEXT_PATTERN},
        ),
    ] = END
    limit: Annotated[
        int,
        FieldReader(
            _read_limit,
            {
                "description": f"At most so many hits; {LIMIT_DEFAULT} by default, {HITS_MAX} at most.",
                "type": "integer",
                "minimum": 1,
            },
        ),
    ] = LIMIT_DEFAULT

    @property
    def target(self) -> ChatRef | None:
        """Returns the chat that is named, None for all. Raises Malformed for several, and for what names none."""
        named = {"chat": self.chat, "contact": self.contact, "group": self.group}
        return None if not any(named.values()) else read_target(named)

    @property
    def search(self) -> Search:
        return Search(self.q, self.target, self.sender, self.kind, self.before, self.limit)
