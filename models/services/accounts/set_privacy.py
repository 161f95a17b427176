"""Sets who may see what of one's profile."""

from collections.abc import Mapping
from dataclasses import dataclass

from models.documents.account import Visibility
from models.documents.session import Actor
from models.events import AccountChanged
from models.ports import Fanout
from models.stores.accounts import Accounts


@dataclass(frozen=True, slots=True)
class SetPrivacy:
    """All the parts that are given, in one write, or none of them."""

    accounts: Accounts
    fanout: Fanout

    async def __call__(self, actor: Actor, parts: Mapping[str, Visibility]) -> None:
        fields = {f"privacy.{part}": visibility.value for part, visibility in parts.items()}
        await self.accounts.change(actor.account_id, fields)
        self.fanout.signal(AccountChanged(actor.account_id))
