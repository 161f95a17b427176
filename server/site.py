"""Which site a node is of: the database's id, and a fingerprint of the secret."""

from models.stores.database import Database
from models.stores.sites import Sites
from server.auth.tokens import derive_key

FINGERPRINT_CHARS = 8


def fingerprint(secret: str) -> str:
    """Returns what tells two secrets apart and does not give either away: a keyed hash, in hexadecimal."""
    return derive_key(secret, "fingerprint").hex()[:FINGERPRINT_CHARS]


async def name_site(database: Database, secret: str) -> str:
    """Returns what keys and channels in Redis carry. The secret counts, as a copy of a database brings the id along.

    Raises PyMongoError.
    """
    return f"{await Sites(database).require_id()}.{fingerprint(secret)}"
