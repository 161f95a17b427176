"""The names that people gave themselves, for others who are or were in a chat with them (docs/threat-model.md, "Accounts")."""

from collections.abc import Collection
from dataclasses import dataclass

from models.documents.chat import Member
from models.documents.chat_ref import ChatRef
from models.documents.session import Actor
from models.errors import ChatNotFound
from models.services.chats.membership import MembershipCache
from models.services.chats.resolve import ResolveChat
from models.stores.accounts import Accounts
from models.stores.members import Members

NAMES_MAX = 200  # accounts asked for at once


@dataclass(frozen=True, slots=True)
class MemberName:
    """Who an account of a chat is. `name` is None if it has none, or has blocked the reader."""

    account_id: int
    number: str
    name: str | None


@dataclass(frozen=True, slots=True)
class ListMemberNames:
    resolve: ResolveChat
    memberships: MembershipCache
    members: Members
    accounts: Accounts

    async def __call__(
        self, actor: Actor, target: ChatRef, account_ids: Collection[int]
    ) -> tuple[int, list[MemberName]]:
        """Returns the chat's id, and those of these accounts that were in it together with the actor at some time.

        Raises ChatNotFound if the actor was never in it.
        """
        chat_id = await self.resolve.require_id(actor, target)
        await self.memberships.catch_up_all([chat_id])
        viewer = await self.members.find_member(chat_id, actor.account_id)
        if viewer is None or not viewer.is_listed:
            raise ChatNotFound
        members = await self.members.list_members([(chat_id, account_id) for account_id in account_ids])
        met = [member for member in members if _met(viewer, member)]
        accounts = await self.accounts.map_by_ids({member.account_id for member in met})
        return chat_id, [
            MemberName(member.account_id, member.number, accounts[member.account_id].name_for(viewer.number))
            for member in met
            if member.account_id in accounts
        ]


def _met(one: Member, other: Member) -> bool:
    """Returns whether two accounts were in a chat at the same time."""
    return any(
        (ours.last is None or theirs.first <= ours.last) and (theirs.last is None or ours.first <= theirs.last)
        for ours in one.spans
        for theirs in other.spans
    )
