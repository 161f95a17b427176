"""Makes invitations of phone numbers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from models.documents.event import Event, Invitation, Invited
from models.documents.phone import Phone
from models.documents.session import Actor
from models.errors import EventNotFound, TooManyInvitees
from models.ports import Clock
from models.services.events.limit_invitations import LimitInvitations
from models.services.events.outbox import TellEvent
from models.services.events.outbox_part import outbox_item
from models.stores.accounts import Accounts
from models.stores.events import Events

TRIES = 10  # each means that somebody else invited one of the same people at the same moment


@dataclass(frozen=True, slots=True)
class InvitePeople:
    """Invite numbers that are not invited yet; each once, one's own not at all (events contract, section 6).

    A number that nobody has proved gets an account that is not registered, so the invitation is its owner's from the
    first sign-in on. Whoever calls reserves the places before. Raises TooManyInvitees.
    """

    events: Events
    accounts: Accounts
    tell: TellEvent
    clock: Clock
    limit: LimitInvitations
    invitees_max: int

    async def reserve(self, actor: Actor, invited: Collection[Invitation], phones: Sequence[Phone]) -> int:
        """See that so many more may be invited, and count them; how many that are. Raises TooManyInvitees and RateLimited."""
        known = {each.phone.number for each in invited} | {actor.number}
        count = len({phone.number for phone in phones} - known)
        if count and len(invited) + count > self.invitees_max:
            raise TooManyInvitees(f"An event may have at most {self.invitees_max} invitees.")
        await self.limit(actor, count)
        return count

    async def __call__(self, actor: Actor, event: Event, phones: Sequence[Phone]) -> Event:
        for _ in range(TRIES):
            known = {each.phone.number for each in event.invitations} | {actor.number}
            invitations = await self.list_new(phones, known)
            if not invitations:
                return event
            if len(event.invitations) + len(invitations) > self.invitees_max:
                raise TooManyInvitees(f"An event may have at most {self.invitees_max} invitees.")
            item = outbox_item(actor, self.clock.now(), Invited(tuple(each.id for each in invitations)))
            changed = await self.events.invite(event.id, invitations, item, self.invitees_max)
            if changed is not None:
                await self.tell(changed, item)
                return changed
            found = await self.events.find(event.id)
            if found is None or found.is_deleted:
                raise EventNotFound
            event = found
        raise TooManyInvitees("Others are inviting the same people at this moment; try again.")

    async def list_new(self, phones: Sequence[Phone], known: Collection[str]) -> list[Invitation]:
        """An invitation for each number that is not in `known`, in the order given, not stored yet."""
        wanted = {phone.number: phone for phone in phones if phone.number not in known}
        if not wanted:
            return []
        now = self.clock.now()
        accounts = await self.accounts.find_or_create_all(list(wanted.values()), now)
        ids = await self.events.next_ids("invitations", len(wanted))
        return [
            Invitation(invitation_id, accounts[number].id, phone, now)
            for invitation_id, (number, phone) in zip(ids, wanted.items(), strict=True)
        ]
