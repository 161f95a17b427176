"""Tokens: JWTs that carry a session's id, and the keys that are derived from the one secret."""

import base64
import binascii
import hmac
from datetime import UTC, datetime
from typing import Any

import jwt

from models.documents.session import Claims, Session
from models.errors import Unauthenticated
from models.ports import Clock

ALGORITHM = "HS256"


def derive_key(secret: str, purpose: str) -> bytes:
    """32 bytes for one purpose; what is signed or hashed for one means nothing for another."""
    return hmac.digest(secret.encode(), f"parley {purpose}".encode(), "sha256")


class JwtTokens:
    """Implements models.ports.Tokens with pyjwt and one fixed algorithm.

    There is no `iat`: a clock that was set back must not lock out those who signed in before. Expiry is judged by the
    injected clock.
    """

    def __init__(self, secret: str, clock: Clock) -> None:
        self._key = derive_key(secret, "tokens")
        self._clock = clock

    def sign(self, session: Session) -> str:
        claims = {"sub": str(session.account_id), "sid": session.id, "exp": int(session.expires_at.timestamp())}
        return jwt.encode(claims, self._key, ALGORITHM)

    def read(self, token: str) -> Claims:
        if not _has_one_spelling(token):
            raise Unauthenticated
        try:
            claims: dict[str, Any] = jwt.decode(
                token, self._key, [ALGORITHM],
                options={"require": ["sub", "sid", "exp"], "verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )  # fmt: skip
            account_id, session_id = int(claims["sub"]), str(claims["sid"])
            expires_at = datetime.fromtimestamp(claims["exp"], UTC)
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as error:
            raise Unauthenticated from error
        if expires_at <= self._clock.now():
            raise Unauthenticated("The token has expired; sign in again.")
        return Claims(account_id, session_id)


def _has_one_spelling(token: str) -> bool:
    """Whether the signature is written in the one way that base64 should have; its last character has bits to spare."""
    signature = token.rpartition(".")[2]
    try:
        decoded = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    except (binascii.Error, ValueError):
        return False
    return base64.urlsafe_b64encode(decoded).rstrip(b"=").decode() == signature
