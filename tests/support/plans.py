"""The plans by which MongoDB ran what a store asked: its profiler tells them, with nothing repeated or guessed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from models.stores.database import Database
from server.wiring.outside import APP
from tests.support.stores import pool

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Plan:
    """One operation as it ran. `summary` is like `IXSCAN { owner_id: 1, number: 1 }`, or `COLLSCAN`."""

    operation: str
    summary: str
    docs_examined: int

    @property
    def index(self) -> str | None:
        """The keys of the index that answered it, like `owner_id: 1, number: 1`; None for a scan of everything."""
        if self.summary == "IDHACK":  # MongoDB's name for one row by its `_id`
            return "_id: 1"
        _, _, keys = self.summary.partition("{ ")
        return keys.removesuffix(" }") or None


@asynccontextmanager
async def recorded_plans(database: Database, collection: str) -> AsyncIterator[list[Plan]]:
    """Filled when the block ends: the plans of all that was asked of `collection` in it, in order."""
    plans: list[Plan] = []
    (last,) = await database.raw["system.profile"].find().sort("$natural", -1).limit(1).to_list(1) or [{"ts": EPOCH}]
    former = await database.raw.command("profile", -1)
    await database.raw.command("profile", 2, filter="unset")
    try:
        yield plans
    finally:
        await database.raw.command("profile", former["was"], filter=former.get("filter", "unset"))
        asked: dict[str, Any] = {"ns": f"{database.raw.name}.{collection}", "planSummary": {"$exists": True}}
        asked["ts"] = {"$gt": last["ts"]}
        rows = await database.raw["system.profile"].find(asked).sort("$natural", 1).to_list(None)
        plans += [Plan(row["op"], row["planSummary"], row.get("docsExamined", 0)) for row in rows]


@asynccontextmanager
async def no_scans(mongodb_url: str, name: str) -> AsyncIterator[None]:
    """Fails when the block ends if a node asked anything of this database that MongoDB could answer only by reading all.

    So every route and every request that any test sends to a node is held to it. What tests ask by connections of their
    own does not count.
    """
    # What the profiler noted itself has no index; `recorded_plans` reads it by whatever connection it is given. Uploads that are
    # under way need none: they are few, and looked through once in a while.
    exempt = [f"{name}.system.profile", f"{name}.media.uploads"]
    scans = {"appName": APP, "planSummary": {"$regex": "COLLSCAN"}, "ns": {"$nin": exempt}}
    async with pool.opened(mongodb_url, name) as database:
        # At level 2 the server notes everything, whatever the filter.
        await database.raw.command("profile", 1, filter=scans)
        yield
        found = await database.raw["system.profile"].find(scans, {"ns": 1, "command": 1, "_id": 0}).to_list(None)
        assert not found, f"nothing but a scan of the collection answers {found[:3]}"
