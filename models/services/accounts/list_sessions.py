"""Lists where an account is signed in."""

from dataclasses import dataclass

from models.documents.session import Actor, Session
from models.ports import Clock
from models.stores.sessions import Sessions


@dataclass(frozen=True, slots=True)
class ListSessions:
    """The sessions of the asking account, and of its login, that are not over, the one used last first."""

    sessions: Sessions
    clock: Clock

    async def __call__(self, actor: Actor) -> list[Session]:
        return await self.sessions.list_of(actor.account_id, self.clock.now(), login_id=actor.login_id)
