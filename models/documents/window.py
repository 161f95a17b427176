"""Which part of a list a REST request asks for."""

from dataclasses import dataclass
from datetime import datetime

LIMIT_DEFAULT = 20  # messaging contract 10.2
LIMIT_MAX = 1000  # the same; more is cut silently


@dataclass(frozen=True, slots=True)
class Window:
    """`limit` of the newest behind `after`, once `offset` of them are skipped."""

    after: datetime | None = None
    limit: int = LIMIT_DEFAULT
    offset: int = 0
