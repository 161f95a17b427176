"""Builds the services of models/services/events: events, their guests, and the listeners to each change."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.ports import Clock, Fanout
from models.services.contacts.blocking import BlockNumbers
from models.services.events.access import FollowBlocks, HiddenEvents, RequireEvent
from models.services.events.alerts import EventAlerts
from models.services.events.broadcast import BroadcastEvent
from models.services.events.chat_log import AppendEventFacts
from models.services.events.invitation_texts import TextInvitations
from models.services.events.invitations import AnswerInvitation, MarkInvitationSeen, OpenInvitation
from models.services.events.inviting import InvitePeople, JoinEvents, LimitInvitations
from models.services.events.lifecycle import CancelEvent, CreateEvent, DeleteEvent, EditEvent
from models.services.events.listing import CountUnanswered, EventViews, ListEvents, ListInviters
from models.services.events.outbox import EventFactListener, EventOutbox
from models.services.events.posts import AddPoll, PostMessage, SuggestTime
from models.services.events.reminders import ForgetEvents, Remind
from models.services.events.sample_replies import ListSampleReplies
from models.services.events.timeline import GetTimeline
from models.services.notifications.queue import Notify
from models.services.notifications.sms import LimitTexts
from models.services.users.views import UserViews
from server.config import Settings
from server.wiring.chats import ChatLog
from server.wiring.contacts import ContactServices
from server.wiring.stores import Stores


@dataclass(frozen=True, slots=True)
class EventFacts:
    """The listeners to facts of events: `outbox` hands each fact to all of them, at least once."""

    outbox: EventOutbox
    broadcast: BroadcastEvent
    join: JoinEvents
    remind: Remind
    forget: ForgetEvents


@dataclass(frozen=True, slots=True)
class EventServices:
    """Creating and changing events, and answering to them, over an EventFacts."""

    block_numbers: BlockNumbers
    list_events: ListEvents
    list_inviters: ListInviters
    get_timeline: GetTimeline
    count_unanswered: CountUnanswered
    require: RequireEvent
    create: CreateEvent
    edit: EditEvent
    cancel: CancelEvent
    delete: DeleteEvent
    list_sample_replies: ListSampleReplies
    answer: AnswerInvitation
    mark_seen: MarkInvitationSeen
    open_invitation: OpenInvitation
    post: PostMessage
    add_poll: AddPoll
    suggest_time: SuggestTime
    views: EventViews


def build_facts(
    stores: Stores,
    fanout: Fanout,
    clock: Clock,
    settings: Settings,
    contacts: ContactServices,
    log: ChatLog,
    notify: Notify,
    limit_texts: LimitTexts,
    *,
    before: Sequence[EventFactListener] = (),
    after: Sequence[EventFactListener] = (),
) -> EventFacts:
    """Facts go to the log, then to sockets, then to devices and phones; `before` and `after` are further listeners around these."""
    events, lists, accounts, memberships = stores.events, stores.event_lists, stores.accounts, log.memberships
    public_url = settings.http.public_url or f"http://{settings.http.host}:{settings.http.port}"
    templates = settings.events.sms_templates
    languages, tokens = stores.languages, stores.invitation_tokens
    text = TextInvitations(accounts, languages, tokens, notify, limit_texts, clock, templates, public_url)
    broadcast = BroadcastEvent(accounts, contacts.directory, memberships, fanout)
    listeners = [
        *before,
        AppendEventFacts(events, accounts, memberships, log.journal, log.announcer),
        broadcast,
        EventAlerts(accounts, languages, notify, text, clock),
        *after,
    ]
    outbox = EventOutbox(events, listeners, clock)
    join = JoinEvents(lists, accounts, stores.members, memberships, log.journal, log.announcer)
    forget = ForgetEvents(events, lists, outbox, clock)
    return EventFacts(outbox, broadcast, join, Remind(events, outbox, clock), forget)


def build(
    stores: Stores,
    fanout: Fanout,
    clock: Clock,
    settings: Settings,
    contacts: ContactServices,
    views: UserViews,
    log: ChatLog,
    facts: EventFacts,
) -> EventServices:
    events, lists, accounts = stores.events, stores.event_lists, stores.accounts
    outbox, rules = facts.outbox, settings.events
    hidden = HiddenEvents(contacts.directory)
    require = RequireEvent(events, hidden)
    limit = LimitInvitations(stores.quotas, clock, rules.invitations_per_day, settings.limits.enabled)
    invite = InvitePeople(events, accounts, outbox, clock, limit, rules.invitees_max)
    return EventServices(
        BlockNumbers(accounts, fanout, FollowBlocks(lists, stores.members, hidden, log.record, facts.join)),
        ListEvents(lists, hidden),
        ListInviters(lists, hidden, accounts, views),
        GetTimeline(lists, hidden, clock),
        CountUnanswered(lists, hidden, clock),
        require,
        CreateEvent(events, stores.chats, invite, outbox, clock),
        EditEvent(events, require, invite, outbox, clock),
        CancelEvent(events, require, outbox, clock),
        DeleteEvent(events, require, outbox, clock),
        ListSampleReplies(stores.sample_replies),
        AnswerInvitation(events, require, outbox, clock),
        MarkInvitationSeen(events, require, facts.broadcast),
        OpenInvitation(stores.invitation_tokens, events, accounts, stores.languages, contacts.may_view, clock),
        PostMessage(events, require, outbox, clock, rules.messages_per_person),
        AddPoll(events, require, outbox, clock, rules.polls_per_person),
        SuggestTime(events, require, rules.suggestions_per_person),
        EventViews(accounts, stores.entries, views, stores.members),
    )
