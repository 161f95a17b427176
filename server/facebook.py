"""Asks Facebook's Graph API, version 2.5 (implements models.ports.Facebook)."""

import logging
from typing import Any

import aiohttp
import orjson

from models.documents.facebook import FacebookFriend, FacebookProfile
from models.errors import FacebookTokenRefused, Unavailable

log = logging.getLogger(__name__)

VERSION = "v2.5"
PICTURE_PX = 961  # docs/events-api.md, "Facebook"
# Errors that Facebook documents as temporary: unknown, service, too many calls (by app, user, page, kind).
_PASSING_CODES = frozenset({1, 2, 4, 17, 32, 341, 613})


class GraphApi:
    """Implements models.ports.Facebook. `url` is Facebook's unless the settings name another.

    Version 2.5 takes the token in the query, so no address is ever written into a log.
    """

    def __init__(self, http: aiohttp.ClientSession, *, url: str, timeout_s: float) -> None:
        self._http = http
        self._url = url.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)

    async def read_profile(self, token: str) -> FacebookProfile:
        fields = f"first_name,last_name,email,picture.height({PICTURE_PX})"
        me = await self._ask("me", token, fields=fields)
        names = [_text(me.get(name)).strip() for name in ("first_name", "last_name")]
        return FacebookProfile(" ".join(name for name in names if name), _text(me.get("email")), _picture(me))

    async def list_friends(self, token: str) -> list[FacebookFriend]:
        friends = (await self._ask("me/friends", token)).get("data")
        if not isinstance(friends, list):
            raise Unavailable("Facebook's answer cannot be read; try again.")
        return [
            FacebookFriend(each["id"], each["name"])
            for each in friends
            if isinstance(each, dict) and isinstance(each.get("id"), str) and isinstance(each.get("name"), str)
        ]

    async def _ask(self, path: str, token: str, **query: str) -> dict[str, Any]:
        try:
            async with self._http.get(
                f"{self._url}/{VERSION}/{path}",
                params={**query, "access_token": token},
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                status, body = response.status, await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("Facebook cannot be reached: %s", type(error).__name__)
            raise Unavailable("Facebook cannot be asked now; try again.") from error
        answer = _read(body)
        problem = None if answer is None else answer.get("error")
        if isinstance(problem, dict) and 400 <= status < 500 and not _passes(problem):
            log.info("Facebook refused a token: %s %s", problem.get("type"), problem.get("code"))
            raise FacebookTokenRefused
        if answer is None or status != 200 or problem is not None:
            log.warning("Facebook answered %d", status)
            raise Unavailable("Facebook cannot be asked now; try again.")
        return answer


def _read(body: bytes) -> dict[str, Any] | None:
    """Returns the object that an answer holds, or None for anything else, such as the error page of a gateway."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return answer if isinstance(answer, dict) else None


def _passes(problem: dict[str, Any]) -> bool:
    return problem.get("is_transient") is True or problem.get("code") in _PASSING_CODES


def _picture(me: dict[str, Any]) -> str | None:
    picture = me.get("picture")
    data = picture.get("data") if isinstance(picture, dict) else None
    if not isinstance(data, dict) or data.get("is_silhouette") is True:
        return None
    return _text(data.get("url")) or None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
