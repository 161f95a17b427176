"""Sets one's own nickname."""

from dataclasses import dataclass

from models.documents.session import Actor
from models.events import AccountChanged
from models.ports import Fanout
from models.stores.accounts import Accounts


@dataclass(frozen=True, slots=True)
class SetNickname:
    """The name that stands in others' notifications where there is no full name; empty takes it away."""

    accounts: Accounts
    fanout: Fanout

    async def __call__(self, actor: Actor, nickname: str) -> None:
        await self.accounts.change(actor.account_id, {"nickname": nickname})
        self.fanout.signal(AccountChanged(actor.account_id))
