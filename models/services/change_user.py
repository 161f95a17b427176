"""Changes the profile that the events API shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.documents.session import Actor
from models.documents.user import SeenUser
from models.errors import Forbidden
from models.events import AccountChanged
from models.ports import Fanout
from models.services.find_user import FindUser
from models.stores.accounts import Accounts


@dataclass(frozen=True, slots=True)
class ChangeUser:
    """One's own alone (design section 9): Forbidden for a user that the actor may find, else AccountNotFound."""

    accounts: Accounts
    find: FindUser
    fanout: Fanout

    async def __call__(self, actor: Actor, user_id: int, fields: Mapping[str, Any]) -> SeenUser:
        """`fields` are named as in the account (`notify.new_invite` for one flag)."""
        if user_id != actor.account_id:
            await self.find(actor, user_id)
            raise Forbidden("You may change your own profile only.")
        if fields:
            await self.accounts.change(user_id, fields)
            self.fanout.signal(AccountChanged(user_id))
        return await self.find.own(actor)
