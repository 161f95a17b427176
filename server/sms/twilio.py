"""Sends codes and texts by Twilio: messages and calls over its REST API."""

import logging
from collections.abc import Mapping
from xml.sax.saxutils import escape

import aiohttp
import orjson
from aiohttp import hdrs

from models.documents.phone import is_number
from models.errors import Unavailable

log = logging.getLogger(__name__)

# Twilio's names for "this number cannot be reached that way"; asking again does not help, and tells strangers which numbers work.
UNREACHABLE = {
    21211: "not a valid number",
    21214: "cannot be reached",
    21215: "calls to this region are not permitted",
    21217: "not a valid number",
    21408: "messages to this region are not permitted",
    21610: "does not want messages",
    21612: "cannot be reached from this sender",
    21614: "not a mobile number",
    21635: "a landline number",
}

# Twilio's names of a voice and its language; English is what it speaks by itself.
VOICES = {
    "de": ("Polly.Vicki", "de-DE"),
    "es": ("Polly.Lucia", "es-ES"),
    "fr": ("Polly.Lea", "fr-FR"),
    "ar": ("Polly.Zeina", "arb"),
}


class TwilioCodes:
    """Sends by Messages, speaks by Calls. A number that cannot receive is logged, and the sender is not told."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        *,
        account_sid: str,
        auth_token: str,
        from_number: str,
        url: str = "https://api.twilio.com",
        timeout_s: float = 10.0,
    ) -> None:
        self._http = http
        self._url = f"{url.rstrip('/')}/2010-04-01/Accounts/{account_sid}"
        self._headers = {hdrs.AUTHORIZATION: aiohttp.encode_basic_auth(account_sid, auth_token)}
        self._from = from_number
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)

    async def send(self, phone_text: str, body: str, *, code: str, channel: str, language: str = "en") -> None:  # noqa: ARG002 - the port's words
        to = {"To": phone_text, "From": self._from}
        if channel == "voice":
            await self._post("Calls.json", to | {"Twiml": f"<Response>{_say(body, language)}</Response>"})
        else:
            await self._post("Messages.json", to | {"Body": body})

    async def send_text(self, phone_text: str, body: str) -> None:
        await self._post("Messages.json", {"To": phone_text, "From": self._from, "Body": body})

    async def _post(self, resource: str, form: Mapping[str, str]) -> None:
        # Twilio reads `whatsapp:…`, `sip:…` and more as another way to send, at another price.
        if not is_number(form["To"].removeprefix("+")):
            log.warning("twilio is not asked to reach %r: not a valid number", form["To"])
            return
        try:
            async with self._http.post(
                f"{self._url}/{resource}",
                data=form,
                headers=self._headers,
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                if 200 <= response.status < 300:
                    return
                status, problem = response.status, _problem(await response.read())
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("twilio cannot be reached: %s", type(error).__name__)
            raise Unavailable("The SMS could not be sent; try again.") from error
        if problem in UNREACHABLE:
            log.warning("twilio sends nothing to %s: %s (%d)", form["To"], UNREACHABLE[problem], problem)
            return
        log.error("twilio answered %d, error %s", status, problem)
        raise Unavailable("The SMS could not be sent; try again.")


def _say(body: str, language: str) -> str:
    if language not in VOICES:
        return f"<Say>{escape(body)}</Say>"
    voice, locale = VOICES[language]
    return f'<Say voice="{voice}" language="{locale}">{escape(body)}</Say>'


def _problem(body: bytes) -> int | None:
    """Returns the error's number in Twilio's answer. A gateway in front of Twilio answers without one."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    number = answer.get("code") if isinstance(answer, dict) else None
    return number if isinstance(number, int) else None
