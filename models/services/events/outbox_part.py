"""Makes the items of an event's outbox."""

from datetime import datetime
from uuid import uuid4

from models.documents.event import OutboxItem, What
from models.documents.session import Actor


def outbox_item(by: Actor, at: datetime, what: What) -> OutboxItem:
    """What happened, under a name of its own for ever."""
    return OutboxItem(uuid4().hex, at, by.account_id, what)
