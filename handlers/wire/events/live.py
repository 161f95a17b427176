"""Events as the `/events` namespace sends them: one text for everybody, with nothing that depends on the reader.

Names and shapes are those of REST (docs/events-api.md, "Event objects"). Left out are the viewer's own fields (`i_am_owner`,
`i_am_attending`, `my_rsvp_message`) and what not everybody may see of a person (photos, e-mail, settings). Instead of the texts of
`messages`, which are entries of the event's chat, there is the `seq` at which they stand.

Every body carries the event's `version`, which grows with each change: a body with a lower version than the client holds is older,
whatever the order of arrival.
"""

from collections.abc import Mapping

from handlers.wire.events.objects import (
    GuestShown,
    InvitationShown,
    name_and_number,
    show_guest,
    show_invitation,
    show_poll,
)
from handlers.wire.times import show_event_date, show_offset, show_time
from models.documents.account import Account
from models.documents.collation import sort_by_name
from models.documents.event import Event, Invitation
from models.facts import EventUpdated, PollCreated, RsvpUpdated

LISTED_MAX = 100  # of each list in one body, about 30 kB: it goes to every guest, so with all of them its cost grew with their square


def show_live_event(shown: EventUpdated) -> dict[str, object]:
    """Returns `{"event": {…}}`; for a deleted event only `{"id", "chat", "version", "is_deleted": true}`.

    `chat` is the event's chat, `is_canceled` says that the event does not take place. An event with more than 100 invitees comes
    without `invitees` and `invitations`, and with `invitees_count`; one with more than 100 `messages` or `polls` comes without these.
    Clients read them by REST.
    """
    event = shown.event
    if event.is_deleted:
        return {"event": {"id": event.id, "chat": event.chat_id, "version": event.version, "is_deleted": True}}
    body: dict[str, object] = {
        "id": event.id,
        "chat": event.chat_id,
        "version": event.version,
        "title": event.title,
        "event_date": show_event_date(event.date, has_time=event.is_time_specified),
        "utc_offset": show_offset(event.date),
        "is_time_specified": event.is_time_specified,
        "created": show_time(event.created_at),
        "modified": show_time(event.modified_at),
        "owner": _show_owner(shown.accounts[event.owner_id]),
        "location": dict(event.location),
        "address": event.address,
        "venue_name": event.venue_name,
        "description": event.description,
        "is_canceled": event.is_canceled,
        "is_deleted": False,
        **_show_places(event),
    }
    if len(event.messages) <= LISTED_MAX:
        body["messages"] = [{"id": each.id, "user_id": each.account_id, "seq": each.seq} for each in event.messages]
    if len(event.polls) <= LISTED_MAX:
        body["polls"] = [show_poll(each, event) for each in event.polls]
    if len(event.invitations) > LISTED_MAX:
        body["invitees_count"] = len(event.invitations)
    else:
        body["invitees"] = _show_guests(event, shown.accounts)
        body["invitations"] = [_show_invitation(each, shown.accounts[each.account_id]) for each in event.invitations]
    return {"event": body}


def show_live_rsvp(shown: RsvpUpdated) -> dict[str, object]:
    """Returns `{"event": id, "chat", "version", "invitation", "total_spots", "spots_filled", "spots_left", "attendees_count"}`.

    `invitation` is `{"id", "user_id", "user_full_name", "phone_number", "has_seen", "has_accepted_invite", "rsvp_time",
    "rsvp_message"}` as it is now.
    """
    _, number = name_and_number(shown.invitation, shown.account, "")
    invitation = {**_show_invitation(shown.invitation, shown.account), "phone_number": number}
    return _of(shown.event) | {"invitation": invitation} | _show_places(shown.event)


def show_live_poll(shown: PollCreated) -> dict[str, object]:
    """Returns `{"event": id, "chat", "version", "poll": {"id", "user_id", "suggested_date", "suggested_venue"}}`."""
    return _of(shown.event) | {"poll": show_poll(shown.poll, shown.event) | {"user_id": shown.poll.account_id}}


def _of(event: Event) -> dict[str, object]:
    return {"event": event.id, "chat": event.chat_id, "version": event.version}


def _show_places(event: Event) -> dict[str, object]:
    return {
        "total_spots": event.total_spots,
        "spots_filled": event.spots_filled,
        "spots_left": event.spots_left,
        "attendees_count": event.attendees_count,
    }


def _show_owner(account: Account) -> dict[str, object]:
    return {
        "id": account.id,
        "phone_number": account.phone.text,
        "full_name": _full_name(account),
        "is_active": account.is_registered,
    }


def _show_guests(event: Event, accounts: Mapping[int, Account]) -> list[GuestShown]:
    """Returns the invitees by full name, then by number (docs/events-api.md, "Invitees")."""
    guests = [
        show_guest(event, each, accounts[each.account_id], _full_name(accounts[each.account_id]))
        for each in event.invitations
    ]
    return sort_by_name(guests, lambda guest: (guest["full_name"], guest["phone_number"]))


def _show_invitation(invitation: Invitation, account: Account) -> InvitationShown:
    return show_invitation(invitation, account, _full_name(account))


def _full_name(account: Account) -> str:
    """Returns the full name, else the nickname, else an empty text."""
    return account.full_name or account.nickname
