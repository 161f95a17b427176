"""Compresses the JSON answers of both APIs for clients that accept it; media files are compressed already.

The length of a compressed answer can reveal a secret that stands next to text which an attacker chooses (BREACH). To
use that here, an attacker would have to make the victim's client send requests with its token, and the token is in a
header that no page of another site can set: there are no cookies. Answers that carry tokens may not be stored, and are
never compressed. Sockets compress nothing: their packets are short, and one compressor per connection would cost more
memory than all the rest of it.
"""

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from aiohttp.web import ContentCoding

CODINGS = (ContentCoding.gzip, ContentCoding.deflate)  # the more common first


def compress_answers(*, from_bytes: int) -> Middleware:
    """Returns a middleware that compresses JSON of at least `from_bytes`, in a thread of aiohttp.

    Answers of any length say that they depend on Accept-Encoding.
    """

    @web.middleware
    async def compress(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        if (
            not isinstance(response, web.Response)
            or not isinstance(response.body, bytes)
            or response.content_type != "application/json"
            or hdrs.CONTENT_ENCODING in response.headers  # a file of the page, which is kept compressed
            or "no-store" in response.headers.get(hdrs.CACHE_CONTROL, "")
        ):
            return response
        response.headers.add(hdrs.VARY, hdrs.ACCEPT_ENCODING)
        coding = choose_coding(request.headers.get(hdrs.ACCEPT_ENCODING, ""))
        if coding is not None and len(response.body) >= from_bytes:
            response.enable_compression(coding)
        return response

    return compress


def choose_coding(accepted: str) -> ContentCoding | None:
    """Returns the supported coding that an Accept-Encoding header prefers (RFC 9110, 12.5.3), or None."""
    weights: dict[str, float] = {}
    for item in accepted.lower().split(","):
        name, _, parameter = item.partition(";")
        key, _, weight = parameter.strip().partition("=")
        try:
            weights[name.strip()] = float(weight) if key.strip() == "q" else 1.0
        except ValueError:
            weights[name.strip()] = 0.0
    of_others = weights.get("*", 0.0)
    best = max(CODINGS, key=lambda coding: weights.get(coding.value, of_others))
    return best if weights.get(best.value, of_others) > 0 else None
