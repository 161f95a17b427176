"""The words of the reference: its introduction, its areas, and the descriptions of path parameters and headers."""

from collections.abc import Mapping
from typing import Any

TITLE = "Parley"
# as npm names it: nobody has been granted a licence
LICENCE = {"name": "UNLICENSED", "identifier": "LicenseRef-UNLICENSED"}
DESCRIPTION = """\
Two REST APIs over one domain: the **messaging API** (`/o/…`, `/api/account|contacts|messages|groups/…`) and the **events API** (`/auth…` and
what else is below). What happens here is heard on the sockets at once, and the other way round.

**Spellings.** A path of the messaging API is also served without its final slash, one of the events API also below `/api`. The chat
list is also at `/api/messages/chats/`, a group's photo also at `/groups/{group}/photo/`. Every GET answers HEAD too.

**Tokens.** `Authorization: Bearer …`, with a token of `/o/token/` or of `/auth/verify_pin`: either opens both APIs and the sockets. A login's
token stands for all its accounts; `account` names one of them by its number, in the query, in the form or in the JSON body, on every
method. One that is not yours is refused.

**Bodies.** JSON or a form, as you like; below stands JSON, and a form where a file may come. In a form a list is a repeated field, `name[]` or
`name[0]`, and an object is JSON text or `name[key]`. In JSON, null for an optional field is like leaving it out. A body on a GET is read like
its query. What is neither form nor JSON, or is not in UTF-8, is 415.

**Refusals.** The messaging API answers `{"error": sentence, "code": code}`; the events API `{"_error_message", "_error_type"}`, or for each
wrong field the sentences about it; `/o/…` what RFC 6749 says. An unknown path is 404, another method of a known one 405 with `Allow`,
both in the same shapes. A 503 is worth trying again. A body longer than the fields of its route can be is 413.

**Lists** that have a limit say whether they go on. The messaging API: `more`, `next`, and the address of the next page in `Link`; the events
API: `count`, `next` and `previous`, which are addresses. What is new in all chats is told by `POST /api/messages/sync/`.

**Limits.** `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` (seconds until all is there again) say how often you may still ask
this node; `RateLimit-Policy` and `RateLimit` say the same as the IETF's draft has it. 429 comes with `Retry-After`.

**Other origins** may ask and read every answer, as the server's settings say. Each answer has an `X-Request-Id`, yours if you sent one.

**Times** are UTC: of the events API with microseconds and a `Z`, of the messaging API with seconds. An event keeps the offset from UTC
that its date was sent with; the day of one without a time is shown with it. Dates are read as unix seconds or ISO 8601; an event's own
date has a time.

**Examples.** You are `4930901820`, whose token is in `$TOKEN`; `4930901821` and `4930901822` are your contacts. Put your own numbers, ids and codes
in their place, and files of your own.

**Clients** can be generated from `/openapi.json`. Expect fields in answers that are not there yet.
"""

# Areas by the beginning of a path; the longest match counts. Other areas are named after the first part of the path.
AREAS: Mapping[str, tuple[str, str]] = {
    "/o/": ("OAuth 2", "Tokens for logins: a user name and a password that own accounts."),
    "/api/account/": ("Account", "A number of one's own: registering it, and what others see of it."),
    "/api/contacts/": ("Contacts", "The address book, what one sees of those in it, and whom one blocks."),
    "/api/message/": ("Messages", "Sending, typing, reading, receipts."),
    "/api/messages/": ("Messages", ""),
    "/api/chats/": ("Chats", "What belongs to a chat as a whole."),
    "/api/groups/": ("Groups", "Groups, who is in them, and who may change what."),
    "/events": ("Events", "Events, invitations to them, and the answers, messages and polls of those invited."),
    "/notifications": ("Notifications", "The devices that are sent pushes."),
    "/users": ("Users", "Who somebody is on the events API, and whom one favours."),
    "/media/": ("Files", "What messages and photos point at."),
    "/auth": ("Sign-in", "Signing in by a pin, and the sessions that come of it."),
    "/api/": ("Resources", "Where the events API begins."),
    "/healthz": ("Probes", "For load balancers and supervisors."),
    "/metrics": ("Probes", ""),
    "/readyz": ("Probes", ""),
}

_ID = {"type": "integer", "minimum": 1, "examples": [1]}
PATH_PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    "chat_id": {"description": "A chat's id.", "schema": _ID},
    "contact_id": {"description": "A phone number: digits alone.", "schema": {"examples": ["4930901821"]}},
    "event_id": {"description": "An event's id.", "schema": _ID},
    "group": {"description": "A group's id.", "schema": {"examples": ["4930901820-1465200000"]}},
    "invitation_id": {"description": "The id of an invitation to this event.", "schema": _ID},
    "message_id": {
        "description": "A message's id: 22 hexadecimal digits.",
        "schema": {"examples": ["000000000000070000001F"]},
    },
    "name": {
        "description": "A file's name, as messages and photos give it.",
        "schema": {"examples": ["ede62e215f5d7a18f91d242bdbddf72e.jpg"]},
    },
    "picture": {
        "description": "The name of a picture that stands for a photo, as the addresses of users have it.",
        "schema": {"examples": ["1494c5d2a6b0c4e7f81a3"]},
    },
    "rendition": {"description": "Which form of the photo.", "schema": {"examples": ["60x60"]}},
    "session_id": {"description": "A session's id, as the list has it.", "schema": {"examples": ["9f86d081884c7d65"]}},
    "target": {"description": "A contact's number, or a group's id.", "schema": {"examples": ["4930901821"]}},
    "upload": {
        "description": "The id of an upload in parts.",
        "schema": {"examples": ["9c0f6f2e5f1d4ab7a3f0c1d2e3f4a5b6"]},
    },
    "user_id": {"description": "A user's id.", "schema": _ID},
}

# Parameters that their shapes do not describe.
QUERY_PARAMETERS: Mapping[str, str] = {
    "i_am_owner": "Only your own, or only those of others.",
    "page": "Which page, from 1 on.",
    "per_page": "How many a page has.",
    "type": "`sent`: your own; `received`: those you are invited to.",
}

RETRY_AFTER = {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}
AUTHENTICATE = {"description": "What is needed.", "required": True, "schema": {"const": 'Bearer realm="api"'}}
ETAG = {"description": "Names this content.", "required": True, "schema": {"type": "string"}}
CACHE = {"description": "How long it may be kept.", "required": True, "schema": {"type": "string"}}
CONTENT_RANGE = {"description": "Which part it is.", "required": True, "schema": {"type": "string"}}

IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The ETag of what you have.",
    "schema": {"type": "string"},
}
RANGE = {
    "name": "Range",
    "in": "header",
    "description": "A part of the file; what cannot be read as one is all of it.",
    "schema": {"type": "string", "examples": ["bytes=0-1023"]},
}


def area_of(path: str) -> tuple[str, str]:
    """Returns the name and the description of the area that a path belongs to."""
    found = max((start for start in AREAS if path.startswith(start)), key=len, default=None)
    if found is None or (found == "/api/" and path != found):
        first = path.removeprefix("/api").split("/")[1].partition("{")[0]
        return first.replace("_", " ").replace("-", " ").capitalize(), ""
    return AREAS[found]
