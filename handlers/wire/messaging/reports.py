"""Reports of people and groups (docs/messaging-api.md, "Reports")."""

import re
from typing import Annotated

from pydantic import Field

from handlers.wire.fields import Fields, read_list
from handlers.wire.messaging.request import FieldReader, MessagingRequest, or_null, words_up_to
from models.documents.entry import split_key
from models.documents.report import MESSAGES_MAX, REASON_MAX_CHARS
from models.errors import Malformed

_MESSAGE_ID = re.compile(r"0{6}[0-9A-Fa-f]{16}", re.ASCII)


def _read_places(fields: Fields, name: str) -> list[tuple[int, int]]:
    """Returns the (chat id, seq) of messages by their ids."""
    if fields.get(name) in (None, "", []):
        return []
    ids = read_list(fields, name)
    if len(ids) > MESSAGES_MAX:
        raise Malformed(f"{name} may have at most {MESSAGES_MAX} entries.")
    if not all(isinstance(each, str) and _MESSAGE_ID.fullmatch(each) for each in ids):
        raise Malformed(f"{name} must hold ids of messages.")
    return list(dict.fromkeys(split_key(int(each, 16)) for each in ids))


class ReportMade(MessagingRequest):
    """What is wrong, in one's own words, and messages that show it. The operator gets copies of their texts."""

    reason: Annotated[str | None, words_up_to(REASON_MAX_CHARS, "What is wrong.", "Sends advertising.")] = None
    message_ids: Annotated[
        list[tuple[int, int]],
        FieldReader(
            _read_places,
            or_null(
                {
                    "description": "Ids of messages that you were shown.",
                    "type": "array",
                    "items": {"type": "string", "pattern": "^[0-9A-Fa-f]{22}$"},
                    "maxItems": MESSAGES_MAX,
                    "examples": [["000000000000010000001F"]],
                }
            ),
        ),
    ] = Field(default_factory=list)
