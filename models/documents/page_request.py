"""Which part of a list a request of REST asks for (docs/rest.md, "Lists")."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from models.documents.entry import SEQ_MAX, split_key
from models.errors import Malformed

T = TypeVar("T")

LIMIT_DEFAULT = 20  # this and the next: docs/messaging-api.md, "Message list"
LIMIT_MAX = 1000  # a larger limit is reduced to this


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Asks for up to `limit` messages, the newest first, behind the first `offset` of them.

    `after` is a time and `behind` the key of an entry: only later messages are meant. `before` is the key of an entry: only
    earlier ones are meant.
    """

    after: datetime | None = None
    limit: int = LIMIT_DEFAULT
    offset: int = 0
    before: int | None = None
    behind: int | None = None

    def first_seq(self, chat_id: int) -> int:
        """Returns the lowest seq of this chat that is asked for.

        Raises Malformed if `behind` is an entry of another chat.
        """
        return 1 if self.behind is None else _seq_in(chat_id, self.behind, "after") + 1

    def last_seq(self, chat_id: int) -> int:
        """Returns the highest seq of this chat that is asked for.

        Raises Malformed if `before` is an entry of another chat.
        """
        return SEQ_MAX if self.before is None else _seq_in(chat_id, self.before, "before") - 1


def _seq_in(chat_id: int, key: int, name: str) -> int:
    key_chat, seq = split_key(key)
    if key_chat != chat_id:
        raise Malformed(f"{name}: must be the id of a message of this chat.")
    return seq


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """A part of a list, oldest first. `before` is the key for asking for older items, or None if there are none."""

    items: Sequence[T]
    before: int | None = None
