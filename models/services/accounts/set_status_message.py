"""Sets one's own status message."""

from dataclasses import dataclass

from models.documents.account import StatusChange
from models.documents.session import Actor
from models.events import AccountChanged
from models.ports import Clock, Fanout
from models.stores.accounts import Accounts
from models.stores.status_histories import StatusHistories


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
        await self.accounts.change(actor.account_id, {"status_message": text})
        await self.histories.append(actor.account_id, StatusChange(text, self.clock.now()))
        self.fanout.signal(AccountChanged(actor.account_id))
