"""Logins: a user name and a password that own accounts (docs/messaging-api.md, "Logins")."""

from dataclasses import dataclass
from datetime import datetime

from models.documents.plain_line import is_blank
from models.documents.session import Actor
from models.errors import Malformed

NAME_MAX_CHARS = 150
PASSWORD_MAX_CHARS = 1024  # hashing takes longer for longer ones; nobody types more


@dataclass(frozen=True, slots=True)
class Login:
    """A user of OAuth. `password_hash` is the text that argon2 makes, with parameters and salt."""

    id: int
    name: str
    password_hash: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Ownership:
    """A number in the list of a login, oldest id first.

    At most one of the logins that list a number has proved it: its owner.

    A session that a code opened has its one account without any list: id 0, and no login. `nickname` is kept here until the
    number is proved, so that nobody changes the name of an account by listing its number.
    """

    id: int
    login_id: int | None
    account_id: int
    number: str
    is_proved: bool = False
    nickname: str = ""
    code_asked_at: datetime | None = None

    @property
    def purpose(self) -> str:
        """Returns the purpose of a code for this number: that this login, or this account's own session, proves it."""
        return f"login:{self.login_id}" if self.login_id is not None else f"account:{self.account_id}"

    def actor(self, session_id: str, generation: int = 0) -> Actor:
        return Actor(self.account_id, self.number, session_id, self.login_id, generation)


def require_login_name(text: str) -> str:
    """Returns the name: 1 to 150 printable characters without spaces at its ends. Raises Malformed for any other."""
    if is_blank(text) or text != text.strip() or len(text) > NAME_MAX_CHARS or not text.isprintable():
        raise Malformed(f"A login's name has 1 to {NAME_MAX_CHARS} printable characters, and no space at its ends.")
    return text


def require_password(text: str) -> str:
    if not 1 <= len(text) <= PASSWORD_MAX_CHARS:
        raise Malformed(f"A password has 1 to {PASSWORD_MAX_CHARS} characters.")
    return text
