"""Inviting people to events, the quota on new numbers, and joining events on registration."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import uuid4

from models.documents.account import Account
from models.documents.entry import Draft, Joined
from models.documents.event import Event, Invitation, Invited
from models.documents.phone import Phone
from models.documents.session import Actor
from models.errors import EventNotFound, RateLimited, TooManyInvitees, whole_ms
from models.ports import Clock
from models.services.chats.announcer import Announcer
from models.services.chats.journal import Journal
from models.services.chats.membership import MembershipCache
from models.services.events.outbox import EventOutbox, outbox_item
from models.stores.accounts import Accounts
from models.stores.event_lists import EventLists
from models.stores.events import Events
from models.stores.members import Members
from models.stores.quotas import Quotas

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class LimitInvitations:
    """Counts new invitations against the quota of a day, all of them or none.

    Raises RateLimited until the day (UTC) is over, and TooManyInvitees for more at once than a day permits.
    """

    quotas: Quotas
    clock: Clock
    per_day: int
    is_enabled: bool = True

    async def __call__(self, actor: Actor, count: int) -> None:
        if not self.is_enabled or not count:
            return
        if count > self.per_day:
            raise TooManyInvitees(f"You may invite at most {self.per_day} people in a day.")
        now = self.clock.now()
        wait = await self.quotas.take(_key(actor), self.per_day, DAY_S, now, count)
        if wait is not None:
            await self.quotas.give_back(_key(actor), DAY_S, now, count)
            raise RateLimited(
                "You have invited too many people today; go on tomorrow.",
                retry_after_ms=whole_ms(wait),
            )

    async def give_back(self, actor: Actor, count: int) -> None:
        """Gives back the quota of invitations that were not made."""
        if self.is_enabled and count:
            await self.quotas.give_back(_key(actor), DAY_S, self.clock.now(), count)


def _key(actor: Actor) -> str:
    return f"invitations {actor.account_id}"


TRIES = 10  # each means that somebody else invited one of these people at the same moment


@dataclass(frozen=True, slots=True)
class InvitePeople:
    """Invites numbers that are not invited yet, each once and never the owner's own (docs/events-api.md, "Inviting").

    A number that nobody has proved gets an account that is not registered, so that the invitation belongs to its owner from the first
    sign-in on. The caller reserves the quota first. Raises TooManyInvitees.
    """

    events: Events
    accounts: Accounts
    outbox: EventOutbox
    clock: Clock
    limit: LimitInvitations
    invitees_max: int

    async def reserve(self, actor: Actor, invited: Collection[Invitation], phones: Sequence[Phone]) -> int:
        """Checks and consumes the quota. Returns the number of new invitations. Raises TooManyInvitees and RateLimited."""
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
                await self.outbox(changed, item)
                return changed
            found = await self.events.find(event.id)
            if found is None or found.is_deleted:
                raise EventNotFound
            event = found
        raise TooManyInvitees("Others are inviting the same people at this moment; try again.")

    async def list_new(self, phones: Sequence[Phone], known: Collection[str]) -> list[Invitation]:
        """Returns an invitation, not stored yet, for each number that is not in `known`, in the order given."""
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


EVENTS_MAX = 1000  # the latest by date; a number with more invitations finds the others in its list of events


@dataclass(frozen=True, slots=True)
class JoinEvents:
    """Adds an account that registers to the chats of the events it is invited to.

    The invitations need no change: they belong to the number's account from the beginning. The account is not added to events of people
    it blocked.
    """

    events: EventLists
    accounts: Accounts
    members: Members
    memberships: MembershipCache
    journal: Journal
    announcer: Announcer

    async def __call__(self, account: Account) -> None:
        owners = dict(await self.events.list_invited_chats(account.id, EVENTS_MAX))
        if not owners:
            return
        for member in await self.members.list_memberships(account.id, owners):
            if member.is_active:
                del owners[member.chat_id]
        blocked = await self._list_blocked(account, set(owners.values()))
        for chat_id, owner_id in owners.items():
            if owner_id in blocked or account.id in (await self.memberships.require_fresh(chat_id)).members:
                continue  # a member already, by a change that is stored and not yet applied
            joined = Joined((account.id,), (account.number,))
            stored = await self.journal.append(Draft(chat_id, account.id, account.number, uuid4().hex, joined))
            await self.announcer.applied(stored.entry)

    async def _list_blocked(self, account: Account, owner_ids: Collection[int]) -> set[int]:
        if not account.blocked:
            return set()
        return {one.id for one in await self.accounts.list_by_ids(owner_ids) if account.has_blocked(one.number)}
