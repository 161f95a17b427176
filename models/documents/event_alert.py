"""The texts of pushes about events (docs/events-api.md, "Pushes")."""

from models.documents.account import NAME_MAX_CHARS, Account
from models.documents.event import TITLE_MAX_CHARS, Event, Invitation
from models.documents.notification import ALERT_MAX_CHARS, shortened
from models.documents.plain_line import one_line, quoted


def invited(event: Event, owner: Account) -> str:
    return shortened(f"{_name(owner)} invites you to {_title(event)}")


def accepted(event: Event, invitation: Invitation, guest: Account, message: str | None) -> str:
    name = _quoted(guest.short_name, guest) if guest.is_registered else invitation.phone.text
    return _with_message(f"{name} is coming to {_title(event)}", message)


def rejected(event: Event, invitation: Invitation, guest: Account, message: str | None) -> str:
    name = _name(guest) if guest.is_registered else invitation.phone.text
    return _with_message(f"{name} can't make it to {_title(event)}", message)


def moved(event: Event) -> str:
    """Returns the alert for another date, on the owner's clock and with its zone, since the reader's is unknown.

    A date without a time needs no zone.
    """
    if event.is_time_specified:
        return shortened(f"{_title(event)} is now on {event.date:%d %b %Y at %H:%M} ({event.zone})")
    return shortened(f"{_title(event)} is now on {event.day:%d %b %Y}")


def more_spots(event: Event) -> str:
    if event.spots_left == 1:
        return shortened(f"There is room again: one spot is left at {_title(event)}")
    return shortened(f"There is room again: {event.spots_left} spots are left at {_title(event)}")


def one_spot_left(event: Event) -> str:
    return shortened(f"Only one spot is left at {_title(event)}")


def full(event: Event) -> str:
    if event.total_spots == 1:
        return shortened(f"Somebody took the only spot at {_title(event)}")
    return shortened(f"The last of {event.total_spots} spots is taken: {_title(event)} is full")


def reminder(event: Event) -> str:
    return shortened(f"{_title(event)} is a day away")


def _name(account: Account) -> str:
    return _quoted(account.full_name or account.nickname, account)


def _quoted(name: str, account: Account) -> str:
    return quoted(one_line(name) or account.phone.text, NAME_MAX_CHARS)


def _title(event: Event) -> str:
    return quoted(event.title, TITLE_MAX_CHARS)


def _with_message(text: str, message: str | None) -> str:
    return shortened(f"{text}: {quoted(message, ALERT_MAX_CHARS)}" if message else text)
