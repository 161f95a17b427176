"""What each guest hears of a change does not grow with the number of guests: together they would hear its square."""

import json
from datetime import UTC, datetime

import pytest

from handlers.wire.events.live import show_live_event
from models.documents.account import Account
from models.documents.event import Event, Invitation, Poll, PostedMessage
from models.documents.phone import Phone
from models.facts import EventUpdated

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
BYTES_MAX = 2_000
LISTS_BYTES_MAX = 60_000  # of an event with as many of everything as are told


def heard(guests: int, said: int = 0, polls: int = 0) -> dict[str, object]:
    """The event that a socket hears of, as it comes out of JSON."""
    phones = {number: Phone(f"+49305{number:06}", f"49305{number:06}") for number in range(guests + 1)}
    event = Event(
        1,
        1,
        0,
        "Dinner",
        NOW,
        NOW,
        NOW,
        invitations=tuple(Invitation(number, number, phones[number], NOW) for number in range(1, guests + 1)),
        messages=tuple(PostedMessage(number, 0, number) for number in range(said)),
        polls=tuple(Poll(number, 0, NOW, "Bar") for number in range(polls)),
    )
    accounts = {number: Account(number, phone, True, NOW, full_name="A Guest") for number, phone in phones.items()}
    shown: dict[str, object] = json.loads(json.dumps(show_live_event(EventUpdated(event, accounts))))["event"]
    return shown


@pytest.mark.parametrize("guests", [200, 2000])
def test_of_many_guests_a_socket_hears_how_many_they_are(guests: int) -> None:
    shown = heard(guests)
    assert "invitees" not in shown
    assert "invitations" not in shown
    assert shown["invitees_count"] == guests
    assert len(json.dumps(shown)) <= BYTES_MAX


@pytest.mark.parametrize("many", [200, 2000])
def test_many_messages_and_polls_are_left_out(many: int) -> None:
    shown = heard(3, said=many, polls=many)
    assert len(shown["invitees"]) == 3  # type: ignore[arg-type]
    assert "messages" not in shown
    assert "polls" not in shown
    assert len(json.dumps(shown)) <= BYTES_MAX


def test_an_event_of_a_hundred_guests_is_told_whole() -> None:
    shown = heard(100, said=100, polls=100)
    assert [len(shown[name]) for name in ("invitees", "invitations", "messages", "polls")] == [100] * 4  # type: ignore[arg-type]
    assert "invitees_count" not in shown
    assert len(json.dumps(shown)) <= LISTS_BYTES_MAX
