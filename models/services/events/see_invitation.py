"""Marks an invitation as seen."""

from dataclasses import dataclass

from models.documents.event import Event, Invitation
from models.documents.session import Actor
from models.errors import EventNotFound, Forbidden
from models.services.events.broadcast import ShowEvent
from models.services.events.require_event import RequireEvent
from models.stores.events import Events


@dataclass(frozen=True, slots=True)
class SeeInvitation:
    """By who is invited, as often as is liked; the answer stays (events contract, section 6).

    Raises Forbidden for the event's owner, and EventNotFound for everybody else and for an invitation of another event.
    """

    events: Events
    require: RequireEvent
    show: ShowEvent

    async def __call__(self, actor: Actor, event_id: int, invitation_id: int) -> tuple[Event, Invitation]:
        event = await self.require(actor, event_id)
        invitation = _require_invitation(event, invitation_id)
        if invitation.account_id != actor.account_id:
            if event.owner_id == actor.account_id:
                raise Forbidden("Only who is invited may mark an invitation as seen.")
            raise EventNotFound("There is no such invitation.")
        seen = await self.events.see(event_id, invitation_id)
        if seen is None:
            raise EventNotFound
        marked = _require_invitation(seen, invitation_id)
        if not invitation.has_seen:
            await self.show.invitation(seen, marked)
        return seen, marked


def _require_invitation(event: Event, invitation_id: int) -> Invitation:
    for each in event.invitations:
        if each.id == invitation_id:
            return each
    raise EventNotFound("There is no such invitation.")
