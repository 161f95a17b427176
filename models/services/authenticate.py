"""Finds out who is asking: a token, and whether its session is still alive."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.documents.session import Actor, Session
from models.errors import SessionRevoked, Unauthenticated
from models.ports import Clock, Tokens
from models.stores.accounts import Accounts
from models.stores.sessions import Sessions

BELIEVED_FOR = timedelta(seconds=30)  # how long a revocation can go unheard of when its signal is lost
USE_NOTED_EVERY = timedelta(minutes=1)  # so that a request costs no write


@dataclass(frozen=True, slots=True)
class _Belief:
    actor: Actor
    expires_at: datetime
    read_at: datetime


class Authenticate:
    """The actor behind a token. Which sessions are alive is remembered on this node until `forget`, at most 30 s."""

    def __init__(self, tokens: Tokens, sessions: Sessions, accounts: Accounts, clock: Clock) -> None:
        self._tokens = tokens
        self._sessions = sessions
        self._accounts = accounts
        self._clock = clock
        self._beliefs: dict[str, _Belief] = {}  # by session, the one read longest ago first
        self._revocations = 0

    async def __call__(self, token: str) -> Actor:
        """Raises Unauthenticated for a bad or expired token, SessionRevoked when its session has been ended."""
        claims = self._tokens.read(token)
        belief = self._beliefs.get(claims.session_id)
        now = self._clock.now()
        # A belief from the future was formed before the clock was set back; its age is unknown.
        if belief is None or not timedelta() <= now - belief.read_at < BELIEVED_FOR:
            belief = await self._read(claims.session_id)
        if belief.actor.account_id != claims.account_id or belief.expires_at <= now:
            raise Unauthenticated
        return belief.actor

    def forget(self, session_ids: Iterable[str]) -> None:
        """These sessions are over (SessionsRevoked); the next use of their tokens finds that out."""
        self._revocations += 1
        for session_id in session_ids:
            self._beliefs.pop(session_id, None)

    async def _read(self, session_id: str) -> _Belief:
        while True:
            revocations = self._revocations
            now = self._clock.now()
            session = await self._sessions.find(session_id)
            if session is None:
                raise SessionRevoked
            account = await self._accounts.find(session.account_id)
            if account is None:
                raise Unauthenticated
            await self._note_use(session, now)
            if revocations != self._revocations:
                continue  # what was read may be older than the revocation heard meanwhile
            actor = Actor(account.id, account.number, session_id)
            return self._believe(_Belief(actor, session.expires_at, now))

    def _believe(self, belief: _Belief) -> _Belief:
        self._beliefs.pop(belief.actor.session_id, None)
        self._beliefs[belief.actor.session_id] = belief
        while abs(belief.read_at - self._oldest.read_at) >= BELIEVED_FOR:
            del self._beliefs[self._oldest.actor.session_id]
        return belief

    @property
    def _oldest(self) -> _Belief:
        return next(iter(self._beliefs.values()))

    async def _note_use(self, session: Session, now: datetime) -> None:
        if now - session.last_used_at >= USE_NOTED_EVERY:
            await self._sessions.touch(session.id, now, unless_after=now - USE_NOTED_EVERY)
