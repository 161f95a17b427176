"""Events as calendar files (RFC 5545); a later file of an event replaces the earlier one in the reader's calendar."""

from datetime import UTC, datetime, timedelta

from icalendar import Calendar, vCalAddress
from icalendar import Event as Entry

from models.documents.opened_invitation import OpenedInvitation
from models.documents.plain_line import one_line

LASTS = timedelta(hours=1)  # an event has no end of its own


def show_calendar(opened: OpenedInvitation, installation: str) -> bytes:
    """Returns an iCalendar text with one VEVENT.

    Its UID never changes and its SEQUENCE grows with each change, so that a calendar replaces the entry. `installation` makes the UID
    differ from those of other servers. An event without a time lasts the whole day on which it is where its owner is.
    """
    event, owner = opened.event, opened.owner
    entry = Entry()
    entry.add("uid", f"event-{event.id}@{installation}")
    entry.add("sequence", event.revision)
    entry.add("dtstamp", _seconds(opened.opened_at))
    entry.add("created", _seconds(event.created_at))
    entry.add("last-modified", _seconds(event.modified_at))
    entry.add("summary", one_line(event.title))
    place = one_line(event.venue_name or event.address)  # an address may have several lines
    if place:
        entry.add("location", place)
    if event.description:
        entry.add("description", event.description)
    if event.is_time_specified:
        entry.add("dtstart", _seconds(event.date))
        entry.add("dtend", _seconds(event.date) + LASTS)
    else:
        entry.add("dtstart", event.day)
        entry.add("dtend", event.day + timedelta(days=1))
        entry.add("transp", "TRANSPARENT")  # the guest is not busy all day
    # The address is nobody's: whoever holds a link, or the file, shall not learn how to write to the owner.
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
    """Returns the time without fractions of a second, which calendars do not know."""
    return at.astimezone(UTC).replace(microsecond=0)
