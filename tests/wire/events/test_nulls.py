"""Null for a field that need not be given is like leaving it out, in every body that either API takes."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel

from handlers.rest.requests import read_shape
from handlers.wire import sign_in as sessions
from handlers.wire.events import requests as event_requests
from handlers.wire.events import users
from handlers.wire.messaging import accounts, drafts, lists, people, profiles
from handlers.wire.messaging.photos import show_history
from handlers.wire.messaging.request import parse
from handlers.wire.sockets.requests import read_cursors, read_int
from models.documents.photo import PhotoChange
from models.errors import Malformed

EVENTS: list[tuple[type[BaseModel], dict[str, Any]]] = [
    (event_requests.NewEvent, {"title": "Tea", "event_date": "2031-01-01T10:00Z"}),
    (event_requests.ChangedEvent, {}),
    (event_requests.WholeEvent, {"title": "Tea", "event_date": "2031-01-01T10:00Z"}),
    (event_requests.Rsvp, {}),
    (event_requests.NewPoll, {}),
    (event_requests.NewSuggestion, {"suggested_time": "2031-01-01T10:00Z"}),
    (users.UserChange, {}),
    (sessions.Proof, {"phone_number": "+49301", "pin": "1234"}),
]
MESSAGING: list[tuple[type[BaseModel], dict[str, Any]]] = [
    (drafts.text_to_send(100), {"contact": "49301", "message": "Hello"}),
    (drafts.LocationToSend, {"contact": "49301", "latitude": 1, "longitude": 2}),
    (drafts.PictureToSend, {"contact": "49301", "url": "https://example.com/a.png"}),
    (drafts.CardToSend, {"group_id": "49301-1", "vcard": "BEGIN:VCARD"}),
    (lists.LastRead, {"contact": "49301"}),
    (lists.MessagesAsked, {}),
    (lists.ChatsAsked, {}),
    (accounts.NewAccount, {"account": "49301"}),
    (accounts.CodeProof, {"code": "123456"}),
    (profiles.PrivacyParts, {"photo": "all"}),
    (people.BlockedNumbers, {"contacts": ["49301"]}),
    (people.BlockedNumbers, {"numbers": ["49301"]}),
]


def nulls(shape: type[BaseModel], given: dict[str, Any]) -> dict[str, Any]:
    return dict.fromkeys(shape.model_fields) | given


def said(read: BaseModel) -> dict[str, Any]:
    """What was read, without the names that are made up for attempts."""
    return {name: value for name, value in dict(read).items() if name != "client_id"}


@pytest.mark.parametrize(("shape", "given"), EVENTS)
def test_on_the_events_api(shape: type[BaseModel], given: dict[str, Any]) -> None:
    whole, empty = read_shape(shape, given), read_shape(shape, nulls(shape, given))
    assert (said(empty), empty.model_fields_set) == (said(whole), whole.model_fields_set)


@pytest.mark.parametrize(("shape", "given"), MESSAGING)
def test_on_the_messaging_api(shape: type[BaseModel], given: dict[str, Any]) -> None:
    whole, empty = parse(shape, given), parse(shape, nulls(shape, given))
    assert said(empty) == said(whole)
    for name in ("target", "given", "listed", "window", "count"):
        assert getattr(empty, name, None) == getattr(whole, name, None)


def test_a_photo_of_the_past_is_dated_like_everything_on_the_messaging_api() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
    (shown,) = show_history("49301", [PhotoChange(at, None)], str)["photo_urls"]
    assert shown["updated"] == "2026-01-02T03:04:05"


def test_on_the_sockets() -> None:
    assert read_int({"limit": None}, "limit", 1, 200, 50) == read_int({}, "limit", 1, 200, 50) == 50
    assert read_cursors({"cursors": None}) == {}
    with pytest.raises(Malformed):
        read_int({"seq": None}, "seq", 1, 200)
