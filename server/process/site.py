"""Identifies the site of a node: the database's id, and a fingerprint of the secret."""

from dataclasses import dataclass

from models.stores.database import Database
from models.stores.sites import Sites
from server.auth.tokens import derive_key

FINGERPRINT_CHARS = 8


@dataclass(frozen=True, slots=True)
class Site:
    """The nodes over one database. Those that also share one secret form one server."""

    id: str  # of the database
    fingerprint: str  # of the secret: a keyed hash, which does not give it away

    @property
    def name(self) -> str:
        """Returns the part of keys and channels in Redis that names this site.

        It depends on the secret, since a copy of a database has the same id.
        """
        return f"{self.id}.{self.fingerprint}"


async def find_site(database: Database, secret: str) -> Site:
    """Returns the site of this database, and gives it an id if it has none. Raises PyMongoError."""
    return Site(await Sites(database).require_id(), fingerprint_of(secret))


def fingerprint_of(secret: str) -> str:
    """Returns a text that differs for different secrets and reveals none."""
    return derive_key(secret, "fingerprint").hex()[:FINGERPRINT_CHARS]
