"""Ends a session: its token is void, its sockets close."""

from dataclasses import dataclass

from models.documents.session import Actor
from models.errors import SessionNotFound
from models.events import SessionsRevoked
from models.ports import Fanout
from models.services.accounts.authenticate import Authenticate
from models.stores.sessions import Sessions


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
