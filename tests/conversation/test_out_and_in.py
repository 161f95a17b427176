"""People come to groups, leave them and come again, also while a device of theirs is away: it holds in the end what the others hold,
and nothing that was said or changed while they were out."""

from typing import Any

from models.documents.entry import Body, Draft, Entry, Joined, Left, PhotoSet, SubjectSet
from models.documents.photo import Photo
from models.services.chats.journal import Journal
from server.clock import SystemClock
from tests.conversation.talk import about, answered, friends, hear, phones, say, synced
from tests.support.node import Device, Node, Person
from tests.support.parts import Parts, services_of

PHOTO = Photo("f" * 32 + ".jpg", "p" * 32 + ".jpg")


async def remove(parts: Parts, by: Device, chat_id: int, whom: Person) -> Entry:
    return await parts.change_chat(by.person, chat_id, Left(whom.account_id, whom.number))


async def add(parts: Parts, by: Device, chat_id: int, whom: Person) -> Entry:
    return await parts.change_chat(by.person, chat_id, Joined((whom.account_id,), (whom.number,)))


async def store_untold(parts: Parts, by: Person, chat_id: int, body: Body) -> Entry:
    """Store an entry that nobody announces yet."""
    journal = Journal(parts.database, SystemClock(), [])
    await journal.open()
    draft = Draft(chat_id, by.account_id, by.number, f"untold {type(body).__name__}", body)
    entry = (await journal.append(draft)).entry
    await journal.close()
    return entry


def said(entries: list[dict[str, Any]]) -> list[tuple[int, str | None]]:
    return [(entry["seq"], entry.get("text")) for entry in entries if entry["kind"] == "message"]


class TestWhoWasOutAndInAndOutAgainWhileAway:
    async def test_holds_what_a_fresh_look_shows(self, node: Node, parts: Parts) -> None:
        ann, tom = await phones(node, *await friends(node, 2))
        group = await parts.found_group(ann.person, tom.person)
        await say(ann, "first wording", chat=group.id)
        await say(ann, "to be deleted", chat=group.id)
        left = await remove(parts, ann, group.id, tom.person)
        await answered(ann, "message_edit", {"chat": group.id, "seq": 2, "text": "second wording"})
        await answered(ann, "message_delete", {"chat": group.id, "seq": 3})
        await add(parts, ann, group.id, tom.person)
        await remove(parts, ann, group.id, tom.person)
        state = (await synced(tom, {group.id: left.seq}))[group.id]
        history = await answered(tom, "history", {"chat": group.id})
        assert said(history["entries"]) == [(2, "second wording"), (3, None)]
        assert (state["status"], said(state["entries"])) == ("reset", said(history["entries"]))
        assert (await synced(tom, {group.id: state["cursor"]}))[group.id]["status"] == "current"

    async def test_and_was_there_for_the_last_stay_is_given_just_what_it_missed(self, node: Node, parts: Parts) -> None:
        ann, tom = await phones(node, *await friends(node, 2))
        group = await parts.found_group(ann.person, tom.person)
        await remove(parts, ann, group.id, tom.person)
        await say(ann, "meanwhile", chat=group.id)
        back = await add(parts, ann, group.id, tom.person)
        await say(ann, "again", chat=group.id)
        await remove(parts, ann, group.id, tom.person)
        state = (await synced(tom, {group.id: back.seq}))[group.id]
        assert (state["status"], [entry["kind"] for entry in state["entries"]]) == ("delta", ["message", "left"])

    async def test_and_missed_nothing_in_between_is_given_a_delta(self, node: Node, parts: Parts) -> None:
        ann, tom = await phones(node, *await friends(node, 2))
        group = await parts.found_group(ann.person, tom.person)
        left = await remove(parts, ann, group.id, tom.person)
        await add(parts, ann, group.id, tom.person)
        state = (await synced(tom, {group.id: left.seq}))[group.id]
        assert (state["status"], [entry["kind"] for entry in state["entries"]]) == ("delta", ["joined"])


async def test_who_proves_a_removed_number_again_has_nothing_of_its_former_chats(node: Node, parts: Parts) -> None:
    """A device that kept a cursor from before the removal must not keep the log with it."""
    ann, tom = await phones(node, *await friends(node, 2))
    chat = (await say(ann, "before", contact=tom.person.number))["chat"]
    status, _ = await node.rest("POST", "/api/account/remove-account/", tom.person, json={"feedback": ""})
    assert status == 200
    again = await node.sign_in(tom.person.number)
    assert again.account_id != tom.person.account_id
    await node.befriend(ann.person, again)
    (tom,) = await phones(node, again)
    await say(ann, "after", contact=again.number)
    await hear(tom, "after")
    states = await synced(tom, {chat: 1})
    assert (states[chat]["status"], states[chat]["entries"]) == ("reset", [])
    (new,) = (state for state in states.values() if state["chat"] != chat)
    assert (new["status"], said(new["entries"])) == ("reset", [(1, "after")])


class TestAChatOneCameToAndLeftWhileADeviceWasAway:
    async def test_is_told_to_that_device(self, node: Node, parts: Parts) -> None:
        ann, tom, max_ = await phones(node, *await friends(node, 3))
        known = await parts.found_group(ann.person, tom.person)
        group = await parts.found_group(ann.person, max_.person, subject="short stay")
        joined = await add(parts, ann, group.id, tom.person)
        await say(ann, "your flight is at nine", chat=group.id)
        left = await remove(parts, ann, group.id, tom.person)
        await say(ann, "and now without him", chat=group.id)
        await parts.change_chat(ann.person, group.id, SubjectSet("new name"))
        states = await synced(tom, {known.id: 1})
        state = states[group.id]
        assert (state["status"], state["is_member"], state["title"]) == ("reset", False, "short stay")
        assert [entry["seq"] for entry in state["entries"]] == [joined.seq, joined.seq + 1, left.seq]
        assert (state["cursor"], state["last_seq"]) == (left.seq, left.seq)
        after = await synced(tom, {known.id: 1, group.id: left.seq})
        assert after[group.id]["status"] == "current"

    async def test_is_told_to_one_that_knows_only_a_chat_it_is_out_of(self, node: Node, parts: Parts) -> None:
        ann, tom = await phones(node, *await friends(node, 2))
        former = await parts.found_group(ann.person, tom.person)
        gone = await remove(parts, ann, former.id, tom.person)
        group = await parts.found_group(ann.person)
        await add(parts, ann, group.id, tom.person)
        await remove(parts, ann, group.id, tom.person)
        assert group.id in await synced(tom, {former.id: gone.seq})

    async def test_is_told_although_the_answer_comes_in_many_parts(self, node: Node, parts: Parts) -> None:
        ann, tom = await phones(node, *await friends(node, 2))
        known = await parts.found_group(ann.person, tom.person)
        groups = [await parts.found_group(ann.person, subject=f"No. {n}") for n in range(25)]
        for group in groups:
            await parts.write(ann.person, group.id, 3)
            await add(parts, ann, group.id, tom.person)
            await parts.write(ann.person, group.id, 60)
            await remove(parts, ann, group.id, tom.person)
        await parts.write(ann.person, known.id, 1200)
        cursors = {known.id: 1}
        for _ in range(10):
            answer = await answered(tom, "sync", {"cursors": {str(chat): seq for chat, seq in cursors.items()}})
            cursors |= {state["chat"]: state["cursor"] for state in answer["chats"]}
            if not answer["more"]:
                break
        assert cursors.keys() == {known.id, *(group.id for group in groups)}
        assert cursors[known.id] == 1201

    async def test_is_none_to_a_device_that_holds_nothing_yet(self, node: Node, parts: Parts) -> None:
        ann, tom = await phones(node, *await friends(node, 2))
        known = await parts.found_group(ann.person, tom.person)
        group = await parts.found_group(ann.person)
        await add(parts, ann, group.id, tom.person)
        await remove(parts, ann, group.id, tom.person)
        assert set(await synced(tom)) == {known.id}
        assert set(await synced(tom, {known.id: 1})) == {known.id}, "nor in a later part of its answer"
        await add(parts, ann, group.id, tom.person)
        await remove(parts, ann, group.id, tom.person)
        assert set(await synced(tom, {known.id: 1})) == {known.id, group.id}, "but from then on"

    async def test_is_no_news_where_it_was_left_long_before(self, node: Node, parts: Parts) -> None:
        ann, tom = await phones(node, *await friends(node, 2))
        group = await parts.found_group(ann.person)
        await add(parts, ann, group.id, tom.person)
        await remove(parts, ann, group.id, tom.person)
        members = parts.database.raw["members"]
        hour = 3600 * 1000
        row = {"_id": group.id << 32 | tom.person.account_id}
        await members.update_one(row, [{"$set": {"left_at": {"$subtract": ["$left_at", hour]}}}])
        known = await parts.found_group(ann.person, tom.person)
        assert set(await synced(tom, {known.id: 1})) == {known.id}

    async def test_is_forgotten_with_the_account(self, node: Node, parts: Parts) -> None:
        ann, tom = await phones(node, *await friends(node, 2))
        group = await parts.found_group(ann.person)
        await add(parts, ann, group.id, tom.person)
        await remove(parts, ann, group.id, tom.person)
        assert (await node.rest("POST", "/api/account/remove-account/", tom.person, json={"feedback": ""}))[0] == 200
        again = await node.sign_in(tom.person.number)
        known = await parts.found_group(ann.person, again)
        (tom,) = await phones(node, again)
        states = await synced(tom, {known.id: 1, group.id: 2})
        assert "kind" not in states[group.id], "no chat of this person"
        assert set(await synced(tom, {known.id: 1})) == {known.id}


class TestWhoIsOut:
    async def test_hears_nothing_newer_of_the_chat_by_the_own_departure(self, node: Node, parts: Parts) -> None:
        ann, tom = await phones(node, *await friends(node, 2))
        group = await parts.found_group(ann.person, tom.person, subject="Old")
        left = await store_untold(parts, ann.person, group.id, Left(tom.person.account_id, tom.person.number))
        renamed = await store_untold(parts, ann.person, group.id, SubjectSet("secret"))
        pictured = await store_untold(parts, ann.person, group.id, PhotoSet(PHOTO))
        for change in (left, renamed, pictured):
            await services_of(node).log.memberships.apply(change)
        parts.announcer.stored([left, renamed, pictured])
        await tom.until(lambda: any(body.get("last_seq") == left.seq for _, body in about(tom, group.id)))
        await ann.until(lambda: any(body.get("last_seq") == pictured.seq for _, body in about(ann, group.id)))
        assert "secret" not in str(tom.heard)
        assert PHOTO.full not in str(tom.heard)
        heard = next(body for _, body in about(ann, group.id) if body.get("last_seq") == left.seq)
        assert heard["title"] == "secret", "who is in it is shown the chat as it is"

    async def test_is_shown_by_sync_what_the_chat_looked_like_then(self, node: Node, parts: Parts) -> None:
        ann, tom = await phones(node, *await friends(node, 2))
        group = await parts.found_group(ann.person, tom.person, subject="Old")
        await parts.change_chat(ann.person, group.id, SubjectSet("Then"))
        left = await remove(parts, ann, group.id, tom.person)
        await parts.change_chat(ann.person, group.id, SubjectSet("secret"))
        await parts.change_chat(ann.person, group.id, PhotoSet(PHOTO))
        state = (await synced(tom, {group.id: 1}))[group.id]
        assert (state["title"], state["cursor"]) == ("Then", left.seq)
        assert "secret" not in str(state)
        assert PHOTO.full not in str(state)

    async def test_keeps_the_photo_that_it_had_then(self, node: Node, parts: Parts) -> None:
        ann, tom = await phones(node, *await friends(node, 2))
        group = await parts.found_group(ann.person, tom.person)
        await parts.change_chat(ann.person, group.id, PhotoSet(PHOTO))
        await remove(parts, ann, group.id, tom.person)
        await parts.change_chat(ann.person, group.id, PhotoSet(None))
        state = (await synced(tom, {group.id: 1}))[group.id]
        assert state["photo_url"] == f"/media/{PHOTO.full}"
