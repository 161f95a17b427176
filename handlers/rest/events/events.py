"""Events (events contract, section 6; seed document, "Events"): lists, and what an owner does with one."""

from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from handlers.errors import status_of
from handlers.rest.account_choice import read_as_account, require_account
from handlers.rest.described import OperationSpec, Route
from handlers.rest.links import Links
from handlers.rest.paths import events
from handlers.rest.requests import read_query, read_shape
from handlers.wire.events import objects as wire
from handlers.wire.events.requests import (
    ChangedEvent,
    EventQuery,
    GuestsQuery,
    NewEvent,
    TimelineQuery,
    WholeEvent,
    read_event_id,
    read_guests,
)
from handlers.wire.paging import PageShown, show_page
from models.documents.event import Event
from models.documents.session import Actor
from models.errors import (
    EventNotFound,
    FieldErrors,
    Malformed,
    NotTheOwner,
    PageNotFound,
    RateLimited,
    TooManyInvitees,
)
from models.services.events.access import RequireEvent
from models.services.events.lifecycle import CancelEvent, CreateEvent, DeleteEvent, EditEvent
from models.services.events.listing import CountUnanswered, EventViews, ListEvents
from models.services.events.timeline import GetTimeline

_ALL, _ONE = "/events", "/events/{event_id}"
_CHANGE = (FieldErrors, EventNotFound, NotTheOwner, TooManyInvitees, RateLimited)


@dataclass(frozen=True, slots=True)
class EventRoutes:
    list_events: ListEvents
    show_timeline: GetTimeline
    count_unanswered: CountUnanswered
    require: RequireEvent
    create: CreateEvent
    edit: EditEvent
    cancel: CancelEvent
    delete: DeleteEvent
    see: EventViews
    links: Links

    def routes(self) -> list[Route]:
        return [
            *events(
                "GET",
                _ALL,
                self.show_page,
                OperationSpec(
                    "The events you own or are invited to, latest first, in pages.",
                    {200: PageShown[wire.EventShown]},
                    query=EventQuery,
                    refuses=(PageNotFound,),
                ),
            ),
            *events(
                "POST",
                _ALL,
                self.post,
                OperationSpec(
                    "Create an event and invite people.",
                    {201: wire.CreatedEventShown},
                    takes=NewEvent,
                    query=GuestsQuery,
                    refuses=(FieldErrors, TooManyInvitees, RateLimited),
                    description=(
                        "Whoever does not use Parley is texted a link. A number that has had enough texts for a day stays"
                        " invited and gets none; you are told so by a push."
                    ),
                ),
            ),
            *events(
                "GET",
                "/events/timeline",
                self.show_line,
                OperationSpec(
                    "The events you own, or those you are invited to: what is to come, then what is over.",
                    {200: list[wire.EventShown]},
                    query=TimelineQuery,
                    refuses=(Malformed,),
                ),
            ),
            *events(
                "GET",
                "/events/stats",
                self.show_stats,
                OperationSpec("How many invitations wait for your answer.", {200: wire.StatsShown}),
            ),
            *events(
                "GET",
                _ONE,
                self.show,
                OperationSpec("One event.", {200: wire.EventShown}, query=GuestsQuery, refuses=(EventNotFound,)),
            ),
            *events(
                "PATCH",
                _ONE,
                self.patch,
                OperationSpec(
                    "Change what is given, and invite more people.",
                    {200: wire.EventShown},
                    takes=ChangedEvent,
                    query=GuestsQuery,
                    refuses=_CHANGE,
                ),
            ),
            *events(
                "PUT",
                _ONE,
                self.put,
                OperationSpec(
                    "Change an event, naming what none can be without.",
                    {200: wire.EventShown},
                    takes=WholeEvent,
                    query=GuestsQuery,
                    refuses=_CHANGE,
                ),
            ),
            *events(
                "DELETE",
                _ONE,
                self.remove,
                OperationSpec("Delete an event for everybody.", {204: None}, refuses=(EventNotFound, NotTheOwner)),
            ),
            *events(
                "PUT",
                _ONE + "/cancel_event",
                self.put_canceled,
                OperationSpec(
                    "Cancel an event; it stays in the lists. To who is only invited: 403.",
                    {204: None, 403: list[str]},
                    refuses=(EventNotFound,),
                ),
            ),
        ]

    async def show_page(self, request: web.Request) -> web.Response:
        actor = await require_account(request)
        query = read_shape(EventQuery, read_query(request))
        page = await self.list_events(actor, query.wanted, query.page, query.per_page)
        shown = wire.show_events(await self.see(actor, page.items, query.guests), self.links.photos_in(request))
        return web.json_response(show_page(page, shown, self.links.pages_of(request, actor)))

    async def show_line(self, request: web.Request) -> web.Response:
        actor = await require_account(request)
        try:
            query = read_shape(TimelineQuery, read_query(request))
        except FieldErrors:  # of this field only, and not in the body of field errors
            raise Malformed("type must be sent or received.") from None
        line = await self.show_timeline(actor, query.place, is_owner=query.type == "sent", limit=query.per_page)
        seen = await self.see(actor, line, query.guests)
        return web.json_response(wire.show_events(seen, self.links.photos_in(request)))

    async def show_stats(self, request: web.Request) -> web.Response:
        return web.json_response(wire.show_stats(await self.count_unanswered(await require_account(request))))

    async def post(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        event = await self.create(actor, read_shape(NewEvent, fields).plan)
        seen = await self.see.one(actor, event, read_guests(read_query(request)))
        shown = wire.show_created_event(seen, self.links.photos_in(request))
        return web.json_response(shown, status=HTTPStatus.CREATED)

    async def show(self, request: web.Request) -> web.Response:
        actor = await require_account(request)
        event = await self.require(actor, read_event_id(request.match_info["event_id"]))
        return await self._show(request, actor, event)

    async def patch(self, request: web.Request) -> web.Response:
        return await self._change(request, ChangedEvent)

    async def put(self, request: web.Request) -> web.Response:
        return await self._change(request, WholeEvent)

    async def _change(self, request: web.Request, shape: type[ChangedEvent]) -> web.Response:
        actor, fields = await read_as_account(request)
        change = read_shape(shape, fields)
        event = await self.edit(actor, read_event_id(request.match_info["event_id"]), change.edit)
        return await self._show(request, actor, event)

    async def _show(self, request: web.Request, actor: Actor, event: Event) -> web.Response:
        seen = await self.see.one(actor, event, read_guests(read_query(request)))
        return web.json_response(wire.broadcast_event(seen, self.links.photos_in(request)))

    async def put_canceled(self, request: web.Request) -> web.Response:
        """Whoever is only invited is refused by a bare array (events contract 1.3), with the status of design section 9."""
        actor = await require_account(request)
        try:
            await self.cancel(actor, read_event_id(request.match_info["event_id"]))
        except NotTheOwner as refusal:
            return web.json_response([refusal.message], status=status_of(refusal))
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def remove(self, request: web.Request) -> web.Response:
        await self.delete(await require_account(request), read_event_id(request.match_info["event_id"]))
        return web.Response(status=HTTPStatus.NO_CONTENT)
