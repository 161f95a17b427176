"""Starts a session: what every way of signing in ends with."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from models.documents.account import Account
from models.documents.session import Session, SignedIn, device_name
from models.ports import Clock, Tokens
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
