"""Removes a login."""

from dataclasses import dataclass

from models.errors import NotFound
from models.events import SessionsRevoked
from models.ports import Fanout
from models.stores.logins import Logins
from models.stores.ownerships import Ownerships
from models.stores.sessions import Sessions


@dataclass(frozen=True, slots=True)
class RemoveLogin:
    """The login is gone and signed out. Its accounts stay, as people who prove their numbers by a code. Raises NotFound."""

    logins: Logins
    sessions: Sessions
    ownerships: Ownerships
    fanout: Fanout

    async def __call__(self, name: str) -> None:
        login = await self.logins.find_by_name(name)
        if login is None:
            raise NotFound("There is no such login.")
        await self.logins.remove(login.id)  # first: no token of a login that is gone is believed
        sessions = await self.sessions.list_ids(login_id=login.id)
        await self.sessions.remove_all(sessions)
        await self.ownerships.remove_of_login(login.id)
        self.fanout.signal(SessionsRevoked(sessions))
