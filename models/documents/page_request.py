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
class PageRequest:
    """`limit` of the newest behind a time, `after`, or behind an entry, `behind`, once `offset` of them are skipped; only those before the entry `before`.

    Both entries are named by their keys.
    """

    after: datetime | None = None
    limit: int = LIMIT_DEFAULT
    offset: int = 0
    before: int | None = None
    behind: int | None = None

    def first_seq(self, chat_id: int) -> int:
        """The lowest seq of this chat that may be shown. Raises Malformed where `behind` is an entry of another chat."""
        return 1 if self.behind is None else _seq_in(chat_id, self.behind, "after") + 1

    def last_seq(self, chat_id: int) -> int:
        """The highest seq of this chat that may be shown. Raises Malformed where `before` is an entry of another chat."""
        return SEQ_MAX if self.before is None else _seq_in(chat_id, self.before, "before") - 1


def _seq_in(chat_id: int, key: int, name: str) -> int:
    key_chat, seq = split_key(key)
    if key_chat != chat_id:
        raise Malformed(f"{name}: must be the id of a message of this chat.")
    return seq


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """A part of a list, oldest first. `before` is the key from which to go on to older ones; None where there are none."""

    items: Sequence[T]
    before: int | None = None
