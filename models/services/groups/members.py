"""Members of groups: adding, removing, promoting, demoting and leaving."""

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
from models.stores.chats import Chats


@dataclass(frozen=True, slots=True)
class RequireParticipants:
    """The accounts behind these numbers, in their order, or a NotAContact that names those it cannot be.

    Somebody who blocked the actor looks like somebody who is no contact, so that the block is not told (messaging contract 8).
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
    """An admin adds a contact; somebody who is in the group already stays as they are (messaging contract 12).

    Raises ChatNotFound, NotAnAdmin, NotAContact, GroupFull. Two nodes that add at once may exceed `members_max` by one each.
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
    """Anybody may leave; an only admin hands over to the longest-standing participant first (messaging contract 12).

    With the last participant the group ends: it stays in the database, and nobody can see it. Raises ChatNotFound.
    """

    change: ChangeGroup
    chats: Chats
    record: RecordChanges

    async def __call__(self, actor: Actor, group: str) -> None:
        async with self.change(actor, group) as roster:
            chat_id, left = roster.chat.id, Left(actor.account_id, actor.number)
            next_admin = None
            if roster.is_only_admin(actor.account_id):
                next_admin = find_next_admin(
                    (await self.chats.list_participants([chat_id]))[chat_id], of=actor.account_id
                )
            if next_admin is None:
                await self.record(actor, chat_id, left)
            else:
                # In this order a crash between the two leaves an admin too many, not none.
                await self.record(actor, chat_id, RoleSet(next_admin.account_id, next_admin.number, Role.ADMIN), left)


@dataclass(frozen=True, slots=True)
class RemoveParticipant:
    """An admin removes a participant, also another admin; removing oneself is leaving, and needs no admin.

    Raises ChatNotFound, NotAnAdmin, ParticipantNotFound.
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
    """An admin gives a participant a role; one that it has already changes nothing (messaging contract 12).

    An only admin that demotes itself hands over to the longest-standing other participant, as it would by leaving: people
    who step down want somebody else to look after the group, and no group is ever without an admin. Alone in a group it
    stays admin. Raises ChatNotFound, NotAnAdmin, ParticipantNotFound.
    """

    change: ChangeGroup
    chats: Chats
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
            next_admin = find_next_admin((await self.chats.list_participants([chat_id]))[chat_id], of=account_id)
            if next_admin is not None:
                await self.record(
                    actor, chat_id, RoleSet(next_admin.account_id, next_admin.number, Role.ADMIN), changed
                )
