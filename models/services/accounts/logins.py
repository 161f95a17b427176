"""Adds a login."""

from dataclasses import dataclass

from models.documents.login import Login, require_login_name, require_password
from models.errors import Conflict
from models.ports import Clock, Passwords
from models.stores.logins import Logins


@dataclass(frozen=True, slots=True)
class AddLogin:
    """A login without accounts. Raises Malformed for a name or password that cannot be, Conflict for a name that is taken."""

    logins: Logins
    passwords: Passwords
    clock: Clock

    async def __call__(self, name: str, password: str) -> Login:
        password_hash = await self.passwords.hash(require_password(password))
        login = await self.logins.append(require_login_name(name), password_hash, self.clock.now())
        if login is None:
            raise Conflict("There is a login of this name already.")
        return login
