"""Receipts of messages on the messaging API (docs/messaging-api.md, "Receipts")."""

from typing import NotRequired

from typing_extensions import TypedDict

from handlers.wire.messaging.messages import show_more
from handlers.wire.times import Date, show_date
from models.documents.page_request import Part
from models.documents.receipt import Receipt


class DeliveredShown(TypedDict):
    id: str
    delivered: Date


class ReadShown(TypedDict):
    id: str
    read: Date


class DeliveredListShown(TypedDict):
    messages: list[DeliveredShown]
    more: bool
    next: NotRequired[str]


class ReadListShown(TypedDict):
    messages: list[ReadShown]
    more: bool
    next: NotRequired[str]


class MarkedShown(TypedDict):
    """The number of messages that were marked as read; a sentence if there was nothing to mark."""

    updated: int
    message: NotRequired[str]


def show_delivered(found: Part[Receipt]) -> DeliveredListShown:
    shown: list[DeliveredShown] = [
        {"delivered": show_date(each.at), "id": each.entry.public_id} for each in found.items
    ]
    return {"messages": shown, **show_more(found)}


def show_read(found: Part[Receipt]) -> ReadListShown:
    shown: list[ReadShown] = [{"read": show_date(each.at), "id": each.entry.public_id} for each in found.items]
    return {"messages": shown, **show_more(found)}


def show_marked(updated: int) -> MarkedShown:
    """Returns the count, and a sentence if there was nothing to mark (docs/messaging-api.md, "Receipts")."""
    if updated:
        return {"updated": updated}
    return {"updated": updated, "message": "There was nothing to mark as read."}
