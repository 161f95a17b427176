"""How much MongoDB looked at to answer: rows and index keys, as its profiler counted them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from models.stores.database import Database


@dataclass
class Examined:
    """Sums over all that was asked of one database."""

    rows: int = 0
    keys: int = 0


@asynccontextmanager
async def examined(database: Database) -> AsyncIterator[Examined]:
    """Filled when the block ends, by what anybody asked of this database in it."""
    sums = Examined()
    former = await database.raw.command("profile", -1)
    await database.raw.command("profile", 0)
    await database.raw.drop_collection("system.profile")
    await database.raw.command("profile", 2, filter="unset")
    try:
        yield sums
    finally:
        await database.raw.command("profile", former["was"], filter=former.get("filter", "unset"))
        asked = {"docsExamined": {"$exists": True}, "ns": {"$ne": f"{database.raw.name}.system.profile"}}
        async for row in database.raw["system.profile"].find(asked):
            sums.rows += row["docsExamined"]
            sums.keys += row.get("keysExamined", 0)
