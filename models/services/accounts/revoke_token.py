"""Ends the session that a token belongs to, whichever of its tokens is shown (RFC 7009)."""

from dataclasses import dataclass

from models.documents.session import Claims
from models.errors import InvalidClient, Unauthenticated
from models.events import SessionsRevoked
from models.ports import Fanout, Tokens
from models.stores.sessions import Sessions


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
