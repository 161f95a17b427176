"""The routes of an event for its invitees: answer, mark as seen, post, suggest (docs/events-api.md, "Answers")."""

from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import hdrs, web

from handlers.rest.account_choice import read_as_account, require_account
from handlers.rest.described import OperationSpec, Route
from handlers.rest.links import Links
from handlers.rest.paths import events
from handlers.rest.requests import language_of, read_query, read_shape
from handlers.wire.events import objects as wire
from handlers.wire.events.requests import (
    GuestsQuery,
    NewMessage,
    NewPoll,
    NewSuggestion,
    Rsvp,
    read_event_id,
    read_guests,
)
from models.errors import EventFull, EventNotFound, FieldErrors, Forbidden, LimitReached
from models.languages.language import Language
from models.services.accounts.language import FindLanguage
from models.services.events.invitations import AnswerInvitation, MarkInvitationSeen
from models.services.events.listing import NO_GUESTS, EventViews
from models.services.events.posts import AddPoll, PostMessage, SuggestTime
from models.services.events.sample_replies import ListSampleReplies

_ONE = "/events/{event_id}"
_REFUSES = (FieldErrors, EventNotFound)


@dataclass(frozen=True, slots=True)
class EventAnswerRoutes:
    """The routes of an event for its invitees.

    Bodies are checked before the event is looked up, so a wrong body is answered with 400 even if there is no such event.
    """

    list_sample_replies: ListSampleReplies
    find_language: FindLanguage
    answer: AnswerInvitation
    mark_invitation_seen: MarkInvitationSeen
    post_message: PostMessage
    add_poll: AddPoll
    suggest_time: SuggestTime
    views: EventViews
    links: Links

    def routes(self) -> list[Route]:
        return [
            *events(
                "GET",
                "/events/sample_rsvp_replies",
                self.show_sample_replies,
                OperationSpec("Texts to answer invitations with.", {200: list[wire.SampleReplyShown]}),
            ),
            *events(
                "POST",
                _ONE + "/accept",
                self.accept,
                OperationSpec(
                    "Come to an event, as long as there is a place.",
                    {200: wire.EventShown},
                    takes=Rsvp,
                    query=GuestsQuery,
                    refuses=(*_REFUSES, EventFull),
                ),
            ),
            *events(
                "POST",
                _ONE + "/reject",
                self.reject,
                OperationSpec(
                    "Do not come to an event.",
                    {200: wire.EventShown},
                    takes=Rsvp,
                    query=GuestsQuery,
                    refuses=_REFUSES,
                ),
            ),
            *events(
                "PUT",
                _ONE + "/invitations/{invitation_id}/mark_seen",
                self.mark_seen,
                OperationSpec(
                    "Mark your invitation as seen.", {200: wire.InvitationShown}, refuses=(EventNotFound, Forbidden)
                ),
            ),
            *events(
                "POST",
                _ONE + "/messages",
                self.post,
                OperationSpec(
                    "Write at an event, a few times; then the answer is 409 with the same fields.",
                    {201: wire.PostingShown, 409: wire.PostingShown},
                    takes=NewMessage,
                    refuses=_REFUSES,
                ),
            ),
            *events(
                "POST",
                _ONE + "/polls",
                self.poll,
                OperationSpec(
                    "Suggest another date or place for an event, a few times.",
                    {201: wire.PollShown},
                    takes=NewPoll,
                    refuses=(*_REFUSES, LimitReached),
                    other_fields=("body",),  # names the poll that exists already
                ),
            ),
            *events(
                "POST",
                _ONE + "/time_suggestions",
                self.suggest,
                OperationSpec(
                    "Note another time for an event.",
                    {204: None},
                    takes=NewSuggestion,
                    refuses=(*_REFUSES, LimitReached),
                ),
            ),
        ]

    async def show_sample_replies(self, request: web.Request) -> web.Response:
        actor = await require_account(request)
        reader = Language.of(await self.find_language(actor) or "", language_of(request))
        shown = wire.show_sample_replies(await self.list_sample_replies(reader))
        return web.json_response(shown, headers={hdrs.CONTENT_LANGUAGE: reader.tag, hdrs.VARY: hdrs.ACCEPT_LANGUAGE})

    async def accept(self, request: web.Request) -> web.Response:
        return await self._answer(request, answer=True)

    async def reject(self, request: web.Request) -> web.Response:
        return await self._answer(request, answer=False)

    async def _answer(self, request: web.Request, *, answer: bool) -> web.Response:
        actor, fields = await read_as_account(request)
        rsvp = read_shape(Rsvp, fields)
        event = await self.answer(actor, _event_id(request), answer=answer, message=rsvp.message)
        seen = await self.views.one(actor, event, read_guests(read_query(request)))
        return web.json_response(wire.show_event(seen, self.links.photos_in(request)))

    async def mark_seen(self, request: web.Request) -> web.Response:
        actor = await require_account(request)
        invitation_id = read_event_id(request.match_info["invitation_id"])
        event, invitation = await self.mark_invitation_seen(actor, _event_id(request), invitation_id)
        seen = await self.views.one(actor, event, NO_GUESTS)
        return web.json_response(wire.show_seen_invitation(invitation, seen.people))

    async def post(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        body = read_shape(NewMessage, fields).body
        posting = await self.post_message(actor, _event_id(request), body)
        status = HTTPStatus.CONFLICT if posting.is_over_limit else HTTPStatus.CREATED
        return web.json_response(wire.show_posting(posting, body, actor.account_id), status=status)

    async def poll(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        wanted = read_shape(NewPoll, fields).require_something()
        event, poll = await self.add_poll(actor, _event_id(request), wanted.suggested_date, wanted.suggested_venue)
        return web.json_response(wire.show_poll(poll, event), status=HTTPStatus.CREATED)

    async def suggest(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        wanted = read_shape(NewSuggestion, fields)
        await self.suggest_time(actor, _event_id(request), wanted.suggestion(actor.account_id))
        return web.Response(status=HTTPStatus.NO_CONTENT)


def _event_id(request: web.Request) -> int:
    return read_event_id(request.match_info["event_id"])
