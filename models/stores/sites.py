"""The id of a site, which all nodes over one database share."""

import secrets

from models.stores.database import Database, upsert


class Sites:
    """One row, made by the first node. Its key is the database's name, so a copy under another name is another site."""

    def __init__(self, database: Database) -> None:
        self._sites = database.collection("sites")
        self._name = database.raw.name

    async def require_id(self) -> str:
        """Returns the id, 16 hexadecimal digits, which never changes."""
        row = await upsert(self._sites, {"_id": self._name}, {"$setOnInsert": {"id": secrets.token_hex(8)}})
        return str(row["id"])
