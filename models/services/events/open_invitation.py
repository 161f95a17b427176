"""Opens the invitation that a link leads to, for whoever holds the link."""

from dataclasses import dataclass, replace

from models.documents.account import Account
from models.documents.event import Event
from models.documents.opened_invitation import LINK_SESSION, Face, OpenedInvitation
from models.documents.session import Actor
from models.errors import EventNotFound
from models.ports import Clock
from models.services.contacts.visibility import MaySee
from models.stores.accounts import Accounts
from models.stores.events import Events
from models.stores.invitation_tokens import InvitationTokens

FACES_MAX = 5  # events contract 10


@dataclass(frozen=True, slots=True)
class OpenInvitation:
    """Remembers when the link was used. Raises EventNotFound for an unknown token, and when event or invitation are gone.

    Once the guest has proved the number the link still shows the event, and neither people nor answers: the app does.

    The photos are those that the guest may see by their owners' own rules, as on every other way to a photo.
    """

    tokens: InvitationTokens
    events: Events
    accounts: Accounts
    may_see: MaySee
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
        accounts = {one.id: one for one in await self.accounts.list_by_ids({guest_id, owner_id, *shown_ids})}
        if guest_id not in accounts or owner_id not in accounts:
            raise EventNotFound
        guest = accounts[guest_id]
        if guest.has_blocked(accounts[owner_id].number):
            raise EventNotFound
        if guest.is_registered:
            unanswered = replace(invitation, answer=None, message=None, answered_at=None)
            # The link was for a number without an account, and whoever holds it now need not be who proved the number.
            return OpenedInvitation(event, unanswered, guest, accounts[owner_id], [], now)
        faces = await self._faces(guest, [accounts[each] for each in shown_ids if each in accounts])
        return OpenedInvitation(event, invitation, guest, accounts[owner_id], faces, now)

    async def _faces(self, guest: Account, people: list[Account]) -> list[Face]:
        seen = await self.may_see.photos(Actor(guest.id, guest.number, LINK_SESSION), people)
        return [
            Face(one.id, "" if one.has_blocked(guest.number) else one.full_name or one.nickname, shown.photo)
            for one, shown in zip(people, seen, strict=True)
        ]


def _shown(event: Event, guest_id: int) -> list[int]:
    """The accounts whose faces are shown."""
    others = sorted(event.invitations, key=lambda each: each.answer is not True)
    ids = dict.fromkeys([event.owner_id, *(each.account_id for each in others)])
    return [each for each in ids if each != guest_id][:FACES_MAX]
