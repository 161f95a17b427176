"""Signs and reads JWTs that carry a session's id, for access and for refreshing, and derives keys from the secret."""

import base64
import binascii
import hmac
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import jwt

from models.documents.session import Claims, Session
from models.errors import Unauthenticated
from models.ports import Clock

ALGORITHM = "HS256"
# Tokens remembered with what they say, 1 kB each: a client shows its token for each namespace, and a good signature stays good.
TOKENS_KNOWN = 4096
LOGIN = "login:"  # what the subject of a login's token begins with; an account's is its id alone


def derive_key(secret: str, purpose: str) -> bytes:
    """Returns 32 bytes for one purpose. A signature or hash made for one purpose is invalid for any other."""
    return hmac.digest(secret.encode(), f"parley {purpose}".encode(), "sha256")


class JwtTokens:
    """Implements models.ports.Tokens with pyjwt and one fixed algorithm.

    There is no `iat`: a clock that was set back must not lock out those who signed in before. Expiry is judged by the
    injected clock.
    """

    def __init__(self, secret: str, clock: Clock) -> None:
        self._key = derive_key(secret, "tokens")
        self._refresh_key = derive_key(secret, "refresh tokens")
        self._clock = clock

    def sign(self, session: Session) -> str:
        return jwt.encode(_claims(session) | {"exp": int(session.token_expires_at.timestamp())}, self._key, ALGORITHM)

    def read(self, token: str) -> Claims:
        claims, expires_at = _read(token, self._key, ("sub", "sid", "exp"))
        if expires_at is None or expires_at <= self._clock.now():
            raise Unauthenticated("The token has expired; sign in again.")
        return claims

    def sign_refresh(self, session: Session) -> str:
        return jwt.encode(_claims(session), self._refresh_key, ALGORITHM)

    def read_refresh(self, token: str) -> Claims:
        return _read(token, self._refresh_key, ("sub", "sid", "gen"))[0]


def _claims(session: Session) -> dict[str, Any]:
    if session.login_id is None:
        return {"sub": str(session.account_id), "sid": session.id}
    return {"sub": f"{LOGIN}{session.login_id}", "sid": session.id, "gen": session.generation}


@lru_cache(maxsize=TOKENS_KNOWN)
def _read(token: str, key: bytes, required: tuple[str, ...]) -> tuple[Claims, datetime | None]:
    """Returns the claims of a token and its expiry, which the caller judges."""
    if not _has_one_spelling(token):
        raise Unauthenticated
    try:
        claims: dict[str, Any] = jwt.decode(
            token, key, [ALGORITHM],
            options={"require": list(required), "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )  # fmt: skip
        subject, session_id = str(claims["sub"]), str(claims["sid"])
        expires_at = datetime.fromtimestamp(claims["exp"], UTC) if "exp" in claims else None
        if subject.startswith(LOGIN):
            return Claims(None, session_id, int(subject.removeprefix(LOGIN)), int(claims["gen"])), expires_at
        return Claims(int(subject), session_id), expires_at
    except (jwt.PyJWTError, LookupError, ValueError, TypeError, OverflowError) as error:
        raise Unauthenticated from error


def _has_one_spelling(token: str) -> bool:
    """Returns whether the signature is spelled canonically: base64 leaves bits of its last character unused."""
    signature = token.rpartition(".")[2]
    try:
        decoded = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    except (binascii.Error, ValueError):
        return False
    return base64.urlsafe_b64encode(decoded).rstrip(b"=").decode() == signature
