"""Which site a node is of: the database's id, and a fingerprint of the secret."""

from dataclasses import dataclass

from models.stores.database import Database
from models.stores.sites import Sites
from server.auth.tokens import derive_key

FINGERPRINT_CHARS = 8


@dataclass(frozen=True, slots=True)
class Site:
    """The nodes over one database; those that also have one secret are one server."""

    id: str  # of the database
    fingerprint: str  # of the secret: a keyed hash, which does not give it away

    @property
    def name(self) -> str:
        """Returns what keys and channels in Redis carry. The secret counts, as a copy of a database brings the id along."""
        return f"{self.id}.{self.fingerprint}"


async def find_site(database: Database, secret: str) -> Site:
    """Returns the site, whose id is made here where this is its first node; raises PyMongoError."""
    return Site(await Sites(database).require_id(), fingerprint_of(secret))


def fingerprint_of(secret: str) -> str:
    """Returns what tells two secrets apart, and gives neither away."""
    return derive_key(secret, "fingerprint").hex()[:FINGERPRINT_CHARS]
