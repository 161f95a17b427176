"""Who may edit, delete and react, to what, and that saying it twice is saying it once."""

from typing import Any

import pytest

from models.documents.chat import Role
from models.documents.entry import RoleSet, entry_key
from tests.conversation.talk import about, answered, friends, history, phones, refused, say, silence, synced
from tests.support.node import Device, Node
from tests.support.parts import Parts

CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("message_edit", {"text": "new"}),
    ("message_delete", {"scope": "all"}),
    ("reaction_set", {"emoji": "👍🏽"}),
    ("message_pin", {"pinned": True}),
]


@pytest.fixture
async def pair(node: Node) -> tuple[Device, Device, int]:
    """Two devices, and the chat in which the first has written message 1."""
    ann, tom = await phones(node, *await friends(node, 2))
    return ann, tom, (await say(ann, "old", contact=tom.person.number))["chat"]


async def test_an_edit_changes_the_text_for_everybody(pair: tuple[Device, Device, int]) -> None:
    ann, tom, chat = pair
    answer = await answered(ann, "message_edit", {"chat": chat, "seq": 1, "text": "new"})
    assert (answer["message"]["text"], answer["entry"]["seq"]) == ("new", 2)
    (heard,) = await tom.expect("message_edited")
    assert heard == answer["entry"]
    assert (heard["of"], heard["text"], heard["edited_at"]) == (1, "new", answer["message"]["edited_at"])
    assert (await history(tom, chat))[0] == {"kind": "message", **answer["message"]}


async def test_a_caption_is_what_is_edited_of_a_picture(pair: tuple[Device, Device, int]) -> None:
    ann, tom, chat = pair
    picture = {"chat": chat, "client_id": "p", "type": "i", "url": "https://example.com/cat.jpg", "caption": "a cat"}
    seq = (await answered(ann, "message_send", picture))["message"]["seq"]
    await answered(ann, "message_edit", {"chat": chat, "seq": seq, "text": "my cat"})
    assert (await history(tom, chat))[1]["caption"] == "my cat"
    card = {"chat": chat, "client_id": "c", "type": "c", "vcard": "BEGIN:VCARD"}
    seq = (await answered(ann, "message_send", card))["message"]["seq"]
    assert await refused(ann, "message_edit", {"chat": chat, "seq": seq, "text": "x"}) == "malformed"


async def test_a_deletion_takes_the_content_from_everybody(pair: tuple[Device, Device, int]) -> None:
    ann, tom, chat = pair
    await answered(tom, "reaction_set", {"chat": chat, "seq": 1, "emoji": "👍🏽"})
    await answered(ann, "message_delete", {"chat": chat, "seq": 1, "scope": "all"})
    (heard,) = await tom.expect("message_deleted")
    assert (heard["of"], heard["scope"], heard["account"]) == (1, "all", ann.person.account_id)
    message = (await history(tom, chat))[0]
    assert message["deleted"]
    assert not {"text", "reactions"} & message.keys()


async def test_a_reaction_is_one_per_person_and_can_be_taken_back(pair: tuple[Device, Device, int]) -> None:
    ann, tom, chat = pair
    for emoji in ("👍🏽", "👩‍👩‍👧‍👦"):
        await answered(tom, "reaction_set", {"chat": chat, "seq": 1, "emoji": emoji})
    await answered(ann, "reaction_set", {"chat": chat, "seq": 1, "emoji": "🏴󠁧󠁢󠁳󠁣󠁴󠁿"})
    reactions = (await history(ann, chat))[0]["reactions"]
    assert reactions == {str(tom.person.account_id): "👩‍👩‍👧‍👦", str(ann.person.account_id): "🏴󠁧󠁢󠁳󠁣󠁴󠁿"}
    await answered(tom, "reaction_set", {"chat": chat, "seq": 1, "emoji": None})
    assert (await history(ann, chat))[0]["reactions"] == {str(ann.person.account_id): "🏴󠁧󠁢󠁳󠁣󠁴󠁿"}
    assert [heard["emoji"] for heard in await tom.expect("reaction_changed", 4)][-1] is None


async def test_a_deleted_message_takes_no_change(pair: tuple[Device, Device, int]) -> None:
    ann, _, chat = pair
    await answered(ann, "message_delete", {"chat": chat, "seq": 1})
    for event, body in CHANGES:
        assert await refused(ann, event, {"chat": chat, "seq": 1, **body}) == "message_deleted"


@pytest.mark.parametrize(("event", "body"), CHANGES, ids=[event for event, _ in CHANGES])
async def test_what_is_no_message_cannot_be_changed(
    pair: tuple[Device, Device, int], event: str, body: dict[str, Any]
) -> None:
    ann, _, chat = pair
    await answered(ann, "reaction_set", {"chat": chat, "seq": 1, "emoji": "👍"})
    for seq in (2, 3, 2**32 - 1):  # a reaction, and twice nothing
        assert await refused(ann, event, {"chat": chat, "seq": seq, **body}) == "message_not_found"
    assert await refused(ann, event, {"chat": chat, "seq": 0, **body}) == "malformed"


async def test_only_the_sender_may_edit_and_delete(pair: tuple[Device, Device, int]) -> None:
    _, tom, chat = pair
    assert await refused(tom, "message_edit", {"chat": chat, "seq": 1, "text": "x"}) == "not_your_message"
    assert await refused(tom, "message_delete", {"chat": chat, "seq": 1}) == "not_your_message"
    assert len(await history(tom, chat)) == 1


async def test_an_admin_of_the_group_may_delete_what_others_wrote_but_not_edit_it(node: Node, parts: Parts) -> None:
    ann, tom, max_ = await phones(node, *await friends(node, 3))
    group = await parts.found_group(ann.person, tom.person, max_.person)
    for text in ("one", "two"):
        await say(tom, text, chat=group.id)
    assert await refused(max_, "message_delete", {"chat": group.id, "seq": 2}) == "not_your_message"
    assert await refused(ann, "message_edit", {"chat": group.id, "seq": 2, "text": "x"}) == "not_your_message"
    await answered(ann, "message_delete", {"chat": group.id, "seq": 2})
    await parts.change_chat(ann.person, group.id, RoleSet(max_.person.account_id, max_.person.number, Role.ADMIN))
    await answered(max_, "message_delete", {"chat": group.id, "seq": 3})
    assert [entry.get("deleted") for entry in (await history(tom, group.id))[1:3]] == [True, True]


@pytest.mark.parametrize(("event", "body"), CHANGES, ids=[event for event, _ in CHANGES])
async def test_the_same_client_id_changes_once(
    pair: tuple[Device, Device, int], event: str, body: dict[str, Any]
) -> None:
    ann, tom, chat = pair
    request = {"chat": chat, "seq": 1, "client_id": "once", **body}
    first = await answered(ann, event, request)
    assert await answered(ann, event, request) == first
    await silence(tom, ann)
    assert [body["seq"] for _, body in about(tom, chat) if body.get("of") == 1] == [2]
    assert [entry["seq"] for entry in await history(tom, chat, limit=2, after=0)] == [1, 2]


@pytest.mark.parametrize(("event", "body"), CHANGES, ids=[event for event, _ in CHANGES])
async def test_a_client_id_means_one_thing_for_ever(
    pair: tuple[Device, Device, int], event: str, body: dict[str, Any]
) -> None:
    ann, _, chat = pair
    await say(ann, chat=chat, client_id="used")
    assert await refused(ann, event, {"chat": chat, "seq": 1, "client_id": "used", **body}) == "client_id_reused"
    await answered(ann, event, {"chat": chat, "seq": 1, "client_id": "change", **body})
    again = {"chat": chat, "client_id": "change", "text": "x"}
    assert await refused(ann, "message_send", again) == "client_id_reused"
    assert len(await history(ann, chat)) == 3


async def test_delete_for_me_concerns_the_own_devices_only(node: Node, pair: tuple[Device, Device, int]) -> None:
    ann, tom, chat = pair
    (tablet,) = await phones(node, tom.person)
    answer = await answered(tom, "message_delete", {"chat": chat, "seq": 1, "scope": "me"})
    assert (answer["chat"], answer["of"]) == (chat, 1)
    for device in (tom, tablet):
        (heard,) = await device.expect("message_deleted")
        assert heard == {"chat": chat, "of": 1, "account": tom.person.account_id, "scope": "me"}
        assert await history(device, chat) == []
    await silence(ann, tom)
    assert not ann.told("message_deleted")
    assert [entry["text"] for entry in await history(ann, chat, after=0, limit=1)] == ["old"]
    assert (await synced(tablet, {chat: 1}))[chat]["hidden"] == [1]
    assert await refused(tom, "reaction_set", {"chat": chat, "seq": 1, "emoji": "👍"}) == "message_not_found"


async def test_every_spelling_of_an_emoji_is_the_same_reaction(pair: tuple[Device, Device, int]) -> None:
    ann, tom, chat = pair
    await answered(ann, "reaction_set", {"chat": chat, "seq": 1, "emoji": "👍\ufe0f"})
    answer = await answered(tom, "reaction_set", {"chat": chat, "seq": 1, "emoji": "👍"})
    assert set(answer["message"]["reactions"].values()) == {"👍"}
    answer = await answered(tom, "reaction_set", {"chat": chat, "seq": 1, "emoji": "❤"})
    assert answer["entry"]["emoji"] == "❤\ufe0f"
    assert (await ann.expect("reaction_changed", 3))[-1]["emoji"] == "❤\ufe0f"


async def test_reactions_of_earlier_versions_stay_in_the_one_spelling(
    pair: tuple[Device, Device, int], parts: Parts
) -> None:
    ann, tom, chat = pair
    stored = {
        str(ann.person.account_id): {"emoji": "👍\ufe0f", "seq": 2},
        str(tom.person.account_id): {"emoji": "lol", "seq": 3},
    }
    await parts.database.collection("entries").update_one({"_id": entry_key(chat, 1)}, {"$set": {"reactions": stored}})
    assert list((await history(tom, chat))[0]["reactions"].values()) == ["👍", "lol"]


@pytest.mark.parametrize(
    ("event", "body", "code"),
    [
        ("message_edit", {"text": ""}, "malformed"),
        ("message_edit", {"text": " \n"}, "malformed"),
        ("message_edit", {"text": 5}, "malformed"),
        ("message_edit", {"text": "x" * 16385}, "too_long"),
        ("message_edit", {}, "malformed"),
        ("message_delete", {"scope": "some"}, "malformed"),
        ("reaction_set", {"emoji": "x" * 33}, "too_long"),
        ("reaction_set", {"emoji": 1}, "malformed"),
        ("reaction_set", {"emoji": "lol"}, "malformed"),
        ("reaction_set", {"emoji": "👍👍"}, "malformed"),
        ("reaction_set", {"emoji": "\u200d"}, "malformed"),
        ("reaction_set", {"emoji": "👍", "client_id": "x" * 65}, "too_long"),
        ("message_pin", {}, "malformed"),
        ("message_pin", {"pinned": 1}, "malformed"),
    ],
    ids=str,
)
async def test_what_cannot_be_read_is_refused(
    written: tuple[Device, int], event: str, body: dict[str, Any], code: str
) -> None:
    ann, chat = written
    assert await refused(ann, event, {"chat": chat, "seq": 1, **body}) == code
