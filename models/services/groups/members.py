"""Members of groups: adding, removing, promoting, demoting and leaving (docs/messaging-api.md, "Groups")."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.documents.account import Account
from models.documents.chat import Role, find_next_admin
from models.documents.entry import Joined, Left, RoleSet
from models.documents.session import Actor
from models.errors import GroupFull, NotAContact
from models.services.chats.record_changes import RecordChanges
from models.services.contacts.contact_rule import RequireContact
from models.services.groups.turn import ChangeGroup
from models.stores.members import Members


@dataclass(frozen=True, slots=True)
class RequireParticipants:
    """Returns the accounts of these numbers, in their order.

    Raises NotAContact, which names all numbers that cannot be added. Accounts that blocked the actor are among them, so
    that the block is not revealed.
    """

    require_contact: RequireContact

    async def __call__(self, actor: Actor, numbers: Sequence[str]) -> list[Account]:
        found = await self.require_contact.find_all(actor, numbers)
        accounts = {number: account for number, account in found.items() if not account.has_blocked(actor.number)}
        missing = [number for number in numbers if number not in accounts]
        if missing:
            raise NotAContact(f"Not in your contacts, or not using Parley: {', '.join(missing)}.")
        return [accounts[number] for number in numbers]


@dataclass(frozen=True, slots=True)
class AddParticipant:
    """Adds a contact to a group, if the actor is an admin. Nothing changes for a number that is a member already.

    Raises ChatNotFound, NotAnAdmin, NotAContact and GroupFull. Two nodes that add at the same moment may exceed
    `members_max` by one each.
    """

    change: ChangeGroup
    require_participants: RequireParticipants
    record: RecordChanges
    members_max: int

    async def __call__(self, actor: Actor, group: str, number: str) -> None:
        async with self.change(actor, group) as roster:
            roster.require_admin(actor.account_id)
            if number in roster.numbers.values():
                return
            (account,) = await self.require_participants(actor, [number])
            if len(roster.members) >= self.members_max:
                raise GroupFull
            await self.record(actor, roster.chat.id, Joined((account.id,), (number,)))


@dataclass(frozen=True, slots=True)
class LeaveGroup:
    """Removes the actor from a group. If it is the only admin, the longest-standing other member becomes admin first.

    When the last member leaves, the group stays in the database and nobody can see it. Raises ChatNotFound.
    """

    change: ChangeGroup
    members: Members
    record: RecordChanges

    async def __call__(self, actor: Actor, group: str) -> None:
        async with self.change(actor, group) as roster:
            chat_id, left = roster.chat.id, Left(actor.account_id, actor.number)
            next_admin = None
            if roster.is_only_admin(actor.account_id):
                next_admin = find_next_admin(
                    (await self.members.list_participants([chat_id]))[chat_id], of=actor.account_id
                )
            if next_admin is None:
                await self.record(actor, chat_id, left)
            else:
                # In this order a crash between the two entries leaves two admins, not none.
                await self.record(actor, chat_id, RoleSet(next_admin.account_id, next_admin.number, Role.ADMIN), left)


@dataclass(frozen=True, slots=True)
class RemoveParticipant:
    """Removes a member from a group, if the actor is an admin. Removing oneself is leaving, and needs no admin.

    Raises ChatNotFound, NotAnAdmin and ParticipantNotFound.
    """

    change: ChangeGroup
    leave: LeaveGroup
    record: RecordChanges

    async def __call__(self, actor: Actor, group: str, number: str) -> None:
        if number == actor.number:
            await self.leave(actor, group)
            return
        async with self.change(actor, group) as roster:
            roster.require_admin(actor.account_id)
            account_id = roster.require_participant(number)
            await self.record(actor, roster.chat.id, Left(account_id, number))


@dataclass(frozen=True, slots=True)
class SetRole:
    """Sets the role of a member, if the actor is an admin. Setting the present role changes nothing.

    If the only admin demotes itself, the longest-standing other member becomes admin, as when it leaves: a group is never
    without an admin. The only member of a group stays admin. Raises ChatNotFound, NotAnAdmin and ParticipantNotFound.
    """

    change: ChangeGroup
    members: Members
    record: RecordChanges

    async def __call__(self, actor: Actor, group: str, number: str, role: Role) -> None:
        async with self.change(actor, group) as roster:
            roster.require_admin(actor.account_id)
            chat_id, account_id = roster.chat.id, roster.require_participant(number)
            if roster.roles[account_id] is role:
                return
            changed = RoleSet(account_id, number, role)
            if not roster.is_only_admin(account_id):
                await self.record(actor, chat_id, changed)
                return
            next_admin = find_next_admin((await self.members.list_participants([chat_id]))[chat_id], of=account_id)
            if next_admin is not None:
                await self.record(
                    actor, chat_id, RoleSet(next_admin.account_id, next_admin.number, Role.ADMIN), changed
                )
