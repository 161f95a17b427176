"""Turns what went wrong here into what a client is told: a database that is away is worth waiting for, the rest is our fault."""

import logging

from pymongo.errors import PyMongoError

from models.errors import DomainError, InternalFault, Unavailable
from models.stores.database import is_transient

log = logging.getLogger(__name__)

WAIT_MS = 1000


def refusal_of(error: Exception, doing: str) -> DomainError:
    """The refusal that stands for a fault, which is logged here once."""
    if isinstance(error, PyMongoError) and is_transient(error):
        log.warning("%s: the database is away (%s)", doing, type(error).__name__)
        return Unavailable(retry_after_ms=WAIT_MS)
    log.error("%s failed", doing, exc_info=error)
    return InternalFault()
