"""The texts of pushes about events (docs/events-api.md, "Pushes"), each in the language of its reader."""

from models.documents.account import NAME_MAX_CHARS, Account
from models.documents.event import TITLE_MAX_CHARS, Event, Invitation
from models.documents.notification import ALERT_MAX_CHARS, shortened
from models.documents.plain_line import one_line, quoted
from models.languages.language import Language


def invited(reader: Language, event: Event, owner: Account) -> str:
    return shortened(reader.gettext("{who} invites you to {title}", who=_name(owner), title=_title(event)))


def accepted(reader: Language, event: Event, invitation: Invitation, guest: Account, message: str | None) -> str:
    who = _quoted(guest.short_name, guest) if guest.is_registered else invitation.phone.text
    if not message:
        return shortened(reader.gettext("{who} is coming to {title}", who=who, title=_title(event)))
    said = quoted(message, ALERT_MAX_CHARS)
    return shortened(reader.gettext("{who} is coming to {title}: {said}", who=who, title=_title(event), said=said))


def rejected(reader: Language, event: Event, invitation: Invitation, guest: Account, message: str | None) -> str:
    who = _name(guest) if guest.is_registered else invitation.phone.text
    if not message:
        return shortened(reader.gettext("{who} can't make it to {title}", who=who, title=_title(event)))
    said = quoted(message, ALERT_MAX_CHARS)
    return shortened(reader.gettext("{who} can't make it to {title}: {said}", who=who, title=_title(event), said=said))


def moved(reader: Language, event: Event) -> str:
    """Returns the alert for another date, on the owner's clock and with its zone, since the reader's is unknown.

    A date without a time needs no zone.
    """
    if not event.is_time_specified:
        return shortened(
            reader.gettext("{title} is now on {day}", title=_title(event), day=reader.short_date(event.day))
        )
    day, time = reader.short_date(event.date), reader.clock(event.date)
    return shortened(
        reader.gettext(
            "{title} is now on {day} at {time} ({zone})", title=_title(event), day=day, time=time, zone=event.zone
        )
    )


def more_spots(reader: Language, event: Event) -> str:
    return shortened(
        reader.ngettext(
            "There is room again: one spot is left at {title}",
            "There is room again: {count} spots are left at {title}",
            event.spots_left,
            title=_title(event),
        )
    )


def one_spot_left(reader: Language, event: Event) -> str:
    return shortened(reader.gettext("Only one spot is left at {title}", title=_title(event)))


def full(reader: Language, event: Event) -> str:
    return shortened(
        reader.ngettext(
            "Somebody took the only spot at {title}",
            "The last of {count} spots is taken: {title} is full",
            event.total_spots,
            title=_title(event),
        )
    )


def reminder(reader: Language, event: Event) -> str:
    return shortened(reader.gettext("{title} is a day away", title=_title(event)))


def not_texted(reader: Language, event: Event, count: int, title_max_chars: int) -> str:
    """Returns the alert for guests who are not texted, because of a limit."""
    return reader.ngettext(
        "One person you invited to {title} got no SMS: there are only so many a day. Tell them yourself.",
        "{count} people you invited to {title} got no SMS: there are only so many a day. Tell them yourself.",
        count,
        title=quoted(event.title, title_max_chars),
    )


def _name(account: Account) -> str:
    return _quoted(account.full_name or account.nickname, account)


def _quoted(name: str, account: Account) -> str:
    return quoted(one_line(name) or account.phone.text, NAME_MAX_CHARS)


def _title(event: Event) -> str:
    return quoted(event.title, TITLE_MAX_CHARS)
