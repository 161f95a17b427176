"""Messages over HTTP (docs/messaging-api.md, "Sending"): each route's answers and refusals, and what sockets have to do with them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from server.embedded import EmbeddedStores
from tests.support.message_fixture import EARLIER, Talk, open_talk
from tests.support.node import Person
from tests.support.plans import recorded_plans

SEND, PLACE, CARD = (f"/api/messages/send-{kind}/" for kind in ("message", "location", "vcard"))
TYPING, PAUSED, READ = (f"/api/messages/{name}/" for name in ("set-typing", "set-paused", "update-last-read"))
CHATS = "/api/message/chats/"
NOBODY = "4999999999"
TEXT = {"message": "hi"}
COORDINATES = {"latitude": "48.8571", "longitude": "2.2943"}


@pytest.fixture(scope="module")
async def talk(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Talk]:
    async with open_talk(stores, tmp_path_factory.mktemp("messages")) as talk:
        yield talk


class TestSending:
    @pytest.mark.parametrize(
        ("path", "form", "shown"),
        [
            (SEND, {"message": "😍 مرحبا"}, {"type": "t", "text": "😍 مرحبا"}),
            (
                PLACE,
                COORDINATES | {"caption": "Cool Place🗼"},
                {"type": "l", "latitude": 48.8571, "longitude": 2.2943, "data": "", "caption": "Cool Place🗼"},
            ),
            (PLACE, {"latitude": "-90", "longitude": " 1.8e2 "}, {"type": "l", "latitude": -90.0, "longitude": 180.0}),
            (CARD, {"vcard": "BEGIN:VCARD", "name": "John"}, {"type": "c", "vcard": "BEGIN:VCARD", "name": "John"}),
            (CARD, {"vcard": "BEGIN:VCARD"}, {"type": "c", "vcard": "BEGIN:VCARD", "name": ""}),
        ],
    )
    async def test_each_kind_is_listed_with_what_it_has(
        self, talk: Talk, path: str, form: dict[str, str], shown: dict[str, Any]
    ) -> None:
        ann, tom = await talk.people()
        sent = await talk.post(path, ann, contact=tom.number, **form)
        assert sent["id"] == sent["message_id"]
        assert len(sent["id"]) == 22
        (received,), (own,) = await talk.listed(tom, ann), await talk.listed(ann, tom)
        assert received.items() >= {"id": sent["id"], "received": True, **shown}.items()
        assert own == received | {"received": False}
        assert len(own["time"]) == len("2016-05-20T05:52:45")
        assert own["delivered"] == own["time"]
        assert own["read"] is None

    async def test_a_card_may_be_a_file_which_wins_over_the_text(self, talk: Talk) -> None:
        ann, tom = await talk.people()
        form = aiohttp.FormData({"contact": tom.number, "vcard": "another"})
        form.add_field("filename", "BEGIN:VCARD\nFN:Zoë".encode(), filename="zoe.vcf")
        status, _ = await talk.node.rest("POST", CARD, ann, data=form)
        assert status == 200
        assert (await talk.listed(tom, ann))[0]["vcard"] == "BEGIN:VCARD\nFN:Zoë"

    async def test_a_card_that_is_no_text_is_refused(self, talk: Talk) -> None:
        ann, tom = await talk.people()
        form = aiohttp.FormData({"contact": tom.number})
        form.add_field("filename", b"\xff\xfe", filename="zoe.vcf")
        assert (await talk.node.rest("POST", CARD, ann, data=form))[0] == 400

    @pytest.mark.parametrize("spelling", ["+{}", " {} ", "({})"])
    async def test_a_number_may_be_written_in_any_way(self, talk: Talk, spelling: str) -> None:
        ann, tom = await talk.people()
        await talk.post(SEND, ann, contact=spelling.format(tom.number), message="hi")
        assert await talk.texts(tom, ann) == ["hi"]

    async def test_a_json_body_serves_as_well_and_so_does_a_path_without_its_last_slash(self, talk: Talk) -> None:
        ann, tom = await talk.people()
        body = {"contact": int(tom.number), "latitude": 1, "longitude": 2.5}
        status, _ = await talk.node.rest("POST", PLACE.rstrip("/"), ann, json=body)
        assert status == 200
        assert (await talk.listed(tom, ann))[0]["longitude"] == 2.5

    async def test_each_call_is_a_message_unless_it_names_a_client_id(self, talk: Talk) -> None:
        ann, tom = await talk.people()
        first, second = await talk.send(ann, tom), await talk.send(ann, tom)
        assert second["seq"] == first["seq"] + 1
        again = [await talk.post(SEND, ann, contact=tom.number, client_id="k", message=text) for text in "ab"]
        assert again[0] == again[1]
        assert await talk.texts(tom, ann) == ["hi", "hi", "a"]

    async def test_concurrent_calls_with_one_client_id_are_one_message(self, talk: Talk) -> None:
        ann, tom = await talk.people()
        calls = [talk.post(SEND, ann, contact=tom.number, client_id="k", message="once") for _ in range(8)]
        assert len({sent["id"] for sent in await asyncio.gather(*calls)}) == 1
        assert await talk.texts(tom, ann) == ["once"]

    async def test_a_client_id_of_something_else_is_a_conflict(self, talk: Talk) -> None:
        ann, tom = await talk.people()
        sent = await talk.send(ann, tom)
        phone = await talk.device(ann, "/chat")
        await phone.ask("reaction_set", {"chat": sent["chat"], "seq": 1, "emoji": "👍", "client_id": "k"})
        refusal = await talk.refused(SEND, ann, contact=tom.number, client_id="k", message="hi")
        assert refusal == (409, "client_id_reused")

    async def test_a_group_is_named_by_group_id_also_behind_a_contact_that_is_none(self, talk: Talk) -> None:
        ann, tom = await talk.people()
        group = await talk.group(ann, tom)
        await talk.send(ann, group, "one")
        await talk.post(SEND, ann, contact="x", group_id=group, message="two")
        shown = await talk.listed(tom, group)
        assert [(message["text"], message["participant"]) for message in shown] == [
            ("one", ann.number),
            ("two", ann.number),
        ]

    async def test_whoever_was_written_to_may_answer_without_a_contact(self, talk: Talk) -> None:
        ann, tom = await talk.stranger(), await talk.stranger()
        await talk.node.rest("POST", "/api/contacts/add-contact/", ann, data={"contact_id": tom.number})
        assert await talk.refused(SEND, tom, contact=ann.number, message="hi") == (400, "not_a_contact")
        await talk.send(ann, tom)
        await talk.send(tom, ann, "hello")
        assert await talk.texts(ann, tom) == ["hi", "hello"]

    @pytest.mark.parametrize(
        ("path", "form", "refusal"),
        [
            (SEND, {**TEXT}, (400, "malformed")),
            (SEND, {"contact": "", **TEXT}, (400, "malformed")),
            (SEND, {"contact": "12x34", **TEXT}, (400, "malformed")),
            (SEND, {"contact": "TOM", "group_id": "", "message": ""}, (400, "malformed")),
            (SEND, {"contact": "TOM"}, (400, "malformed")),
            (SEND, {"contact": "TOM", "message": " \n"}, (400, "malformed")),
            (SEND, {"contact": "TOM", "message": "x" * 16_385}, (400, "too_long")),
            (SEND, {"contact": "TOM", "client_id": "x" * 65, **TEXT}, (400, "too_long")),
            (SEND, {"contact": NOBODY, **TEXT}, (400, "not_a_contact")),
            (SEND, {"group_id": "12-34", **TEXT}, (404, "chat_not_found")),
            (SEND, {"group_id": "1234", **TEXT}, (400, "malformed")),
            (SEND, {"contact": "TOM", "account": NOBODY, **TEXT}, (400, "wrong_account")),
            (PLACE, {**COORDINATES}, (400, "malformed")),
            (PLACE, {"contact": "TOM", "latitude": "1"}, (400, "malformed")),
            (PLACE, {"contact": "TOM", "longitude": "1"}, (400, "malformed")),
            (PLACE, {"contact": "TOM", "latitude": "north", "longitude": "1"}, (400, "malformed")),
            (PLACE, {"contact": "TOM", "latitude": "nan", "longitude": "1"}, (400, "malformed")),
            (PLACE, {"contact": "TOM", "latitude": "1_0", "longitude": "1"}, (400, "malformed")),
            (PLACE, {"contact": "TOM", "latitude": "1e999", "longitude": "1"}, (400, "malformed")),
            (PLACE, {"contact": "TOM", "latitude": "90.01", "longitude": "1"}, (400, "malformed")),
            (PLACE, {"contact": "TOM", "latitude": "1", "longitude": "-180.5"}, (400, "malformed")),
            (PLACE, {"contact": "TOM", "caption": "x" * 257, **COORDINATES}, (400, "too_long")),
            (PLACE, {"contact": NOBODY, **COORDINATES}, (400, "not_a_contact")),
            (CARD, {"vcard": "BEGIN:VCARD"}, (400, "malformed")),
            (CARD, {"contact": "TOM"}, (400, "malformed")),
            (CARD, {"contact": "TOM", "vcard": ""}, (400, "malformed")),
            (CARD, {"contact": "TOM", "filename": "john.vcf"}, (400, "malformed")),
            (CARD, {"contact": "TOM", "vcard": "x" * 163_841}, (400, "too_long")),
            (CARD, {"contact": "TOM", "vcard": "x", "name": "x" * 257}, (400, "too_long")),
            (CARD, {"contact": NOBODY, "vcard": "x"}, (400, "not_a_contact")),
            (TYPING, {}, (400, "malformed")),
            (TYPING, {"contact": NOBODY}, (400, "not_a_contact")),
            (TYPING, {"group_id": "12-34"}, (404, "chat_not_found")),
            (PAUSED, {"contact": "none"}, (400, "malformed")),
            (PAUSED, {"contact": NOBODY}, (400, "not_a_contact")),
            (PAUSED, {"group_id": "12-34"}, (404, "chat_not_found")),
            (READ, {}, (400, "malformed")),
            (READ, {"contact": "none"}, (400, "malformed")),
            (READ, {"contact": "TOM", "date_limit": "yesterday"}, (400, "malformed")),
            (READ, {"contact": "TOM", "date_limit": "9" * 30}, (400, "malformed")),
            (READ, {"group_id": "12-34"}, (404, "chat_not_found")),
        ],
    )
    async def test_what_is_wrong_is_refused(
        self, talk: Talk, path: str, form: dict[str, str], refusal: tuple[int, str]
    ) -> None:
        ann, tom = await talk.people()
        form = {name: tom.number if value == "TOM" else value for name, value in form.items()}
        assert await talk.refused(path, ann, **form) == refusal
        assert await talk.listed(tom, ann) == []

    @pytest.mark.parametrize(
        ("path", "name"),
        [(SEND, "contact"), (SEND, "message"), (PLACE, "latitude"), (CARD, "name"), (READ, "date_limit")],
    )
    async def test_a_field_given_twice_is_refused(self, talk: Talk, path: str, name: str) -> None:
        ann, tom = await talk.people()
        fields = {"contact": tom.number, "message": "hi", "vcard": "x", **COORDINATES, "name": "x", "date_limit": "1"}
        group = await talk.group(ann, tom)  # not even where something else would do
        form = [*fields.items(), (name, fields[name]), ("group_id", group)]
        status, body = await talk.node.rest("POST", path, ann, data=aiohttp.FormData(form))
        assert (status, body["code"]) == (400, "malformed")

    @pytest.mark.parametrize("path", [SEND, PLACE, CARD, TYPING, PAUSED, READ])
    async def test_nobody_without_a_token_gets_in(self, talk: Talk, path: str) -> None:
        async with talk.node.http.post(talk.node.url + path, data={"contact": "1"}) as answer:
            assert answer.status == 401
            assert (await answer.json())["code"] == "unauthenticated"


class TestOneMessageFourViews:
    async def test_both_doors_show_the_same_ids_seqs_and_receipts(self, talk: Talk) -> None:
        ann, tom = await talk.people()
        ann_phone, tom_phone = await talk.device(ann), await talk.device(tom)
        by_rest = await talk.send(ann, tom, "by rest")
        by_socket = (
            await ann_phone.ask("message_send", {"contact": tom.number, "client_id": "1", "text": "by socket"})
        )["message"]
        heard = [told["message"] for told in await tom_phone.expect("message_created", 2)]
        echoed = [told["message"] for told in await ann_phone.expect("message_created", 2)]
        assert heard == echoed
        assert heard[1] == by_socket
        ids = [by_rest["id"], by_socket["id"]]
        assert [message["id"] for message in heard] == ids
        for reader, other in ((ann, tom), (tom, ann)):
            listed = await talk.listed(reader, other)
            assert [(m["id"], m["chat"], m["seq"], m["text"]) for m in listed] == [
                (m["id"], m["chat"], m["seq"], m["text"]) for m in heard
            ]
        assert await talk.receipts("delivered", ann, tom) == ids
        assert await talk.receipts("read", ann, tom) == []

        # Read on a socket: the sender's lists show it.
        chat = by_socket["chat"]
        assert (await tom_phone.ask("read", {"chat": chat, "seq": 1}, "/receipts"))["ok"]
        assert await talk.receipts("read", ann, tom) == ids[:1]
        assert [message["read"] is not None for message in await talk.listed(ann, tom)] == [True, False]
        # Read by REST: the sender's socket hears it, and so do the reader's own devices.
        assert (await talk.post(READ, tom, contact=ann.number)) == {"updated": 1}
        assert await talk.receipts("read", ann, tom) == ids
        for phone in (ann_phone, tom_phone):
            while (await phone.expect("receipt", len(phone.told("receipt")) or 1))[-1]["read"] < 2:
                await phone.expect("receipt", len(phone.told("receipt")) + 1)
            assert phone.told("receipt")[-1] == {"chat": chat, "account": tom.account_id, "delivered": 2, "read": 2}
        assert (await talk.post(READ, tom, contact=ann.number))["updated"] == 0

    async def test_an_edit_and_a_deletion_on_a_socket_are_seen_by_rest(self, talk: Talk) -> None:
        ann, tom = await talk.people()
        sent = [await talk.send(ann, tom, text) for text in ("one", "two", "three")]
        phone = await talk.device(ann, "/chat")
        await phone.ask("message_edit", {"chat": sent[0]["chat"], "seq": 1, "text": "first"})
        await phone.ask("message_delete", {"chat": sent[0]["chat"], "seq": 2})
        await phone.ask("message_delete", {"chat": sent[0]["chat"], "seq": 3, "scope": "me"})
        assert await talk.texts(tom, ann) == ["first", "", "three"]
        assert [message.get("deleted") for message in await talk.listed(tom, ann)] == [None, True, None]
        assert await talk.texts(ann, tom) == ["first", ""]

    async def test_changes_that_are_stored_and_not_applied_yet_are_seen_too(self, talk: Talk) -> None:
        ann, tom = await talk.people()
        sent = [await talk.send(ann, tom, text) for text in ("one", "two")]
        phone = await talk.device(ann, "/chat")
        await phone.ask("message_edit", {"chat": sent[0]["chat"], "seq": 1, "text": "first"})
        await phone.ask("message_delete", {"chat": sent[0]["chat"], "seq": 2})
        await talk.unapply(sent[0]["chat"], "one", "two")
        assert await talk.texts(tom, ann) == ["first", ""]

    async def test_media_sent_on_a_socket_are_listed_with_their_addresses(self, talk: Talk) -> None:
        ann, tom = await talk.people()
        phone = await talk.device(ann, "/chat")
        for kind in "iasv":
            media = {"type": kind, "url": f"https://example.org/{kind}", "hash": "h", "mime_type": "x/y"}
            answer = await phone.ask("message_send", {"contact": tom.number, "client_id": kind, **media})
            assert answer["ok"], answer
        listed = await talk.listed(tom, ann)
        assert [message["type"] for message in listed] == list("iasv")
        for message in listed:
            assert message["url"] == f"https://example.org/{message['type']}"
            assert (message["hash"], message["mime_type"]) == ("h", "x/y")


class TestTyping:
    async def test_it_is_shown_on_sockets_until_it_is_paused(self, talk: Talk) -> None:
        ann, tom = await talk.people()
        sent = await talk.send(ann, tom)
        phone = await talk.device(tom, "/typing")
        assert await talk.post(TYPING, ann, contact=tom.number) == {}
        assert await talk.post(PAUSED, ann, contact=tom.number) == {}
        told = await phone.expect("typing", 2)
        assert [(one["chat"], one["account"], one["state"]) for one in told] == [
            (sent["chat"], ann.account_id, "typing"),
            (sent["chat"], ann.account_id, "paused"),
        ]

    async def test_a_message_ends_it_without_a_word(self, talk: Talk) -> None:
        ann, tom = await talk.people()
        await talk.send(ann, tom)
        phone = await talk.device(tom, "/typing")
        await talk.post(TYPING, ann, contact=tom.number)
        await talk.send(ann, tom)
        for path in (PAUSED, TYPING, PAUSED):
            await talk.post(path, ann, contact=tom.number)
        assert [one["state"] for one in await phone.expect("typing", 3)] == ["typing", "typing", "paused"]

    async def test_it_is_shown_in_a_group(self, talk: Talk) -> None:
        ann, tom = await talk.people()
        group = await talk.group(ann, tom)
        phone = await talk.device(tom, "/typing")
        assert await talk.post(TYPING, ann, group_id=group) == {}
        (told,) = await phone.expect("typing")
        assert told["account"] == ann.account_id

    @pytest.mark.parametrize("path", [TYPING, PAUSED])
    async def test_before_the_first_message_it_is_accepted_and_opens_no_chat(self, talk: Talk, path: str) -> None:
        ann, tom = await talk.people()
        assert await talk.post(path, ann, contact=tom.number) == {}
        assert (await talk.get(CHATS, ann))["chats"] == []


class TestChatList:
    async def test_both_paths_list_chats_newest_first_with_titles_and_counts(self, talk: Talk) -> None:
        ann, tom, sam = await talk.people(3)
        names = {"first_name": "Tom", "last_name": "Sawyer"}
        await talk.node.rest("PATCH", f"/api/contacts/{tom.number}/", ann, data=names)
        group = await talk.group(sam, ann)
        await talk.send(tom, ann, "x" * 100)
        await talk.send(tom, ann)
        await talk.post(PLACE, sam, group_id=group, **COORDINATES)
        body = await talk.get(CHATS, ann)
        assert body == await talk.get("/api/messages/chats/", ann)
        assert body == await talk.get("/api/messages/chats", ann)
        fields = ("entity_id", "id", "title", "snippet", "is_group", "unread")
        assert [tuple(chat[name] for name in fields) for chat in body["chats"]] == [
            (group, group, "Chess", "Location", True, 1),
            (tom.number, tom.number, "Tom Sawyer", "hi", False, 2),
        ]
        assert all(len(chat["time"]) == len("2016-05-20T05:52:45") for chat in body["chats"])

    async def test_a_long_text_is_cut_and_a_stranger_is_titled_by_its_number(self, talk: Talk) -> None:
        ann, tom = await talk.stranger(), await talk.stranger()
        await talk.node.rest("POST", "/api/contacts/add-contact/", ann, data={"contact_id": tom.number})
        await talk.send(ann, tom, "é" * 65)
        (chat,) = (await talk.get(CHATS, tom))["chats"]
        assert (chat["title"], chat["snippet"]) == (ann.number, "é" * 64)

    async def test_a_contact_without_a_name_is_titled_by_the_name_it_gives_itself(self, talk: Talk) -> None:
        ann, tom = await talk.people()
        profile = {"full_name": "Thomas Sawyer", "email": "tom@example.org"}
        assert (await talk.node.rest("POST", "/auth/register", tom, json=profile))[0] == 200
        await talk.send(tom, ann)
        assert [chat["title"] for chat in (await talk.get(CHATS, ann))["chats"]] == ["Thomas Sawyer"]

    async def test_the_name_of_who_blocked_the_reader_is_not_shown(self, talk: Talk) -> None:
        ann, tom = await talk.people()
        profile = {"full_name": "Thomas Sawyer", "email": "tom@example.org"}
        assert (await talk.node.rest("POST", "/auth/register", tom, json=profile))[0] == 200
        await talk.send(tom, ann)
        assert (await talk.node.rest("POST", f"/api/contacts/{ann.number}/block/", tom))[0] == 200
        assert [chat["title"] for chat in (await talk.get(CHATS, ann))["chats"]] == [tom.number]

    async def test_limit_and_offset_cut_it(self, talk: Talk) -> None:
        ann, *others = await talk.people(4)
        for other in others:
            await talk.send(other, ann)
        newest_first = [other.number for other in reversed(others)]
        for query, expected in (
            ({}, newest_first),
            ({"limit": "2"}, newest_first[:2]),
            ({"limit": "x"}, newest_first),
            ({"offset": "1"}, newest_first[1:]),
            ({"offset": "3"}, []),
            ({"limit": "1", "offset": "1"}, newest_first[1:2]),
        ):
            chats = (await talk.get(CHATS, ann, params=query))["chats"]
            assert [chat["entity_id"] for chat in chats] == expected, query


@pytest.fixture(scope="module")
async def listed(talk: Talk) -> tuple[Person, Person, list[dict[str, Any]]]:
    """Two people, and ten messages a minute apart: the even ones by the first. For tests that only read them."""
    return await write_ten(talk)


@pytest.fixture
async def ten(talk: Talk) -> tuple[Person, Person, list[dict[str, Any]]]:
    """As `listed`, for a test that changes something."""
    return await write_ten(talk)


async def write_ten(talk: Talk) -> tuple[Person, Person, list[dict[str, Any]]]:
    ann, tom = await talk.people()
    sent = [await talk.send(*((ann, tom) if n % 2 == 0 else (tom, ann)), text=str(n)) for n in range(10)]
    await talk.date(*sent)
    return ann, tom, sent


def shown(minute: float) -> str:
    return (EARLIER + timedelta(minutes=minute)).strftime("%Y-%m-%d %H:%M:%S")


class TestMessageList:
    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({}, "0123456789"),
            ({"limit": "3"}, "789"),
            ({"limit": "0" * 20 + "3"}, "789"),
            ({"limit": "3", "offset": "2"}, "567"),
            ({"limit": "3", "offset": "3"}, "456"),
            ({"limit": "3", "offset": "9"}, "0"),
            ({"limit": "3", "offset": "10"}, ""),
            ({"offset": "9" * 40}, ""),
            ({"limit": "0"}, ""),
            ({"limit": "-1"}, "0123456789"),
            ({"limit": "3.0", "offset": "x"}, "0123456789"),
            ({"limit": "٣"}, "0123456789"),
            ({"limit": "9" * 40}, "0123456789"),
            ({"received_only": "1"}, "13579"),
            ({"received_only": "true"}, "0123456789"),
            ({"received_only": "01"}, "0123456789"),
            ({"received_only": "1", "limit": "2", "offset": "1"}, "57"),
            ({"after": ""}, "0123456789"),
            ({"after": "0"}, "0123456789"),
            ({"after": "1970-01-01"}, "0123456789"),
            ({"after": shown(6)}, "789"),
            ({"after": shown(6).replace(" ", "T") + "Z"}, "789"),
            ({"after": shown(66).replace(" ", "T") + "+01:00"}, "789"),
            ({"after": str(int((EARLIER + timedelta(minutes=6)).timestamp()))}, "789"),
            ({"after": shown(5.99)}, "6789"),
            ({"after": shown(9)}, ""),
            ({"after": "9999-12-31T23:59:59"}, ""),
            ({"after": "0001-01-01"}, "0123456789"),
        ],
    )
    async def test_a_page_is_counted_from_the_newest_and_shown_oldest_first(
        self, talk: Talk, listed: tuple[Person, Person, list[Any]], query: dict[str, str], expected: str
    ) -> None:
        ann, tom, _ = listed
        assert "".join(await talk.texts(ann, tom, **query)) == expected
        # As the document writes it: the parameters in the body of a GET.
        body = await talk.get(f"/api/messages/chats/{tom.number}/", ann, data=query)
        assert "".join(message["text"] for message in body["messages"]) == expected

    async def test_the_query_wins_over_the_body(self, talk: Talk, listed: tuple[Person, Person, list[Any]]) -> None:
        ann, tom, _ = listed
        path = f"/api/messages/chats/{tom.number}/"
        body = await talk.get(path, ann, params={"limit": "1"}, data={"limit": "2", "offset": "1"})
        assert [message["text"] for message in body["messages"]] == ["8"]

    @pytest.mark.parametrize("after", ["soon", "2026-13-01", "9" * 30, "2026-01-01T00:00:00+99:00"])
    async def test_a_date_that_is_none_is_refused(self, talk: Talk, after: str) -> None:
        ann, tom = await talk.people()
        for path in (f"/api/messages/chats/{tom.number}/", f"/api/messages/read/{tom.number}/"):
            status, body = await talk.node.rest("GET", path, ann, params={"after": after})
            assert (status, body["code"]) == (400, "malformed")

    @pytest.mark.parametrize("name", ["after", "limit", "offset", "received_only"])
    async def test_a_parameter_given_twice_is_refused(self, talk: Talk, name: str) -> None:
        ann, tom = await talk.people()
        path = f"/api/messages/chats/{tom.number}/?{name}=1&{name}=2"
        assert (await talk.node.rest("GET", path, ann))[0] == 400

    async def test_no_more_than_a_thousand_are_shown(self, talk: Talk) -> None:
        ann, tom = await talk.people()
        sent = await talk.send(ann, tom)
        entries = talk.database.raw["entries"]
        row = await entries.find_one({"_id": int(sent["id"], 16)})
        assert row is not None
        await entries.insert_many([row | {"_id": row["_id"] + n, "client": str(n)} for n in range(1, 1500)])
        listed = await talk.listed(ann, tom, limit="5000")
        assert [message["seq"] for message in listed] == list(range(501, 1501))
        assert len(await talk.listed(ann, tom)) == 20
        # Somebody who asks again and again reads no more of a long chat than what is new.
        old = {"_id": {"$gte": row["_id"], "$lt": row["_id"] + 1490}}
        await entries.update_many(old, {"$set": {"at": EARLIER}})
        async with recorded_plans(talk.database, "entries") as plans:
            assert len(await talk.listed(ann, tom, after=shown(5))) == 10
        assert max(plan.docs_examined for plan in plans) <= 300, [p for p in plans if p.docs_examined > 300]

    @pytest.mark.parametrize("target", [NOBODY, "12-34", "1"])
    async def test_an_unknown_chat_is_an_empty_one(self, talk: Talk, target: str) -> None:
        assert await talk.listed(await talk.stranger(), target) == []

    @pytest.mark.parametrize("target", ["x", "12-", "-12", "1-2-3", "+12", "١٢"])
    async def test_a_path_that_names_no_chat_is_not_found(self, talk: Talk, target: str) -> None:
        status, body = await talk.node.rest("GET", f"/api/messages/chats/{target}/", await talk.stranger())
        assert (status, body["code"]) == (404, "not_found")

    async def test_outsiders_see_nothing_of_a_group_and_who_left_keeps_what_it_had(self, talk: Talk) -> None:
        ann, tom, sam = await talk.people(3)
        group = await talk.group(ann, tom)
        await talk.send(ann, group, "one")
        assert await talk.post(READ, tom, group_id=group) == {"updated": 1}
        status, _ = await talk.node.rest("POST", f"/api/groups/{group}/leave/", tom)
        assert status == 200
        await talk.send(ann, group, "two")
        assert await talk.listed(sam, group) == []
        assert await talk.texts(tom, group) == ["one"]
        assert await talk.texts(tom, group, after="2020-01-01") == ["one"]
        assert await talk.refused(SEND, tom, group_id=group, message="hi") == (404, "chat_not_found")
        assert await talk.refused(TYPING, tom, group_id=group) == (404, "chat_not_found")
        assert await talk.refused(READ, tom, group_id=group) == (404, "chat_not_found")
        status, _ = await talk.node.rest(
            "POST", f"/api/groups/{group}/add-participant/", ann, data={"contact": tom.number}
        )
        assert status == 200
        await talk.send(ann, group, "three")
        assert await talk.texts(tom, group) == ["one", "three"]
        assert await talk.texts(tom, group, limit="1", offset="1") == ["one"]

    async def test_talking_to_oneself_is_all_sent_and_all_delivered(self, talk: Talk) -> None:
        ann = await talk.stranger()
        await talk.node.rest("POST", "/api/contacts/add-contact/", ann, data={"contact_id": ann.number})
        sent = await talk.send(ann, ann)
        assert [message["received"] for message in await talk.listed(ann, ann)] == [False]
        assert await talk.listed(ann, ann, received_only="1") == []
        assert await talk.receipts("delivered", ann, ann) == [sent["id"]]
        assert (await talk.post(READ, ann, contact=ann.number))["updated"] == 0


class TestReceiptLists:
    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({}, "02468"),
            ({"limit": "2"}, "68"),
            ({"limit": "2", "offset": "2"}, "24"),
            ({"limit": "2", "offset": "5"}, ""),
            ({"after": shown(4)}, "468"),
            ({"after": shown(4.1)}, "68"),
        ],
    )
    async def test_delivered_is_what_this_account_sent_at_a_date_or_later(
        self, talk: Talk, listed: tuple[Person, Person, list[Any]], query: dict[str, str], expected: str
    ) -> None:
        ann, tom, sent = listed
        assert await talk.receipts("delivered", ann, tom, **query) == [sent[int(n)]["id"] for n in expected]

    async def test_each_message_was_read_at_the_first_mark_that_covers_it(
        self, talk: Talk, ten: tuple[Person, Person, list[Any]]
    ) -> None:
        ann, tom, sent = ten
        chat = sent[0]["chat"]
        assert await talk.receipts("read", ann, tom) == []
        assert await talk.post(READ, tom, contact=ann.number, date_limit=shown(2)) == {"updated": 2}
        assert await talk.post(READ, tom, contact=ann.number, date_limit=shown(5)) == {"updated": 1}
        phone = await talk.device(tom, "/receipts")
        for seq in (3, 7, 5):  # a mark that stands further already tells nothing new
            assert (await phone.ask("read", {"chat": chat, "seq": seq}, "/receipts"))["ok"]
        await talk.date_reads(chat, 20, 30, 40)
        body = await talk.get(f"/api/messages/read/{tom.number}/", ann)
        assert body == {
            "messages": [
                {"id": sent[n]["id"], "read": shown(minute).replace(" ", "T")}
                for n, minute in ((0, 20), (2, 20), (4, 30), (6, 40))
            ],
            "more": False,
        }
        for query, expected in (
            ({"after": shown(20)}, "0246"),
            ({"after": shown(20.1)}, "46"),
            ({"after": shown(41)}, ""),
            ({"limit": "1"}, "6"),
            ({"limit": "2", "offset": "1"}, "24"),
            ({"limit": "2", "offset": "4"}, ""),
        ):
            assert await talk.receipts("read", ann, tom, **query) == [sent[int(n)]["id"] for n in expected], query
        assert await talk.receipts("read", tom, ann) == []
        listed = await talk.listed(ann, tom)
        read = [message["read"] for message in listed if not message["received"]]
        assert read == [*(shown(minute).replace(" ", "T") for minute in (20, 20, 30, 40)), None]

    @pytest.mark.parametrize(("name", "other"), [("delivered", NOBODY), ("read", NOBODY)])
    async def test_an_unknown_contact_has_an_empty_list(self, talk: Talk, name: str, other: str) -> None:
        assert await talk.get(f"/api/messages/{name}/{other}/", await talk.stranger()) == {
            "messages": [],
            "more": False,
        }

    async def test_groups_have_no_list(self, talk: Talk) -> None:
        assert (await talk.node.rest("GET", "/api/messages/read/12-34/", await talk.stranger()))[0] == 404

    async def test_looking_at_a_list_reads_nothing(self, talk: Talk) -> None:
        ann, tom = await talk.people()
        await talk.send(ann, tom)
        await talk.listed(tom, ann)
        assert await talk.receipts("read", ann, tom) == []


class TestUpdateLastRead:
    async def test_the_limit_is_the_whole_second_that_was_shown(self, talk: Talk) -> None:
        ann, tom = await talk.people()
        sent = await talk.send(ann, tom)
        at = EARLIER + timedelta(milliseconds=700)
        await talk.database.raw["entries"].update_one({"_id": int(sent["id"], 16)}, {"$set": {"at": at}})
        (message,) = await talk.listed(tom, ann)
        assert (await talk.post(READ, tom, contact=ann.number, date_limit=shown(-0.1)))["updated"] == 0
        assert await talk.post(READ, tom, contact=ann.number, date_limit=message["time"]) == {"updated": 1}

    async def test_own_messages_are_none_that_one_reads(self, talk: Talk) -> None:
        ann, tom = await talk.people()
        await talk.send(ann, tom)
        answer = await talk.post(READ, ann, contact=tom.number)
        assert answer["updated"] == 0
        assert answer["message"]

    async def test_nothing_came_from_a_number_that_nobody_knows(self, talk: Talk) -> None:
        assert (await talk.post(READ, await talk.stranger(), contact=NOBODY))["updated"] == 0

    async def test_it_counts_in_groups_too_and_in_the_chat_list(self, talk: Talk) -> None:
        ann, tom, sam = await talk.people(3)
        group = await talk.group(ann, tom, sam)
        for sender in (ann, tom, ann):
            await talk.send(sender, group)
        assert await talk.post(READ, tom, group_id=group) == {"updated": 2}
        assert [chat["unread"] for chat in (await talk.get(CHATS, tom))["chats"]] == [0]
        assert [chat["unread"] for chat in (await talk.get(CHATS, sam))["chats"]] == [3]


class TestBlocked:
    async def test_a_blocked_sender_is_answered_and_nobody_hears_it(self, talk: Talk) -> None:
        ann, tom = await talk.people()
        await talk.block(tom, ann)
        phone = await talk.device(tom)
        sent = await talk.send(ann, tom, "are you there?")
        assert await talk.post(TYPING, ann, contact=tom.number) == {}
        assert [message["id"] for message in await talk.listed(ann, tom)] == [sent["id"]]
        assert [(message["delivered"], message["read"]) for message in await talk.listed(ann, tom)] == [(None, None)]
        assert await talk.receipts("delivered", ann, tom) == []
        assert await talk.listed(tom, ann) == []
        assert (await talk.get(CHATS, tom))["chats"] == []
        assert (await talk.post(READ, tom, contact=ann.number))["updated"] == 0
        assert await talk.receipts("read", ann, tom) == []
        assert await talk.refused(SEND, tom, contact=ann.number, message="go away") == (403, "contact_blocked")
        assert phone.told("message_created") == phone.told("typing") == []

    async def test_a_mark_beyond_what_was_kept_back_does_not_show_it_as_read(self, talk: Talk) -> None:
        ann, tom = await talk.people()
        first, second = await talk.send(ann, tom), await talk.send(ann, tom)
        kept_back = {"_id": int(first["id"], 16)}
        await talk.database.raw["entries"].update_one(kept_back, {"$set": {"hidden_from": [tom.account_id]}})
        assert await talk.post(READ, tom, contact=ann.number) == {"updated": 1}
        assert await talk.receipts("read", ann, tom) == [second["id"]]
        assert await talk.receipts("delivered", ann, tom) == [second["id"]]
        assert [message["read"] is not None for message in await talk.listed(ann, tom)] == [False, True]


class TestPlans:
    async def test_no_list_scans_a_collection(self, talk: Talk, ten: tuple[Person, Person, list[Any]]) -> None:
        ann, tom, sent = ten
        await talk.post(READ, tom, contact=ann.number, date_limit=shown(5))
        await talk.post(READ, tom, contact=ann.number)
        phone = await talk.device(tom, "/chat")
        await phone.ask("message_delete", {"chat": sent[0]["chat"], "seq": 1, "scope": "me"})
        plans = {}
        for collection in ("entries", "members", "chats", "accounts", "contacts", "read_dates"):
            async with recorded_plans(talk.database, collection) as found:
                for reader, other in ((ann, tom), (tom, ann)):
                    for query in ({}, {"after": shown(3), "received_only": "1"}):
                        await talk.listed(reader, other, **query)
                        await talk.receipts("delivered", reader, other, **query)
                        await talk.receipts("read", reader, other, **query)
                    await talk.get(CHATS, reader)
                await talk.send(ann, tom)
                await talk.post(READ, tom, contact=ann.number)
            plans[collection] = {plan.summary for plan in found}
        assert all("COLLSCAN" not in summary for summaries in plans.values() for summary in summaries), plans
        assert plans["read_dates"] == {"IXSCAN { chat: 1, account: 1, upto: 1 }"}
