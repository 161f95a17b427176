"""The events API's own doors: users, devices, events, and the pages of an invitation."""

from handlers.rest.described import Route
from handlers.rest.events.answers import EventAnswerRoutes
from handlers.rest.events.devices import DeviceRoutes
from handlers.rest.events.events import EventRoutes
from models.services.contacts.visibility import MayView
from models.services.events.invitations import AnswerInvitation, MarkInvitationSeen
from models.services.events.inviting import InvitePeople, LimitInvitations
from models.services.events.lifecycle import CancelEvent, CreateEvent, DeleteEvent, EditEvent
from models.services.events.listing import CountUnanswered, EventViews, ListEvents
from models.services.events.posts import AddPoll, PostMessage, SuggestTime
from models.services.events.sample_replies import ListSampleReplies
from models.services.events.timeline import GetTimeline
from models.services.notifications.devices import AddDevice, RemoveDevice
from models.services.users.views import UserViews
from server.wiring.domain import Domain
from server.wiring.users import user_routes


def events_routes(domain: Domain) -> list[Route]:
    stores = domain.stores
    see = EventViews(stores.accounts, stores.entries, UserViews(MayView(stores.contacts)))
    return [
        *user_routes(domain),
        *_devices(domain).routes(),
        *_events(domain, see).routes(),
        *_answers(domain, see).routes(),
    ]


def _devices(domain: Domain) -> DeviceRoutes:
    devices = domain.stores.devices
    return DeviceRoutes(AddDevice(devices, domain.clock), RemoveDevice(devices))


def _events(domain: Domain, see: EventViews) -> EventRoutes:
    stores, tell, require, clock = domain.stores, domain.event_outbox, domain.require_event, domain.clock
    events, rules, limits = stores.events, domain.settings.events, domain.settings.limits
    limit = LimitInvitations(stores.quotas, clock, rules.invitations_per_day, limits.enabled)
    invite = InvitePeople(events, stores.accounts, tell, clock, limit, rules.invitees_max)
    return EventRoutes(
        ListEvents(events, domain.hidden_events),
        GetTimeline(events, domain.hidden_events, clock),
        CountUnanswered(events, domain.hidden_events, clock),
        require,
        CreateEvent(events, stores.chats, invite, tell, clock),
        EditEvent(events, require, invite, tell, clock),
        CancelEvent(events, require, tell, clock),
        DeleteEvent(events, require, tell, clock),
        see,
        domain.links,
    )


def _answers(domain: Domain, see: EventViews) -> EventAnswerRoutes:
    stores, tell, require, clock = domain.stores, domain.event_outbox, domain.require_event, domain.clock
    events, rules = stores.events, domain.settings.events
    return EventAnswerRoutes(
        ListSampleReplies(stores.sample_replies),
        AnswerInvitation(events, require, tell, clock),
        MarkInvitationSeen(events, require, domain.broadcast_event),
        PostMessage(events, require, tell, clock, rules.messages_per_person),
        AddPoll(events, require, tell, clock, rules.polls_per_person),
        SuggestTime(events, require, rules.suggestions_per_person),
        see,
        domain.links,
    )
