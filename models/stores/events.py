"""Events: each change is one atomic step of one row, and stores the facts to announce in the outbox of the same row.

So a place is given away once, however many ask for it on however many nodes, limits are exact, and a crash after a step
loses neither the step nor its facts. Dates in queries are microseconds (event_rows.py).
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo import ReturnDocument

from models.documents.event import Event, Invitation, OutboxItem, Poll, PostedMessage, TimeSuggestion
from models.stores.counters import Counters
from models.stores.database import Database, Row, drop_indexes
from models.stores.event_rows import (
    EVENTS,
    INDEXES,
    date_fields,
    event_of,
    event_row,
    invitation_row,
    item_row,
    poll_row,
    suggestion_row,
)
from models.stores.instants import microseconds

_ATTENDEES: Row = {
    "$size": {"$filter": {"input": "$invitations", "as": "one", "cond": {"$eq": ["$$one.answer", True]}}}
}
_LEFT: Row = {"$subtract": ["$total_spots", {"$add": ["$spots_filled", _ATTENDEES]}]}


class Events:
    """All events, one at a time; event_lists.py reads many at once."""

    def __init__(self, database: Database, counters: Counters) -> None:
        self._events = database.collection(EVENTS)
        self._counters = counters

    async def prepare(self) -> None:
        await self._events.create_indexes(INDEXES)
        await drop_indexes(self._events, "owned", "invited_to")

    async def next_id(self, name: str = EVENTS) -> int:
        """Returns an id for an event, or for one of its `invitations`, `event_messages` or `polls`."""
        return await self._counters.next_id(name)

    async def next_ids(self, name: str, count: int) -> range:
        """Returns `count` consecutive ids."""
        return await self._counters.next_ids(name, count)

    async def create(self, event: Event) -> None:
        await self._events.insert_one(event_row(event))

    async def find(self, event_id: int) -> Event | None:
        row = await self._events.find_one({"_id": event_id})
        return None if row is None else event_of(row)

    async def answer(
        self, event_id: int, account_id: int, *, answer: bool, message: str | None, item: OutboxItem
    ) -> Event | None:
        """Set an invitation's answer in one step against the places left.

        Returns None if a yes finds no place, or none is invited.

        A guest who said yes may say it again with other words. A no always succeeds.
        """
        query: Row = {"_id": event_id, "is_deleted": False, "invitations.account": account_id}
        changes: Row = {"answer": answer, "message": message, "answered_at": item.at}
        if answer:
            changes["seen"] = True
            has_place = {"$expr": {"$lt": [{"$add": ["$spots_filled", _ATTENDEES]}, "$total_spots"]}}
            comes_already = {"invitations": {"$elemMatch": {"account": account_id, "answer": True}}}
            query["$or"] = [comes_already, has_place]
        return await self._change_places(query, {"invitations": _with_invitation(account_id, changes)}, item)

    async def withdraw(self, event_id: int, account_id: int, item: OutboxItem) -> Event | None:
        """Take back an account's answer and its mark as seen.

        Returns None if there is no such invitation, or nothing to take back.
        """
        had = {"$elemMatch": {"account": account_id, "$or": [{"answer": {"$ne": None}}, {"seen": True}]}}
        nothing: Row = {"answer": None, "message": None, "answered_at": None, "seen": False}
        return await self._change_places(
            {"_id": event_id, "invitations": had}, {"invitations": _with_invitation(account_id, nothing)}, item
        )

    async def mark_seen(self, event_id: int, invitation_id: int) -> Event | None:
        """Mark an invitation as seen. Returns None if this event has no such invitation."""
        return await self._change(
            {"_id": event_id, "is_deleted": False, "invitations.id": invitation_id},
            {"$set": {"invitations.$[one].seen": True}},
            array_filters=[{"one.id": invitation_id}],
        )

    async def invite(
        self, event_id: int, invitations: Sequence[Invitation], item: OutboxItem, invitees_max: int
    ) -> Event | None:
        """Add invitations. Returns None if one of their accounts was invited meanwhile, or they would be too many."""
        accounts = [each.account_id for each in invitations]
        size = {"$add": [{"$size": "$invitations"}, len(accounts)]}
        return await self._change(
            {
                "_id": event_id,
                "is_deleted": False,
                "invitations.account": {"$nin": accounts},
                "$expr": {"$lte": [size, invitees_max]},
            },
            {
                "$push": {
                    "invitations": {"$each": [invitation_row(each) for each in invitations]},
                    "outbox": item_row(item),
                }
            },
        )

    async def edit(self, event: Event, changed: Collection[str], item: OutboxItem) -> Event | None:
        """Set these fields, named as in `Event`, to those of `event`. Returns None if fewer than 0 places would be left."""
        row = event_row(event)
        fields = {name: row[name] for name in changed} | {"modified_at": event.modified_at}
        if "date" in changed or "is_time_specified" in changed:
            fields |= date_fields(event)
        query: Row = {"_id": event.id, "is_deleted": False}
        if "total_spots" in changed or "spots_filled" in changed:
            total = event.total_spots if "total_spots" in changed else "$total_spots"
            filled = event.spots_filled if "spots_filled" in changed else "$spots_filled"
            query["$expr"] = {"$lte": [{"$add": [filled, _ATTENDEES]}, total]}
        values: Row = {name: {"$literal": value} for name, value in fields.items()}
        return await self._change_places(query, values | {"revision": {"$add": ["$revision", 1]}}, item)

    async def cancel(self, event_id: int, item: OutboxItem) -> Event | None:
        """Mark an event as cancelled. Returns None if it is cancelled already, or deleted."""
        return await self._change(
            {"_id": event_id, "is_deleted": False, "is_canceled": False},
            {
                "$set": {"is_canceled": True, "modified_at": item.at},
                "$inc": {"revision": 1},
                "$push": {"outbox": item_row(item)},
            },
        )

    async def post(self, event_id: int, message: PostedMessage, item: OutboxItem, most: int) -> Event | None:
        """Add a message. Returns None if its author has `most` already."""
        return await self._change(
            _few(event_id, "messages", message.account_id, most),
            {
                "$push": {
                    "messages": {"id": message.id, "account_id": message.account_id, "seq": None},
                    "outbox": item_row(item),
                }
            },
        )

    async def set_message_seq(self, event_id: int, message_id: int, seq: int) -> None:
        """Note the sequence number of the entry of the event's chat that this message is."""
        await self._change(
            {"_id": event_id, "messages.id": message_id},
            {"$set": {"messages.$[one].seq": seq}},
            array_filters=[{"one.id": message_id}],
        )

    async def add_poll(self, event_id: int, poll: Poll, item: OutboxItem, most: int) -> Event | None:
        """Add a poll. Returns None if its author has `most` already, or an equal one exists."""
        row = poll_row(poll)
        same = {"$elemMatch": {"date": row["date"], "venue": row["venue"]}}
        query = _few(event_id, "polls", poll.account_id, most) | {"polls": {"$not": same}}
        return await self._change(query, {"$push": {"polls": row, "outbox": item_row(item)}})

    async def suggest_time(self, event_id: int, suggestion: TimeSuggestion, most: int) -> Event | None:
        """Add a time suggestion. Returns None if its author has `most` already."""
        return await self._change(
            _few(event_id, "suggestions", suggestion.account_id, most),
            {"$push": {"suggestions": suggestion_row(suggestion)}},
        )

    async def delete(self, event_id: int, item: OutboxItem) -> Event | None:
        """Mark an event as deleted, for everybody.

        Returns None if it is already. The row stays until the fact is announced.
        """
        return await self._change(
            {"_id": event_id, "is_deleted": False}, {"$set": {"is_deleted": True}, "$push": {"outbox": item_row(item)}}
        )

    async def remove(self, event_id: int) -> None:
        """Delete the row of a deleted event whose outbox is empty."""
        await self._events.delete_one({"_id": event_id, "is_deleted": True, "outbox": []})

    async def rebind(self, account_id: int, to: int, now: datetime) -> None:
        """Move an account's invitations to events that are not over to the account that has its number now."""
        await self._events.update_many(
            {"invitations.account": account_id, "is_deleted": False, "expires": {"$gt": microseconds(now)}},
            {"$set": {"invitations.$[one].account": to}},
            array_filters=[{"one.account": account_id}],
        )

    async def list_untold(self, older_than: datetime) -> list[Event]:
        """Returns events with a fact in their outbox that is older than this.

        A crash or an unreachable database left it there.
        """
        query = {"outbox.at": {"$lt": older_than}}
        return [event_of(row) for row in await self._events.find(query).limit(100).to_list(100)]

    async def settle(self, event_id: int, item_id: str) -> bool:
        """Remove an announced item from the outbox. Returns whether the event is deleted and its outbox is empty now."""
        row = await self._events.find_one_and_update(
            {"_id": event_id},
            {"$pull": {"outbox": {"id": item_id}}},
            projection={"is_deleted": True, "outbox.id": True},
            return_document=ReturnDocument.AFTER,
        )
        return row is not None and row["is_deleted"] and not row["outbox"]

    async def list_due(self, first: datetime, last: datetime, limit: int) -> list[tuple[int, int]]:
        """Returns some of the events with `first <= date < last` that need a reminder, as (id, owner)."""
        query = {
            "is_reminded": False,
            "date": {"$gte": microseconds(first), "$lt": microseconds(last)},
            "is_canceled": False,
            "is_deleted": False,
        }
        rows = await self._events.find(query, {"owner": True}).limit(limit).to_list(limit)
        return [(row["_id"], row["owner"]) for row in rows]

    async def remind(self, event_id: int, item: OutboxItem) -> Event | None:
        """Mark an event as reminded. Returns None if that was done already, or the event is cancelled."""
        return await self._change(
            {"_id": event_id, "is_reminded": False, "is_canceled": False, "is_deleted": False},
            {"$set": {"is_reminded": True}, "$push": {"outbox": item_row(item)}},
        )

    async def _change(
        self, query: Row, update: Row, array_filters: Sequence[Mapping[str, Any]] | None = None
    ) -> Event | None:
        counted = update | {"$inc": {"version": 1} | update.get("$inc", {})}
        row = await self._events.find_one_and_update(
            query, counted, array_filters=array_filters, return_document=ReturnDocument.AFTER
        )
        return None if row is None else event_of(row)

    async def _change_places(self, query: Row, fields: Row, item: OutboxItem) -> Event | None:
        """Set fields to the values of expressions, and note in the item how many places are left before and after."""
        stored = {"$mergeObjects": [{"$literal": item_row(item)}, {"left_before": "$_before", "left": _LEFT}]}
        row = await self._events.find_one_and_update(
            query,
            [
                {"$set": {"_before": _LEFT, "version": {"$add": ["$version", 1]}}},
                {"$set": fields},
                {"$set": {"outbox": {"$concatArrays": ["$outbox", [stored]]}}},
                {"$unset": "_before"},
            ],
            return_document=ReturnDocument.AFTER,
        )
        return None if row is None else event_of(row)


def _with_invitation(account_id: int, fields: Row) -> Row:
    """Returns the invitations as an expression, with these fields set in one account's own."""
    changed = {"$mergeObjects": ["$$one", {"$literal": fields}]}
    one = {"$cond": [{"$eq": ["$$one.account", account_id]}, changed, "$$one"]}
    return {"$map": {"input": "$invitations", "as": "one", "in": one}}


def _few(event_id: int, what: str, account_id: int, most: int) -> Row:
    """Returns the query for an event in which an account has fewer than `most` items of this list."""
    mine = {"$filter": {"input": f"${what}", "as": "one", "cond": {"$eq": ["$$one.account_id", account_id]}}}
    return {"_id": event_id, "is_deleted": False, "$expr": {"$lt": [{"$size": mine}, most]}}
