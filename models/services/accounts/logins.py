"""Logins: adding and removing them, their passwords, and the numbers in their lists."""

from dataclasses import dataclass

from models.documents.login import Login, require_login_name, require_password
from models.documents.phone import Phone
from models.documents.session import Identity
from models.errors import AccountExists, Conflict, DomainError, LoginNeeded, NotFound
from models.ports import Clock, Fanout, Passwords
from models.services.accounts.pins import RequestPin
from models.services.accounts.sessions import end_sessions
from models.stores.accounts import Accounts
from models.stores.logins import Logins
from models.stores.ownerships import Ownerships
from models.stores.sessions import Sessions


@dataclass(frozen=True, slots=True)
class AddLogin:
    """Adds a login without accounts.

    Raises Malformed for a name or password that is not allowed, and Conflict for a taken name.
    """

    logins: Logins
    passwords: Passwords
    clock: Clock

    async def __call__(self, name: str, password: str) -> Login:
        password_hash = await self.passwords.hash(require_password(password))
        login = await self.logins.append(require_login_name(name), password_hash, self.clock.now())
        if login is None:
            raise Conflict("There is a login of this name already.")
        return login


@dataclass(frozen=True, slots=True)
class RemoveLogin:
    """Removes a login and ends its sessions. Raises NotFound.

    Its accounts stay, as those of people who prove their numbers by a code.
    """

    logins: Logins
    sessions: Sessions
    ownerships: Ownerships
    fanout: Fanout

    async def __call__(self, name: str) -> None:
        login = await self.logins.find_by_name(name)
        if login is None:
            raise NotFound("There is no such login.")
        await self.logins.remove(login.id)  # first, so that its tokens are refused from now on
        await end_sessions(self.sessions, self.fanout, await self.sessions.list_ids(login_id=login.id))
        await self.ownerships.remove_of_login(login.id)


@dataclass(frozen=True, slots=True)
class SetPassword:
    """Replaces the password of a login, and ends its sessions. Raises NotFound and Malformed."""

    logins: Logins
    passwords: Passwords
    sessions: Sessions
    fanout: Fanout

    async def __call__(self, name: str, password: str) -> None:
        login = await self.logins.find_by_name(name)
        if login is None:
            raise NotFound("There is no such login.")
        await self.logins.replace_password(login.id, await self.passwords.hash(require_password(password)))
        await end_sessions(self.sessions, self.fanout, await self.sessions.list_ids(login_id=login.id))


@dataclass(frozen=True, slots=True)
class CreateAccount:
    """Adds a number to the login's list, and sends a code to it (docs/messaging-api.md, "Registration").

    This also works for a number that other logins list or own. Raises LoginNeeded for a session that a code opened,
    AccountExists for a number in the list, and what sending the code raises; then the number is not listed.
    """

    accounts: Accounts
    ownerships: Ownerships
    request_pin: RequestPin
    clock: Clock

    async def __call__(self, identity: Identity, phone: Phone, nickname: str, address: str, language: str) -> None:
        if identity.login_id is None:
            raise LoginNeeded
        account = await self.accounts.find_or_create(phone, self.clock.now())
        ownership = await self.ownerships.append(identity.login_id, account, nickname)
        if ownership is None:
            raise AccountExists
        try:
            await self.request_pin(phone, address, purpose=ownership.purpose, language=language)
        except DomainError:
            await self.ownerships.remove(ownership.id)
            raise
        await self.ownerships.note_code(ownership.id, self.clock.now())
