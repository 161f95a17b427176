"""Attempts: how often something was tried within a day, and how long the next try has to wait. All nodes count together."""

from datetime import UTC, datetime, timedelta

from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from models.documents.pin import Attempt, WaitRule
from models.stores.database import Database, Row

DAY = timedelta(days=1)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
TRIES = 40  # one more for each attempt that another call counted meanwhile
BUSY = timedelta(seconds=1)
INDEXES = [IndexModel([("ends_at", ASCENDING)], name="clean_up", expireAfterSeconds=3600)]


class Attempts:
    """One row per key, which lives for a day from its first attempt."""

    def __init__(self, database: Database) -> None:
        self._attempts = database.collection("attempts")

    async def prepare(self) -> None:
        await self._attempts.create_indexes(INDEXES)

    async def take(self, key: str, rule: WaitRule, now: datetime) -> Attempt:
        """Count one more attempt, unless it has to wait: then the answer holds the wait, and nothing is counted.

        Of any number of calls at once, on any nodes, no more are counted than the rule allows.
        """
        for _ in range(TRIES):
            row = await self._attempts.find_one({"_id": key})
            # If a day ends later than a day from now, it began before the clock was set back.
            is_over = row is None or not now < row["ends_at"] <= now + DAY
            if row is None or is_over:
                attempt, fields = Attempt(1), {"count": 1, "in_row": 1, "last_at": now, "ends_at": now + DAY}
            else:
                wait = _wait(row, rule, now)
                if wait is not None:
                    return Attempt(row["count"], wait)
                attempt = Attempt(row["count"] + 1)
                fields = {"count": row["count"] + 1, "in_row": row["in_row"] + 1, "last_at": now}
            if await self._replace(key, row, fields):
                return attempt
        return Attempt(0, BUSY)

    async def give_back(self, key: str) -> None:
        """Undo the count of the last attempt. Nothing waits because of it."""
        await self._attempts.update_one(
            {"_id": key, "count": {"$gt": 0}}, {"$inc": {"count": -1, "in_row": -1}, "$set": {"last_at": BEGINNING}}
        )

    async def restart_waits(self, key: str, in_row: int = 0) -> None:
        """Start the waits again as if there had been `in_row` attempts in a row, because one succeeded.

        The day's count stays.
        """
        await self._attempts.update_one({"_id": key}, {"$min": {"in_row": in_row}})

    async def _replace(self, key: str, row: Row | None, fields: Row) -> bool:
        if row is None:
            try:
                await self._attempts.insert_one({"_id": key} | fields)
            except DuplicateKeyError:
                return False
            return True
        seen = {name: row[name] for name in ("_id", "count", "in_row", "last_at", "ends_at")}
        result = await self._attempts.update_one(seen, {"$set": fields})
        return result.matched_count == 1


def _wait(row: Row, rule: WaitRule, now: datetime) -> timedelta | None:
    if row["count"] >= rule.per_day:
        left: timedelta = row["ends_at"] - now
        return left
    gap = rule.wait_after(row["in_row"])
    wait: timedelta = row["last_at"] + gap - now
    # A longer wait than the rule's means that the clock was set back, which must lock out nobody.
    return wait if timedelta() < wait <= 2 * gap else None
