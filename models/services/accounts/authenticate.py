"""Authentication: which session a token belongs to, and which account the request acts for."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.documents.account import Account
from models.documents.login import Ownership
from models.documents.session import Actor, Claims, Identity, Session
from models.errors import (
    AccountNotNamed,
    AccountNotRegistered,
    NoAccount,
    SessionRevoked,
    Unauthenticated,
    WrongAccount,
)
from models.ports import Clock, Tokens
from models.services.runtime.batch_loader import BatchLoader
from models.stores.accounts import Accounts
from models.stores.logins import Logins
from models.stores.ownerships import Ownerships
from models.stores.sessions import Sessions


@dataclass(frozen=True, slots=True)
class ChooseAccount:
    """Chooses the account that a request acts for (docs/rest.md, "Choice of account").

    `number` names an account; None leaves the choice to the rule. Raises WrongAccount for a number that is not the login's,
    whether or not somebody else has it. A session that a code opened has one account, and raises WrongAccount for any
    other.
    """

    ownerships: Ownerships

    async def registered(self, identity: Identity, number: str | None) -> Actor:
        """Returns the actor of an ordinary request: the named account, or the login's oldest registered one.

        Raises AccountNotRegistered if the named one is not registered, and NoAccount if the login has none that is.
        """
        if identity.login_id is None:
            return _only(identity, number)
        if number is not None:
            ownership = await self._named(identity.login_id, number)
            if not ownership.is_proved:
                raise AccountNotRegistered
            return ownership.actor(identity.session_id, identity.generation)
        first = await self.ownerships.find_first_proved(identity.login_id)
        if first is None:
            raise NoAccount
        return first.actor(identity.session_id, identity.generation)

    async def to_prove(self, identity: Identity, number: str | None) -> Ownership:
        """Returns the number that a code request is for: the named one, or else the first that fits of the login's list.

        That is the oldest for which no code was requested yet, else the oldest that is not registered, else the oldest.
        Raises NoAccount if the list is empty.
        """
        listed = await self._list(identity, number)
        without_code = (each for each in listed if each.code_asked_at is None)
        unproved = (each for each in listed if not each.is_proved)
        return next(without_code, None) or next(unproved, None) or listed[0]

    async def to_remove(self, identity: Identity, number: str | None) -> Ownership:
        """Returns the number to remove: the named one, or the only one of the login's list, registered or not.

        Raises AccountNotNamed if there are several, and NoAccount if there is none.
        """
        listed = await self._list(identity, number)
        if len(listed) > 1:
            raise AccountNotNamed
        return listed[0]

    async def _list(self, identity: Identity, number: str | None) -> list[Ownership]:
        """Returns the named number alone, or else the login's list. Raises NoAccount if the list is empty."""
        if identity.login_id is None:
            return [_owned(_only(identity, number))]
        if number is not None:
            return [await self._named(identity.login_id, number)]
        listed = await self.ownerships.list_of_login(identity.login_id)
        if not listed:
            raise NoAccount
        return listed

    async def _named(self, login_id: int, number: str) -> Ownership:
        ownership = await self.ownerships.find_by_number(login_id, number)
        if ownership is None:
            raise WrongAccount
        return ownership


def _only(identity: Identity, number: str | None) -> Actor:
    if identity.actor is None or number not in (None, identity.actor.number):
        raise WrongAccount
    return identity.actor


def _owned(actor: Actor) -> Ownership:
    return Ownership(0, None, actor.account_id, actor.number, is_proved=True)


CACHE_TTL_S = 30.0  # by default, how long a session is believed alive whose revocation signal was lost
USE_NOTED_EVERY = timedelta(minutes=1)  # so that hardly any request costs a write


@dataclass(frozen=True, slots=True)
class _CachedSession:
    identity: Identity
    account_id: int | None  # of the session; the token must name it too
    generation: int
    expires_at: datetime
    read_at: datetime

    def matches(self, claims: Claims) -> bool:
        """Returns whether a token was signed for this session's account or login."""
        return (claims.account_id, claims.login_id) == (self.account_id, self.identity.login_id)


@dataclass(slots=True)
class _Reading:
    """A session that is being read: how many calls wait for it, and how many revocations arrived meanwhile."""

    readers: int = 0
    revocations: int = 0


class Authenticate:
    """Returns the account that a token acts for. Sessions are cached on the node until `forget`, for a bounded time."""

    def __init__(
        self,
        tokens: Tokens,
        sessions: Sessions,
        accounts: Accounts,
        logins: Logins,
        choose: ChooseAccount,
        clock: Clock,
        *,
        cache_ttl_s: float = CACHE_TTL_S,
    ) -> None:
        self.choose = choose
        self._tokens = tokens
        self._sessions = sessions
        self._accounts = accounts
        # A crowd that reconnects after a restart costs only a few queries.
        self._find_session = BatchLoader(self._find_sessions, at_once=500)
        self._find_account = BatchLoader(self._find_accounts, at_once=500)
        self._touch = BatchLoader(self._touch_all, at_once=500)
        self._logins = logins
        self._clock = clock
        self._cache_ttl = timedelta(seconds=cache_ttl_s)
        self._cached: dict[str, _CachedSession] = {}  # by session id, oldest reading first
        self._readings: dict[str, _Reading] = {}
        self._revocations = 0  # revocations received so far, of all sessions

    async def __call__(self, token: str, number: str | None = None) -> Actor:
        """Returns the actor of this token: the account with this number, or the one that ChooseAccount chooses.

        Raises what `identify` and `ChooseAccount.registered` raise.
        """
        while True:
            revocations = self._revocations
            identity = await self.identify(token)
            actor = await self.choose.registered(identity, number)
            # Choosing for a login takes a query, during which its session may have ended or lost that account.
            if identity.login_id is None or revocations == self._revocations:
                return actor

    async def identify(self, token: str) -> Identity:
        """Returns the session of this token, and the account or login that it belongs to.

        Raises Unauthenticated for a bad or expired token, and SessionRevoked if the session was ended or the token
        refreshed.
        """
        claims = self._tokens.read(token)
        cached = self._cached.get(claims.session_id)
        now = self._clock.now()
        # A reading from the future was made before the clock was set back; its age is unknown.
        is_fresh = cached is not None and timedelta() <= now - cached.read_at < self._cache_ttl
        if cached is None or not is_fresh or cached.generation != claims.generation:
            cached = await self._read(claims.session_id)
        if not cached.matches(claims) or cached.expires_at <= now:
            raise Unauthenticated
        if cached.generation != claims.generation:
            raise SessionRevoked  # refreshed since, which voids the former token
        return cached.identity

    def forget(self, session_ids: Iterable[str]) -> None:
        """Drop these sessions, which were revoked: the next use of their tokens reads the database."""
        self._revocations += 1
        for session_id in session_ids:
            self._cached.pop(session_id, None)
            if session_id in self._readings:
                self._readings[session_id].revocations += 1

    def forget_all(self) -> None:
        """Drop all sessions, because revocations may have been missed."""
        self._revocations += 1
        self._cached.clear()
        for reading in self._readings.values():
            reading.revocations += 1

    async def _read(self, session_id: str) -> _CachedSession:
        reading = self._readings.setdefault(session_id, _Reading())
        reading.readers += 1
        try:
            return await self._read_surely(session_id, reading)
        finally:
            reading.readers -= 1
            if not reading.readers:
                del self._readings[session_id]

    async def _read_surely(self, session_id: str, reading: _Reading) -> _CachedSession:
        while True:
            revocations = reading.revocations
            now = self._clock.now()
            session = await self._find_session(session_id)
            if session is None:
                raise SessionRevoked
            identity = await self._identity(session)
            await self._note_use(session, now)
            if revocations != reading.revocations:
                continue  # the row may have been read before the revocation
            return self._remember(
                _CachedSession(identity, session.account_id, session.generation, session.expires_at, read_at=now)
            )

    async def _identity(self, session: Session) -> Identity:
        if session.login_id is not None:
            if not await self._logins.exists(session.login_id):
                raise SessionRevoked
            return Identity(session.id, login_id=session.login_id, generation=session.generation)
        account = None if session.account_id is None else await self._find_account(session.account_id)
        if account is None:
            raise Unauthenticated
        return Identity(session.id, Actor(account.id, account.number, session.id))

    async def _find_sessions(self, session_ids: Collection[str]) -> dict[str, Session]:
        return {session.id: session for session in await self._sessions.list_by_ids(session_ids)}

    async def _find_accounts(self, account_ids: Collection[int]) -> dict[int, Account]:
        return await self._accounts.map_by_ids(account_ids)

    def _remember(self, cached: _CachedSession) -> _CachedSession:
        self._cached.pop(cached.identity.session_id, None)
        self._cached[cached.identity.session_id] = cached
        while abs(cached.read_at - self._oldest.read_at) >= self._cache_ttl:
            del self._cached[self._oldest.identity.session_id]
        return cached

    @property
    def _oldest(self) -> _CachedSession:
        return next(iter(self._cached.values()))

    async def _note_use(self, session: Session, now: datetime) -> None:
        if now - session.last_used_at >= USE_NOTED_EVERY:
            await self._touch(session.id)

    async def _touch_all(self, session_ids: Collection[str]) -> dict[str, None]:
        now = self._clock.now()
        await self._sessions.touch_all(session_ids, now, unless_after=now - USE_NOTED_EVERY)
        return {}
