"""Compresses the JSON answers of both APIs for clients that ask for it; files have their own compression already.

An answer that tells a secret next to what somebody else chose could be guessed by its length, one request after the other (the
attack named BREACH). Who tries that must make the victim's client send requests with the victim's token, and the token is in a
header that no page of another site can set: there are no cookies. Answers that carry tokens of their own say that they may
not be stored, and are sent as they are all the same. Sockets compress nothing: what they carry is short, and a compressor for
each connection would cost more memory than everything else about it.
"""

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from aiohttp.web import ContentCoding

CODINGS = (ContentCoding.gzip, ContentCoding.deflate)  # the better known first


def compress_answers(*, from_bytes: int) -> Middleware:
    """Compress JSON of at least `from_bytes`. aiohttp does it, in a thread, so that nobody waits for it but who asked.

    Whatever the length, such an answer says that it depends on Accept-Encoding.
    """

    @web.middleware
    async def compress(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        if (
            not isinstance(response, web.Response)
            or not isinstance(response.body, bytes)
            or response.content_type != "application/json"
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
    """The coding of an Accept-Encoding header that is wanted most (RFC 9110, 12.5.3); None for none that we have."""
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
