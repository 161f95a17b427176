"""Events: each change is one atomic step of one row, and stores the facts to announce in the outbox of the same row.

So a place is given away once, however many ask for it on however many nodes, limits are exact, and a crash after a step
loses neither the step nor its facts. Dates in queries are microseconds (event_rows.py).
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument

from models.documents.event import (
    TIMED_LIVES,
    UNTIMED_LIVES,
    Event,
    EventFilter,
    Invitation,
    OutboxItem,
    Poll,
    PostedMessage,
    TimeSuggestion,
)
from models.stores.counters import Counters
from models.stores.database import Database, Row, aggregate, drop_indexes
from models.stores.event_rows import (
    date_fields,
    event_of,
    event_row,
    invitation_row,
    item_row,
    poll_row,
    suggestion_row,
)
from models.stores.instants import microseconds

EVENTS = "events"
# Latest date first, then by title, then by id, so that no event is on two pages or on none.
LISTED = [("date", DESCENDING), ("title", ASCENDING), ("_id", DESCENDING)]
INDEXES = [
    # For lists and timelines of the events that an account owns, and of those it is invited to. They hold all that a count
    # asks, so that only the events of a page are read.
    IndexModel([("owner", ASCENDING), ("is_deleted", ASCENDING), *LISTED], name="owned_by_date"),
    IndexModel(
        [("invitations.account", ASCENDING), ("is_deleted", ASCENDING), *LISTED, ("owner", ASCENDING)],
        name="invited_to_by_date",
    ),
    # Finds whether an account is invited to an event of another, and all who invited it.
    IndexModel([("invitations.account", ASCENDING), ("is_deleted", ASCENDING), ("owner", ASCENDING)], name="inviters"),
    IndexModel([("chat", ASCENDING)], unique=True, name="chat"),
    # Finds events with facts to announce, and events to remind of. Both hold few rows for any number of events.
    IndexModel([("outbox.at", ASCENDING)], name="outbox", partialFilterExpression={"outbox.at": {"$exists": True}}),
    IndexModel([("date", ASCENDING)], name="reminders", partialFilterExpression={"is_reminded": False}),
]
COMPANIONS_OF = 500  # events; enough for a list of people, and each row may hold a thousand guests
_ATTENDEES: Row = {
    "$size": {"$filter": {"input": "$invitations", "as": "one", "cond": {"$eq": ["$$one.answer", True]}}}
}
_LEFT: Row = {"$subtract": ["$total_spots", {"$add": ["$spots_filled", _ATTENDEES]}]}


class Events:
    """All events."""

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

    async def list_existing(self, event_ids: Collection[int]) -> set[int]:
        """Returns those of these ids that are events and not deleted."""
        query = {"_id": {"$in": list(event_ids)}, "is_deleted": False}
        return {row["_id"] for row in await self._events.find(query, {"_id": True}).to_list(None)}

    async def page(
        self, account_id: int, wanted: EventFilter, skip: int, limit: int, *, hidden: Collection[int] = ()
    ) -> tuple[int, list[Event]]:
        """Returns how many events an account owns or is invited to, and `limit` of them behind the first `skip`.

        They are sorted by date, latest first, then by title. Counting and skipping read an index alone, a microsecond for
        each event; only the events of the page are read.
        """
        query = _of(account_id, wanted, hidden)
        count = await self._events.count_documents(query)
        places = self._events.find(query, {"_id": True}).sort(LISTED).skip(skip).limit(limit)
        ids = [row["_id"] for row in await places.to_list(limit)]
        by_id = {row["_id"]: event_of(row) for row in await self._events.find({"_id": {"$in": ids}}).to_list(None)}
        return count, [by_id[event_id] for event_id in ids if event_id in by_id]

    async def list_upcoming(
        self,
        account_id: int,
        *,
        is_owner: bool,
        now: datetime,
        after: datetime | None = None,
        until: datetime | None = None,
        excluded: Collection[int] = (),
        hidden: Collection[int] = (),
        limit: int,
    ) -> list[Event]:
        """Returns events that are not over, earliest first and of one date newest first: strictly after a date, and up to one.

        A `limit` of 0 means no limit.
        """
        query = _sent_or_received(account_id, is_owner=is_owner, hidden=hidden) | {
            "expires": {"$gt": microseconds(now)}
        }
        earliest = now - UNTIMED_LIVES  # older ones are over
        bounds = {"$gt": earliest if after is None else max(after, earliest), "$lte": until}
        if dates := {name: microseconds(at) for name, at in bounds.items() if at is not None}:
            query["date"] = dates
        return await self._ordered(query | _without(excluded), ASCENDING, limit)

    async def list_expired(
        self,
        account_id: int,
        *,
        is_owner: bool,
        now: datetime,
        before: datetime | None,
        is_inclusive: bool,
        excluded: Collection[int] = (),
        hidden: Collection[int] = (),
        limit: int,
    ) -> list[Event]:
        """Returns events that are over, latest first and of one date newest first."""
        query = _sent_or_received(account_id, is_owner=is_owner, hidden=hidden) | {
            "expires": {"$lte": microseconds(now)}
        }
        latest = now - TIMED_LIVES  # younger ones are not over
        query["date"] = {"$lte": microseconds(latest)}
        if before is not None and before <= latest:
            query["date"] = {"$lte" if is_inclusive else "$lt": microseconds(before)}
        return await self._ordered(query | _without(excluded), DESCENDING, limit)

    async def list_at(
        self,
        account_id: int,
        *,
        is_owner: bool,
        at: datetime,
        excluded: Collection[int] = (),
        hidden: Collection[int] = (),
    ) -> list[Event]:
        """Returns all events of exactly one date, newest first: a page by dates must not split them."""
        query = _sent_or_received(account_id, is_owner=is_owner, hidden=hidden) | {"date": microseconds(at)}
        return await self._ordered(query | _without(excluded), ASCENDING, 0)

    async def count_unanswered(self, account_id: int, now: datetime, *, hidden: Collection[int] = ()) -> int:
        """Returns how many invitations of an account wait for an answer.

        Events that are over and those of `hidden` owners do not count.
        """
        mine = {"$elemMatch": {"account": account_id, "answer": None}}
        query = {"invitations.account": account_id, "is_deleted": False, "invitations": mine}
        return await self._events.count_documents(
            query
            | {"date": {"$gt": microseconds(now - UNTIMED_LIVES)}, "expires": {"$gt": microseconds(now)}}
            | _of_no_owner(hidden)
        )

    async def list_inviters(self, account_id: int, *, hidden: Collection[int] = ()) -> list[int]:
        """Returns the owners of the events that this account is invited to, each once, except those in `hidden`."""
        query = {"invitations.account": account_id, "is_deleted": False} | _of_no_owner(hidden)
        rows = await self._events.find(query, {"_id": False, "owner": True}).hint("inviters").to_list(None)
        return sorted({row["owner"] for row in rows})

    async def is_companion(self, account_id: int, other_id: int) -> bool:
        """Returns whether the other did something at an event that this account owns or is invited to; see `list_companions`.

        Each way costs one index seek; if both are guests, the events of the one with fewer invitations are read.
        """
        acted: list[Row] = [
            {"invitations": {"$elemMatch": {"account": other_id, "answer": {"$ne": None}}}},
            {"messages.account_id": other_id},
        ]
        invited: Row = {"invitations.account": account_id, "is_deleted": False, "owner": other_id}
        if await self._events.find_one(invited, {"_id": True}, hint="inviters") is not None:
            return True
        owned: Row = {"invitations.account": other_id, "is_deleted": False, "owner": account_id, "$or": acted}
        if await self._events.find_one(owned, {"_id": True}, hint="inviters") is not None:
            return True
        both: Row = {"invitations.account": {"$all": [account_id, other_id]}, "is_deleted": False, "$or": acted}
        return await self._events.find_one(both, {"_id": True}) is not None

    async def list_companions(self, account_id: int) -> set[int]:
        """Returns the accounts that did something at one of the latest events that this account owns or is invited to.

        These are the owner, who invites, and the guests who answered or wrote. Being invited ties nobody, since anybody may
        invite any number. The COMPANIONS_OF latest events of each kind count. The account itself may be among them.
        """
        answered = {"$filter": {"input": "$invitations", "as": "one", "cond": {"$ne": ["$$one.answer", None]}}}
        answerers = {"$map": {"input": answered, "as": "one", "in": "$$one.account"}}
        people = {"$setUnion": [["$owner"], answerers, "$messages.account_id"]}
        found: set[int] = set()
        for mine in ({"owner": account_id}, {"invitations.account": account_id}):
            latest: list[Row] = [
                {"$match": mine | {"is_deleted": False}},
                {"$sort": dict(LISTED)},
                {"$limit": COMPANIONS_OF},
                {"$project": {"_id": False, "people": people}},
            ]
            for row in await aggregate(self._events, latest):
                found.update(row["people"])
        return found

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

    async def list_owned(self, account_id: int) -> list[int]:
        """Returns the ids of the events that an account owns."""
        rows = await self._events.find({"owner": account_id, "is_deleted": False}, {"_id": True}).to_list(None)
        return [row["_id"] for row in rows]

    async def list_invited_chats(self, account_id: int, limit: int) -> list[tuple[int, int]]:
        """Returns the chats of the events that an account is invited to, latest date first, as (chat, owner of the event)."""
        query = _sent_or_received(account_id, is_owner=False)
        rows = self._events.find(query, {"chat": True, "owner": True}).sort("date", DESCENDING).limit(limit)
        return [(row["chat"], row["owner"]) for row in await rows.to_list(limit)]

    async def list_invitations(self, account_id: int) -> list[tuple[int, int]]:
        """Returns the invitations of an account, as (event, invitation)."""
        query = {"invitations.account": account_id, "is_deleted": False}
        rows = await self._events.find(query, {"invitations.$": True}).to_list(None)
        return [(row["_id"], row["invitations"][0]["id"]) for row in rows]

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

    async def _ordered(self, query: Row, direction: int, limit: int) -> list[Event]:
        """Returns events by date, and of one date newest first.

        Of the last date on a page MongoDB chooses which are on it.
        """
        rows = await self._events.find(query).sort("date", direction).limit(limit).to_list(None)
        return [event_of(row) for row in sorted(rows, key=lambda row: (direction * row["date"], -row["_id"]))]


def _with_invitation(account_id: int, fields: Row) -> Row:
    """Returns the invitations as an expression, with these fields set in one account's own."""
    changed = {"$mergeObjects": ["$$one", {"$literal": fields}]}
    one = {"$cond": [{"$eq": ["$$one.account", account_id]}, changed, "$$one"]}
    return {"$map": {"input": "$invitations", "as": "one", "in": one}}


def _sent_or_received(account_id: int, *, is_owner: bool, hidden: Collection[int] = ()) -> Row:
    if is_owner:
        return {"owner": account_id, "is_deleted": False}
    return {"invitations.account": account_id, "is_deleted": False} | _of_no_owner([account_id, *hidden])


def _of_no_owner(owners: Collection[int]) -> Row:
    return {"owner": {"$nin": list(owners)}} if owners else {}


def _without(excluded: Collection[int]) -> Row:
    return {"_id": {"$nin": list(excluded)}} if excluded else {}


def _of(account_id: int, wanted: EventFilter, hidden: Collection[int]) -> Row:
    dates: Row = {}
    if wanted.after is not None:
        dates["$gt"] = microseconds(wanted.after)
    if wanted.before is not None:
        dates["$lt"] = microseconds(wanted.before)
    if wanted.is_owner is None:
        query: Row = {"$or": [{"owner": account_id}, {"invitations.account": account_id}], "is_deleted": False}
        query |= _of_no_owner(hidden)
    else:
        query = _sent_or_received(account_id, is_owner=wanted.is_owner, hidden=hidden)
    return query | ({"date": dates} if dates else {})


def _few(event_id: int, what: str, account_id: int, most: int) -> Row:
    """Returns the query for an event in which an account has fewer than `most` items of this list."""
    mine = {"$filter": {"input": f"${what}", "as": "one", "cond": {"$eq": ["$$one.account_id", account_id]}}}
    return {"_id": event_id, "is_deleted": False, "$expr": {"$lt": [{"$size": mine}, most]}}
