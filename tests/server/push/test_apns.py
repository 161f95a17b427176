"""Pushes by APNs, against a server on loopback that speaks Apple's protocol."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from models.documents.notification import Notification
from models.ports import Delivered, Gone, Outcome, Refused, RetryLater
from server.push.apns import ApnsPushes, apns_id, sign_by, trust
from tests.support.apple import CLOSE, DIE, KEY_ID, NOTHING, RESET, TEAM_ID, TOPIC, Answer, Apple, running_apple
from tests.support.fakes import HandClock
from tests.support.listening import deaf_port

NOTE = Notification(
    key="rsvp 12 34",
    account_id=7,
    alert="Ann L. comes: I'll be there ☺",
    type="rsvp",
    at=datetime(2030, 1, 1, 12, tzinfo=UTC),
    data={"event_id": 12, "title": "Dinner"},
)
SINCE = datetime(2029, 12, 31, 23, 59, 59, 123000, tzinfo=UTC)


@pytest.fixture
async def apple(tmp_path: Path) -> AsyncIterator[Apple]:
    async with running_apple(tmp_path) as running:
        yield running


@asynccontextmanager
async def sending_to(apple: Apple, **options: Any) -> AsyncIterator[ApnsPushes]:
    by_key = sign_by(apple.authority.key_file.read_text(), KEY_ID, TEAM_ID)
    options = {"signature": by_key, "context": trust(str(apple.authority.ca_file))} | options
    pushes = ApnsPushes(HandClock(), topic=TOPIC, server=apple.server, **options)
    yield pushes
    await pushes.close()


@pytest.fixture
async def pushes(apple: Apple) -> AsyncIterator[ApnsPushes]:
    async with sending_to(apple) as ready:
        yield ready


async def test_a_push_carries_the_alert_a_sound_and_the_data_and_expires_after_thirty_days(
    apple: Apple, pushes: ApnsPushes
) -> None:
    assert await pushes.send(NOTE, "t1") == Delivered()
    (push,) = apple.taken
    assert push.token == "t1"
    assert push.payload == {
        "aps": {"alert": NOTE.alert, "sound": "default"},
        "type": "rsvp",
        "event_id": 12,
        "title": "Dinner",
    }
    named = {name: value for name, value in push.headers.items() if name.startswith("apns-")}
    assert named == {
        "apns-id": str(apns_id(NOTE.key, "t1")),
        "apns-topic": TOPIC,
        "apns-push-type": "alert",
        "apns-priority": "10",
        "apns-expiration": str(int(NOTE.at.timestamp()) + 30 * 24 * 3600),
        "apns-collapse-id": str(apns_id(NOTE.key, "t1")),
    }


async def test_each_attempt_has_the_same_id_and_each_device_another(apple: Apple, pushes: ApnsPushes) -> None:
    apple.plan("t1", Answer(503))
    for token in ("t1", "t1", "t2"):
        await pushes.send(NOTE, token)
    first, again, other = (push.id for push in apple.received)
    assert first == again != other


GONE_MS = int(SINCE.timestamp() * 1000)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer(410, "Unregistered", timestamp=GONE_MS), Gone(SINCE)),
        (Answer(410, "Unregistered"), Gone()),
        (Answer(410, "Unregistered", body=b'{"reason": "Unregistered", "timestamp": 1e300}'), Gone()),
        (Answer(410, body=b"<html>"), Gone()),
        (Answer(400, "BadDeviceToken"), Gone()),
        (Answer(400, "BadTopic"), Refused("400 BadTopic")),
        (Answer(413, "PayloadTooLarge"), Refused("413 PayloadTooLarge")),
        (Answer(403, "ExpiredProviderToken"), RetryLater("403 ExpiredProviderToken")),
        (Answer(429, "TooManyRequests"), RetryLater("429 TooManyRequests")),
        (Answer(429, "TooManyRequests", {"retry-after": "7"}), RetryLater("429 TooManyRequests", 7)),
        (Answer(503, "Shutdown", {"retry-after": "120"}), RetryLater("503 Shutdown", 120)),
        (Answer(503, "Shutdown", {"retry-after": "soon"}), RetryLater("503 Shutdown")),
        (Answer(500, body=b""), RetryLater("500")),
        (Answer(500, body=b"[1]"), RetryLater("500")),
    ],
)
async def test_each_answer_has_one_meaning(apple: Apple, pushes: ApnsPushes, answer: Answer, outcome: Outcome) -> None:
    apple.plan("t1", answer)
    assert await pushes.send(NOTE, "t1") == outcome
    assert await pushes.send(NOTE, "t1") == Delivered(), "and the next is answered for itself"


@pytest.mark.parametrize("misfortune", [RESET, CLOSE, DIE])
async def test_a_request_that_is_cut_off_is_for_later_and_so_are_those_beside_it_and_the_next_goes_through(
    apple: Apple, pushes: ApnsPushes, misfortune: int
) -> None:
    apple.plan("t1", Answer(misfortune))
    apple.plan("t2", Answer(NOTHING))
    async with sending_to(apple, timeout_s=1.0) as hurried:
        first, second = await asyncio.gather(hurried.send(NOTE, "t1"), hurried.send(NOTE, "t2"))
    assert isinstance(first, RetryLater)
    assert isinstance(second, RetryLater)
    assert await pushes.send(NOTE, "t1") == Delivered()


@pytest.mark.parametrize("misfortune", [RESET, CLOSE, DIE])
async def test_what_is_cut_off_is_known_at_once(apple: Apple, pushes: ApnsPushes, misfortune: int) -> None:
    apple.plan("t1", Answer(misfortune))
    outcome = await pushes.send(NOTE, "t1")
    assert isinstance(outcome, RetryLater)
    assert outcome.reason != "no answer in time"


async def test_one_that_is_never_answered_ends_and_leaves_room_for_others(apple: Apple) -> None:
    apple.streams_max = 1
    apple.plan("t1", Answer(NOTHING))
    async with sending_to(apple, timeout_s=0.5) as pushes:
        assert await pushes.send(NOTE, "t1") == RetryLater("no answer in time")
    async with sending_to(apple) as pushes:
        assert await pushes.send(NOTE, "t2") == Delivered()


async def test_a_line_that_says_nothing_any_more_is_left_for_another(apple: Apple, pushes: ApnsPushes) -> None:
    apple.plan("t1", Answer(NOTHING))
    assert await pushes.send(NOTE, "t0") == Delivered()
    pushes._timeout_s, patient_s = 0.5, pushes._timeout_s
    assert await pushes.send(NOTE, "t1") == RetryLater("no answer in time")
    pushes._timeout_s = patient_s
    assert await pushes.send(NOTE, "t2") == Delivered()
    assert {push.token: push.line for push in apple.taken} == {"t0": 1, "t2": 2}


async def test_an_apple_out_of_reach_is_for_later(apple: Apple) -> None:
    by_key = sign_by(apple.authority.key_file.read_text(), KEY_ID, TEAM_ID)
    with deaf_port() as port:
        away = ApnsPushes(HandClock(), topic=TOPIC, context=trust(), signature=by_key, server=f"127.0.0.1:{port}")
        assert isinstance(await away.send(NOTE, "t1"), RetryLater)


async def test_a_server_that_nobody_vouches_for_gets_nothing(apple: Apple) -> None:
    async with sending_to(apple, context=trust()) as pushes:
        assert isinstance(await pushes.send(NOTE, "t1"), RetryLater)
    assert apple.received == []


async def test_a_certificate_does_instead_of_a_key(tmp_path: Path) -> None:
    async with running_apple(tmp_path, needs_certificate=True) as apple:
        context = trust(str(apple.authority.ca_file))
        context.load_cert_chain(apple.authority.client_file)
        async with sending_to(apple, context=context, signature=None) as pushes:
            assert await pushes.send(NOTE, "t1") == Delivered()
        assert "authorization" not in apple.taken[0].headers


async def test_no_more_are_on_their_way_than_the_server_allows_and_all_arrive_on_one_connection(tmp_path: Path) -> None:
    async with running_apple(tmp_path, streams_max=3) as apple, sending_to(apple) as pushes:
        outcomes = await asyncio.gather(*(pushes.send(NOTE, f"t{n}") for n in range(100)))
        assert outcomes == [Delivered()] * 100
        assert apple.most_at_once <= 3
        assert apple.lines == 1


async def test_it_signs_once_for_all_its_connections(apple: Apple, pushes: ApnsPushes) -> None:
    apple.plan("t1", Answer(DIE))
    await pushes.send(NOTE, "t1")
    await pushes.send(NOTE, "t1")
    assert [push.line for push in apple.received] == [1, 2]
    assert len({push.headers["authorization"] for push in apple.received}) == 1


async def test_more_errors_than_fit_into_a_window_are_all_heard(apple: Apple, pushes: ApnsPushes) -> None:
    apple.plan("t1", *(Answer(400, "x" * 4096) for _ in range(40)))
    for _ in range(40):
        assert isinstance(await pushes.send(NOTE, "t1"), Refused)
    assert apple.lines == 1


async def test_a_token_is_one_part_of_the_path_whatever_is_in_it(apple: Apple, pushes: ApnsPushes) -> None:
    assert await pushes.send(NOTE, "../é x?#\r\n") == Delivered()
    assert [push.token for push in apple.taken] == ["..%2F%C3%A9%20x%3F%23%0D%0A"]


@pytest.mark.parametrize("seen", ["☎", "👩‍👩‍👧"])
async def test_a_long_alert_is_cut_to_what_apple_takes_between_characters(
    apple: Apple, pushes: ApnsPushes, seen: str
) -> None:
    long = Notification("k", 7, seen * 5000, "message", NOTE.at, {"type": "mine", "aps": 1})
    assert await pushes.send(long, "t1") == Delivered()
    (push,) = apple.taken
    assert len(json.dumps(push.payload, ensure_ascii=False, separators=(",", ":")).encode()) <= 4096
    shown = push.alert.removesuffix("…")
    assert push.alert == f"{shown}…"
    assert shown == seen * (len(shown) // len(seen))
    assert len(shown.encode()) > 3000
    assert push.payload["type"] == "message"


@pytest.mark.parametrize(
    ("collapse", "shown"), [("chat 5", "chat 5"), ("c" * 64, "c" * 64), ("c" * 65, None), ("é", None)]
)
async def test_what_replaces_what_has_a_name_that_apple_takes(
    apple: Apple, pushes: ApnsPushes, collapse: str, shown: str | None
) -> None:
    note = Notification("k", 7, "Hi", "message", NOTE.at, collapse=collapse)
    for _ in range(2):
        await pushes.send(note, "t1")
    first, second = (push.headers["apns-collapse-id"] for push in apple.taken)
    assert first == second
    assert len(first) <= 64
    assert shown in (None, first)


async def test_the_label_stands_before_each_alert(apple: Apple) -> None:
    async with sending_to(apple, label="[test]") as pushes:
        await pushes.send(NOTE, "t1")
    assert apple.taken[0].alert == f"[test] {NOTE.alert}"


def test_what_is_no_key_cannot_sign() -> None:
    for text in ("", "no key", "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----"):
        with pytest.raises(ValueError):
            sign_by(text, KEY_ID, TEAM_ID)
