"""A file that is uploaded in parts, so that an upload that breaks goes on where it broke (docs/messaging-api.md, "Uploads in parts")."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from models.documents.chat_ref import ChatRef
from models.documents.media import MediaKind

NEVER = datetime.max.replace(tzinfo=UTC)
_NAME_THE_MESSAGE = frozenset({"contact", "group_id", "chat", "client_id"})


@dataclass(frozen=True, slots=True)
class Upload:
    """What was said of a file when its upload began, and how much of it has arrived.

    `fields` are those of the message, as its sender gave them.
    """

    id: str
    account_id: int
    kind: MediaKind
    length: int
    file_name: str
    mime_type: str
    fields: Mapping[str, Any]
    expires_at: datetime = NEVER  # of one that is stored, when it is given up
    received: int = 0  # bytes that are stored
    is_sent: bool = False  # its message is stored; the bytes are not kept here any more

    @property
    def is_whole(self) -> bool:
        return self.received == self.length

    @property
    def offset(self) -> int:
        """Returns where its sender goes on.

        The last byte counts once the message is stored: a client that is told that all is there need not ask again.
        """
        return self.length if self.is_sent else min(self.received, self.length - 1)

    def as_sent(self) -> "Upload":
        """Returns the upload once its message is stored: what it still knows names the message, and no word of it is left."""
        fields = {name: self.fields[name] for name in _NAME_THE_MESSAGE & self.fields.keys()}
        return replace(self, fields=fields, file_name="", received=self.length, is_sent=True)

    def is_of_same_file(self, other: "Upload") -> bool:
        """Returns whether both may be of the same file. What was said of it first counts."""
        return (self.kind, self.length) == (other.kind, other.length)


def upload_id(account_id: int, target: ChatRef, client_id: str) -> str:
    """Returns the id of an upload: an attempt that is begun again goes on with the same one, on any node."""
    named = (str(account_id), str(target.chat_id), target.group or "", target.contact or "", client_id)
    return hashlib.sha256("\0".join(named).encode()).hexdigest()[:32]
