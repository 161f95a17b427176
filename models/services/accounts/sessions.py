"""Sessions: starting, ending, listing and revoking them."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.documents.account import Account
from models.documents.session import Actor, Claims, Session, SignedIn, device_name
from models.errors import InvalidClient, SessionNotFound, Unauthenticated
from models.facts import SessionsRevoked
from models.ports import Clock, ConnectedAccounts, Fanout, Tokens
from models.services.accounts.authenticate import Authenticate
from models.stores.ownerships import Ownerships
from models.stores.sessions import Sessions


@dataclass(frozen=True, slots=True)
class StartSession:
    """Store a new session of this account, and sign its token."""

    sessions: Sessions
    tokens: Tokens
    clock: Clock
    lifetime: timedelta

    async def __call__(self, account: Account, device: str) -> SignedIn:
        """`device` is what the client calls itself, of any length."""
        now = self.clock.now()
        session = Session(
            secrets.token_hex(16), account.id, device_name(device), created_at=now, last_used_at=now,
            expires_at=now + self.lifetime,
        )  # fmt: skip
        await self.sessions.append(session)
        return SignedIn(account, self.tokens.sign(session), session.id)


@dataclass(frozen=True, slots=True)
class EndSession:
    """Remove one of the actor's own sessions, its login's included, then tell every node; raises SessionNotFound for any other.

    This node has forgotten it when the call returns, the others when they hear of it.
    """

    sessions: Sessions
    authenticate: Authenticate
    fanout: Fanout

    async def __call__(self, actor: Actor, session_id: str) -> None:
        if not await self.sessions.remove(session_id, actor.account_id, login_id=actor.login_id):
            raise SessionNotFound
        self.authenticate.forget([session_id])
        self.fanout.signal(SessionsRevoked([session_id]))


@dataclass(frozen=True, slots=True)
class ListSessions:
    """The sessions of the asking account, and of its login, that are not over, the one used last first."""

    sessions: Sessions
    clock: Clock

    async def __call__(self, actor: Actor) -> list[Session]:
        return await self.sessions.list_of(actor.account_id, self.clock.now(), login_id=actor.login_id)


@dataclass(frozen=True, slots=True)
class FindEndedSessions:
    """Look up which sessions no longer entitle anybody to what they once did, whatever a node remembers of them."""

    sessions: Sessions
    ownerships: Ownerships
    clock: Clock

    async def __call__(self, actors: Collection[Actor]) -> set[str]:
        """Returns the ids of sessions that have ended, whose tokens were replaced, or whose login has lost the account.

        `actors` must be known before this is called: a token that is newer than the database's answer would look replaced.
        """
        generations = await self.sessions.list_generations({each.session_id for each in actors}, self.clock.now())
        owned = {each.account_id for each in actors if each.login_id is not None}
        owners = await self.ownerships.list_owners(owned) if owned else {}
        return {
            each.session_id
            for each in actors
            if generations.get(each.session_id) != each.generation
            or (each.login_id is not None and owners.get(each.account_id) != each.login_id)
        }


@dataclass(frozen=True, slots=True)
class RevokeToken:
    """Both tokens of the pair are void, and their sockets close. A token that means nothing any more is no error.

    Raises InvalidClient when the token was given to another client.
    """

    tokens: Tokens
    sessions: Sessions
    fanout: Fanout

    async def __call__(self, token: str, *, client_id: str) -> None:
        claims = self._read(token)
        session = None if claims is None else await self.sessions.find(claims.session_id)
        if claims is None or session is None or session.generation != claims.generation:
            return
        if session.grant is not None and session.grant.client_id != client_id:
            raise InvalidClient
        await self.sessions.remove_all([session.id])
        self.fanout.signal(SessionsRevoked([session.id]))

    def _read(self, token: str) -> Claims | None:
        for read in (self.tokens.read, self.tokens.read_refresh):
            try:
                return read(token)
            except Unauthenticated:
                continue
        return None


@dataclass(frozen=True, slots=True)
class LastUse:
    """The latest request of a session of the account, or of the login that owns it; now, while one of its devices is connected.

    Exact to a minute. None when nobody can tell: of accounts that were last used before this was written down.
    """

    sessions: Sessions
    ownerships: Ownerships
    sockets: ConnectedAccounts
    clock: Clock

    async def __call__(self, account: Account) -> datetime | None:
        if account.id in await self.sockets.list_connected([account.id]):
            return self.clock.now()
        owners = await self.ownerships.list_owners([account.id])
        used_at = await self.sessions.find_last_use(account.id, owners.get(account.id))
        if used_at is None or account.last_seen is None:
            return used_at
        return max(used_at, account.last_seen)
