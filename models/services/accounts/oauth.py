"""OAuth 2 for logins: tokens by password and by refresh token (docs/messaging-api.md, "Logins")."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from models.documents.login import NAME_MAX_CHARS, PASSWORD_MAX_CHARS, Login
from models.documents.network import network_of
from models.documents.oauth import FOR_EVER, OAuthRules, narrow_scope
from models.documents.session import Grant, Session, TokenPair, device_name
from models.errors import InvalidGrant, RateLimited, Unauthenticated, whole_ms
from models.facts import SessionsRevoked
from models.ports import Clock, Fanout, Passwords, Tokens
from models.services.accounts.sign_in_alert import NotifySignIn
from models.stores.logins import Logins
from models.stores.quotas import Quotas
from models.stores.sessions import Sessions

GUESS_WINDOW_S = 300
ADDRESSES = 5  # that have to guess at one login before all others wait: one stranger alone locks nobody out


@dataclass(frozen=True, slots=True)
class SignInByPassword:
    """Starts a session of a login, and returns its first pair of tokens.

    Raises InvalidGrant for a wrong name or password, after equal work for either, InvalidScope, and RateLimited after too
    many wrong guesses at one name or from one address. Right passwords do not count.
    """

    logins: Logins
    passwords: Passwords
    sessions: Sessions
    quotas: Quotas
    tokens: Tokens
    clock: Clock
    rules: OAuthRules
    notify_sign_in: NotifySignIn

    async def __call__(
        self, name: str, password: str, *, client_id: str, scope: str | None, device: str, address: str
    ) -> TokenPair:
        granted = narrow_scope(scope)
        of_name, network = f"guesses of {sha256(name.encode()).hexdigest()}", network_of(address)
        keys = {
            f"{of_name} from {network}": self.rules.guesses_per_login,
            f"guesses from {network}": self.rules.guesses_per_address,
            of_name: ADDRESSES * self.rules.guesses_per_login,
        }
        await self._count(keys)
        login = await self._require_login(name, password)
        await self._give_back(keys)
        session = self._session(
            login, Grant(client_id, granted, 1, self.clock.now() + self.rules.token_lifetime), device
        )
        await self.sessions.append(session)
        if not await self._is_still_right(login, password):
            await self.sessions.remove_all([session.id])
            raise InvalidGrant
        await self.notify_sign_in.of_login(login.id, session.id, device)
        return token_pair(self.tokens, session, granted)

    async def _require_login(self, name: str, password: str) -> Login:
        if len(name) > NAME_MAX_CHARS or len(password) > PASSWORD_MAX_CHARS:
            raise InvalidGrant
        login = await self.logins.find_by_name(name)
        if not await self.passwords.matches(password, None if login is None else login.password_hash) or login is None:
            raise InvalidGrant
        if self.passwords.is_outdated(login.password_hash):
            renewed = await self.passwords.hash(password)
            await self.logins.replace_password(login.id, renewed, former=login.password_hash)
        return login

    async def _is_still_right(self, login: Login, password: str) -> bool:
        """Returns whether the password still holds, once the session is stored.

        A password change that ran meanwhile looked for the login's sessions before this one could be found.
        """
        now = await self.logins.find_by_name(login.name)
        if now is None or now.id != login.id:
            return False
        return now.password_hash == login.password_hash or await self.passwords.matches(password, now.password_hash)

    def _session(self, login: Login, grant: Grant, device: str) -> Session:
        now = self.clock.now()
        return Session(
            secrets.token_hex(16), None, device_name(device), created_at=now, last_used_at=now,
            expires_at=now + FOR_EVER, login_id=login.id, grant=grant,
        )  # fmt: skip

    async def _count(self, keys: dict[str, int]) -> None:
        """Count a guess before it is checked, so that parallel guesses get no extra ones."""
        if not self.rules.has_limits:
            return
        for key, cap in keys.items():
            wait = await self.quotas.take(key, cap, GUESS_WINDOW_S, self.clock.now())
            if wait is not None:
                raise _too_often(wait)

    async def _give_back(self, keys: dict[str, int]) -> None:
        if self.rules.has_limits:
            for key in keys:
                await self.quotas.give_back(key, GUESS_WINDOW_S, self.clock.now())


def token_pair(tokens: Tokens, session: Session, scope: str) -> TokenPair:
    """Returns the tokens of an OAuth session's present generation."""
    return TokenPair(tokens.sign(session), tokens.sign_refresh(session), session.token_expires_at, scope)


def _too_often(wait: timedelta) -> RateLimited:
    return RateLimited("Too many wrong passwords; wait before the next try.", retry_after_ms=whole_ms(wait))


@dataclass(frozen=True, slots=True)
class RefreshTokens:
    """Exchanges a refresh token, which works once, for a new pair of tokens.

    The former pair is void, and its sockets close.

    A token that is used twice has been copied, and nobody can tell the owner from the thief: the session ends, with all of
    its tokens. Raises InvalidGrant for that as for every other bad token, and InvalidScope.
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
