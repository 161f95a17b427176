"""Keys of forms: what shows that a form was sent from the page that this browser was given, and from no other site.

A signed double submit: the page sets a random cookie, and its form carries a keyed hash of that cookie and of what the
form is about. Another site can make a browser send a form here, but it can neither read the cookie nor compute the
hash, and `SameSite=Lax` keeps the cookie out of its request to begin with. Nothing is stored, so every node can judge.
"""

import hmac
import secrets
from dataclasses import dataclass

from aiohttp import web

COOKIE = "invitation_form"
PATH = "/invitation"
_COOKIE_MAX_CHARS = 64


@dataclass(frozen=True, slots=True)
class FormKeys:
    """`key`: 32 derived bytes. `is_https`: the site is reached by https whatever this node sees of it."""

    key: bytes
    is_https: bool = False

    def issue(self, request: web.Request, subject: str) -> tuple[str, str]:
        """The cookie that the browser has, or shall have, and the form's key for it."""
        cookie = request.cookies.get(COOKIE, "")
        if not 0 < len(cookie) <= _COOKIE_MAX_CHARS:
            cookie = secrets.token_urlsafe(24)
        return cookie, self._sign(cookie, subject)

    def keep(self, request: web.Request, response: web.Response, cookie: str) -> None:
        """Until the browser is closed; a second page in it keeps the cookie of the first, so both forms stay good."""
        is_https = self.is_https or request.secure
        response.set_cookie(COOKIE, cookie, path=PATH, httponly=True, samesite="Lax", secure=is_https)

    def fits(self, request: web.Request, subject: str, given: object) -> bool:
        """Whether this key came with the cookie that it was made for, on a form about this subject."""
        cookie = request.cookies.get(COOKIE, "")
        if not cookie or not isinstance(given, str):
            return False
        return hmac.compare_digest(self._sign(cookie, subject).encode(), given.encode(errors="replace"))

    def _sign(self, cookie: str, subject: str) -> str:
        return hmac.digest(self.key, f"{cookie}\0{subject}".encode(errors="replace"), "sha256").hex()
