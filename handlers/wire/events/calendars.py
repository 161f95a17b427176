"""Events as files for calendars (RFC 5545), which a later file of the same event brings up to date."""

from datetime import UTC, datetime, timedelta

from icalendar import Calendar, vCalAddress
from icalendar import Event as Entry

from models.documents.opened_invitation import OpenedInvitation
from models.documents.plain_line import one_line

LASTS = timedelta(hours=1)  # events contract 10; nobody says when an event ends


def show_calendar(opened: OpenedInvitation, installation: str) -> bytes:
    """One VEVENT. Its UID is the same for ever and its SEQUENCE grows with each change, so that a calendar replaces what it has.

    `installation` makes the UID differ from those of other servers. An event without a time is of the whole day on
    which it is where its owner is.
    """
    event, owner = opened.event, opened.owner
    entry = Entry()
    entry.add("uid", f"event-{event.id}@{installation}")
    entry.add("sequence", event.revision)
    entry.add("dtstamp", _seconds(opened.opened_at))
    entry.add("created", _seconds(event.created_at))
    entry.add("last-modified", _seconds(event.modified_at))
    entry.add("summary", one_line(event.title))
    place = one_line(event.venue_name or event.address)  # an address has several lines
    if place:
        entry.add("location", place)
    if event.is_time_specified:
        entry.add("dtstart", _seconds(event.date))
        entry.add("dtend", _seconds(event.date) + LASTS)
    else:
        entry.add("dtstart", event.day)
        entry.add("dtend", event.day + timedelta(days=1))
        entry.add("transp", "TRANSPARENT")  # the guest is not busy all day
    # The address is nobody's: whoever holds a link, or the file, need not learn how to write to the owner.
    organizer = vCalAddress("invalid:nomail")
    organizer.params["CN"] = one_line(owner.name)
    entry.add("organizer", organizer)
    entry.add("status", "CANCELLED" if event.is_canceled else "CONFIRMED")
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//Parley//Invitations//EN")
    calendar.add("method", "PUBLISH")
    calendar.add_component(entry)
    content: bytes = calendar.to_ical()
    return content


def _seconds(at: datetime) -> datetime:
    """Calendars know no fractions of a second."""
    return at.astimezone(UTC).replace(microsecond=0)
