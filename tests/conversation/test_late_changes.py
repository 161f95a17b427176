"""Changes of messages that meet others: a deletion beside an edit, a departure before a reaction."""

from typing import Any

from models.documents.entry import Deletion, Edit, Left, Previewed, Reaction
from models.documents.link_preview import LinkPreview
from models.stores.entries import Entries
from tests.conversation.talk import answered, friends, phones, say, synced
from tests.conversation.test_out_and_in import remove, store_untold
from tests.support.node import Device, Node
from tests.support.parts import Parts, services_of


class TestAnEditBesideADeletion:
    """Two devices at once: whichever of the two is stored first, what is gone is said to nobody any more."""

    async def pair(self, node: Node) -> tuple[Device, Device, dict[str, Any]]:
        ann, tom = await phones(node, *await friends(node, 2))
        return ann, tom, await say(ann, "first", contact=tom.person.number)

    async def test_that_is_told_after_the_deletion_tells_no_text(self, node: Node, parts: Parts) -> None:
        ann, tom, message = await self.pair(node)
        edit = await store_untold(parts, ann.person, message["chat"], Edit(message["seq"], "a secret"))
        await answered(ann, "message_delete", {"chat": message["chat"], "seq": message["seq"]})
        parts.announcer.stored([edit])
        for phone in (ann, tom):
            (heard,) = await phone.expect("message_edited")
            assert (heard["seq"], heard["of"], heard["text"]) == (edit.seq, message["seq"], "")
            assert "a secret" not in str(phone.heard)

    async def test_tells_no_text_where_the_deletion_waits_to_be_applied(self, node: Node, parts: Parts) -> None:
        ann, tom, message = await self.pair(node)
        await store_untold(parts, ann.person, message["chat"], Deletion(message["seq"]))
        edit = await store_untold(parts, ann.person, message["chat"], Edit(message["seq"], "a secret"))
        parts.announcer.stored([edit])
        (heard,) = await tom.expect("message_edited")
        assert heard["text"] == ""

    async def test_shows_it_nowhere_else_either(self, node: Node, parts: Parts) -> None:
        ann, tom, message = await self.pair(node)
        chat = message["chat"]
        await store_untold(parts, ann.person, chat, Deletion(message["seq"]))
        edit = await store_untold(parts, ann.person, chat, Edit(message["seq"], "a secret"))
        entries = Entries(parts.database)
        for apply_first in (False, True):
            if apply_first:
                for change in reversed(await entries.list_pending(chat, ["deletion", "edit"])):
                    await entries.apply(change)
            shown = [
                await answered(tom, "history", {"chat": chat}),
                await synced(tom, {chat: 1}),
                await synced(tom, {}),
                await answered(tom, "chats", {}),
                (await node.rest("GET", f"/api/messages/chats/{ann.person.number}/", tom.person))[1],
            ]
            assert "a secret" not in str(shown)
            assert "first" not in str(shown)
        assert edit.seq == 3

    async def test_of_a_message_that_is_there_is_told_as_ever(self, node: Node) -> None:
        ann, tom, message = await self.pair(node)
        await answered(ann, "message_edit", {"chat": message["chat"], "seq": message["seq"], "text": "second"})
        (heard,) = await tom.expect("message_edited")
        assert heard["text"] == "second"


class TestWhoLeft:
    async def shown(self, node: Node, tom: Device, chat: int, group: str) -> list[dict[str, Any]]:
        """The message as Tom is shown it, by history, by sync, and by REST."""
        history = (await answered(tom, "history", {"chat": chat}))["entries"]
        state = (await synced(tom, {chat: 0}))[chat]["entries"]
        found = [next(one for one in entries if one["kind"] == "message") for entries in (history, state)]
        assert found[0] == found[1]
        status, listed = await node.rest("GET", f"/api/messages/chats/{group}/", tom.person)
        assert status == 200, listed
        assert listed["messages"][0]["text"] == found[0]["text"]
        return found

    async def test_is_shown_the_reactions_of_then(self, node: Node, parts: Parts) -> None:
        ann, tom, max_, eve = await phones(node, *await friends(node, 4))
        group = await parts.found_group(ann.person, tom.person, max_.person, eve.person)
        chat = group.id
        await say(ann, "hello", chat=chat)
        for phone, emoji in ((ann, "😀"), (max_, "👍"), (max_, "🎉"), (eve, "👀")):
            await answered(phone, "reaction_set", {"chat": chat, "seq": 2, "emoji": emoji})
        await remove(parts, ann, chat, tom.person)
        before = await self.shown(node, tom, chat, str(group.group))
        assert before[0]["reactions"] == {
            str(ann.person.account_id): "😀",
            str(max_.person.account_id): "🎉",
            str(eve.person.account_id): "👀",
        }
        for phone, emoji in ((ann, None), (max_, "💔"), (max_, "🤫"), (eve, None), (eve, "🤡")):
            await answered(phone, "reaction_set", {"chat": chat, "seq": 2, "emoji": emoji})
        assert await self.shown(node, tom, chat, str(group.group)) == before

    async def test_is_shown_the_last_wording_of_then(self, node: Node, parts: Parts) -> None:
        ann, tom = await phones(node, *await friends(node, 2))
        group = await parts.found_group(ann.person, tom.person)
        chat = group.id
        await say(ann, "one", chat=chat)
        await answered(ann, "message_edit", {"chat": chat, "seq": 2, "text": "two"})
        await answered(ann, "message_edit", {"chat": chat, "seq": 2, "text": "three"})
        await remove(parts, ann, chat, tom.person)
        before = await self.shown(node, tom, chat, str(group.group))
        assert before[0]["text"] == "three"
        await answered(ann, "message_edit", {"chat": chat, "seq": 2, "text": "four"})
        assert await self.shown(node, tom, chat, str(group.group)) == before

    async def test_is_shown_them_so_while_a_later_change_waits_to_be_applied(self, node: Node, parts: Parts) -> None:
        ann, tom = await phones(node, *await friends(node, 2))
        group = await parts.found_group(ann.person, tom.person)
        await say(ann, "one", chat=group.id)
        await answered(ann, "message_edit", {"chat": group.id, "seq": 2, "text": "two"})
        await store_untold(parts, ann.person, group.id, Left(tom.person.account_id, tom.person.number))
        await store_untold(parts, ann.person, group.id, Edit(2, "three"))
        await services_of(node).log.memberships.catch_up(group.id)
        assert (await self.shown(node, tom, group.id, str(group.group)))[0]["text"] == "two"


async def test_changes_that_wait_to_be_applied_are_in_a_list_of_messages(node: Node, parts: Parts) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    chat = (await say(ann, "http://a.example", contact=tom.person.number))["chat"]
    preview = LinkPreview("http://a.example", "a.example", "A")
    for change in (Previewed(1, 0, preview), Reaction(1, "x")):
        await store_untold(parts, ann.person, chat, change)
    _, listed = await node.rest("GET", f"/api/messages/chats/{ann.person.number}/", tom.person)
    assert listed["messages"][0]["preview"] == {"url": "http://a.example", "site": "a.example", "title": "A"}
