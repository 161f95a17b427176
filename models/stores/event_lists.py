"""Lists and counts of the events that an account owns or is invited to, and of the people whom it meets there."""

from collections.abc import Collection
from datetime import datetime

from pymongo import ASCENDING, DESCENDING

from models.documents.event import TIMED_LIVES, UNTIMED_LIVES, Event, EventFilter
from models.stores.database import Database, Row, aggregate
from models.stores.event_rows import EVENTS, LISTED, event_of
from models.stores.instants import microseconds

COMPANIONS_OF = 500  # events; enough for a list of people, and each row may hold a thousand guests


class EventLists:
    """Reads many events at once. Deleted events are in no list."""

    def __init__(self, database: Database) -> None:
        self._events = database.collection(EVENTS)

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

    async def _ordered(self, query: Row, direction: int, limit: int) -> list[Event]:
        """Returns events by date, and of one date newest first.

        Of the last date on a page MongoDB chooses which are on it.
        """
        rows = await self._events.find(query).sort("date", direction).limit(limit).to_list(None)
        return [event_of(row) for row in sorted(rows, key=lambda row: (direction * row["date"], -row["_id"]))]


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
