"""The rules of OAuth: clients, scopes, how long tokens live, and how often passwords may be guessed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from models.errors import InvalidClient, InvalidScope

SCOPES = ("read", "write")  # docs/messaging-api.md, "Logins"; no request needs one of them
FOR_EVER = timedelta(days=36_500)  # refresh tokens do not expire by themselves


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthRules:
    """All clients are public: they have an id and no secret. Only wrong guesses count, per `GUESS_WINDOW_S`."""

    client_ids: Collection[str]
    token_lifetime: timedelta
    guesses_per_login: int = 10
    guesses_per_address: int = 50
    has_limits: bool = True

    def require_client(self, client_id: str | None) -> str:
        if client_id not in self.client_ids or client_id is None:
            raise InvalidClient
        return client_id


def narrow_scope(asked: str | None, granted: str = " ".join(SCOPES)) -> str:
    """Returns the scope that was asked for, or all that may be granted if none was.

    Raises InvalidScope for more than that.
    """
    if not asked:
        return granted
    wanted = list(dict.fromkeys(asked.split()))
    if not wanted or not set(wanted) <= set(granted.split()):
        raise InvalidScope
    return " ".join(wanted)
