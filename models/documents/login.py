"""Logins: a user name and a password that own accounts (messaging contract 0 and 3)."""

from dataclasses import dataclass
from datetime import datetime

from models.documents.plain_line import is_blank
from models.documents.session import Actor
from models.errors import Malformed

NAME_MAX_CHARS = 150
PASSWORD_MAX_CHARS = 1024  # hashing costs by length; nobody types more


@dataclass(frozen=True, slots=True)
class Login:
    """A user of OAuth. `password_hash` is argon2's own text, parameters and salt included."""

    id: int
    name: str
    password_hash: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Ownership:
    """A number in the list of a login, oldest id first. Of all logins that name a number one at most `is_proved`: its owner.

    A session that a pin opened has its one account without any list: id 0, and no login.

    `nickname` waits here until the number is proved: an account's name is not changed by whoever merely names its number.
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
        """What a code for this number is good for: that this login, or this account's own session, proves it."""
        return f"login:{self.login_id}" if self.login_id is not None else f"account:{self.account_id}"

    def actor(self, session_id: str, generation: int = 0) -> Actor:
        return Actor(self.account_id, self.number, session_id, self.login_id, generation)


def require_login_name(text: str) -> str:
    """A name that can be typed again: 1 to 150 printable characters without spaces at its ends."""
    if is_blank(text) or text != text.strip() or len(text) > NAME_MAX_CHARS or not text.isprintable():
        raise Malformed(f"A login's name has 1 to {NAME_MAX_CHARS} printable characters, and no space at its ends.")
    return text


def require_password(text: str) -> str:
    if not 1 <= len(text) <= PASSWORD_MAX_CHARS:
        raise Malformed(f"A password has 1 to {PASSWORD_MAX_CHARS} characters.")
    return text
