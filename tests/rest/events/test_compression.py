"""JSON is compressed for whoever asks for it, and means the same: tags, 304 and HEAD agree with it."""

import gzip
import json
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.rest.events.people import People
from tests.support.node import Person
from tests.support.raw import request

GUESTS = 200


def unpacked(headers: dict[str, str], body: bytes) -> Any:
    match headers.get("content-encoding"):
        case "gzip":
            body = gzip.decompress(body)
        case "deflate":
            body = zlib.decompress(body)
        case other:
            assert other is None
    return json.loads(body)


async def ask(
    people: People,
    who: Person,
    path: str,
    accept: str | None,
    method: str = "GET",
    more: str = "",
    body: bytes | None = None,
) -> tuple[int, dict[str, str], bytes]:
    """By hand: common clients ask for compression by themselves, and undo it."""
    headers = f"Authorization: Bearer {who.token}\r\n{more}"
    if accept is not None:
        headers += f"Accept-Encoding: {accept}\r\n"
    return await request(people.node.url, method, path, body, headers=headers)


async def large_event(people: People, owner: Person) -> int:
    invitees = [f"+4930777{n:05}" for n in range(GUESTS)]
    date = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = {"title": "All", "event_date": date, "invite_phone_numbers": invitees, "total_spots": 5}
    status, shown = await people.ask(owner, "POST", "/events", json=body)
    assert status == 201, shown
    event_id: int = shown["id"]
    return event_id


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("gzip", "gzip"),
        ("GZIP, br", "gzip"),
        ("deflate", "deflate"),
        ("gzip, deflate", "gzip"),
        ("gzip;q=0.2, deflate;q=0.8", "deflate"),
        ("*", "gzip"),
        ("gzip;q=0, *", "deflate"),
        (None, None),
        ("", None),
        ("identity", None),
        ("br", None),
        ("gzip;q=0", None),
        ("gzip;q=0, deflate;q=0, *;q=0", None),
        ("gzip;q=nonsense", None),
    ],
)
async def test_the_coding_that_is_wanted_most_is_taken(people: People, accept: str | None, coding: str | None) -> None:
    ann = await people.new("Ann")
    path = f"/events/{await large_event(people, ann)}"
    status, headers, body = await ask(people, ann, path, accept)
    assert (status, headers.get("content-encoding")) == (200, coding)
    assert int(headers["content-length"]) == len(body)
    assert headers["vary"] == "Accept-Encoding, Origin"
    plain = json.loads((await ask(people, ann, path, None))[2])
    assert unpacked(headers, body) == plain
    if coding is not None:
        assert len(body) * 8 < len(json.dumps(plain))


async def test_a_compressed_answer_has_a_weak_tag_by_which_it_is_not_sent_again(people: People) -> None:
    ann = await people.new("Ann")
    path = f"/events/{await large_event(people, ann)}"
    _, plain, _ = await ask(people, ann, path, None)
    _, packed, body = await ask(people, ann, path, "gzip")
    assert packed["etag"] == f"W/{plain['etag']}"
    for tag in (plain["etag"], packed["etag"]):
        status, headers, nothing = await ask(people, ann, path, "gzip", more=f"If-None-Match: {tag}\r\n")
        assert (status, nothing, headers["etag"], headers["vary"]) == (
            304,
            b"",
            packed["etag"],
            "Accept-Encoding, Origin",
        )
    status, headers, nothing = await ask(people, ann, path, "gzip", "HEAD")
    assert (status, nothing, headers["etag"], headers["content-encoding"]) == (200, b"", packed["etag"], "gzip")
    assert int(headers["content-length"]) == len(body)


async def test_an_answer_to_what_is_no_get_is_compressed_too(people: People) -> None:
    ann = await people.new("Ann")
    path = f"/events/{await large_event(people, ann)}"
    more = "Content-Type: application/json\r\n"
    status, headers, body = await ask(people, ann, path, "gzip", "PATCH", more, b'{"title": "Other"}')
    assert (status, headers["content-encoding"], unpacked(headers, body)["title"]) == (200, "gzip", "Other")


async def test_the_messaging_api_compresses_likewise(people: People) -> None:
    ann = await people.new("Ann")
    book = [{"contact_id": f"4930778{n:05}", "first_name": "Somebody"} for n in range(GUESTS)]
    status, shown = await people.ask(ann, "POST", "/api/contacts/import-contacts/", json={"contacts": book})
    assert status == 200, shown
    status, headers, body = await ask(people, ann, "/api/contacts/", "gzip")
    assert (status, headers["content-encoding"], headers["vary"]) == (200, "gzip", "Accept-Encoding, Origin")
    assert len(unpacked(headers, body)) == GUESTS


async def test_what_is_short_or_is_no_json_is_sent_as_it_is(people: People) -> None:
    ann = await people.new("Ann")
    _, headers, body = await ask(people, ann, "/events/stats", "gzip")
    assert "content-encoding" not in headers
    assert headers["vary"] == "Accept-Encoding, Origin"
    assert json.loads(body) == {"unresponded_invite_count": 0}
    _, headers, _ = await ask(people, ann, "/healthz", "gzip")
    assert "content-encoding" not in headers
