"""Messages that clients of the messaging API send (docs/messaging-api.md, "Sending")."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Annotated
from uuid import uuid4

from pydantic import ConfigDict, Field, create_model
from typing_extensions import override

from handlers.wire.fields import Fields
from handlers.wire.messaging.recipients import FOR_SOMEBODY, ToSomebody, read_whole
from handlers.wire.messaging.request import (
    NUMBER,
    FieldReader,
    as_given,
    name_up_to,
    or_null,
    read_json,
    text,
    words_up_to,
)
from handlers.wire.sockets.mentions import MENTIONS_MAX, read_mentions
from handlers.wire.sockets.requests import (
    CAPTION_MAX_CHARS,
    CLIENT_ID_MAX_CHARS,
    SEQ_MAX,
    VCARD_MAX_CHARS,
    read_client_id,
    read_degrees,
    read_exact,
    read_text,
)
from models.documents.entry import Message
from models.documents.media import MediaKind
from models.documents.url import URL_MAX_CHARS, is_web_url
from models.errors import Malformed, UrlRefused

_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DECIMAL_MAX_CHARS = 64  # the time of the expression above grows with the square of a text that is nearly a number
_TYPES = {
    MediaKind.IMAGE: "i",
    MediaKind.VOICE: "s",
    MediaKind.AUDIO: "a",
    MediaKind.VIDEO: "v",
    MediaKind.DOCUMENT: "d",
}
_MENTIONS = or_null(
    {
        "description": "The parts of the text, or of the caption, that mean members of the chat, in code points. A form gives them as JSON text.",
        "type": "array",
        "maxItems": MENTIONS_MAX,
        "items": {
            "type": "object",
            "properties": {
                "number": NUMBER,
                "offset": {"type": "integer", "minimum": 0},
                "length": {"type": "integer", "minimum": 1},
            },
            "required": ["number", "offset", "length"],
        },
        "examples": [[]],
    }
)


def _find_reply_target(fields: Fields, name: str) -> int | None:
    return None if fields.get(name) in (None, "") else read_whole(fields, name, SEQ_MAX)


def _from_json(fields: Fields, name: str) -> object:
    """Returns a list, which a form sends as JSON text."""
    value = fields.get(name)
    if isinstance(value, list):
        return [read_json(one, name) for one in value]
    return None if value in (None, "") else read_json(value, name)


def new_attempt() -> str:
    """Returns a client id for a request that has none."""
    return uuid4().hex


def _read_attempt(fields: Fields, name: str) -> str:
    """Returns the client id of a request. Clients of this API alone send none: each of their requests is a message of its own."""
    return new_attempt() if fields.get(name) in (None, "") else read_client_id(fields)


def _read_degrees(most: int) -> FieldReader:
    def read(fields: Fields, name: str) -> float:
        value = fields.get(name)
        if isinstance(value, str) and len(value) <= _DECIMAL_MAX_CHARS and _DECIMAL.fullmatch(value.strip()):
            value = float(value)  # a form has no numbers
        return read_degrees({name: value}, name, most)

    example = {90: 48.8571, 180: 2.2943}[most]
    return FieldReader(read, {"type": "number", "minimum": -most, "maximum": most, "examples": [example]})


def _said_up_to(max_chars: int, *examples: str, read: Callable[[Fields, str, int], str] = read_text) -> FieldReader:
    schema = text(max_chars, "", *examples, says_something=True)
    return FieldReader(lambda fields, name: read(fields, name, max_chars), schema)


ClientId = Annotated[
    str,
    FieldReader(
        _read_attempt,
        or_null(
            text(
                CLIENT_ID_MAX_CHARS,
                "Your name for this attempt. Sent again with the same one, a message is stored once and the answer is the same.",
                says_something=True,
            )
        ),
    ),
]
ReplyTo = Annotated[
    int | None,
    FieldReader(
        _find_reply_target,
        or_null(
            {
                "description": "The `seq` of the message of this chat that is answered.",
                "type": "integer",
                "minimum": 1,
                "maximum": SEQ_MAX,
                "examples": [31],
            }
        ),
    ),
]
Caption = Annotated[str | None, words_up_to(CAPTION_MAX_CHARS, "", "Cool Image☺️")]
Mentions = Annotated[object, FieldReader(_from_json, _MENTIONS)]


class Attempt(ToSomebody):
    """The client id, which tells an attempt to send from other attempts."""

    client_id: ClientId = Field(default_factory=new_attempt)


class TextToSend(ToSomebody):
    """A text. Its longest length is a setting: `text_to_send` makes the shape."""

    message: str
    client_id: ClientId = Field(default_factory=new_attempt)
    reply_to: ReplyTo = None
    mentions: Mentions = None

    def draft(self) -> Message:
        """Returns the message. Raises Malformed for mentions outside of its text."""
        mentions = read_mentions({"mentions": self.mentions}, self.message)
        return Message("t", text=self.message, reply_to=self.reply_to, mentions=mentions)


@lru_cache
def text_to_send(max_chars: int) -> type[TextToSend]:
    """Returns the shape of a text of up to so many characters."""
    message = Annotated[str, _said_up_to(max_chars, "😍")]
    return create_model("TextToSend", __base__=TextToSend, __doc__="A text.", message=(message, ...))


class LocationToSend(ToSomebody):
    """A place."""

    caption: Annotated[str | None, words_up_to(CAPTION_MAX_CHARS, "", "Cool Place🗼")] = None
    latitude: Annotated[float, _read_degrees(90)]
    longitude: Annotated[float, _read_degrees(180)]
    client_id: ClientId = Field(default_factory=new_attempt)
    reply_to: ReplyTo = None

    def draft(self) -> Message:
        return Message(
            "l",
            caption=self.caption,
            latitude=self.latitude,
            longitude=self.longitude,
            reply_to=self.reply_to,
        )


class FileToSend(ToSomebody):
    """A file, or a URL from which a copy is stored; the file wins."""

    model_config = ConfigDict(json_schema_extra={**FOR_SOMEBODY, "required": ["url"]})  # if no file is uploaded

    client_id: ClientId = Field(default_factory=new_attempt)
    reply_to: ReplyTo = None
    url: Annotated[
        object,
        FieldReader(
            as_given,
            {"description": "http or https.", "type": "string", "format": "uri", "maxLength": URL_MAX_CHARS},
        ),
    ] = None

    def draft(self, kind: MediaKind) -> Message:
        """Returns a message of this kind that still lacks its file."""
        return Message(_TYPES[kind], reply_to=self.reply_to)

    def require_url(self) -> str:
        """Returns the URL of a form that has no file in `filename`. Raises Malformed, and UrlRefused for what is no address of the web."""
        if self.url in (None, ""):
            raise Malformed("A file in filename, or a url, is needed.")
        url = read_exact({"url": self.url}, "url", URL_MAX_CHARS)
        if not is_web_url(url):
            raise UrlRefused("This is no URL.")
        return url


class PictureToSend(FileToSend):
    """An image or a video."""

    caption: Caption = None
    mentions: Mentions = None

    @override
    def draft(self, kind: MediaKind) -> Message:
        """Returns the message. Raises Malformed for mentions outside of its caption."""
        mentions = read_mentions({"mentions": self.mentions}, self.caption)
        return Message(_TYPES[kind], caption=self.caption, reply_to=self.reply_to, mentions=mentions)


class DocumentToSend(PictureToSend):
    """A file of any kind. The name of the uploaded file is what it is called."""


class CardToSend(ToSomebody):
    """A contact card, as text or as a file in UTF-8."""

    name: Annotated[str | None, name_up_to(CAPTION_MAX_CHARS, "", "John Doe")] = None
    vcard: Annotated[
        str, _said_up_to(VCARD_MAX_CHARS, "BEGIN:VCARD\nVERSION:3.0\nFN:John Doe\nEND:VCARD", read=read_exact)
    ]
    client_id: ClientId = Field(default_factory=new_attempt)
    reply_to: ReplyTo = None

    def draft(self) -> Message:
        return Message("c", vcard=self.vcard, name=self.name, reply_to=self.reply_to)


# The shape of a message with a file, by its kind.
SHAPES: Mapping[MediaKind, type[FileToSend]] = {
    MediaKind.IMAGE: PictureToSend,
    MediaKind.VOICE: FileToSend,
    MediaKind.AUDIO: FileToSend,
    MediaKind.VIDEO: PictureToSend,
    MediaKind.DOCUMENT: DocumentToSend,
}
