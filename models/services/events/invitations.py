"""Invitations: answering them, marking them as seen, and opening one by its link."""

from dataclasses import dataclass, replace

from models.documents.account import Account
from models.documents.event import Answered, Event, Invitation
from models.documents.opened_invitation import LINK_SESSION, Face, OpenedInvitation
from models.documents.session import Actor
from models.errors import EventFull, EventNotFound, Forbidden
from models.ports import Clock
from models.services.contacts.visibility import MayView
from models.services.events.access import RequireEvent
from models.services.events.broadcast import BroadcastEvent
from models.services.events.outbox import EventOutbox, outbox_item
from models.stores.accounts import Accounts
from models.stores.events import Events
from models.stores.invitation_tokens import InvitationTokens
from models.stores.languages import Languages


@dataclass(frozen=True, slots=True)
class AnswerInvitation:
    """Answers an invitation, any number of times, also after the event (docs/events-api.md, "Answers").

    Raises EventNotFound, and EventFull for a yes. For the owner, who has no invitation, nothing changes.
    """

    events: Events
    require: RequireEvent
    outbox: EventOutbox
    clock: Clock

    async def __call__(self, actor: Actor, event_id: int, *, answer: bool, message: str | None) -> Event:
        event = await self.require(actor, event_id)
        invitation = event.find_invitation(actor.account_id)
        if invitation is None:
            return event
        item = outbox_item(actor, self.clock.now(), Answered(invitation.id, answer, message))
        answered = await self.events.answer(event_id, actor.account_id, answer=answer, message=message, item=item)
        if answered is not None:
            await self.outbox(answered, item)
            return answered
        await self.require(actor, event_id)  # deleted meanwhile: raises EventNotFound
        raise EventFull


@dataclass(frozen=True, slots=True)
class MarkInvitationSeen:
    """Marks an invitation as seen, any number of times; its answer stays (docs/events-api.md, "Mark as seen").

    Raises Forbidden for the event's owner, and EventNotFound for everybody else and for an invitation of another event.
    """

    events: Events
    require: RequireEvent
    broadcast: BroadcastEvent

    async def __call__(self, actor: Actor, event_id: int, invitation_id: int) -> tuple[Event, Invitation]:
        event = await self.require(actor, event_id)
        invitation = _require_invitation(event, invitation_id)
        if invitation.account_id != actor.account_id:
            if event.owner_id == actor.account_id:
                raise Forbidden("Only who is invited may mark an invitation as seen.")
            raise EventNotFound("There is no such invitation.")
        seen = await self.events.mark_seen(event_id, invitation_id)
        if seen is None:
            raise EventNotFound
        marked = _require_invitation(seen, invitation_id)
        if not invitation.has_seen:
            await self.broadcast.invitation(seen, marked)
        return seen, marked


def _require_invitation(event: Event, invitation_id: int) -> Invitation:
    for each in event.invitations:
        if each.id == invitation_id:
            return each
    raise EventNotFound("There is no such invitation.")


FACES_MAX = 5  # invitees whose photos the page shows


@dataclass(frozen=True, slots=True)
class OpenInvitation:
    """Opens an invitation by its link, and stores when it was used. Raises EventNotFound for an unknown or removed one.

    Once the guest has proved the number, the link still shows the event, but no people and no answers: these are in the app. The photos
    are those that the guest may see by their owners' rules, as everywhere.
    """

    tokens: InvitationTokens
    events: Events
    accounts: Accounts
    languages: Languages
    may_view: MayView
    clock: Clock

    async def __call__(self, token: str) -> OpenedInvitation:
        known = await self.tokens.find(token)
        event = None if known is None else await self.events.find(known.event_id)
        if known is None or event is None or event.is_deleted:
            raise EventNotFound
        invitation = event.find_invitation(known.account_id)
        if invitation is None:
            raise EventNotFound
        now = self.clock.now()
        await self.tokens.touch(token, now)
        guest_id, owner_id = known.account_id, event.owner_id
        shown_ids = _shown(event, guest_id)
        accounts = await self.accounts.map_by_ids({guest_id, owner_id, *shown_ids})
        if guest_id not in accounts or owner_id not in accounts:
            raise EventNotFound
        guest = accounts[guest_id]
        spoken = (await self.languages.map_by_ids([owner_id])).get(owner_id, "")
        if guest.has_blocked(accounts[owner_id].number):
            raise EventNotFound
        if guest.is_registered:
            unanswered = replace(invitation, answer=None, message=None, answered_at=None)
            # The link was for a number without an account; whoever holds it now need not be the one who proved the number.
            return OpenedInvitation(event, unanswered, guest, accounts[owner_id], [], now, spoken)
        faces = await self._faces(guest, [accounts[each] for each in shown_ids if each in accounts])
        return OpenedInvitation(event, invitation, guest, accounts[owner_id], faces, now, spoken)

    async def _faces(self, guest: Account, people: list[Account]) -> list[Face]:
        seen = await self.may_view.list_photos(Actor(guest.id, guest.number, LINK_SESSION), people)
        return [
            Face(one.id, "" if one.has_blocked(guest.number) else one.full_name or one.nickname, shown.photo)
            for one, shown in zip(people, seen, strict=True)
        ]


def _shown(event: Event, guest_id: int) -> list[int]:
    """Returns the accounts whose photos are shown."""
    others = sorted(event.invitations, key=lambda each: each.answer is not True)
    ids = dict.fromkeys([event.owner_id, *(each.account_id for each in others)])
    return [each for each in ids if each != guest_id][:FACES_MAX]
