"""The pages behind the link of an invitation: read it, answer it, take it into a calendar; no sign-in.

They are whole without JavaScript; the one script says times in the reader's own zone.

Whoever has the link may answer for a guest who has no account (events contract, section 8), so it is kept out of other sites' logs (no
referrer), of caches and of search engines. Left out of the contract's section 10: the static pages of the former site
(terms, privacy, licence, questions) and its marketing forms, which are no business of a messaging server.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp_jinja2
from aiohttp import hdrs, web

from handlers.errors import headers_of, status_of
from handlers.rest.described import Route
from handlers.rest.form_keys import FormKeys
from handlers.rest.forms import FORMS, merge, read_form
from handlers.rest.paths import plain
from handlers.rest.requests import address_of
from handlers.wire.events.calendars import show_calendar
from handlers.wire.events.invitation_page import show_invitation
from models.documents.event import RSVP_MAX_CHARS
from models.documents.opened_invitation import OpenedInvitation
from models.documents.plain_line import is_storable, one_line
from models.errors import DomainError, EventFull, NotFound, RateLimited
from models.services.events.invitations import AnswerInvitation, OpenInvitation
from models.services.runtime.token_bucket import TokenBuckets

OUTSIDE = ("/invitation/", "/invitation", "/invitation/calendar/", "/invitation/calendar")
FORM_KEY = "form-key"
ANSWERS = {"Accept": True, "Decline": False}
SAFE: Mapping[str, str] = {
    # Nothing is loaded from elsewhere, nothing inline runs, no text becomes markup, and the form goes nowhere else.
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
    """Where the app is to be had; an empty one is not shown."""

    app_store: str = ""
    google_play: str = ""


@dataclass(frozen=True, slots=True)
class InvitationPages:
    """`limit` is taken by address, as for requests without a token; `installation` is what this server's calendar entries are known by."""

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
        """Every refusal is said on the page, above the form as it was filled in."""
        opened = await self.open(_token(request))
        if not opened.is_open:
            return self._show(request, opened, HTTPStatus.FORBIDDEN)
        form = merge(await read_form(request)) if request.content_type in FORMS else {}
        response, message = form.get("response"), form.get("rsvp-message")
        if not isinstance(response, str) or not isinstance(message, str):
            return self._show(request, opened, HTTPStatus.BAD_REQUEST, "The form was not filled in completely.")
        is_text, message = is_storable(message), one_line(message)
        if not self.form_keys.fits(request, _token(request), form.get(FORM_KEY)):
            problem = "This page was open for too long, or the browser keeps no cookies. Please answer once more."
            return self._show(request, opened, HTTPStatus.FORBIDDEN, problem, message)
        if response not in ANSWERS:
            return self._show(request, opened)
        if len(message) > RSVP_MAX_CHARS or not is_text:
            problem = f"A message has at most {RSVP_MAX_CHARS} characters."
            return self._show(request, opened, HTTPStatus.BAD_REQUEST, problem, message)
        try:
            await self.answer(opened.actor, opened.event.id, answer=ANSWERS[response], message=message or None)
        except EventFull as refusal:
            problem = "All places are taken, so your yes does not count. Somebody may still give a place back."
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
        shown = dict(show_invitation(opened, request.headers.get(hdrs.USER_AGENT, "")))
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
        page = _render(request, "invitation.jinja", context, status)
        self.form_keys.keep(request, page, cookie)
        return page

    def _page(self, handler: Page) -> Page:
        """`handler` within the limit of its address, with refusals as pages and the headers of every page."""

        async def answer(request: web.Request) -> web.Response:
            try:
                self.limit.take(address_of(request))
                response = await handler(request)
            except DomainError as refusal:
                response = _refuse(request, refusal)
            except web.HTTPUnsupportedMediaType:
                response = _say(
                    request, "That did not work", "A form is sent in UTF-8.", HTTPStatus.UNSUPPORTED_MEDIA_TYPE
                )
            response.headers.update(SAFE)
            return response

        return answer


def _token(request: web.Request) -> str:
    return request.query.get("token", "")


def _refuse(request: web.Request, refusal: DomainError) -> web.Response:
    match refusal:
        case NotFound():
            heading, text = (
                "No such invitation",
                "The link is incomplete, or the event is gone. Ask whoever sent it for a new one.",
            )
        case RateLimited():
            heading, text = "Too many requests", "Please wait a moment, then open the link again."
        case _:
            heading, text = "That did not work", refusal.message
    page = _say(request, heading, text, status_of(refusal))
    page.headers.update(headers_of(refusal))
    return page


def _say(request: web.Request, heading: str, text: str, status: HTTPStatus) -> web.Response:
    return _render(request, "problem.jinja", {"heading": heading, "text": text}, status)


def _render(request: web.Request, template: str, context: Mapping[str, Any], status: HTTPStatus) -> web.Response:
    return aiohttp_jinja2.render_template(template, request, context, status=status)
