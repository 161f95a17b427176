"""Maps unexpected errors to refusals: an unreachable database is worth waiting for, everything else is the server's fault.

A query that takes too long is refused like an unreachable database, but logged in other words, because an operator then
looks for an expensive query and not for a broken connection.
"""

import logging

from pymongo.errors import PyMongoError

from models.errors import DomainError, InternalFault, Unavailable
from models.stores.database import has_taken_long, is_transient

log = logging.getLogger(__name__)

WAIT_MS = 1000
LONG_WAIT_MS = 5000  # the abandoned query may still keep the database busy


def refusal_of(error: Exception, doing: str) -> DomainError:
    """Returns the refusal that a client gets for an unexpected error, and logs the error once."""
    if isinstance(error, PyMongoError) and has_taken_long(error):
        log.warning("%s: the database took too long (%s)", doing, type(error).__name__)
        return Unavailable("This takes too long at the moment; try again.", retry_after_ms=LONG_WAIT_MS)
    if isinstance(error, PyMongoError) and is_transient(error):
        log.warning("%s: the database is away (%s)", doing, type(error).__name__)
        return Unavailable(retry_after_ms=WAIT_MS)
    log.error("%s failed", doing, exc_info=error)
    return InternalFault()
