"""What a push about an event says (events contract, section 7)."""

from datetime import UTC

from models.documents.account import Account
from models.documents.event import Event, Invitation
from models.documents.notification import shortened


def invited(event: Event, owner: Account) -> str:
    return shortened(f"{_owner_name(owner)} invites you to {event.title}")


def accepted(event: Event, invitation: Invitation, guest: Account, message: str | None) -> str:
    name = guest.short_name if guest.is_registered else invitation.phone.text
    return _with_message(f"{name} is coming to {event.title}", message)


def rejected(event: Event, invitation: Invitation, guest: Account, message: str | None) -> str:
    name = (guest.full_name or guest.nickname or guest.phone.text) if guest.is_registered else invitation.phone.text
    return _with_message(f"{name} can't make it to {event.title}", message)


def moved(event: Event) -> str:
    """With the date in UTC, since nobody here knows where the reader is; a day needs no zone."""
    if event.is_time_specified:
        return shortened(f"{event.title} is now on {event.date.astimezone(UTC):%d %b %Y at %H:%M} UTC")
    return shortened(f"{event.title} is now on {event.day:%d %b %Y}")


def more_spots(event: Event) -> str:
    if event.spots_left == 1:
        return shortened(f"There is room again: one spot is left at {event.title}")
    return shortened(f"There is room again: {event.spots_left} spots are left at {event.title}")


def one_spot_left(event: Event) -> str:
    return shortened(f"Only one spot is left at {event.title}")


def full(event: Event) -> str:
    if event.total_spots == 1:
        return shortened(f"Somebody took the only spot at {event.title}")
    return shortened(f"The last of {event.total_spots} spots is taken: {event.title} is full")


def reminder(event: Event) -> str:
    return shortened(f"{event.title} is a day away")


def _owner_name(owner: Account) -> str:
    return owner.full_name or owner.nickname or owner.phone.text


def _with_message(text: str, message: str | None) -> str:
    return shortened(f"{text}: {message}" if message else text)
