"""What the templates of the invitation page are given."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from handlers.wire.events.friendly_dates import FAR_AHEAD, friendly_date, full_date
from handlers.wire.sockets.entries import MEDIA
from models.documents.default_picture import HUES, first_letter
from models.documents.event import Event
from models.documents.opened_invitation import Face, OpenedInvitation

APPLE_MAPS, GOOGLE_MAPS = "http://maps.apple.com/?q=", "http://maps.google.com/?q="  # events contract 10
_APPLE = re.compile(r"\b(iPhone|iPad|iPod)\b")


def show_invitation(opened: OpenedInvitation, user_agent: str) -> Mapping[str, Any]:
    """The event, who invites, who else is invited, and what the guest answered."""
    event, invitation = opened.event, opened.invitation
    return {
        "title": event.title,
        "organizer": opened.owner.short_name,
        "date": _show_date(event, opened.opened_at),
        "place": _show_place(event, user_agent),
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


def _show_date(event: Event, now: datetime) -> Mapping[str, Any]:
    """`short` in words where there are any, `full` otherwise and below them, both on the owner's clock and with its zone.

    `iso` is for programs, with no more of a fraction than HTML allows: static/invitation/times.js says it in the reader's zone. A day is the same everywhere.
    """
    if event.date - now >= FAR_AHEAD:
        return {"short": "Any time", "full": "", "iso": ""}
    if event.is_time_specified:
        full, short = full_date(event.date), friendly_date(event.date, now.astimezone(event.date.tzinfo))
        zone, iso = f" ({event.zone})", event.date.isoformat(timespec="seconds")
    else:
        full = full_date(event.day, has_time=False)
        short = friendly_date(event.day, now.astimezone(event.date.tzinfo), has_time=False)
        zone, iso = "", event.day.isoformat()
    return {"short": (short or full) + zone, "full": full + zone if short else "", "iso": iso}


def _show_place(event: Event, user_agent: str) -> Mapping[str, str]:
    """What it is called, and where a map shows it: Apple's on its telephones, Google's elsewhere."""
    maps = APPLE_MAPS if _APPLE.search(user_agent) else GOOGLE_MAPS
    name = event.venue_name or event.address
    # The address finds a place more surely than what people call it.
    wanted = ", ".join(part for part in (event.venue_name, event.address) if part)
    below = event.address if event.venue_name else ""
    return {"name": name or "any place", "address": below, "url": maps + quote(wanted, safe="")}


def _show_face(face: Face) -> Mapping[str, Any]:
    return {
        "name": face.name,
        "letter": first_letter(face.name),
        "photo": None if face.photo is None else MEDIA + face.photo.preview,
        "hue": face.account_id % HUES,
    }
