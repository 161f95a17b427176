"""Changes the profile that the events API shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.documents.session import Actor
from models.documents.user import SeenUser
from models.errors import Forbidden
from models.events import AccountChanged
from models.ports import Fanout
from models.services.users.find_user import FindUser
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
        own = await self.find.own(actor)
        # A nickname stands in for a missing full name (design section 9): whoever sends it back names nobody anew.
        changes = {name: value for name, value in fields.items() if name != "full_name" or value != own.full_name}
        if not changes:
            return own
        await self.accounts.change(user_id, changes)
        self.fanout.signal(AccountChanged(user_id))
        return await self.find.own(actor)
