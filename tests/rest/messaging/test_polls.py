"""Polls over REST: sent, listed, voted in, by forms and by JSON."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from server.embedded import EmbeddedStores
from tests.support.message_fixture import Talk, open_talk

SEND = "/api/messages/send-poll/"
POLL: dict[str, Any] = {"question": "Where do we eat?", "options": ["At home", "In the park, if it is dry"]}


@pytest.fixture(scope="module")
async def talk(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Talk]:
    async with open_talk(stores, tmp_path_factory.mktemp("polls")) as running:
        yield running


async def vote(talk: Talk, who: Any, poll: dict[str, Any], **body: Any) -> tuple[int, Any]:
    return await talk.node.rest("POST", f"/api/messages/{poll['id']}/vote/", who, json=body)


async def test_a_poll_is_listed_with_its_votes(talk: Talk) -> None:
    ann, tom = await talk.people()
    more = {"multiple": True, "closes_at": 4102444800}
    status, sent = await talk.node.rest("POST", SEND, ann, json={**POLL, **more, "contact": tom.number})
    assert status == 200, sent
    status, voted = await vote(talk, tom, sent, options=[1, 0])
    assert status == 200, voted
    assert (voted["entry"]["of"], voted["entry"]["options"], voted["message"]["kind"]) == (
        sent["seq"],
        [0, 1],
        "message",
    )
    (listed,) = await talk.listed(tom, ann)
    assert {name: listed[name] for name in ("type", "text", "question", "voter_count", "multiple", "closes_at")} == {
        "type": "p",
        "text": POLL["question"],
        "question": POLL["question"],
        "voter_count": 1,
        "multiple": True,
        "closes_at": "2100-01-01T00:00:00",
    }
    assert listed["options"] == [{"text": text, "votes": 1, "voters": [tom.account_id]} for text in POLL["options"]]
    chats = await talk.get("/api/messages/chats/", ann)
    assert chats["chats"][0]["snippet"] == POLL["question"]


async def test_forms_send_and_vote_as_well(talk: Talk) -> None:
    ann, tom = await talk.people()
    fields = [("contact", tom.number), ("question", "?"), ("options", "a, b"), ("options", "c"), ("secret", "true")]
    status, sent = await talk.node.rest("POST", SEND, ann, data=fields)
    assert status == 200, sent
    path = f"/api/messages/{sent['id']}/vote/"
    for given, chosen in [("1", [1]), ("", []), ("[0]", [0])]:
        status, voted = await talk.node.rest("POST", path, tom, data={"options": given})
        assert (status, voted["entry"]["options"]) == (200, chosen)
    (mine,), (theirs,) = await talk.listed(tom, ann), await talk.listed(ann, tom)
    assert mine["options"] == theirs["options"] == [{"text": "a, b", "votes": 1}, {"text": "c", "votes": 0}]
    assert mine["chosen"] == [0]
    assert "chosen" not in theirs
    text = {"contact": tom.number, "question": "?", "options": '["a, b", "c"]'}
    assert "id" in await talk.post(SEND, ann, **text)


async def test_the_same_client_id_sends_and_votes_once(talk: Talk) -> None:
    ann, tom = await talk.people()
    body = {**POLL, "contact": tom.number, "client_id": "p"}
    first, again = [await talk.node.rest("POST", SEND, ann, json=body) for _ in range(2)]
    assert first == again
    poll = first[1]
    voted = [await vote(talk, tom, poll, options=[0], client_id="v") for _ in range(2)]
    assert voted[0] == voted[1]
    assert (await vote(talk, tom, poll, options=[1], client_id="v"))[1]["entry"]["options"] == [0]
    assert await talk.node.rest("POST", SEND, ann, json=body | {"options": []}) == first, (
        "also when it would be refused"
    )


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"options": ["one"]}, "malformed"),
        ({"options": ["a", "a"]}, "malformed"),
        ({"options": "a,b"}, "malformed"),
        ({"question": ""}, "malformed"),
        ({"question": "x" * 257}, "too_long"),
        ({"closes_at": "soon"}, "malformed"),
        ({"secret": "perhaps"}, "malformed"),
    ],
    ids=str,
)
async def test_a_poll_that_cannot_be_read_is_refused(talk: Talk, body: dict[str, Any], code: str) -> None:
    ann, tom = await talk.people()
    status, refused = await talk.node.rest("POST", SEND, ann, json={**POLL, "contact": tom.number, **body})
    assert (status, refused["code"]) == (400, code)


async def test_a_vote_that_may_not_be_is_refused(talk: Talk) -> None:
    ann, tom, eve = await talk.people(3)
    poll = (await talk.node.rest("POST", SEND, ann, json={**POLL, "contact": tom.number}))[1]
    text = await talk.send(ann, tom)
    closed = {**POLL, "contact": tom.number, "closes_at": "2020-01-01"}
    old = (await talk.node.rest("POST", SEND, ann, json=closed))[1]
    nowhere = {"id": "F" * 22}
    for who, where, options, expected in [
        (tom, poll, [2], (400, "malformed")),
        (tom, poll, [0, 1], (400, "malformed")),
        (tom, poll, None, (400, "malformed")),
        (tom, text, [0], (400, "malformed")),
        (tom, old, [0], (409, "poll_closed")),
        (eve, poll, [0], (404, "chat_not_found")),
        (eve, nowhere, [0], (404, "message_not_found")),
        (eve, {"id": "chats"}, [0], (404, "message_not_found")),
    ]:
        status, refused = await vote(talk, who, where, options=options)
        assert (status, refused["code"]) == expected, (options, refused)
