"""Events as the events API shows them, complete in every answer (docs/events-api.md, "Event objects")."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NotRequired

from typing_extensions import TypedDict

from handlers.wire.events.users import Link, UserShown, show_photo, show_user
from handlers.wire.times import Offset, Time, show_event_date, show_offset, show_time
from models.documents.account import Account
from models.documents.collation import sort_by_name
from models.documents.event import Event, Invitation, Poll
from models.documents.photo import Rendition
from models.documents.sample_reply import SampleReply
from models.documents.user import UserView
from models.services.events.listing import EventView
from models.services.events.posts import Posting


class GuestShown(TypedDict):
    """Somebody who is invited. `id` is 0 as long as nobody has signed in with the number; `is_attending` is "True", "False" or null."""

    id: int
    full_name: str
    phone_number: str
    is_attending: str | None
    is_active: bool
    is_owner: bool
    has_seen: bool
    rsvp_message: str | None
    rsvp_time: Time | None
    created: Time


class InviteeShown(GuestShown):
    """Somebody who is invited. `id` is 0 as long as nobody has signed in with the number; `is_attending` is "True", "False" or null."""

    photo: str | None
    big_photo: str | None
    faded_photo: str | None


class InvitationShown(TypedDict):
    """An invitation, with its guest. `user_id` is null as long as nobody has signed in with the number."""

    id: int
    user_id: int | None
    user_full_name: str
    has_seen: bool
    has_accepted_invite: bool | None
    rsvp_time: Time | None
    rsvp_message: str


class MessageShown(TypedDict):
    id: int
    user_id: int
    user_full_name: str
    user_email: str
    body: str


class PollShown(TypedDict):
    id: int
    suggested_date: Time
    suggested_venue: str


class EventShown(TypedDict):
    """An event.

    `chat` is the chat of its messages. `version` grows with every change, and packets of `/events` carry it too. `is_canceled` says
    that it does not take place. `event_date` is in UTC; that of an event without a time is the midnight at which its day begins where
    the owner is, with the offset of that place if it was sent. If only a part of the invitees was asked for, `invitees` and
    `invitations` are of the same people, and `invitees_count` says how many there are in all.
    """

    id: int
    chat: int
    version: int
    is_canceled: bool
    title: str
    event_date: Time
    utc_offset: Offset
    is_time_specified: bool
    created: Time
    modified: Time
    owner: UserShown
    total_spots: int
    spots_filled: int
    i_am_owner: bool
    i_am_attending: bool | None
    my_rsvp_message: str | None
    location: dict[str, Any]
    address: str
    venue_name: str
    description: str
    messages: list[MessageShown]
    polls: list[PollShown]
    invitees: list[InviteeShown]
    invitations: list[InvitationShown]
    invitees_count: NotRequired[int]


class CreatedEventShown(EventShown):
    """An event in the answer to its creation."""

    attendees_count: int


class PostingShown(TypedDict):
    """The result of posting a message; `number_messages` is how many the author has at this event now."""

    body: str
    is_owner: bool
    error_message: str | None
    error: bool
    user_id: int
    number_messages: int


class StatsShown(TypedDict):
    unresponded_invite_count: int


class SampleReplyShown(TypedDict):
    id: int
    text: str
    type: str


def show_event(seen: EventView, link: Link) -> EventShown:
    event, viewer = seen.event, seen.viewer_id
    mine = event.find_invitation(viewer)
    invited = _shown_invitations(seen)
    ids = {each.id for each in invited}
    shown: EventShown = {
        "id": event.id,
        "chat": event.chat_id,
        "version": event.version,
        "is_canceled": event.is_canceled,
        "title": event.title,
        "event_date": show_event_date(event.date, has_time=event.is_time_specified),
        "utc_offset": show_offset(event.date),
        "is_time_specified": event.is_time_specified,
        "created": show_time(event.created_at),
        "modified": show_time(event.modified_at),
        "owner": show_user(seen.people[event.owner_id], link),
        "total_spots": event.total_spots,
        "spots_filled": event.spots_filled,
        "i_am_owner": seen.is_own,
        "i_am_attending": True if seen.is_own else False if mine is None else mine.answer,
        "my_rsvp_message": None if mine is None else mine.message,
        "location": dict(event.location),
        "address": event.address,
        "venue_name": event.venue_name,
        "description": event.description,
        "messages": _messages(seen),
        "polls": [show_poll(poll, event) for poll in event.polls],
        "invitees": [_invitee(event, each, seen.people[each.account_id], link) for each in invited],
        "invitations": [show_seen_invitation(each, seen.people) for each in event.invitations if each.id in ids],
    }
    if seen.guests is not None:
        shown["invitees_count"] = len(event.invitations)
    return shown


def show_created_event(seen: EventView, link: Link) -> CreatedEventShown:
    return {**show_event(seen, link), "attendees_count": seen.event.attendees_count}


def show_events(events: Iterable[EventView], link: Link) -> list[EventShown]:
    return [show_event(seen, link) for seen in events]


def show_invitation(invitation: Invitation, account: Account, full_name: str) -> InvitationShown:
    is_active = account.is_registered
    return {
        "id": invitation.id,
        "user_id": account.id if is_active else None,
        "user_full_name": full_name if is_active else "",
        "has_seen": invitation.has_seen,
        "has_accepted_invite": invitation.answer,
        "rsvp_time": None if invitation.answered_at is None else show_time(invitation.answered_at),
        "rsvp_message": invitation.message or "",
    }


def show_seen_invitation(invitation: Invitation, people: Mapping[int, UserView]) -> InvitationShown:
    guest = people[invitation.account_id]
    return show_invitation(invitation, guest.account, guest.full_name)


def show_poll(poll: Poll, event: Event) -> PollShown:
    """Returns a poll; its date is shown like that of an event."""
    date = show_event_date(poll.date, has_time=event.is_time_specified)
    return {"id": poll.id, "suggested_date": date, "suggested_venue": poll.venue}


def show_posting(posting: Posting, body: str, user_id: int) -> PostingShown:
    is_over = posting.is_over_limit
    return {
        "body": body,
        "is_owner": posting.event.owner_id == user_id,
        "error_message": "Limit of messages reached" if is_over else None,
        "error": is_over,
        "user_id": user_id,
        "number_messages": posting.count,
    }


def show_stats(count: int) -> StatsShown:
    return {"unresponded_invite_count": count}


def show_sample_replies(replies: Sequence[SampleReply]) -> list[SampleReplyShown]:
    return [{"id": each.id, "text": each.text, "type": each.type.value} for each in replies]


def _messages(seen: EventView) -> list[MessageShown]:
    shown: list[MessageShown] = []
    for message, words in seen.messages:
        author = seen.people[message.account_id]
        shown.append(
            {
                "id": message.id,
                "user_id": author.account.id,
                "user_full_name": author.full_name,
                "user_email": author.email,
                "body": words,
            }
        )
    return shown


def _shown_invitations(seen: EventView) -> list[Invitation]:
    """Returns the invitations that were asked for, by full name, then by number (docs/events-api.md, "Invitees")."""
    guests = seen.guests
    if guests is not None and not guests.limit:
        return []

    def name(invitation: Invitation) -> tuple[str, str]:
        guest = seen.people[invitation.account_id]
        return name_and_number(invitation, guest.account, guest.full_name)

    ranked = sort_by_name(seen.event.invitations, name)
    return ranked if guests is None else ranked[guests.offset : guests.offset + guests.limit]


def name_and_number(invitation: Invitation, account: Account, full_name: str) -> tuple[str, str]:
    """Returns an invitee's name and number; the number of somebody who never signed in is shown as the inviter wrote it."""
    if not account.is_registered:
        return "", invitation.phone.text
    return full_name or account.phone.text, account.phone.text


def show_guest(event: Event, invitation: Invitation, account: Account, full_name: str) -> GuestShown:
    name, number = name_and_number(invitation, account, full_name)
    return {
        "id": account.id if account.is_registered else 0,
        "full_name": name,
        "phone_number": number,
        "is_attending": None if invitation.answer is None else str(invitation.answer),
        "is_active": account.is_registered,
        "is_owner": account.id == event.owner_id,
        "has_seen": invitation.has_seen,
        "rsvp_message": invitation.message,
        "rsvp_time": None if invitation.answered_at is None else show_time(invitation.answered_at),
        "created": show_time(invitation.created_at),
    }


def _invitee(event: Event, invitation: Invitation, who: UserView, link: Link) -> InviteeShown:
    return {
        **show_guest(event, invitation, who.account, who.full_name),
        "photo": show_photo(who, Rendition.SMALL, link),
        "big_photo": show_photo(who, Rendition.BIG, link),
        "faded_photo": show_photo(who, Rendition.FADED, link),
    }
