"""Sessions: starting, ending, listing and revoking them (docs/architecture.md, "Sessions")."""

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
    """Stores a new session of an account, and signs its token."""

    sessions: Sessions
    tokens: Tokens
    clock: Clock
    lifetime: timedelta

    async def __call__(self, account: Account, device: str) -> SignedIn:
        """Start a session. `device` is the name that the client gives itself, of any length."""
        now = self.clock.now()
        session = Session(
            secrets.token_hex(16), account.id, device_name(device), created_at=now, last_used_at=now,
            expires_at=now + self.lifetime,
        )  # fmt: skip
        await self.sessions.append(session)
        return SignedIn(account, self.tokens.sign(session), session.id)


@dataclass(frozen=True, slots=True)
class EndSession:
    """Ends one of the sessions of the actor, or of its login, and signals that to every node. Raises SessionNotFound.

    This node refuses its token when the call returns, the others when the signal arrives.
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
class EndOtherSessions:
    """Ends every live session of the actor and of its login but the present one, and signals that to every node.

    A session that is started meanwhile stays.
    """

    sessions: Sessions
    authenticate: Authenticate
    fanout: Fanout
    clock: Clock

    async def __call__(self, actor: Actor) -> None:
        own = await self.sessions.list_of(actor.account_id, self.clock.now(), login_id=actor.login_id)
        others = [session.id for session in own if session.id != actor.session_id]
        if others:
            await end_sessions(self.sessions, self.fanout, others)
            self.authenticate.forget(others)


@dataclass(frozen=True, slots=True)
class ListSessions:
    """Lists the live sessions of the actor and of its login, last used first."""

    sessions: Sessions
    clock: Clock

    async def __call__(self, actor: Actor) -> list[Session]:
        return await self.sessions.list_of(actor.account_id, self.clock.now(), login_id=actor.login_id)


async def end_sessions(sessions: Sessions, fanout: Fanout, session_ids: list[str]) -> None:
    """End these sessions, and signal that to every node."""
    await sessions.remove_all(session_ids)
    fanout.signal(SessionsRevoked(session_ids))


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
    """Ends the session of an access or refresh token: both tokens of the pair become void, and their sockets close.

    An unknown or outdated token is no error. Raises InvalidClient if the token was given to another client.
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
        await end_sessions(self.sessions, self.fanout, [session.id])

    def _read(self, token: str) -> Claims | None:
        for read in (self.tokens.read, self.tokens.read_refresh):
            try:
                return read(token)
            except Unauthenticated:
                continue
        return None


@dataclass(frozen=True, slots=True)
class LastUse:
    """Returns when an account was last used, exact to a minute; now, while one of its devices is connected.

    Requests of the sessions of the account and of its login count. Returns None for an account that was last used before
    this was recorded.
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
