"""The plans by which MongoDB ran what a store asked: its profiler tells them, with nothing repeated or guessed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from models.stores.database import Database


@dataclass(frozen=True, slots=True)
class Plan:
    """One operation as it ran. `summary` is like `IXSCAN { owner_id: 1, number: 1 }`, or `COLLSCAN`."""

    operation: str
    summary: str
    docs_examined: int

    @property
    def index(self) -> str | None:
        """The keys of the index that answered it, like `owner_id: 1, number: 1`; None for a scan of everything."""
        _, _, keys = self.summary.partition("{ ")
        return keys.removesuffix(" }") or None


@asynccontextmanager
async def recorded_plans(database: Database, collection: str) -> AsyncIterator[list[Plan]]:
    """Filled when the block ends: the plans of all that was asked of `collection` in it, in order."""
    plans: list[Plan] = []
    await database.raw.command("profile", 2)
    try:
        yield plans
    finally:
        await database.raw.command("profile", 0)
        asked: dict[str, Any] = {"ns": f"{database.raw.name}.{collection}", "planSummary": {"$exists": True}}
        rows = await database.raw["system.profile"].find(asked).sort("$natural", 1).to_list(None)
        plans += [Plan(row["op"], row["planSummary"], row.get("docsExamined", 0)) for row in rows]
