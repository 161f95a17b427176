"""The pages behind an invitation's link: read it, answer it, add it to a calendar, without signing in.

The pages work without JavaScript; one small script shows times in the reader's time zone. Whoever has the link may answer for a guest
who has no account (docs/events-api.md, "Invitation pages"), so the link is kept out of other sites' logs (no referrer), of caches and
of search engines. They are in the language that the visitor's browser asks for, else in the owner's.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp_jinja2
from aiohttp import hdrs, web
from markupsafe import Markup, escape

from handlers.errors import headers_of, status_of
from handlers.rest.described import Route
from handlers.rest.form_fields import merge
from handlers.rest.form_keys import FormKeys
from handlers.rest.forms import FORMS, read_form
from handlers.rest.paths import plain
from handlers.rest.requests import address_of, language_of
from handlers.wire.events.calendars import show_calendar
from handlers.wire.events.invitation_page import show_invitation
from models.documents.event import RSVP_MAX_CHARS
from models.documents.opened_invitation import OpenedInvitation
from models.documents.plain_line import is_storable, one_line
from models.errors import DomainError, EventFull, Malformed, NotFound, RateLimited, TooLarge
from models.languages.language import Language
from models.services.events.invitations import AnswerInvitation, OpenInvitation
from models.services.runtime.token_bucket import TokenBuckets

OUTSIDE = ("/invitation/", "/invitation", "/invitation/calendar/", "/invitation/calendar")
FORM_KEY = "form-key"
_BLANK = re.compile(r"\{(\w+)\}")
ANSWERS = {"Accept": True, "Decline": False}
SAFE: Mapping[str, str] = {
    # Nothing is loaded from other sites, no inline script runs, text never becomes markup, and the form is sent only here.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
}
Page = Callable[[web.Request], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class AppLinks:
    """Links to the app's stores; an empty one is not shown."""

    app_store: str = ""
    google_play: str = ""


@dataclass(frozen=True, slots=True)
class InvitationPages:
    """The routes of the pages.

    `limit` is charged by address, like requests without a token. `installation` is the name under which calendars know this server's
    entries.
    """

    open: OpenInvitation
    answer: AnswerInvitation
    form_keys: FormKeys
    limit: TokenBuckets
    app_links: AppLinks
    installation: str

    def routes(self) -> list[Route]:
        page, bare_page, calendar, bare_calendar = OUTSIDE
        routes: list[Route] = []
        for path in (page, bare_page):
            routes += [*plain("GET", path, self._page(self.show)), *plain("POST", path, self._page(self.post))]
        for path in (calendar, bare_calendar):
            routes += plain("GET", path, self._page(self.show_calendar))
        return routes

    async def show(self, request: web.Request) -> web.Response:
        return self._show(request, await self.open(_token(request)))

    async def post(self, request: web.Request) -> web.Response:
        """Takes an answer. A refusal is shown on the page, above the form as it was filled in."""
        opened = await self.open(_token(request))
        if not opened.is_open:
            return self._show(request, opened, HTTPStatus.FORBIDDEN)
        reader = _reader(request, opened)
        form = merge(await read_form(request)) if request.content_type in FORMS else {}
        response, message = form.get("response"), form.get("rsvp-message")
        if not isinstance(response, str) or not isinstance(message, str):
            return self._show(
                request, opened, HTTPStatus.BAD_REQUEST, reader.gettext("The form was not filled in completely.")
            )
        is_text, message = is_storable(message), one_line(message)
        if not self.form_keys.fits(request, _token(request), form.get(FORM_KEY)):
            problem = reader.gettext(
                "This page was open for too long, or the browser keeps no cookies. Please answer once more."
            )
            return self._show(request, opened, HTTPStatus.FORBIDDEN, problem, message)
        if response not in ANSWERS:
            return self._show(request, opened)
        if len(message) > RSVP_MAX_CHARS or not is_text:
            problem = reader.gettext("A message has at most {max} characters.", max=RSVP_MAX_CHARS)
            return self._show(request, opened, HTTPStatus.BAD_REQUEST, problem, message)
        try:
            await self.answer(opened.actor, opened.event.id, answer=ANSWERS[response], message=message or None)
        except EventFull as refusal:
            problem = reader.gettext(
                "All places are taken, so your yes does not count. Somebody may still give a place back."
            )
            return self._show(request, await self.open(_token(request)), status_of(refusal), problem, message)
        return self._show(request, await self.open(_token(request)))

    async def show_calendar(self, request: web.Request) -> web.Response:
        body = show_calendar(await self.open(_token(request)), self.installation)
        headers = {hdrs.CONTENT_TYPE: "text/calendar", hdrs.CONTENT_DISPOSITION: 'inline; filename="amigo.ics"'}
        return web.Response(body=body, headers=headers)

    def _show(
        self,
        request: web.Request,
        opened: OpenedInvitation,
        status: HTTPStatus = HTTPStatus.OK,
        problem: str = "",
        message: str | None = None,
    ) -> web.Response:
        token = _token(request)
        cookie, form_key = self.form_keys.issue(request, token)
        reader = _reader(request, opened)
        shown = dict(show_invitation(opened, reader, request.headers.get(hdrs.USER_AGENT, "")))
        if message is not None:
            shown["message"] = message
        context = {
            **shown,
            "problem": problem,
            "token": token,
            "form_key": form_key,
            "message_max_chars": RSVP_MAX_CHARS,
            "app_links": self.app_links,
        }
        page = _render(request, reader, "invitation.jinja", context, status)
        self.form_keys.keep(request, page, cookie)
        return page

    def _page(self, handler: Page) -> Page:
        """Wraps `handler` with the rate limit of its address, refusals as pages, and the headers of every page."""

        async def answer(request: web.Request) -> web.Response:
            try:
                self.limit.take(address_of(request))
                response = await handler(request)
            except DomainError as refusal:
                response = _refuse(request, refusal)
            except web.HTTPRequestEntityTooLarge:
                response = _refuse(request, TooLarge())
            except web.HTTPUnsupportedMediaType:
                reader = _reader(request)
                heading, text = reader.gettext("That did not work"), reader.gettext("A form is sent in UTF-8.")
                response = _say(request, heading, text, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
            response.headers.update(SAFE)
            return response

        return answer


def _token(request: web.Request) -> str:
    return request.query.get("token", "")


def _reader(request: web.Request, opened: OpenedInvitation | None = None) -> Language:
    return Language.of(language_of(request), "" if opened is None else opened.owner_language)


def _refuse(request: web.Request, refusal: DomainError) -> web.Response:
    reader = _reader(request)
    match refusal:
        case NotFound():
            heading = reader.gettext("No such invitation")
            text = reader.gettext("The link is incomplete, or the event is gone. Ask whoever sent it for a new one.")
        case RateLimited():
            heading = reader.gettext("Too many requests")
            text = reader.gettext("Please wait a moment, then open the link again.")
        case TooLarge():
            heading = reader.gettext("That did not work")
            text = reader.gettext("Your answer is too long. Please open the link again, and write less.")
        case Malformed():
            heading = reader.gettext("That did not work")
            text = reader.gettext("The form could not be read. Please open the link again, and answer once more.")
        case _ if refusal.retryable:
            heading = reader.gettext("That did not work")
            text = reader.gettext("Please wait a moment, then open the link again.")
        case _:
            heading = reader.gettext("That did not work")
            text = reader.gettext("Please open the link again, and try once more.")
    page = _say(request, heading, text, status_of(refusal))
    page.headers.update(headers_of(refusal))
    return page


def _say(request: web.Request, heading: str, text: str, status: HTTPStatus) -> web.Response:
    return _render(request, _reader(request), "problem.jinja", {"heading": heading, "text": text}, status)


def _render(
    request: web.Request, reader: Language, template: str, context: Mapping[str, Any], status: HTTPStatus
) -> web.Response:
    """Renders a page. Its templates have `gettext` and `ngettext`, and `gettext_nodes` for markup within a sentence."""

    def gettext_nodes(text: str, **nodes: Markup) -> Markup:
        parts = _BLANK.split(reader.gettext(text))
        return Markup("").join(nodes[part] if place % 2 else escape(part) for place, part in enumerate(parts))

    words = {
        "language": reader,
        "gettext": reader.gettext,
        "ngettext": reader.ngettext,
        "gettext_nodes": gettext_nodes,
    }
    page = aiohttp_jinja2.render_template(template, request, {**words, **context}, status=status)
    page.headers[hdrs.CONTENT_LANGUAGE] = reader.tag
    page.headers[hdrs.VARY] = hdrs.ACCEPT_LANGUAGE
    return page
