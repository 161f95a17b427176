"""Keys of forms: proof that a form was sent from the page that this browser was given, and not from another site.

This is a signed double submit. The page sets a random cookie, and its form carries a keyed hash of that cookie and of the form's
subject. Another site can make a browser send a form here, but it can neither read the cookie nor compute the hash, and `SameSite=Lax`
keeps the cookie out of such a request anyway. Nothing is stored, so every node can check a key.
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
    """Issues and checks keys. `key` is 32 derived bytes; `is_https` says that clients reach the site by https, also behind a proxy."""

    key: bytes
    is_https: bool = False

    def issue(self, request: web.Request, subject: str) -> tuple[str, str]:
        """Returns the browser's cookie, new if it has none, and the form's key for it."""
        cookie = request.cookies.get(COOKIE, "")
        if not 0 < len(cookie) <= _COOKIE_MAX_CHARS:
            cookie = secrets.token_urlsafe(24)
        return cookie, self._sign(cookie, subject)

    def keep(self, request: web.Request, response: web.Response, cookie: str) -> None:
        """Sets the cookie until the browser is closed; a second page uses the first one's cookie, so both forms stay valid."""
        is_https = self.is_https or request.secure
        response.set_cookie(COOKIE, cookie, path=PATH, httponly=True, samesite="Lax", secure=is_https)

    def fits(self, request: web.Request, subject: str, given: object) -> bool:
        """Returns whether this key was issued for this cookie and this subject."""
        cookie = request.cookies.get(COOKIE, "")
        if not cookie or not isinstance(given, str):
            return False
        return hmac.compare_digest(self._sign(cookie, subject).encode(), given.encode(errors="replace"))

    def _sign(self, cookie: str, subject: str) -> str:
        return hmac.digest(self.key, f"{cookie}\0{subject}".encode(errors="replace"), "sha256").hex()
