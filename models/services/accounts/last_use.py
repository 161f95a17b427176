"""Says when somebody used an account last, by whatever door."""

from dataclasses import dataclass
from datetime import datetime

from models.documents.account import Account
from models.ports import Clock, SocketBoard
from models.stores.ownerships import Ownerships
from models.stores.sessions import Sessions


@dataclass(frozen=True, slots=True)
class LastUse:
    """The latest request of a session of the account, or of the login that owns it; now, while one of its devices is connected.

    Exact to a minute. None when nobody can tell: of accounts that were last used before this was written down.
    """

    sessions: Sessions
    ownerships: Ownerships
    sockets: SocketBoard
    clock: Clock

    async def __call__(self, account: Account) -> datetime | None:
        if account.id in await self.sockets.list_connected([account.id]):
            return self.clock.now()
        owners = await self.ownerships.list_owners([account.id])
        used_at = await self.sessions.find_last_use(account.id, owners.get(account.id))
        if used_at is None or account.last_seen is None:
            return used_at
        return max(used_at, account.last_seen)
