"""Events: creating, editing, cancelling and deleting them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from models.documents.event import Canceled, Deleted, Edited, Event, Invited
from models.documents.phone import Phone
from models.documents.session import Actor
from models.errors import DomainError, EventNotFound, FieldErrors
from models.ports import Clock
from models.services.events.access import RequireEvent
from models.services.events.inviting import InvitePeople
from models.services.events.outbox import EventOutbox, outbox_item
from models.stores.chats import Chats
from models.stores.events import Events
from models.stores.instants import to_milliseconds


@dataclass(frozen=True, slots=True)
class EventPlan:
    """The new event and the numbers to invite."""

    title: str
    date: datetime
    is_time_specified: bool = True
    total_spots: int = 1
    location: Mapping[str, Any] = field(default_factory=dict)
    address: str = ""
    venue_name: str = ""
    description: str = ""
    invited: Sequence[Phone] = ()


@dataclass(frozen=True, slots=True)
class CreateEvent:
    """Creates an event. The caller owns it and is in its chat, together with the registered invitees.

    Raises TooManyInvitees and RateLimited.
    """

    events: Events
    chats: Chats
    invite: InvitePeople
    outbox: EventOutbox
    clock: Clock

    async def __call__(self, actor: Actor, plan: EventPlan) -> Event:
        await self.invite.reserve(actor, (), plan.invited)
        now = to_milliseconds(self.clock.now())  # as later reads will show it
        event_id = await self.events.next_id()
        # If the event is not stored in the end, a chat without members remains, which nobody can see.
        chat = await self.chats.create_event_chat(event_id, (actor.account_id, actor.number), plan.title, now)
        invitations = await self.invite.list_new(plan.invited, {actor.number})
        item = outbox_item(actor, now, Invited(tuple(each.id for each in invitations)))
        event = Event(
            event_id,
            chat.id,
            actor.account_id,
            plan.title,
            plan.date,
            created_at=now,
            modified_at=now,
            is_time_specified=plan.is_time_specified,
            total_spots=plan.total_spots,
            spots_at_first=plan.total_spots,
            location=plan.location,
            address=plan.address,
            venue_name=plan.venue_name,
            description=plan.description,
            invitations=[replace(each, created_at=now) for each in invitations],
            outbox=[item],
        )
        await self.events.create(event)
        await self.outbox(event, item)
        return event


TRIES = 3  # each means that the last place was taken, and given back, at the same moment


@dataclass(frozen=True, slots=True)
class EventEdit:
    """The new values of fields of an event, named as in `Event`, and further numbers to invite.

    `filled_as` is the client's name for `spots_filled`, used in its refusal.
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    invited: Sequence[Phone] = ()
    filled_as: str = "spots_filled"


@dataclass(frozen=True, slots=True)
class EditEvent:
    """Edits an event of the caller.

    Raises EventNotFound, NotTheOwner, what inviting raises, and FieldErrors if there would be fewer places than people who come; then
    nothing is changed.
    """

    events: Events
    require: RequireEvent
    invite: InvitePeople
    outbox: EventOutbox
    clock: Clock

    async def __call__(self, actor: Actor, event_id: int, edit: EventEdit) -> Event:
        event = await self.require.owned(actor, event_id)
        # Before the change, so that a refusal leaves nothing half-done.
        count = await self.invite.reserve(actor, event.invitations, edit.invited)
        try:
            event = await self._change(actor, event, edit)
        except DomainError:
            await self.invite.limit.give_back(actor, count)
            raise
        return await self.invite(actor, event, edit.invited)

    async def _change(self, actor: Actor, event: Event, edit: EventEdit) -> Event:
        for _ in range(TRIES):
            changed = {name: value for name, value in edit.fields.items() if _differs(getattr(event, name), value)}
            if not changed:
                return event
            now = self.clock.now()
            wanted = replace(event, **changed, modified_at=to_milliseconds(now))
            item = outbox_item(actor, now, Edited(tuple(changed)))
            done = await self.events.edit(wanted, changed, item)
            if done is not None:
                await self.outbox(done, item)
                return done
            event = await self.require.owned(actor, event.id)
            _require_places(replace(event, **edit.fields), edit)
        raise FieldErrors({"total_spots": ["Others are answering at this moment; try again."]})


def _differs(before: object, after: object) -> bool:
    """Returns whether the value is a change. A date in UTC names no zone: if it is the same instant, the stored date stays.

    So a client that sends back the time it was shown, which is in UTC, changes nothing.
    """
    if isinstance(before, datetime) and isinstance(after, datetime) and before == after:
        return bool(after.utcoffset()) and before.utcoffset() != after.utcoffset()
    return before != after


def _require_places(wanted: Event, edit: EventEdit) -> None:
    if wanted.spots_left >= 0:
        return
    if "total_spots" in edit.fields:
        least = wanted.spots_filled + wanted.attendees_count
        raise FieldErrors({"total_spots": [f"Ensure this value is greater than or equal to {least}."]})
    most = wanted.total_spots - wanted.attendees_count
    raise FieldErrors({edit.filled_as: [f"Ensure this value is less than or equal to {most}."]})


@dataclass(frozen=True, slots=True)
class CancelEvent:
    """Cancels an event for good, any number of times. It stays in every list, without a reminder.

    See docs/events-api.md, "Cancelling and deleting". Raises EventNotFound and NotTheOwner.
    """

    events: Events
    require: RequireEvent
    outbox: EventOutbox
    clock: Clock

    async def __call__(self, actor: Actor, event_id: int) -> None:
        event = await self.require.owned(actor, event_id)
        item = outbox_item(actor, self.clock.now(), Canceled())
        canceled = None if event.is_canceled else await self.events.cancel(event_id, item)
        if canceled is not None:
            await self.outbox(canceled, item)


@dataclass(frozen=True, slots=True)
class DeleteEvent:
    """Deletes an event of the caller for everybody. Raises EventNotFound and NotTheOwner."""

    events: Events
    require: RequireEvent
    outbox: EventOutbox
    clock: Clock

    async def __call__(self, actor: Actor, event_id: int) -> None:
        await self.require.owned(actor, event_id)
        item = outbox_item(actor, self.clock.now(), Deleted())
        deleted = await self.events.delete(event_id, item)
        if deleted is None:
            raise EventNotFound
        await self.outbox(deleted, item)
