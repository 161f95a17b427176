"""The values that the templates of the invitation page get."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from handlers.wire.events.friendly_dates import FAR_AHEAD, friendly_date, full_date
from models.documents.default_picture import HUES, first_letter
from models.documents.event import Event
from models.documents.media import MEDIA
from models.documents.opened_invitation import Face, OpenedInvitation
from models.languages.language import Language

APPLE_MAPS, GOOGLE_MAPS = "http://maps.apple.com/?q=", "http://maps.google.com/?q="
_APPLE = re.compile(r"\b(iPhone|iPad|iPod)\b")


def show_invitation(opened: OpenedInvitation, reader: Language, user_agent: str) -> Mapping[str, Any]:
    """Returns the event, its host, the other invitees, and the guest's answer."""
    event, invitation = opened.event, opened.invitation
    return {
        "title": event.title,
        "organizer": opened.owner.short_name,
        "date": _show_date(event, reader, opened.opened_at),
        "place": _show_place(event, reader, user_agent),
        "description": event.description,
        "friends_count": opened.friends_count,
        "faces": [_show_face(face) for face in opened.faces],
        "total_spots": event.total_spots,
        "spots_left": max(event.spots_left, 0),
        "is_canceled": event.is_canceled,
        "is_open": opened.is_open,
        "is_over": event.expires_at <= opened.opened_at,
        "answer": invitation.answer,
        "message": invitation.message or "",
    }


def _show_date(event: Event, reader: Language, now: datetime) -> Mapping[str, Any]:
    """Returns the date in words and in full, both in the owner's zone and with its name.

    `iso` is for programs, with no more fractions than HTML permits: static/invitation/times.js shows it in the reader's zone. A day
    without a time is the same everywhere.
    """
    if event.date - now >= FAR_AHEAD:
        return {"short": reader.gettext("Any time"), "full": "", "iso": ""}
    there = now.astimezone(event.date.tzinfo)
    if event.is_time_specified:
        full, short = full_date(event.date, reader), friendly_date(event.date, there, reader)
        full, short = (each and reader.gettext("{date} ({zone})", date=each, zone=event.zone) for each in (full, short))
        iso = event.date.isoformat(timespec="seconds")
    else:
        full = full_date(event.day, reader, has_time=False)
        short = friendly_date(event.day, there, reader, has_time=False)
        iso = event.day.isoformat()
    return {"short": short or full, "full": full if short else "", "iso": iso}


def _show_place(event: Event, reader: Language, user_agent: str) -> Mapping[str, str]:
    """Returns a place's name and the URL of a map: Apple's on its telephones, else Google's."""
    maps = APPLE_MAPS if _APPLE.search(user_agent) else GOOGLE_MAPS
    name = event.venue_name or event.address
    # The address finds a place more reliably than its name.
    wanted = ", ".join(part for part in (event.venue_name, event.address) if part)
    below = event.address if event.venue_name else ""
    return {"name": name or reader.gettext("any place"), "address": below, "url": maps + quote(wanted, safe="")}


def _show_face(face: Face) -> Mapping[str, Any]:
    return {
        "name": face.name,
        "letter": first_letter(face.name),
        "photo": None if face.photo is None else MEDIA + face.photo.preview,
        "hue": face.account_id % HUES,
    }
