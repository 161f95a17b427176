"""Sample replies: answers that a client offers to whoever accepts or rejects an invitation."""

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
    """A text that can be sent as it is; each text is there once."""

    id: int
    text: str
    type: ReplyType


# What there is at first: three of the seed document ("Get list of possible rsvp reply messages"), and more like them.
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
    """Returns the text as one line. Raises Malformed for one that no invitation could be answered with."""
    line = one_line(text)
    if not line or len(line) > RSVP_MAX_CHARS:
        raise Malformed(f"A reply is 1 to {RSVP_MAX_CHARS} characters that can be seen.")
    return line
