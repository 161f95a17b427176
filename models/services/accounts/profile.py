"""One's own profile: names, status message and privacy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.documents.account import StatusChange, Visibility
from models.documents.session import Actor
from models.documents.user import UserView
from models.errors import Forbidden
from models.ports import Clock, Fanout
from models.services.contacts.directory import change_account
from models.services.users.finding import FindUser
from models.stores.accounts import Accounts
from models.stores.status_histories import StatusHistories


@dataclass(frozen=True, slots=True)
class ChangeUser:
    """One's own alone (design section 9): Forbidden for a user that the actor may find, else AccountNotFound."""

    accounts: Accounts
    find: FindUser
    fanout: Fanout

    async def __call__(self, actor: Actor, user_id: int, fields: Mapping[str, Any]) -> UserView:
        """`fields` are named as in the account (`notify.new_invite` for one flag)."""
        if user_id != actor.account_id:
            await self.find(actor, user_id)
            raise Forbidden("You may change your own profile only.")
        own = await self.find.own(actor)
        # A nickname stands in for a missing full name (design section 9): whoever sends it back names nobody anew.
        changes = {name: value for name, value in fields.items() if name != "full_name" or value != own.full_name}
        if not changes:
            return own
        await change_account(self.accounts, self.fanout, user_id, changes)
        return await self.find.own(actor)


@dataclass(frozen=True, slots=True)
class SetNickname:
    """The name that stands in others' notifications where there is no full name; empty takes it away."""

    accounts: Accounts
    fanout: Fanout

    async def __call__(self, actor: Actor, nickname: str) -> None:
        await change_account(self.accounts, self.fanout, actor.account_id, {"nickname": nickname})


@dataclass(frozen=True, slots=True)
class SetPrivacy:
    """All the parts that are given, in one write, or none of them."""

    accounts: Accounts
    fanout: Fanout

    async def __call__(self, actor: Actor, parts: Mapping[str, Visibility]) -> None:
        fields = {f"privacy.{part}": visibility.value for part, visibility in parts.items()}
        await change_account(self.accounts, self.fanout, actor.account_id, fields)


@dataclass(frozen=True, slots=True)
class SetStatusMessage:
    """The new text, and an entry in the history if it is another one than before."""

    accounts: Accounts
    histories: StatusHistories
    fanout: Fanout
    clock: Clock

    async def __call__(self, actor: Actor, text: str) -> None:
        before = await self.accounts.require(actor.account_id)
        if before.status_message == text:
            return
        await change_account(self.accounts, self.fanout, actor.account_id, {"status_message": text})
        await self.histories.append(actor.account_id, StatusChange(text, self.clock.now()))
