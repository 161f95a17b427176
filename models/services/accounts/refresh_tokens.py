"""Exchanges a refresh token for the next pair of tokens: OAuth's refresh grant."""

from dataclasses import dataclass

from models.documents.oauth import OAuthRules, narrow_scope
from models.documents.session import Grant, TokenPair
from models.errors import InvalidGrant, Unauthenticated
from models.events import SessionsRevoked
from models.ports import Clock, Fanout, Tokens
from models.services.accounts.oauth import token_pair
from models.stores.logins import Logins
from models.stores.sessions import Sessions


@dataclass(frozen=True, slots=True)
class RefreshTokens:
    """A refresh token is good once. The pair before is void from then on, and the sockets it opened close.

    One that comes again has been copied, and nobody can tell which of the two who hold it is the thief: the session ends, and
    with it every token of its family. Raises InvalidGrant for that as for any other bad one, and InvalidScope.
    """

    logins: Logins
    sessions: Sessions
    tokens: Tokens
    fanout: Fanout
    clock: Clock
    rules: OAuthRules

    async def __call__(self, refresh_token: str, *, client_id: str, scope: str | None) -> TokenPair:
        try:
            claims = self.tokens.read_refresh(refresh_token)
        except Unauthenticated:
            raise InvalidGrant from None
        session = await self.sessions.find(claims.session_id)
        if session is None or session.grant is None or session.login_id is None or session.login_id != claims.login_id:
            raise InvalidGrant
        if session.grant.client_id != client_id or not await self.logins.exists(session.login_id):
            raise InvalidGrant
        shown = narrow_scope(scope, session.grant.scope)
        now = self.clock.now()
        next_grant = Grant(client_id, session.grant.scope, claims.generation + 1, now + self.rules.token_lifetime)
        renewed = await self.sessions.renew(session.id, claims.generation, next_grant, now)
        if renewed is None:
            await self.sessions.remove_all([session.id])
        self.fanout.signal(SessionsRevoked([session.id]))
        if renewed is None:
            raise InvalidGrant
        return token_pair(self.tokens, renewed, shown)
