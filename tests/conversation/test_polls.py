"""Polls: who may vote when, what everybody counts, and that a secret vote stays one in every answer."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bson import encode

from models.documents.entry import Joined, Left, Vote, entry_key
from models.services.chats.recovery import recover_pending_changes
from models.stores.entries import Entries
from server.embedded import EmbeddedStores
from tests.conversation.talk import answered, friends, history, newcomers, phones, refused, say, silence, synced
from tests.conversation.test_out_and_in import store_untold
from tests.support.node import Device, Node, Person, running_node, settings_for
from tests.support.parts import Parts, parts_of, services_of

OPTIONS = ["Bread", "Cake", "Nothing"]
FAR = "2100-01-01T00:00:00.000Z"


async def ask(device: Device, chat: int, **more: Any) -> int:
    """Ask what to bake; the poll's seq."""
    body = {"chat": chat, "client_id": "poll", "type": "p", "question": "What do we bake?", "options": OPTIONS, **more}
    seq: int = (await answered(device, "message_send", body))["message"]["seq"]
    return seq


async def vote(device: Device, chat: int, of: int, *options: int, **more: Any) -> dict[str, Any]:
    return await answered(device, "vote", {"chat": chat, "seq": of, "options": list(options), **more})


def counts(message: dict[str, Any]) -> list[int]:
    return [option["votes"] for option in message["options"]]


def voters(message: dict[str, Any]) -> list[list[int]]:
    return [option["voters"] for option in message["options"]]


async def shown(device: Device, chat: int, of: int) -> dict[str, Any]:
    return next(entry for entry in await history(device, chat, limit=200) if entry["seq"] == of)


@pytest.fixture
async def trio(node: Node, parts: Parts) -> tuple[list[Device], int]:
    """Ann, Bob and Cy on their phones, and their group, whose first entry made it."""
    people = await friends(node, 3)
    return await phones(node, *people), (await parts.found_group(*people)).id


async def test_everybody_counts_the_votes_and_sees_who_gave_them(trio: tuple[list[Device], int]) -> None:
    (ann, bob, cy), chat = trio
    of = await ask(ann, chat, closes_at=FAR)
    answer = await vote(bob, chat, of, 1)
    assert answer["entry"]["options"] == [1]
    await vote(cy, chat, of, 1)
    await vote(cy, chat, of, 0)
    bob_id, cy_id = bob.person.account_id, cy.person.account_id
    for device in (ann, bob, cy):
        heard = await device.expect("vote_changed", 3)
        assert heard[0] == answer["entry"]
        assert [(one["account"], one["of"], one["options"]) for one in heard] == [
            (bob_id, of, [1]),
            (cy_id, of, [1]),
            (cy_id, of, [0]),
        ]
        message = await shown(device, chat, of)
        assert (message["question"], [one["text"] for one in message["options"]]) == ("What do we bake?", OPTIONS)
        assert (voters(message), counts(message), message["voter_count"]) == ([[cy_id], [bob_id], []], [1, 1, 0], 2)
        assert message["closes_at"] == FAR
        assert not {"multiple", "secret", "chosen"} & message.keys()


async def test_a_vote_can_be_taken_back(trio: tuple[list[Device], int]) -> None:
    (ann, bob, _), chat = trio
    of = await ask(ann, chat, multiple=True)
    assert counts((await vote(bob, chat, of, 2, 0))["message"]) == [1, 0, 1]
    message = (await vote(bob, chat, of))["message"]
    assert (counts(message), message["voter_count"], message["multiple"]) == ([0, 0, 0], 0, True)


async def test_a_vote_that_is_sent_again_counts_once_and_keeps_its_answer(trio: tuple[list[Device], int]) -> None:
    (ann, bob, cy), chat = trio
    of = await ask(ann, chat, secret=True)
    first = await vote(bob, chat, of, 1, client_id="once")
    await vote(bob, chat, of, 2, client_id="twice")
    again = await vote(bob, chat, of, 1, client_id="once")
    assert again["entry"] == first["entry"]
    assert counts(again["message"]) == [0, 0, 1], "the message is as it is now"
    await silence(cy, ann)
    assert [heard["seq"] for heard in cy.told("vote_changed")] == [of + 1, of + 2]
    assert await refused(bob, "vote", {"chat": chat, "seq": of, "options": "x", "client_id": "new"}) == "malformed"
    assert (await answered(bob, "vote", {"chat": chat, "seq": of, "options": "x", "client_id": "once"})) == again
    assert await refused(bob, "message_delete", {"chat": chat, "seq": of, "client_id": "once"}) == "client_id_reused"
    assert (
        await refused(ann, "vote", {"chat": chat, "seq": of, "options": [1], "client_id": "poll"}) == "client_id_reused"
    )


async def test_nobody_votes_in_a_closed_poll_nor_takes_a_vote_back(
    trio: tuple[list[Device], int], parts: Parts
) -> None:
    (ann, bob, _), chat = trio
    of = await ask(ann, chat, closes_at=FAR)
    first = await vote(bob, chat, of, 1, client_id="in time")
    past = datetime.now(UTC) - timedelta(minutes=1)
    await parts.database.collection("entries").update_one(
        {"_id": entry_key(chat, of)}, {"$set": {"poll.closes_at": past}}
    )
    for options in ([0], []):
        assert await refused(bob, "vote", {"chat": chat, "seq": of, "options": options}) == "poll_closed"
    again = await vote(bob, chat, of, 1, client_id="in time")
    assert (again["entry"], counts(again["message"])) == (first["entry"], [0, 1, 0])


async def test_a_deleted_poll_takes_no_vote_and_shows_none(trio: tuple[list[Device], int], parts: Parts) -> None:
    (ann, bob, cy), chat = trio
    of, secret = await ask(ann, chat), await ask(ann, chat, secret=True, client_id="secret")
    for poll in (of, secret):
        await vote(bob, chat, poll, 1)
        await answered(ann, "message_delete", {"chat": chat, "seq": poll})
        assert await refused(cy, "vote", {"chat": chat, "seq": poll, "options": [1]}) == "message_deleted"
    entries = await history(cy, chat)
    for entry in entries:
        assert not entry.get("options"), entry
        assert not entry.get("votes"), entry
        assert "question" not in entry, entry
    row = await parts.database.collection("entries").find_one({"_id": entry_key(chat, of)})
    assert row is not None
    assert not {"poll", "votes"} & row.keys()


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"options": ["one"]}, "malformed"),
        ({"options": [str(n) for n in range(13)]}, "malformed"),
        ({"options": ["same", " same "]}, "malformed"),
        ({"options": ["a", ""]}, "malformed"),
        ({"options": ["a", 2]}, "malformed"),
        ({"options": ["a", "x" * 129]}, "too_long"),
        ({"options": None}, "malformed"),
        ({"question": " "}, "malformed"),
        ({"question": "x" * 257}, "too_long"),
        ({"closes_at": "soon"}, "malformed"),
        ({"secret": "yes"}, "malformed"),
        ({"multiple": 1}, "malformed"),
    ],
    ids=str,
)
async def test_a_poll_that_cannot_be_read_is_refused(
    written: tuple[Device, int], more: dict[str, Any], code: str
) -> None:
    ann, chat = written
    body = {"chat": chat, "client_id": "bad poll", "type": "p", "question": "?", "options": ["a", "b"], **more}
    assert await refused(ann, "message_send", body) == code


async def test_a_vote_that_fits_no_poll_is_refused(trio: tuple[list[Device], int]) -> None:
    (ann, bob, _), chat = trio
    of, text = await ask(ann, chat), (await say(ann, "hello", chat=chat))["seq"]
    for options in ([3], [0, 1], [-1], [True], [0, 0], ["0"], 1, None, list(range(13))):
        assert await refused(bob, "vote", {"chat": chat, "seq": of, "options": options}) == "malformed", options
    assert await refused(bob, "vote", {"chat": chat, "seq": text, "options": [0]}) == "malformed"
    assert await refused(bob, "vote", {"chat": chat, "seq": 99, "options": [0]}) == "message_not_found"
    assert await refused(ann, "message_edit", {"chat": chat, "seq": of, "text": "What else?"}) == "malformed"
    assert counts(await shown(ann, chat, of)) == [0, 0, 0]


async def test_who_came_later_or_has_left_does_not_vote(
    node: Node, parts: Parts, trio: tuple[list[Device], int]
) -> None:
    (ann, bob, cy), chat = trio
    of = await ask(ann, chat, secret=True)
    (dora,) = await phones(node, (await newcomers(node, 1))[0])
    await vote(cy, chat, of, 0)
    await parts.change_chat(ann.person, chat, Left(cy.person.account_id, cy.person.number))
    await parts.change_chat(ann.person, chat, Joined((dora.person.account_id,), (dora.person.number,)))
    body = {"chat": chat, "seq": of, "options": [1]}
    assert await refused(dora, "vote", body) == "message_not_found"
    assert await refused(cy, "vote", body) == "chat_not_found"
    answer = await vote(bob, chat, of, 1)
    assert counts(answer["message"]) == [1, 1, 0], "the vote of somebody who left stays"
    (heard,) = await dora.expect("vote_changed")
    assert (heard["votes"], heard["voter_count"]) == (None, None), "she may not see the poll"
    assert "account" not in heard
    before = await shown(cy, chat, of)
    assert (counts(before), before["chosen"]) == ([1, 0, 0], [0]), "as it was when he left"
    entries = [entry for entry in await history(cy, chat) if entry["kind"] == "vote"]
    assert [(entry["votes"], entry["options"]) for entry in entries] == [([1, 0, 0], [0])]
    state = (await synced(cy, {chat: of}))[chat]
    assert [entry["votes"] for entry in state["entries"] if entry["kind"] == "vote"] == [[1, 0, 0]]


async def test_a_block_between_two_people_holds_for_votes(node: Node, parts: Parts) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    chat = (await say(ann, contact=tom.person.number))["chat"]
    of = await ask(ann, chat)
    await parts.block(tom.person, ann.person)
    hidden = await ask(ann, chat, client_id="hidden")
    assert await refused(tom, "vote", {"chat": chat, "seq": of, "options": [0]}) == "contact_blocked"
    assert await refused(ann, "vote", {"chat": chat, "seq": of, "options": [0]}) == "forbidden"
    assert counts((await vote(ann, chat, hidden, 2))["message"]) == [0, 0, 1]
    await parts.unblock(tom.person, ann.person)
    assert await refused(tom, "vote", {"chat": chat, "seq": hidden, "options": [0]}) == "message_not_found"
    await silence(tom, ann)
    assert not tom.told("vote_changed")
    assert "vote" not in {entry["kind"] for entry in await history(tom, chat)}


class TestASecretPoll:
    async def test_shows_nobody_whose_vote_it_is_but_counts_them_everywhere(
        self, node: Node, parts: Parts, trio: tuple[list[Device], int]
    ) -> None:
        (ann, bob, cy), chat = trio
        (tablet,) = await phones(node, bob.person)
        group = str((await parts.chats.load_roster(chat)).chat.group)
        of = await ask(ann, chat, secret=True, multiple=True)
        secrets = "my own id for this vote"
        answer = await vote(bob, chat, of, 0, 2, client_id=secrets)
        assert (answer["entry"]["options"], answer["entry"]["votes"]) == ([0, 2], [1, 0, 1])
        assert (counts(answer["message"]), answer["message"]["chosen"]) == ([1, 0, 1], [0, 2])
        (heard,) = await tablet.expect("vote_changed")
        assert heard == answer["entry"], "the own devices are told all of it"
        for other in (ann, cy):
            (heard,) = await other.expect("vote_changed")
            assert heard.keys() == {"kind", "chat", "seq", "at", "of", "votes", "voter_count"}
            assert (heard["votes"], heard["voter_count"]) == ([1, 0, 1], 1)
            answers = [
                await answered(other, "history", {"chat": chat}),
                await answered(other, "history", {"chat": chat, "after": of, "limit": 1}),
                await answered(other, "sync", {"cursors": {str(chat): of}}),
                await answered(other, "sync", {"cursors": {}}),
                await answered(other, "chats", {}),
                (await node.connect(other.person)).told("ready"),
                await node.rest("POST", "/api/messages/sync/", other.person, json={"cursors": {str(chat): of}}),
                await node.rest("GET", f"/api/messages/chats/{group}/", other.person),
                other.heard,
            ]
            for seen in answers:
                assert secrets not in str(seen)
                for entry in find_entries(seen, chat):
                    assert "chosen" not in entry, entry
                    if entry.get("kind") == "vote":
                        assert not {"account", "from", "options", "client_id"} & entry.keys(), entry
                    for option in entry.get("options", ()):
                        assert set(option) == {"text", "votes"}, option
        mine = (await synced(tablet, {chat: of}))[chat]["entries"]
        assert mine == [answer["entry"]]
        _, listed = await node.rest("GET", f"/api/messages/chats/{group}/", bob.person)
        assert listed["messages"][-1]["chosen"] == [0, 2]
        assert (await shown(ann, chat, of))["secret"] is True

    async def test_is_counted_by_the_entries_alone(self, trio: tuple[list[Device], int]) -> None:
        (ann, bob, cy), chat = trio
        of = await ask(ann, chat, secret=True)
        choices = [(bob, 0), (cy, 1), (bob, 1), (ann, 2), (cy, None), (bob, 2)]
        for device, option in choices:
            await vote(device, chat, of, *([] if option is None else [option]))
        live = [one["votes"] for one in await ann.expect("vote_changed", len(choices))]
        assert live == [[1, 0, 0], [1, 1, 0], [0, 2, 0], [0, 2, 1], [0, 1, 1], [0, 0, 2]]
        missed = (await synced(cy, {chat: of}))[chat]["entries"]
        assert missed[-1]["votes"] == [0, 0, 2]
        assert counts(await shown(cy, chat, of)) == [0, 0, 2]


def find_entries(shown: Any, chat: int) -> list[dict[str, Any]]:
    """All messages and changes of a chat in an answer, however deep."""
    if isinstance(shown, dict):
        own = [shown] if shown.get("chat") == chat and "seq" in shown else []
        return own + [entry for value in shown.values() for entry in find_entries(value, chat)]
    if isinstance(shown, list | tuple):
        return [entry for value in shown for entry in find_entries(value, chat)]
    return []


async def test_what_a_crash_left_unapplied_counts_for_every_reader_and_is_applied_later(
    node: Node, parts: Parts, trio: tuple[list[Device], int]
) -> None:
    (ann, bob, cy), chat = trio
    of = await ask(ann, chat, secret=True)
    await vote(cy, chat, of, 0)
    left = await store_untold(parts, bob.person, chat, Vote(of, (1,), is_secret=True))
    for device in (ann, bob):
        assert counts(await shown(device, chat, of)) == [1, 1, 0]
    assert (await shown(bob, chat, of))["chosen"] == [1]
    missed = (await synced(ann, {chat: of + 1}))[chat]["entries"]
    assert [entry["votes"] for entry in missed] == [[1, 1, 0]]
    services = services_of(node)

    class Later:
        def now(self) -> datetime:
            return datetime.now(UTC) + timedelta(hours=1)

    found: list[int] = []
    entries = Entries(parts.database)
    for _ in range(2):
        await recover_pending_changes(
            entries, services.log.memberships, Later(), lambda change: found.append(change.seq)
        )
    assert found.count(left.seq) == 1
    assert not await entries.list_pending(chat, ["vote"])
    row = await parts.database.collection("entries").find_one({"_id": entry_key(chat, of)})
    assert row is not None
    assert set(row["votes"]) == {str(bob.person.account_id), str(cy.person.account_id)}
    assert counts(await shown(ann, chat, of)) == [1, 1, 0]


@pytest.fixture
async def two_nodes(stores: EmbeddedStores, tmp_path: Path) -> AsyncIterator[tuple[Node, Node]]:
    """Two nodes for which a chat of five is a large one, whose members are told by a channel of its own."""
    settings = settings_for(tmp_path, chat={"large_chat_members": 3})
    async with running_node(stores, settings) as one, running_node(stores, settings) as other:
        yield one, other


async def test_who_changes_their_mind_on_two_nodes_at_once_is_counted_alike_by_everybody(
    two_nodes: tuple[Node, Node],
) -> None:
    people: list[Person] = await friends(two_nodes[0], 5)
    chat = (await parts_of(two_nodes[0]).found_group(*people)).id
    here, there = [await phones(node, *people) for node in two_nodes]
    polls = [await ask(here[0], chat), await ask(here[0], chat, secret=True, client_id="secret")]
    asked = [
        vote(devices[who], chat, of, (who + turn + place) % 3)
        for turn in range(3)
        for who in range(5)
        for place, devices in enumerate((here, there))
        for of in polls
    ]
    await asyncio.gather(*asked)
    for of in polls:
        held = []
        for devices in (here, there):
            for device in devices:
                await device.expect("vote_changed", len(asked))
                heard = sorted(device.told("vote_changed"), key=lambda entry: entry["seq"])
                last = [entry for entry in heard if entry["of"] == of]
                if of == polls[1]:
                    held.append(last[-1]["votes"])
                else:
                    by_account = {entry["account"]: entry["options"] for entry in last}
                    held.append([sum(option in chosen for chosen in by_account.values()) for option in range(3)])
                held.append(counts(await shown(device, chat, of)))
        assert held == [held[0]] * len(held)
        assert sum(held[0]) == 5
    for device, tablet in zip(here, there, strict=True):
        for one in (device, tablet):
            own = [entry for entry in one.told("vote_changed") if entry["of"] == polls[1] and "options" in entry]
            assert {entry["account"] for entry in own} == {one.person.account_id}, "each is told all of its own votes"
            assert len(own) == 6
            assert len({entry["seq"] for entry in one.told("vote_changed")}) == len(one.told("vote_changed"))
        assert (await shown(device, chat, polls[1]))["chosen"] == (await shown(tablet, chat, polls[1]))["chosen"]


async def test_a_poll_grows_by_a_number_for_each_voter(parts: Parts, trio: tuple[list[Device], int]) -> None:
    """A thousand votes are some 25 kB in the poll's row, whoever changes their mind how often."""
    (ann, *_), chat = trio
    of = await ask(ann, chat)
    entries = parts.database.collection("entries")
    votes = {f"votes.{1_000_000 + n}": (of + n) << 12 | 1 for n in range(1000)}
    before = await entries.find_one({"_id": entry_key(chat, of)})
    after = await entries.find_one_and_update({"_id": entry_key(chat, of)}, {"$set": votes}, return_document=True)
    assert before is not None
    assert after is not None
    assert (len(encode(after)) - len(encode(before))) / 1000 < 25
    message = await shown(ann, chat, of)
    assert (counts(message)[0], len(voters(message)[0])) == (1000, 1000)
    answer = await vote(ann, chat, of, 1)
    assert len(str(answer["entry"])) < 300, "a vote is as small in a large poll"
