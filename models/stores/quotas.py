"""Quotas: how often something happened in the present window of time. All nodes count together."""

from datetime import UTC, datetime, timedelta

from pymongo import ASCENDING, IndexModel

from models.stores.database import Database, upsert

INDEXES = [IndexModel([("ends_at", ASCENDING)], name="clean_up", expireAfterSeconds=3600)]


class Quotas:
    """Counters by key and window. Windows begin at multiples of their length, so that all nodes agree on them."""

    def __init__(self, database: Database) -> None:
        self._quotas = database.collection("quotas")

    async def prepare(self) -> None:
        await self._quotas.create_indexes(INDEXES)

    async def take(self, key: str, cap: int, window_s: int, now: datetime, count: int = 1) -> timedelta | None:
        """Count `count` more for `key`. Returns None while there are at most `cap`, else the time until the window ends."""
        window = _window(window_s, now)
        ends_at = datetime.fromtimestamp((window + 1) * window_s, UTC)
        counted = {"$inc": {"count": count}, "$setOnInsert": {"ends_at": ends_at}}
        row = await upsert(self._quotas, {"_id": f"{key} {window}"}, counted)
        return None if row["count"] <= cap else ends_at - now

    async def give_back(self, key: str, window_s: int, now: datetime, count: int = 1) -> None:
        """Undo a count."""
        await self._quotas.update_one(
            {"_id": f"{key} {_window(window_s, now)}", "count": {"$gte": count}}, {"$inc": {"count": -count}}
        )


def _window(window_s: int, now: datetime) -> int:
    return int(now.timestamp()) // window_s
