"""`sync` answers honestly in one of three ways, and reveals nothing to who was never in a chat."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from models.documents.entry import Draft, Joined, Left, SubjectSet
from models.stores.entry_rows import entry_row
from tests.conversation.talk import answered, friends, hear, newcomers, phones, refused, say, synced
from tests.support.node import Device, Node
from tests.support.parts import Parts


async def test_who_has_everything_is_current(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    message = await say(ann, contact=tom.person.number)
    state = (await synced(tom, {message["chat"]: 1}))[message["chat"]]
    assert (state["status"], state["entries"], state["cursor"], state["last_seq"]) == ("current", [], 1, 1)


async def test_who_missed_something_is_given_just_that(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    said = [await say(ann, f"{n}", contact=tom.person.number) for n in range(4)]
    state = (await synced(tom, {said[0]["chat"]: 2}))[said[0]["chat"]]
    assert state["status"] == "delta"
    assert [entry["text"] for entry in state["entries"]] == ["2", "3"]
    assert state["cursor"] == 4


async def test_a_chat_that_is_not_named_is_part_of_the_answer(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    message = await say(ann, contact=tom.person.number)
    state = (await synced(tom))[message["chat"]]
    assert (state["status"], state["contact"]) == ("reset", ann.person.number)
    assert [entry["id"] for entry in state["entries"]] == [message["id"]]


async def test_a_cursor_ahead_of_the_log_starts_over(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    message = await say(ann, contact=tom.person.number)
    state = (await synced(tom, {message["chat"]: 77}))[message["chat"]]
    assert (state["status"], state["cursor"]) == ("reset", 1)
    assert len(state["entries"]) == 1


async def test_a_chat_of_strangers_looks_like_none(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    (eve,) = await phones(node, *await newcomers(node, 1))
    chat = (await say(ann, contact=tom.person.number))["chat"]
    nowhere = 2**31 - 2
    states = await synced(eve, {chat: 0, nowhere: 0})
    assert {**states[chat], "chat": nowhere} == states[nowhere]
    nothing = {name: states[nowhere][name] for name in ("status", "entries", "last_seq", "cursor")}
    assert nothing == {"status": "reset", "entries": [], "last_seq": 0, "cursor": 0}
    for event, body, namespace in [
        ("history", {}, "/chat"),
        ("message_send", {"client_id": "1", "text": "hi"}, "/chat"),
        ("message_edit", {"seq": 1, "text": "x"}, "/chat"),
        ("message_delete", {"seq": 1}, "/chat"),
        ("message_delete", {"seq": 1, "scope": "me"}, "/chat"),
        ("reaction_set", {"seq": 1, "emoji": "👍"}, "/chat"),
        ("read", {"seq": 1}, "/receipts"),
        ("typing_start", {}, "/typing"),
    ]:
        answers = [await eve.ask(event, {"chat": one, **body}, namespace) for one in (chat, nowhere)]
        assert answers[0] == answers[1], event
        assert answers[0]["error"]["code"] == "chat_not_found", event


def texts(state: dict[str, Any]) -> list[str | None]:
    return [entry.get("text") for entry in state["entries"] if entry["kind"] == "message"]


class TestWhoLeft:
    async def test_is_not_given_what_was_deleted_since_though_it_was_just_shown_to_others(
        self, node: Node, parts: Parts
    ) -> None:
        ann, tom, max_ = await phones(node, *await friends(node, 3))
        group = await parts.found_group(ann.person, tom.person, max_.person)
        said = await say(ann, "a mistake", chat=group.id)
        left = await parts.change_chat(ann.person, group.id, Left(tom.person.account_id, tom.person.number))
        assert texts((await synced(max_, {group.id: 1}))[group.id]) == ["a mistake"]
        await answered(ann, "message_delete", {"chat": group.id, "seq": said["seq"]})
        state = (await synced(tom, {group.id: 1}))[group.id]
        assert state["last_seq"] == left.seq
        assert texts(state) == [None]

    async def test_is_given_the_log_up_to_the_departure_and_nothing_after(self, node: Node, parts: Parts) -> None:
        ann, tom, max_ = await phones(node, *await friends(node, 3))
        group = await parts.found_group(ann.person, tom.person, max_.person)
        await say(ann, "before", chat=group.id)
        await parts.change_chat(ann.person, group.id, Left(tom.person.account_id, tom.person.number))
        await say(ann, "after", chat=group.id)
        await parts.change_chat(ann.person, group.id, SubjectSet("secret"))
        await tom.client.disconnect()
        (tom,) = await phones(node, tom.person)
        state = (await synced(tom, {group.id: 1}))[group.id]
        assert [entry["kind"] for entry in state["entries"]] == ["message", "left"]
        assert (state["last_seq"], state["cursor"], state["is_member"], state["unread"]) == (3, 3, False, 3)
        assert [mark["account"] for mark in state["marks"]] == [tom.person.account_id]
        assert "secret" not in str(state)
        assert (await synced(tom, {group.id: 3}))[group.id]["status"] == "current"
        assert (await synced(tom, {group.id: 5}))[group.id]["last_seq"] == 3
        assert group.id not in await synced(tom)
        page = await answered(tom, "history", {"group": group.group})
        assert ([entry["seq"] for entry in page["entries"]], page["last_seq"]) == ([1, 2, 3], 3)

    async def test_and_came_back_is_spared_what_was_said_meanwhile(self, node: Node, parts: Parts) -> None:
        ann, tom = await phones(node, *await friends(node, 2))
        group = await parts.found_group(ann.person, tom.person)
        await parts.change_chat(ann.person, group.id, Left(tom.person.account_id, tom.person.number))
        await say(ann, "meanwhile", chat=group.id)
        await parts.change_chat(ann.person, group.id, Joined((tom.person.account_id,), (tom.person.number,)))
        await say(ann, "again", chat=group.id)
        for cursors in ({group.id: 2}, {group.id: 0}, {}):
            state = (await synced(tom, cursors))[group.id]
            assert state["status"] == "reset"  # messages from before the departure may have changed meanwhile
            assert "meanwhile" not in str(state)
            assert [entry["seq"] for entry in state["entries"]][-2:] == [4, 5]
            assert (state["is_member"], state["unread"]) == (True, 2)
        assert "meanwhile" not in str(await answered(tom, "history", {"chat": group.id}))

    async def test_is_told_so_as_soon_as_it_is_stored(self, node: Node, parts: Parts) -> None:
        """Between the storing of a departure and its being applied, and after a crash there."""
        ann, tom = await phones(node, *await friends(node, 2))
        group = await parts.found_group(ann.person, tom.person)
        left = Left(tom.person.account_id, tom.person.number)
        draft = Draft(group.id, ann.person.account_id, ann.person.number, "x", left)
        await parts.database.raw["entries"].insert_one(entry_row(draft, 2, datetime.now(UTC)))
        await parts.write(ann.person, group.id, 1)
        page = await answered(tom, "history", {"chat": group.id})
        assert [entry["seq"] for entry in page["entries"]] == [1, 2]
        state = (await synced(tom, {group.id: 1}))[group.id]
        assert (state["is_member"], state["cursor"]) == (False, 2)

    async def test_and_the_chat_list_knows(self, node: Node, parts: Parts) -> None:
        ann, tom = await phones(node, *await friends(node, 2))
        group = await parts.found_group(ann.person, tom.person)
        left = Left(tom.person.account_id, tom.person.number)
        draft = Draft(group.id, ann.person.account_id, ann.person.number, "x", left)
        await parts.database.raw["entries"].insert_one(entry_row(draft, 2, datetime.now(UTC)))
        assert (await answered(tom, "chats", {}))["chats"] == []

    async def test_is_shown_messages_as_they_were_then(self, node: Node, parts: Parts) -> None:
        ann, tom = await phones(node, *await friends(node, 2))
        group = await parts.found_group(ann.person, tom.person)
        await say(ann, "first", chat=group.id)
        await say(ann, "second", chat=group.id)
        await answered(ann, "message_edit", {"chat": group.id, "seq": 3, "text": "second, edited"})
        await parts.change_chat(ann.person, group.id, Left(tom.person.account_id, tom.person.number))
        await answered(ann, "message_edit", {"chat": group.id, "seq": 2, "text": "for members"})
        await answered(ann, "reaction_set", {"chat": group.id, "seq": 3, "emoji": "🤫"})
        for entries in (
            (await answered(tom, "history", {"chat": group.id}))["entries"],
            (await synced(tom, {group.id: 0}))[group.id]["entries"],
        ):
            assert [entry["text"] for entry in entries if entry["kind"] == "message"] == ["first", "second, edited"]
            assert not {"for members", "🤫"} & set(str(entries).split("'"))


async def test_more_leads_to_the_end(node: Node, parts: Parts) -> None:
    ann, tom = await friends(node, 2)
    phone = (await phones(node, ann))[0]
    groups = [await parts.found_group(ann, tom) for _ in range(3)]
    for group in groups:
        await parts.write(ann, group.id, 1200)
    cursors = {group.id: 1 for group in groups}
    seen: dict[int, list[int]] = {group.id: [1] for group in groups}
    calls, more = 0, True
    while more:
        answer = await answered(phone, "sync", {"cursors": {str(chat): seq for chat, seq in cursors.items()}})
        calls, more = calls + 1, answer["more"]
        assert sum(len(state["entries"]) for state in answer["chats"]) <= 1000
        for state in answer["chats"]:
            if state["chat"] in cursors:
                seen[state["chat"]] += [entry["seq"] for entry in state["entries"]]
                cursors[state["chat"]] = state["cursor"]
    assert calls == 4
    assert all(seqs == list(range(1, 1202)) for seqs in seen.values())


@pytest.mark.parametrize(
    "cursors",
    [
        [],
        "1",
        {"x": 1},
        {"-1": 1},
        {"0": 1},
        {"1": -1},
        {"1": "1"},
        {"1": 1.5},
        {"1": None},
        {"1": 2**40},
        {"9" * 40: 1},
    ],
    ids=str,
)
async def test_cursors_that_cannot_be_read_are_refused(written: tuple[Device, int], cursors: object) -> None:
    ann, _ = written
    assert await refused(ann, "sync", {"cursors": cursors}) == "malformed"


async def test_an_answer_fits_into_one_frame_however_long_the_texts(node: Node, parts: Parts) -> None:
    ann, tom = await friends(node, 2)
    group = await parts.found_group(ann, tom)
    await parts.write(ann, group.id, 300, text="👩🏽‍🚀" * 4096)
    phone = (await phones(node, tom))[0]
    cursor, more, answers = 1, True, 0
    while more:
        answer = await answered(phone, "sync", {"cursors": {str(group.id): cursor}})
        state = next(state for state in answer["chats"] if state["chat"] == group.id)
        assert sum(len(entry["text"].encode()) for entry in state["entries"]) < 3_000_000
        assert state["cursor"] > cursor
        cursor, more, answers = state["cursor"], answer["more"], answers + 1
    assert cursor == 301
    assert answers > 3
    page = await answered(phone, "history", {"chat": group.id, "limit": 200})
    assert page["more"]
    older = await answered(phone, "history", {"chat": group.id, "limit": 200, "before": page["next"]})
    assert older["entries"][-1]["seq"] == page["entries"][0]["seq"] - 1


async def test_events_from_before_the_answer_are_those_that_it_holds(node: Node) -> None:
    """What is said while somebody syncs is in the answer, or comes as an event; both is fine, neither would be a loss."""
    ann, tom = await phones(node, *await friends(node, 2))
    chat = (await say(ann, "first", contact=tom.person.number))["chat"]
    for round_ in range(10):
        body = {"chat": chat, "client_id": uuid4().hex, "text": f"{round_}"}
        ann.client.start_background_task(ann.ask, "message_send", body)
        state = (await synced(tom, {chat: 0}))[chat]
        got = {entry["text"] for entry in state["entries"]}
        if str(round_) not in got:
            await hear(tom, str(round_))
