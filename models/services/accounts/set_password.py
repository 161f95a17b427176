"""Gives a login another password."""

from dataclasses import dataclass

from models.documents.login import require_password
from models.errors import NotFound
from models.events import SessionsRevoked
from models.ports import Fanout, Passwords
from models.stores.logins import Logins
from models.stores.sessions import Sessions


@dataclass(frozen=True, slots=True)
class SetPassword:
    """The new password holds from now on, and whoever signed in with the old one is signed out. Raises NotFound, Malformed."""

    logins: Logins
    passwords: Passwords
    sessions: Sessions
    fanout: Fanout

    async def __call__(self, name: str, password: str) -> None:
        login = await self.logins.find_by_name(name)
        if login is None:
            raise NotFound("There is no such login.")
        await self.logins.replace_password(login.id, await self.passwords.hash(require_password(password)))
        sessions = await self.sessions.list_ids(login_id=login.id)
        await self.sessions.remove_all(sessions)
        self.fanout.signal(SessionsRevoked(sessions))
