"""Who is mentioned: only members, by parts of the text as it is stored, and counted exactly as long as it is unread."""

import json
from typing import Any

import pytest
from aiohttp import FormData

from models.documents.entry import Edit, Mention
from tests.conversation.talk import answered, friends, hear, history, phones, refused, say, synced
from tests.conversation.test_out_and_in import add, remove, store_untold
from tests.support.node import Device, Node
from tests.support.parts import Parts


def mention(who: Device, offset: int = 0, length: int = 4, **fields: Any) -> dict[str, Any]:
    return {"number": who.person.number, "offset": offset, "length": length, **fields}


def shown(who: Device, offset: int = 0, length: int = 4) -> dict[str, Any]:
    return {"account": who.person.account_id, **mention(who, offset, length)}


async def mentioned(device: Device, chat: int) -> int:
    """How many unread messages mention this person: one number in the list, in sync and for a new connection."""
    listed = (await answered(device, "chats", {}))["chats"]
    ready = device.told("ready")[-1]["chats"]
    counts = [next(one["mentioned"] for one in chats if one["chat"] == chat) for chats in (listed, ready) if chats]
    count: int = counts[0]
    assert (await synced(device, {chat: 0}))[chat]["mentioned"] == count
    return count


async def group_of_three(node: Node, parts: Parts) -> tuple[Device, Device, Device, int]:
    ann, tom, max_ = await phones(node, *await friends(node, 3))
    return ann, tom, max_, (await parts.found_group(ann.person, tom.person, max_.person)).id


async def test_a_mention_is_shown_to_everybody_with_the_account_it_means(node: Node, parts: Parts) -> None:
    ann, tom, max_, chat = await group_of_three(node, parts)
    written = f"+{tom.person.number[:2]} {tom.person.number[2:]}"  # in another spelling
    message = await say(
        ann,
        "👩🏽‍🚀@Tom, @Tom and me",
        chat=chat,
        mentions=[mention(tom, 10), mention(tom, 4, number=written), mention(ann, 19, 2)],
    )
    assert message["mentions"] == [shown(tom, 4), shown(tom, 10), shown(ann, 19, 2)]
    assert (await hear(max_, message["text"]))["mentions"] == message["mentions"]
    assert (await history(max_, chat))[-1]["mentions"] == message["mentions"]
    assert [await mentioned(one, chat) for one in (ann, tom, max_)] == [0, 1, 0]


async def test_the_count_follows_reads_edits_and_deletions(node: Node, parts: Parts) -> None:
    ann, tom, max_, chat = await group_of_three(node, parts)
    seqs = [(await say(ann, "@Tom", chat=chat, mentions=[mention(tom)]))["seq"] for _ in range(5)]
    assert await mentioned(tom, chat) == 5
    await answered(tom, "read", {"chat": chat, "seq": seqs[0]}, "/receipts")
    assert await mentioned(tom, chat) == 4
    await answered(ann, "message_delete", {"chat": chat, "seq": seqs[1]})
    await answered(tom, "message_delete", {"chat": chat, "seq": seqs[2], "scope": "me"})
    assert await mentioned(tom, chat) == 2
    edit = await answered(ann, "message_edit", {"chat": chat, "seq": seqs[3], "text": "not you"})
    assert "mentions" not in edit["message"]
    to_max = {"chat": chat, "seq": seqs[4], "text": "@Max", "mentions": [mention(max_)]}
    assert (await answered(ann, "message_edit", to_max))["entry"]["mentions"] == [shown(max_)]
    assert [await mentioned(one, chat) for one in (tom, max_)] == [0, 1]
    (heard, *_) = [one for one in await max_.expect("message_edited", 2) if one["of"] == seqs[4]]
    assert heard["mentions"] == [shown(max_)]


async def test_an_edit_that_waits_to_be_applied_takes_its_mentions_along(node: Node, parts: Parts) -> None:
    ann, tom, max_, chat = await group_of_three(node, parts)
    message = await say(ann, "@Tom", chat=chat, mentions=[mention(tom)])
    to_max = Mention(max_.person.account_id, max_.person.number, 0, 4)
    await store_untold(parts, ann.person, chat, Edit(message["seq"], "@Max", (to_max,)))
    assert (await history(tom, chat, after=1))[0]["mentions"] == [shown(max_)]


async def test_who_left_is_shown_the_mentions_of_then(node: Node, parts: Parts) -> None:
    ann, tom, max_, chat = await group_of_three(node, parts)
    message = await say(ann, "@Tom", chat=chat, mentions=[mention(tom)])
    await remove(parts, ann, chat, tom.person)
    await answered(
        ann, "message_edit", {"chat": chat, "seq": message["seq"], "text": "@Max", "mentions": [mention(max_)]}
    )
    assert (await history(tom, chat))[-2]["mentions"] == [shown(tom)]
    assert await refused(
        ann, "message_send", {"chat": chat, "client_id": "x", "text": "@Tom", "mentions": [mention(tom)]}
    ) == ("participant_not_found")
    await add(parts, ann, chat, tom.person)
    assert (await synced(tom, {chat: 0}))[chat]["mentioned"] == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"offset": -1},
        {"offset": 5},
        {"offset": 2},
        {"length": 0},
        {"length": 6},
        {"length": 2.5},
        {"number": "nobody"},
        {"number": None},
    ],
    ids=str,
)
async def test_a_part_that_is_not_in_the_text_is_refused(written: tuple[Device, int], wrong: dict[str, Any]) -> None:
    ann, chat = written
    whole = {"number": ann.person.number, "offset": 1, "length": 4}
    body = {"chat": chat, "text": "hello", "mentions": [whole | wrong]}
    assert await refused(ann, "message_send", {"client_id": "wrong", **body}) == "malformed"
    assert await refused(ann, "message_edit", {"seq": 1, **body}) == "malformed"


async def test_parts_that_overlap_are_too_many_or_have_no_text_are_refused(written: tuple[Device, int]) -> None:
    ann, chat = written
    one = mention(ann, 0, 1)
    card = {"type": "c", "vcard": "BEGIN:VCARD"}
    for mentions, content in (
        ([one, one], {"text": "hello"}),
        ([mention(ann, 0, 3), mention(ann, 2, 1)], {"text": "hello"}),
        ([mention(ann, place, 1) for place in range(51)], {"text": "hello" * 11}),
        ("all", {"text": "hello"}),
        (["all"], {"text": "hello"}),
        ([one], card),
    ):
        assert (
            await refused(ann, "message_send", {"chat": chat, "client_id": "x", "mentions": mentions, **content})
            == "malformed"
        )


async def test_only_members_are_mentioned_and_a_refusal_stores_nothing(node: Node) -> None:
    ann, tom, eve = await phones(node, *await friends(node, 3))
    chat = (await say(ann, contact=tom.person.number))["chat"]
    request = {"chat": chat, "client_id": "once", "text": "@Eve", "mentions": [mention(eve)]}
    assert await refused(ann, "message_send", request) == "participant_not_found"
    assert await refused(ann, "message_edit", {**request, "seq": 1}) == "participant_not_found"
    assert len(await history(ann, chat)) == 1
    kept = {**request, "mentions": [mention(tom)]}
    assert await answered(ann, "message_send", kept) == await answered(ann, "message_send", kept)
    assert await answered(ann, "message_send", request) == await answered(ann, "message_send", kept), "as it was stored"


async def test_a_caption_mentions_as_a_text_does(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    place = {"type": "l", "latitude": 1.0, "longitude": 2.0, "caption": "here, @Tom"}
    body = {"contact": tom.person.number, "client_id": "place", "mentions": [mention(tom, 6)], **place}
    message = (await answered(ann, "message_send", body))["message"]
    assert message["mentions"] == [shown(tom, 6)]
    assert await mentioned(tom, message["chat"]) == 1


async def test_rest_sends_and_lists_mentions(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    path, to = "/api/messages/send-message/", {"contact": tom.person.number, "message": "@Tom"}
    for body in ({"json": to | {"mentions": [mention(tom)]}}, {"data": to | {"mentions": json.dumps([mention(tom)])}}):
        status, sent = await node.rest("POST", path, ann.person, **body)
        assert status == 200, sent
    assert [entry["mentions"] for entry in await history(tom, sent["chat"])] == [[shown(tom)]] * 2
    _, listed = await node.rest("GET", f"/api/messages/chats/{ann.person.number}/", tom.person)
    assert [message["mentions"] for message in listed["messages"]] == [[shown(tom)]] * 2
    assert await mentioned(tom, sent["chat"]) == 2
    for wrong, code in (([mention(tom, 1)], 400), ("[", 400), ([mention(tom, number="4930999999")], 404)):
        assert (await node.rest("POST", path, ann.person, json=to | {"mentions": wrong}))[0] == code


async def test_rest_takes_mentions_in_the_caption_of_a_file_whole_and_in_parts(node: Node) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    fields = {"contact": tom.person.number, "caption": "For @Tom"}

    def form(mentions: list[dict[str, Any]]) -> FormData:
        data = FormData({**fields, "mentions": json.dumps(mentions)})
        data.add_field("filename", b"a file", filename="a.bin")
        return data

    status, sent = await node.rest("POST", "/api/messages/send-document/", ann.person, data=form([mention(tom, 4)]))
    assert status == 200, sent
    parts = "/api/messages/uploads/"
    begun = fields | {"kind": "document", "length": 6, "mentions": [mention(tom, 4)]}
    status, upload = await node.rest("POST", parts, ann.person, json=begun)
    assert status == 201, upload
    headers = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
    status, _ = await node.rest("PATCH", f"{parts}{upload['upload']}/", ann.person, data=b"a file", headers=headers)
    assert status == 204
    assert [entry["mentions"] for entry in await history(tom, sent["chat"])] == [[shown(tom, 4)]] * 2
    assert await mentioned(tom, sent["chat"]) == 2
    wrong = [mention(tom, 8)]
    assert (await node.rest("POST", "/api/messages/send-document/", ann.person, data=form(wrong)))[0] == 400
    assert (await node.rest("POST", parts, ann.person, json=begun | {"mentions": wrong}))[0] == 400


async def test_a_file_that_mentions_somebody_outside_is_refused_before_it_is_kept(node: Node, parts: Parts) -> None:
    ann, tom, other = await phones(node, *await friends(node, 3))
    data = FormData({"contact": tom.person.number, "caption": "@You", "mentions": json.dumps([mention(other)])})
    data.add_field("filename", b"a file that nobody is shown", filename="a.bin")
    kept = [parts.database.raw[f"media.{name}"] for name in ("files", "chunks")]
    before = [await rows.estimated_document_count() for rows in kept]
    status, refusal = await node.rest("POST", "/api/messages/send-document/", ann.person, data=data)
    assert (status, refusal["code"]) == (404, "participant_not_found")
    assert [await rows.estimated_document_count() for rows in kept] == before


async def test_a_file_in_parts_that_mentions_who_has_left_goes_on_once_it_does_not(node: Node, parts: Parts) -> None:
    ann, tom, other, chat = await group_of_three(node, parts)
    url = "/api/messages/uploads/"
    fields = {"kind": "document", "length": 6, "chat": chat, "client_id": "file", "caption": "@Tom and @Max"}
    # What no database can keep, beside what counts.
    junk = {"mentions": [mention(tom, x=1 << 63), mention(other, 9)], "contact": {"a\0b": 1}}
    status, upload = await node.rest("POST", url, ann.person, json=fields | junk)
    assert status == 201, upload
    await remove(parts, ann, chat, tom.person)
    place, headers = f"{url}{upload['upload']}/", {"Content-Type": "application/offset+octet-stream"}
    status, refusal = await node.rest(
        "PATCH", place, ann.person, data=b"a file", headers=headers | {"Upload-Offset": "0"}
    )
    assert (status, refusal["code"]) == (404, "participant_not_found")
    status, refusal = await node.rest("POST", url, ann.person, json=fields | {"mentions": [mention(tom)]})
    assert (status, refusal["code"]) == (404, "participant_not_found")
    status, again = await node.rest("POST", url, ann.person, json=fields | {"mentions": [mention(other, 9)]})
    assert (status, again["url"], again["offset"]) == (200, upload["url"], 5)
    status, _ = await node.rest("PATCH", place, ann.person, data=b"e", headers=headers | {"Upload-Offset": "5"})
    assert status == 204
    (message,) = [entry for entry in await history(other, chat) if entry.get("caption") == fields["caption"]]
    assert message["mentions"] == [shown(other, 9)]
