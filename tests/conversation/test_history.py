"""History shows the log from any place in it, as it is now, and only what its reader may see."""

from datetime import UTC, datetime
from typing import Any

import pytest

from models.documents.entry import Deletion, Draft, Edit, Joined, Left, Reaction
from models.stores.entry_rows import entry_row
from tests.conversation.talk import answered, friends, history, phones, refused, say, synced
from tests.support.node import Device, Node
from tests.support.parts import Parts
from tests.support.plans import recorded_plans

MONTH = 8_000  # entries that a lively group writes while somebody is away


async def store_unapplied(parts: Parts, who: Device, chat: int, seq: int, body: Edit | Deletion | Reaction) -> None:
    """What a node leaves that crashes between storing a change and applying it."""
    draft = Draft(chat, who.person.account_id, who.person.number, f"p{seq}", body)
    await parts.database.raw["entries"].insert_one(entry_row(draft, seq, datetime.now(UTC)))


class TestAChangeThatIsStoredAndNotApplied:
    async def test_is_shown_all_the_same(self, node: Node, parts: Parts) -> None:
        ann, tom = await phones(node, *await friends(node, 2))
        chat = (await say(ann, "old", contact=tom.person.number))["chat"]
        await store_unapplied(parts, ann, chat, 2, Edit(1, "new"))
        await store_unapplied(parts, tom, chat, 3, Reaction(1, "🙈"))
        for message in (
            (await history(tom, chat))[0],
            (await synced(tom))[chat]["entries"][0],
            (await answered(tom, "chats", {}))["chats"][0]["last"],
        ):
            assert message["text"] == "new"
            assert message["reactions"] == {str(tom.person.account_id): "🙈"}

    async def test_takes_a_deleted_text_away_everywhere(self, node: Node, parts: Parts) -> None:
        ann, tom = await phones(node, *await friends(node, 2))
        chat = (await say(ann, "secret one", contact=tom.person.number))["chat"]
        await answered(ann, "message_edit", {"chat": chat, "seq": 1, "text": "secret two"})
        await store_unapplied(parts, ann, chat, 3, Deletion(1))
        for answer in (await history(tom, chat), await synced(tom), await answered(tom, "chats", {})):
            assert "secret" not in str(answer)

    async def test_does_not_hide_a_newer_one(self, node: Node, parts: Parts) -> None:
        ann, tom = await phones(node, *await friends(node, 2))
        chat = (await say(ann, contact=tom.person.number))["chat"]
        await store_unapplied(parts, tom, chat, 2, Reaction(1, "🙈"))
        await say(ann, contact=tom.person.number)
        await answered(tom, "reaction_set", {"chat": chat, "seq": 1, "emoji": "🙉"})
        assert (await history(ann, chat))[0]["reactions"] == {str(tom.person.account_id): "🙉"}


async def test_a_deleted_text_is_not_in_its_edits_either(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    chat = (await say(ann, "secret one", contact=tom.person.number))["chat"]
    await answered(ann, "message_edit", {"chat": chat, "seq": 1, "text": "secret two"})
    await answered(ann, "message_delete", {"chat": chat, "seq": 1})
    assert [entry["kind"] for entry in await history(tom, chat)] == ["message", "edit", "deletion"]
    for answer in (await history(tom, chat), await synced(tom), await synced(tom, {chat: 1})):
        assert "secret" not in str(answer)


class TestWhoCameLater:
    async def test_sees_nothing_of_before(self, node: Node, parts: Parts) -> None:
        ann, tom = await phones(node, *await friends(node, 2))
        group = await parts.found_group(ann.person)
        await say(ann, "private", chat=group.id)
        await parts.change_chat(ann.person, group.id, Joined((tom.person.account_id,), (tom.person.number,)))
        await say(ann, "public", chat=group.id)
        assert [entry["seq"] for entry in await history(tom, group.id)] == [3, 4]
        assert [entry["seq"] for entry in await history(tom, group.id, after=0)] == [3, 4]
        assert await history(tom, group.id, before=3) == []
        for event in ("message_edit", "message_delete", "reaction_set"):
            body = {"chat": group.id, "seq": 2, "text": "x", "emoji": "x"}
            assert await refused(tom, event, body) == "message_not_found"

    async def test_is_not_shown_the_new_wording_of_an_old_message(self, node: Node, parts: Parts) -> None:
        ann, tom = await phones(node, *await friends(node, 2))
        group = await parts.found_group(ann.person)
        await say(ann, "private", chat=group.id)
        await parts.change_chat(ann.person, group.id, Joined((tom.person.account_id,), (tom.person.number,)))
        await answered(ann, "message_edit", {"chat": group.id, "seq": 2, "text": "more private"})
        (edited,) = await tom.expect("message_edited")
        assert (edited["seq"], edited["text"]) == (4, "")
        assert (await ann.expect("message_edited"))[0]["text"] == "more private"
        assert "private" not in str([await history(tom, group.id), await synced(tom), tom.heard])


async def test_what_one_deleted_for_oneself_is_gone_for_oneself(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    chat = (await say(ann, "one", contact=tom.person.number))["chat"]
    await say(ann, "two", chat=chat)
    await answered(tom, "message_delete", {"chat": chat, "seq": 2, "scope": "me"})
    assert [entry["text"] for entry in await history(tom, chat)] == ["one"]
    assert [entry["text"] for entry in await history(ann, chat)] == ["one", "two"]
    (listed,) = (await answered(tom, "chats", {}))["chats"]
    assert (listed["last"]["text"], listed["unread"]) == ("one", 1)


class TestItsPages:
    async def test_are_read_in_both_directions(self, node: Node, parts: Parts) -> None:
        ann, tom = await phones(node, *await friends(node, 2))
        chat = (await say(ann, contact=tom.person.number))["chat"]
        await parts.write(ann.person, chat, 9)

        async def page(**options: Any) -> tuple[list[int], bool, int | None]:
            answer = await answered(tom, "history", {"chat": chat, "limit": 4, **options})
            return [entry["seq"] for entry in answer["entries"]], answer["more"], answer["next"]

        assert await page() == ([7, 8, 9, 10], True, 7)
        assert await page(before=7) == ([3, 4, 5, 6], True, 3)
        assert await page(before=3) == ([1, 2], False, None)
        assert await page(after=0) == ([1, 2, 3, 4], True, 4)
        assert await page(after=8) == ([9, 10], False, None)
        assert await page(before=1) == ([], False, None)
        assert await page(after=10) == ([], False, None)

    @pytest.mark.parametrize(
        "options",
        [
            {"before": 3, "after": 3},
            {"limit": 0},
            {"limit": 201},
            {"limit": "5"},
            {"before": -1},
            {"before": "3"},
            {"after": 1.5},
            {"after": True},
        ],
        ids=str,
    )
    async def test_are_refused_where_they_cannot_be_read(
        self, written: tuple[Device, int], options: dict[str, Any]
    ) -> None:
        ann, chat = written
        assert await refused(ann, "history", {"chat": chat, **options}) == "malformed"

    async def test_lead_past_a_stretch_of_which_nothing_may_be_seen(self, node: Node, parts: Parts) -> None:
        ann, tom = await phones(node, *await friends(node, 2))
        chat = (await say(ann, "seen", contact=tom.person.number))["chat"]
        await parts.write(ann.person, chat, 3000, hidden_from=(tom.person.account_id,))
        found: list[str] = []
        before, pages = 2**32 - 1, 0
        while before is not None:
            answer = await answered(tom, "history", {"chat": chat, "before": before, "limit": 200})
            found += [entry["text"] for entry in answer["entries"]]
            before, pages = answer["next"], pages + 1
        assert found == ["seen"]
        assert pages == 2


async def test_a_month_away_costs_no_more_than_what_is_shown(node: Node, parts: Parts) -> None:
    """A client that was away while thousands of entries were written syncs, and opens the history in the middle."""
    ann, tom = await friends(node, 2)
    group = await parts.found_group(ann, tom)
    await parts.write(ann, group.id, MONTH)
    end = MONTH + 1
    async with recorded_plans(parts.database, "entries") as first, recorded_plans(parts.database, "members") as heads:
        (phone,) = await phones(node, tom)
        (ready,) = await phone.expect("ready")
        state = (await synced(phone, {group.id: 1}))[group.id]
    assert (ready["chats"][0]["last_seq"], ready["chats"][0]["unread"]) == (end, 1000)
    assert (state["status"], state["cursor"]) == ("reset", end)
    assert [entry["seq"] for entry in state["entries"]] == list(range(end - 49, end + 1))
    assert all(plan.index for plan in [*first, *heads])
    assert max(plan.docs_examined for plan in [*first, *heads]) <= 1000  # as many as are counted as unread

    async with recorded_plans(parts.database, "entries") as plans:
        assert await paged(phone, group.id, "before", MONTH // 2, pages=5) == list(range(MONTH // 2 - 1000, MONTH // 2))
        assert await paged(phone, group.id, "after", MONTH // 2, pages=5) == list(
            range(MONTH // 2 + 1, MONTH // 2 + 1001)
        )
        assert await paged(phone, group.id, "before", 1001) == list(range(1, 1001))
        assert await paged(phone, group.id, "after", end - 1000) == list(range(end - 999, end + 1))
    assert all(plan.index for plan in plans)
    assert max(plan.docs_examined for plan in plans[len(first) :]) <= 201


async def test_who_left_and_came_back_reads_no_more_of_before_than_the_page_lacks(node: Node, parts: Parts) -> None:
    ann, tom = await friends(node, 2)
    group = await parts.found_group(ann, tom)
    await parts.write(ann, group.id, 40)
    await parts.change_chat(ann, group.id, Left(tom.account_id, tom.number))
    await parts.change_chat(ann, group.id, Joined((tom.account_id,), (tom.number,)))
    await parts.write(ann, group.id, 40)
    (phone,) = await phones(node, tom)
    async with recorded_plans(parts.database, "entries") as plans:
        seqs = [entry["seq"] for entry in await history(phone, group.id, limit=10)]
    assert seqs == list(range(74, 84))
    assert max(plan.docs_examined for plan in plans) <= 11


async def paged(device: Device, chat: int, direction: str, place: int | None, pages: int = 1000) -> list[int]:
    """The seqs on so many pages from here on, or to the end of the log."""
    seqs: list[int] = []
    while place is not None and pages:
        page = await answered(device, "history", {"chat": chat, direction: place, "limit": 200})
        found = [entry["seq"] for entry in page["entries"]]
        seqs = found + seqs if direction == "before" else seqs + found
        place, pages = page["next"], pages - 1
    return seqs
