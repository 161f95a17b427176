"""Sample replies: answers that clients offer to people who accept or reject an invitation."""

from dataclasses import dataclass
from enum import StrEnum

from models.documents.event import RSVP_MAX_CHARS
from models.documents.plain_line import one_line
from models.errors import Malformed


class ReplyType(StrEnum):
    ACCEPT = "accept"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class SampleReply:
    """A text that can be sent as it is. No two replies have the same text."""

    id: int
    text: str
    type: ReplyType


# The replies of a new database (docs/events-api.md, "Sample replies").
FIRST: dict[ReplyType, tuple[str, ...]] = {
    ReplyType.ACCEPT: (
        "I'll be there :)",
        "Yesss!",
        "Count me in!",
        "Can't wait!",
        "Sounds great, see you there.",
        "Of course!",
        "On my way already.",
        "With pleasure!",
    ),
    ReplyType.REJECT: (
        "Maybe next time!",
        "Sorry, I can't make it.",
        "I wish I could!",
        "I'm out of town.",
        "Already have plans, sorry.",
        "Have fun without me!",
        "Not this time.",
        "Too short notice for me.",
    ),
}


def require_reply_text(text: str) -> str:
    """Returns the text as one line. Raises Malformed for a text that cannot answer an invitation."""
    line = one_line(text)
    if not line or len(line) > RSVP_MAX_CHARS:
        raise Malformed(f"A reply is 1 to {RSVP_MAX_CHARS} characters that can be seen.")
    return line
