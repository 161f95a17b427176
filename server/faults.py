"""Turns what went wrong here into what a client is told: a database that is away is worth waiting for, the rest is our fault.

So is one that takes too long, but the log says so in other words: whoever reads it looks for a costly question and not for a cut.
"""

import logging

from pymongo.errors import PyMongoError

from models.errors import DomainError, InternalFault, Unavailable
from models.stores.database import has_taken_long, is_transient

log = logging.getLogger(__name__)

WAIT_MS = 1000
LONG_WAIT_MS = 5000  # the question that was given up may still keep the database busy


def refusal_of(error: Exception, doing: str) -> DomainError:
    """The refusal that stands for a fault, which is logged here once."""
    if isinstance(error, PyMongoError) and has_taken_long(error):
        log.warning("%s: the database took too long (%s)", doing, type(error).__name__)
        return Unavailable("This takes too long at the moment; try again.", retry_after_ms=LONG_WAIT_MS)
    if isinstance(error, PyMongoError) and is_transient(error):
        log.warning("%s: the database is away (%s)", doing, type(error).__name__)
        return Unavailable(retry_after_ms=WAIT_MS)
    log.error("%s failed", doing, exc_info=error)
    return InternalFault()
