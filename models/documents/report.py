"""Reports: somebody tells the operator of a person or a group, with messages that they were shown (docs/messaging-api.md, "Reports")."""

from dataclasses import dataclass
from datetime import datetime

from models.documents.entry import Entry, Message

REASON_MAX_CHARS = 1000
MESSAGES_MAX = 20
COPY_MAX_CHARS = 2000  # of one message


@dataclass(frozen=True, slots=True)
class ReportedMessage:
    """A copy of a message as the reporter saw it. `words` is its text, its caption or its name, cut; empty for none."""

    chat_id: int
    seq: int
    sender: str
    at: datetime
    type: str
    words: str
    url: str | None = None

    @classmethod
    def of(cls, entry: Entry, message: Message) -> "ReportedMessage":
        words = (message.title or "")[:COPY_MAX_CHARS]
        return cls(entry.chat_id, entry.seq, entry.number, entry.at, message.type, words, message.url)


@dataclass(frozen=True, slots=True)
class Report:
    """A report about a number, or about a group, whose `subject` is that of then. Its reporter is None once that account is removed."""

    id: str
    at: datetime
    reporter: str | None
    reporter_id: int | None
    contact: str | None = None
    account_id: int | None = None  # of the contact, if it had one
    group: str | None = None
    subject: str | None = None
    reason: str = ""
    messages: tuple[ReportedMessage, ...] = ()
