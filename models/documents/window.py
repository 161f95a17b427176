"""Which part of a list a REST request asks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from models.documents.entry import SEQ_MAX, split_key
from models.errors import Malformed

T = TypeVar("T")

LIMIT_DEFAULT = 20  # messaging contract 10.2
LIMIT_MAX = 1000  # the same; more is cut silently


@dataclass(frozen=True, slots=True)
class Window:
    """`limit` of the newest behind `after`, once `offset` of them are skipped; only those before `before`, the key of an entry."""

    after: datetime | None = None
    limit: int = LIMIT_DEFAULT
    offset: int = 0
    before: int | None = None

    def last_seq(self, chat_id: int) -> int:
        """The highest seq of this chat that may be shown. Raises Malformed where `before` is an entry of another chat."""
        if self.before is None:
            return SEQ_MAX
        before_chat, seq = split_key(self.before)
        if before_chat != chat_id:
            raise Malformed("before: must be the id of a message of this chat.")
        return seq - 1


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """A part of a list, oldest first. `before` is the key from which to go on where looking ended before the part was full."""

    items: Sequence[T]
    before: int | None = None
