"""Uploads in parts: the beginning of one, and how far it is (docs/messaging-api.md, "Uploads in parts")."""

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from handlers.wire.fields import Fields
from handlers.wire.messaging.drafts import SHAPES, Caption, ClientId, Mentions, ReplyTo, new_attempt
from handlers.wire.messaging.messages import Link, SentShown, show_sent
from handlers.wire.messaging.recipients import ToSomebody, read_whole
from handlers.wire.messaging.request import FieldReader, or_null, text
from handlers.wire.sockets.requests import FILE_FACT_MAX_CHARS, SIZE_MAX_BYTES
from handlers.wire.times import Date, show_date
from models.documents.entry import Entry, Mention
from models.documents.media import MediaKind
from models.documents.plain_line import is_storable
from models.documents.upload import Upload
from models.errors import Malformed

NAME_MAX_CHARS = 1024  # of a longer one the end counts, with the ending
_KINDS = [kind.value for kind in SHAPES]
_NOT_OF_THE_MESSAGE = frozenset({"account", "url"})
_KEY = re.compile(r"[!-+\--~]+")  # ASCII without spaces and commas


def _read_kind(fields: Fields, name: str) -> MediaKind:
    value = fields.get(name)
    if value not in _KINDS:
        raise Malformed(f"{name} must be one of {', '.join(_KINDS)}.")
    return MediaKind(value)


def _read_length(fields: Fields, name: str) -> int:
    return read_whole(fields, name, SIZE_MAX_BYTES)


def _said_of_file(most: int) -> FieldReader:
    """Returns the reader of an optional text of which the last `most` characters count."""

    def read(fields: Fields, name: str) -> str:
        value = fields.get(name)
        if value is None:
            return ""
        if not isinstance(value, str) or not is_storable(value):
            raise Malformed(f"{name} must be a text.")
        return value[-most:]

    return FieldReader(read, or_null(text(most, *_ABOUT_FILE[most])))


_ABOUT_FILE = {
    NAME_MAX_CHARS: ("The name of the file.", "film.mp4"),
    FILE_FACT_MAX_CHARS: ("The type of the file.", "video/mp4"),
}


class FileToUpload(ToSomebody):
    """A message with a file that comes in parts. The fields may also be sent as `Upload-Metadata`, and `length` as `Upload-Length`."""

    kind: Annotated[
        MediaKind,
        FieldReader(_read_kind, {"description": "Which message it becomes.", "type": "string", "enum": _KINDS}),
    ]
    length: Annotated[
        int,
        FieldReader(
            _read_length,
            {
                "description": "The bytes of the file.",
                "type": "integer",
                "minimum": 1,
                "maximum": SIZE_MAX_BYTES,
                "examples": [48_213],
            },
        ),
    ]
    filename: Annotated[str, _said_of_file(NAME_MAX_CHARS)] = ""
    filetype: Annotated[str, _said_of_file(FILE_FACT_MAX_CHARS)] = ""
    client_id: ClientId = Field(default_factory=new_attempt)
    reply_to: ReplyTo = None
    caption: Caption = None
    mentions: Mentions = None


class UploadShown(TypedDict):
    """How far an upload is: send on from `offset`, to `url`, before it `expires`. `message` is there once the message is."""

    upload: str
    url: str
    offset: int
    length: int
    expires: Date
    message: NotRequired[SentShown]


def message_fields(kind: MediaKind, fields: Fields, client_id: str) -> Fields:
    """Returns the fields that a form with such a file would have."""
    names = SHAPES[kind].model_fields.keys() - _NOT_OF_THE_MESSAGE
    return {name: fields[name] for name in names & fields.keys()} | {"client_id": client_id}


def kept_fields(of_message: Fields, mentions: Sequence[Mention]) -> Fields:
    """Returns the fields of a message as they are kept until its file is there, with its mentions as they were read.

    Another value that is no text and no number is not looked at, such as a `contact` beside a `group_id`; it is left out.
    """
    said = {name: value for name, value in of_message.items() if name != "mentions" and isinstance(value, str | int)}
    shown = [{"number": one.number, "offset": one.offset, "length": one.length} for one in mentions]
    return {**said, "mentions": shown} if shown else said


def read_metadata(header: str) -> Fields:
    """Returns the fields of `Upload-Metadata`: names, each with its value in base64, separated by commas. Raises Malformed."""
    fields: dict[str, str] = {}
    for pair in filter(None, header.split(",")):
        name, _, value = pair.strip().partition(" ")
        if not _KEY.fullmatch(name) or name in fields:
            raise Malformed("Upload-Metadata must name each field once.")
        try:
            fields[name] = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, ValueError):
            raise Malformed(f"{name} in Upload-Metadata is no base64 of a text in UTF-8.") from None
    return fields


def show_upload(upload: Upload, url: str, entry: Entry | None, link: Link) -> UploadShown:
    shown: UploadShown = {
        "upload": upload.id,
        "url": url,
        "offset": upload.offset,
        "length": upload.length,
        "expires": show_date(upload.expires_at),
    }
    return shown if entry is None else {**shown, "message": show_sent(entry, link)}
