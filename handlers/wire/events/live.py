"""Events as the `/events` namespace tells of them: one text for everybody, with nothing that depends on who reads it.

The names and shapes are those of REST (events contract, section 2). Left out is what is each viewer's own (`i_am_owner`,
`i_am_attending`, `my_rsvp_message`), and what not everybody may see of a person (photos, e-mail, settings). Instead of the
words of `messages`, which are entries of the event's chat, there is the `seq` at which they stand.

Every body carries the event's `version`. It grows with each change, so what comes with a lower one than a client holds is
older, whatever the order of arrival.
"""

from collections.abc import Mapping

from handlers.wire.events.objects import show_poll
from handlers.wire.times import show_event_date, show_offset, show_time
from models.documents.account import Account
from models.documents.collation import sort_by_name
from models.documents.event import Event, Invitation
from models.facts import EventUpdated, PollCreated, RsvpUpdated

LISTED_MAX = 100  # of each list in one body, some 30 kB: it goes to every guest, so that with all of them it grew with their square


def show_live_event(shown: EventUpdated) -> dict[str, object]:
    """`{"event": {…}}`, of a deleted event only `{"id", "chat", "version", "is_deleted": true}`.

    `chat` is the event's, `is_canceled` says that it does not take place. An event with more than 100 invitees comes without
    `invitees` and `invitations` and says how many there are, as `invitees_count`; those with more than 100 `messages`, or
    `polls`, come without these. They are read by REST.
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
        body["invitees"] = _show_invitees(event, shown.accounts)
        body["invitations"] = [_show_invitation(each, shown.accounts[each.account_id]) for each in event.invitations]
    return {"event": body}


def show_live_rsvp(shown: RsvpUpdated) -> dict[str, object]:
    """`{"event": id, "chat", "version", "invitation", "total_spots", "spots_filled", "spots_left", "attendees_count"}`.

    `invitation` is `{"id", "user_id", "user_full_name", "phone_number", "has_seen", "has_accepted_invite", "rsvp_time",
    "rsvp_message"}` as it is now.
    """
    invitation = _show_invitation(shown.invitation, shown.account)
    invitation["phone_number"] = _number(shown.invitation, shown.account)
    return _of(shown.event) | {"invitation": invitation} | _show_places(shown.event)


def show_live_poll(shown: PollCreated) -> dict[str, object]:
    """`{"event": id, "chat", "version", "poll": {"id", "user_id", "suggested_date", "suggested_venue"}}`."""
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


def _show_invitation(invitation: Invitation, account: Account) -> dict[str, object]:
    return {
        "id": invitation.id,
        "user_id": account.id if account.is_registered else None,
        "user_full_name": _full_name(account) if account.is_registered else "",
        "has_seen": invitation.has_seen,
        "has_accepted_invite": invitation.answer,
        "rsvp_time": None if invitation.answered_at is None else show_time(invitation.answered_at),
        "rsvp_message": invitation.message or "",
    }


def _show_invitees(event: Event, accounts: Mapping[int, Account]) -> list[dict[str, object]]:
    """By full name, then by number (events contract 2.4)."""
    ranked: list[tuple[tuple[str, str], dict[str, object]]] = []
    for invitation in event.invitations:
        account = accounts[invitation.account_id]
        number = _number(invitation, account)
        name = (_full_name(account) or number) if account.is_registered else ""
        invitee: dict[str, object] = {
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
        ranked.append(((name, number), invitee))
    return [invitee for _, invitee in sort_by_name(ranked, lambda each: each[0])]


def _number(invitation: Invitation, account: Account) -> str:
    """Who never signed in is a number that somebody wrote down, shown as it was written."""
    return account.phone.text if account.is_registered else invitation.phone.text


def _full_name(account: Account) -> str:
    """The nickname stands in for it (design section 9); empty when there is neither."""
    return account.full_name or account.nickname
