"""What somebody sets for oneself: settings of chats and stars, on every door and device, and of nobody else (docs/protocol.md, "Own state")."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from models.services.chats import starred as starred_service
from server.embedded import EmbeddedStores
from tests.rest.messaging.logins import Api, new_number
from tests.support.message_fixture import Talk, open_talk
from tests.support.node import Device

LONG = "x" * 16_000


@pytest.fixture(scope="module")
async def talk(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Talk]:
    async with open_talk(stores, tmp_path_factory.mktemp("node")) as running:
        yield running


async def change(device: Device, chat: int, **settings: Any) -> dict[str, Any]:
    """The settings of a chat after a change."""
    answer = await device.ask("chat_settings_set", {"chat": chat, **settings})
    assert answer["ok"], answer
    shown: dict[str, Any] = answer["settings"]
    return shown


async def settings_of(device: Device, chat: int) -> dict[str, Any]:
    """The settings of a chat as `chats` shows them, which is what all doors show."""
    page, answer = await device.ask("chats", {}), await device.ask("sync", {"cursors": {}})
    (listed,) = [one["settings"] for one in page["chats"] if one["chat"] == chat]
    (synced,) = [one["settings"] for one in answer["chats"] if one["chat"] == chat]
    assert listed == synced
    shown: dict[str, Any] = listed
    return shown


async def refusal(device: Device, event: str, **body: Any) -> str:
    answer = await device.ask(event, body)
    assert not answer["ok"], answer
    code: str = answer["error"]["code"]
    return code


async def starred(device: Device, **page: Any) -> list[int]:
    answer = await device.ask("starred", page)
    assert answer["ok"], answer
    return [message["seq"] for message in answer["messages"]]


async def test_settings_are_told_to_the_own_devices_alone_and_shown_on_every_door(talk: Talk) -> None:
    ann, tom = await talk.people()
    chat = (await talk.send(tom, ann))["chat"]
    phone, tablet, toms = [await talk.device(one, "/chat") for one in (ann, ann, tom)]
    assert await settings_of(phone, chat) == {}
    asked = {"muted_until": "2099-06-06T20:30:00.1234+02:00", "notify": "mentions", "pinned": 3}
    shown = {"muted_until": "2099-06-06T18:30:00.123Z", "notify": "mentions", "pinned": 3}
    answer = await phone.ask("chat_settings_set", {"contact": tom.number, **asked, "client_id": "once"})
    assert answer["settings"] == shown
    (told,) = await tablet.expect("chat_settings_changed")
    assert told == {"chat": chat, "settings": shown, "entry": answer["entry"]}
    assert (answer["entry"]["kind"], answer["entry"]["of_chat"], answer["entry"]["seq"]) == ("settings", chat, 1)
    assert await settings_of(tablet, chat) == shown
    again = await phone.ask("chat_settings_set", {"chat": chat, "pinned": 4, "client_id": "once"})
    assert (again["entry"], again["settings"]) == (answer["entry"], shown), "sent again, it is what was stored first"
    draft = {"text": "See you", "reply_to": 1}
    status, body = await talk.node.rest(
        "PATCH", f"/api/chats/{chat}/settings/", ann, json={"draft": draft, "notify": None, "muted_until": "always"}
    )
    shown = {"muted_until": "always", "pinned": 3, "draft": draft}
    assert (status, body["settings"]) == (200, shown)
    await tablet.expect("chat_settings_changed", 2)
    (fresh,) = await (await talk.device(ann, "/chat")).expect("ready")
    assert [one["settings"] for one in fresh["chats"]] == [shown]
    (listed,) = (await talk.get("/api/messages/chats/", ann))["chats"]
    assert listed["settings"] == shown
    status, body = await talk.node.rest(
        "PATCH", f"/api/chats/{chat}/settings", ann, data={"draft": '{"text": "Ho"}', "pinned": "", "archived": "true"}
    )
    assert (status, body["settings"]["draft"], body["settings"]["archived"]) == (200, {"text": "Ho"}, True)
    assert "pinned" not in body["settings"]
    assert await settings_of(toms, chat) == {}
    assert toms.told("chat_settings_changed") == []


async def test_an_archived_chat_comes_back_with_any_message_but_not_while_it_is_muted(talk: Talk) -> None:
    ann, tom = await talk.people()
    chat = (await talk.send(tom, ann))["chat"]
    device = await talk.device(ann, "/chat")
    assert await change(device, chat, archived=True) == {"archived": True, "archived_seq": 1}
    assert (await settings_of(device, chat))["archived"] is True
    await talk.send(tom, ann)
    assert (await settings_of(device, chat))["archived"] is False
    assert (await change(device, chat, archived=True, muted_until="always"))["archived_seq"] == 2
    await talk.send(tom, ann)
    assert (await settings_of(device, chat))["archived"] is True
    assert (await change(device, chat, muted_until=None))["archived"] is False
    await change(device, chat, archived=True)
    await talk.send(ann, tom)
    assert (await settings_of(device, chat))["archived"] is False, "also with one's own"
    assert await change(device, chat, archived=False) == {}


async def test_what_the_other_said_while_blocked_brings_no_chat_back(talk: Talk) -> None:
    ann, tom = await talk.people()
    chat = (await talk.send(tom, ann))["chat"]
    device = await talk.device(ann, "/chat")
    await change(device, chat, archived=True)
    status, _ = await talk.node.rest("POST", f"/api/contacts/{tom.number}/block/", ann)
    assert status == 200
    await talk.send(tom, ann)
    assert (await settings_of(device, chat))["archived"] is True


async def test_an_archived_group_comes_back_for_whoever_joins_it_anew(talk: Talk) -> None:
    ann, tom = await talk.people()
    group = await talk.group(ann, tom)
    device = await talk.device(tom, "/chat")
    chat = (await talk.send(ann, group))["chat"]
    assert (await change(device, chat, archived=True, pinned=1))["archived"] is True
    for act in ("remove-participant", "add-participant"):
        await talk.send(ann, group)
        status, _ = await talk.node.rest("POST", f"/api/groups/{group}/{act}/", ann, data={"contact": tom.number})
        assert status == 200
    shown = await settings_of(device, chat)
    assert (shown["archived"], shown["pinned"]) == (False, 1), "what else was set outlasts being out"


async def test_a_chat_marked_as_unread_is_so_until_somebody_reads_on(talk: Talk) -> None:
    ann, tom = await talk.people()
    sent = await talk.send(tom, ann)
    device = await talk.device(ann, "/chat", "/receipts")
    chat = sent["chat"]
    assert (await device.ask("read", {"chat": chat, "seq": sent["seq"]}, "/receipts"))["ok"]
    assert await change(device, chat, marked_unread=True) == {"marked_unread": True}
    assert (await device.ask("read", {"chat": chat, "seq": sent["seq"]}, "/receipts"))["ok"]
    assert await settings_of(device, chat) == {"marked_unread": True}
    sent = await talk.send(tom, ann)
    assert (await device.ask("read", {"chat": chat, "seq": sent["seq"]}, "/receipts"))["ok"]
    assert await settings_of(device, chat) == {}
    await change(device, chat, marked_unread=True)
    assert await change(device, chat, marked_unread=False) == {}


async def test_a_draft_leaves_no_trace_once_another_takes_its_place_and_all_together_are_bounded(talk: Talk) -> None:
    ann, *others = await talk.people(18)
    chats = [(await talk.send(other, ann))["chat"] for other in others]
    device = await talk.device(ann, "/chat")
    entries = talk.database.raw["entries"]
    await change(device, chats[0], draft={"text": "canary one"}, pinned=1)
    await change(device, chats[0], draft={"text": "canary two"})
    kept = [row["settings"].get("draft") async for row in entries.find({"of_chat": chats[0]})]
    assert kept == [None, {"text": "canary two", "reply_to": None}]
    await change(device, chats[0], draft=None)
    kept = [row["settings"].get("draft") async for row in entries.find({"of_chat": chats[0]})]
    assert kept == [None, None, None]
    for chat in chats[:15]:
        await change(device, chat, draft={"text": LONG})
    too_long = {"chat": chats[15], "draft": {"text": LONG}}
    assert await refusal(device, "chat_settings_set", **too_long) == "too_long"
    await change(device, chats[3], draft={"text": LONG + "!"})
    await change(device, chats[3], draft=None)
    await change(device, chats[15], draft={"text": LONG})
    pages, before = 0, {}
    while True:  # a list holds as many as fit
        page = await device.ask("chats", {"limit": 50, **before})
        pages, before = pages + 1, {"before": page["next"]}
        if page["next"] is None:
            break
    assert pages == 1


async def test_drafts_that_are_sent_at_once_are_bounded_together(talk: Talk) -> None:
    ann, *others = await talk.people(18)
    chats = [(await talk.send(other, ann))["chat"] for other in others]
    device = await talk.device(ann, "/chat")
    asked = [{"chat": chat, "draft": {"text": LONG}} for chat in chats]
    answers = await asyncio.gather(*(device.ask("chat_settings_set", each) for each in asked))
    assert [answer["ok"] for answer in answers].count(True) == 15


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"muted_until": "tomorrow"},
        {"muted_until": "2099-06-06"},
        {"muted_until": 5},
        {"notify": "some"},
        {"notify": ["all"]},
        {"archived": 1},
        {"pinned": -1},
        {"pinned": True},
        {"marked_unread": "yes"},
        {"draft": "text"},
        {"draft": {"text": " "}},
        {"draft": {"text": "a", "reply_to": 0}},
    ],
    ids=str,
)
async def test_what_is_no_setting_is_refused_on_both_doors(talk: Talk, asked: dict[str, Any]) -> None:
    ann, tom = await talk.people()
    chat = (await talk.send(tom, ann))["chat"]
    device = await talk.device(ann, "/chat")
    assert await refusal(device, "chat_settings_set", chat=chat, **asked) == "malformed"
    status, body = await talk.node.rest("PATCH", f"/api/chats/{chat}/settings/", ann, json=asked)
    assert (status, body["code"]) == (400, "malformed")
    assert await settings_of(device, chat) == {}


async def test_stars_are_listed_newest_first_in_pages_and_told_to_the_own_devices(talk: Talk) -> None:
    ann, tom = await talk.people()
    sent = [await talk.send(tom, ann, str(n)) for n in range(5)]
    phone, tablet, toms = [await talk.device(one, "/chat") for one in (ann, ann, tom)]
    for seq in (3, 1, 5, 2):
        answer = await phone.ask("star_set", {"chat": sent[0]["chat"], "seq": seq, "starred": True})
        assert answer["ok"], answer
    told = await tablet.expect("star_changed", 4)
    assert [one["seq"] for one in told] == [3, 1, 5, 2]
    assert told[-1] == {name: answer[name] for name in ("chat", "seq", "starred", "entry")}
    assert await starred(tablet) == [2, 5, 1, 3]
    first = await tablet.ask("starred", {"limit": 3})
    assert await starred(tablet, before=first["next"]) == [3]
    status, body = await talk.node.rest("POST", f"/api/messages/{sent[4]['id']}/star/", ann, json={"starred": False})
    assert (status, body["starred"]) == (200, False)
    shown = await talk.get("/api/messages/starred/", ann, params={"limit": "2"})
    assert [message["seq"] for message in shown["messages"]] == [2, 1]
    shown = await talk.get("/api/messages/starred/", ann, params={"before": str(shown["next"])})
    assert ([message["seq"] for message in shown["messages"]], shown["next"]) == ([3], None)
    assert (await starred(toms), toms.told("star_changed")) == ([], [])


async def test_stars_are_read_until_the_answer_is_full(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, tom = await talk.people()
    sent = [await talk.send(tom, ann, "x" * 1000) for _ in range(5)]
    device = await talk.device(ann, "/chat")
    for message in sent:
        assert (await device.ask("star_set", {"chat": message["chat"], "seq": message["seq"], "starred": True}))["ok"]
    monkeypatch.setattr(starred_service, "READ_AT_ONCE", 2)
    monkeypatch.setattr(starred_service, "ANSWER_MAX_CHARS", 4500)
    first = await device.ask("starred", {})
    assert [message["seq"] for message in first["messages"]] == [5, 4, 3]
    assert await starred(device, before=first["next"]) == [2, 1]


async def test_a_star_that_nothing_can_have_is_not_taken_back(talk: Talk) -> None:
    ann, tom = await talk.people()
    group = await talk.group(ann, tom)
    sent = await talk.send(ann, group)
    chat, last = sent["chat"], sent["seq"]
    device = await talk.device(tom, "/chat")
    assert (await device.ask("star_set", {"chat": chat, "seq": last, "starred": False}))["ok"]
    assert await refusal(device, "star_set", chat=chat, seq=last + 1, starred=False) == "message_not_found"
    form = {"contact": tom.number}
    status, _ = await talk.node.rest("POST", f"/api/groups/{group}/remove-participant/", ann, data=form)
    assert status == 200
    behind = (await talk.send(ann, group))["seq"]
    assert await refusal(device, "star_set", chat=chat, seq=behind, starred=False) == "message_not_found", (
        "one who left learns nothing of how the log goes on"
    )


async def test_a_list_of_stars_shows_only_what_may_be_seen_now(talk: Talk) -> None:
    ann, tom = await talk.people()
    group = await talk.group(ann, tom)
    texts = [await talk.send(ann, group, text) for text in ("deleted", "hidden", "edited", "kept")]
    chat, seqs = texts[0]["chat"], [text["seq"] for text in texts]
    device, anns = await talk.device(tom, "/chat"), await talk.device(ann, "/chat")
    for seq in seqs:
        assert (await device.ask("star_set", {"chat": chat, "seq": seq, "starred": True}))["ok"]
    assert (await anns.ask("message_delete", {"chat": chat, "seq": seqs[0]}))["ok"]
    assert (await device.ask("message_delete", {"chat": chat, "seq": seqs[1], "scope": "me"}))["ok"]
    status, _ = await talk.node.rest(
        "POST", f"/api/groups/{group}/remove-participant/", ann, data={"contact": tom.number}
    )
    assert status == 200
    assert (await anns.ask("message_edit", {"chat": chat, "seq": seqs[2], "text": "later"}))["ok"]
    answer = await device.ask("starred", {})
    assert [message["text"] for message in answer["messages"]] == ["kept", "edited"]
    assert await refusal(device, "star_set", chat=chat, seq=seqs[0], starred=True) == "message_deleted"
    assert await refusal(device, "star_set", chat=chat, seq=seqs[1], starred=True) == "message_not_found"
    behind = (await talk.send(ann, group))["seq"]
    assert await refusal(device, "star_set", chat=chat, seq=behind, starred=True) == "message_not_found"
    assert await refusal(device, "star_set", chat=chat, seq=1, starred=True) == "message_not_found", "it is no message"
    assert (await device.ask("star_set", {"chat": chat, "seq": seqs[3], "starred": False}))["ok"]
    assert await starred(device) == [seqs[2]]


async def test_nobody_sets_anything_of_a_chat_that_is_none_to_them(talk: Talk) -> None:
    ann, tom = await talk.people()
    eve = await talk.stranger()
    sent = await talk.send(tom, ann)
    device = await talk.device(eve, "/chat")
    for chat in (sent["chat"], 2**31 - 2):
        assert await refusal(device, "chat_settings_set", chat=chat, pinned=1) == "chat_not_found"
        assert await refusal(device, "star_set", chat=chat, seq=1, starred=True) == "chat_not_found"
        status, body = await talk.node.rest("PATCH", f"/api/chats/{chat}/settings/", eve, json={"pinned": 1})
        assert (status, body["code"]) == (404, "chat_not_found")
    for message_id in (sent["id"], "F" * 22, "0" * 22):
        status, body = await talk.node.rest("POST", f"/api/messages/{message_id}/star/", eve, json={"starred": True})
        assert (status, body["code"]) in {(404, "chat_not_found"), (404, "message_not_found")}
    assert await refusal(device, "chat_settings_set", contact=ann.number, pinned=1) == "chat_not_found"


class TestOneself:
    """The chat of an account with itself."""

    async def test_it_is_there_from_the_beginning_and_in_a_list_once_it_has_a_message(self, talk: Talk) -> None:
        ann = await talk.stranger()
        phone, tablet = [await talk.device(ann, "/chat", "/receipts") for _ in range(2)]
        assert (await phone.ask("sync", {"cursors": {}}))["chats"] == [], "there is nothing to catch up with"
        assert (await phone.ask("history", {"contact": ann.number}))["entries"] == []
        answer = await phone.ask("message_send", {"contact": ann.number, "client_id": "a", "text": "milk"})
        assert answer["ok"], answer
        chat = answer["message"]["chat"]
        (told,) = await tablet.expect("chat_changed")
        expected = {"chat": chat, "kind": "self", "title": None, "contact": ann.number, "expires_after_s": None}
        assert told == expected
        await tablet.expect("message_created")
        (listed,) = (await tablet.ask("chats", {}))["chats"]
        assert {name: listed[name] for name in expected} == expected
        assert (listed["unread"], listed["last"]["text"]) == (0, "milk")
        assert (await tablet.ask("message_send", {"chat": chat, "client_id": "b", "text": "eggs"}))["ok"]
        assert (await tablet.ask("read", {"chat": chat, "seq": 2}, "/receipts"))["ok"]
        assert await change(tablet, chat, pinned=1) == {"pinned": 1}, "its own settings are in its own log, too"
        (shown,) = (await talk.get("/api/messages/chats/", ann))["chats"]
        assert (shown["entity_id"], shown["snippet"], shown["unread"]) == (ann.number, "eggs", 0)

    async def test_its_history_is_of_notes_alone(self, talk: Talk) -> None:
        ann, tom = await talk.people()
        chat = (await talk.send(tom, ann))["chat"]
        device = await talk.device(ann, "/chat")
        for note in ("one", "two", "three"):
            assert (await device.ask("message_send", {"contact": ann.number, "client_id": note, "text": note}))["ok"]
            for pinned in range(3):
                await change(device, chat, pinned=pinned)
        newest = await device.ask("history", {"contact": ann.number, "limit": 2})
        assert [(one["seq"], one["text"]) for one in newest["entries"]] == [(5, "two"), (9, "three")]
        older = await device.ask("history", {"contact": ann.number, "before": newest["next"], "limit": 2})
        assert ([one["seq"] for one in older["entries"]], older["more"]) == ([1], False)

    async def test_its_log_is_synced_before_it_is_in_a_list(self, talk: Talk) -> None:
        ann, tom = await talk.people()
        chat = (await talk.send(tom, ann))["chat"]
        device = await talk.device(ann, "/chat")
        await change(device, chat, pinned=1)
        assert [one["chat"] for one in (await device.ask("chats", {}))["chats"]] == [chat]
        (own,) = [one for one in (await device.ask("sync", {"cursors": {}}))["chats"] if one["kind"] == "self"]
        assert (own["status"], own["cursor"], own["is_member"]) == ("reset", 1, True)
        answer = await device.ask("sync", {"cursors": {str(own["chat"]): 0, str(chat): 1}})
        (own,) = [one for one in answer["chats"] if one["kind"] == "self"]
        assert [entry["settings"] for entry in own["entries"]] == [{"pinned": 1}]

    async def test_an_account_of_an_earlier_version_gets_one_when_it_needs_it(self, talk: Talk) -> None:
        ann, tom = await talk.people()
        sent = await talk.send(tom, ann)
        rows = talk.database.raw
        own = await rows["chats"].find_one({"pair": f"{ann.account_id}:{ann.account_id}"})
        assert own is not None, "it is made with the account"
        await rows["chats"].delete_one({"_id": own["_id"]})
        await rows["members"].delete_one({"chat": own["_id"], "account": ann.account_id})
        device = await talk.device(ann, "/chat")
        assert await starred(device) == []
        assert (await device.ask("star_set", {"chat": sent["chat"], "seq": 1, "starred": True}))["ok"]
        assert await starred(device) == [1]

    async def test_one_made_by_an_earlier_version_that_crashed_over_it_is_synced(self, talk: Talk) -> None:
        ann, tom = await talk.people()
        chat = (await talk.send(tom, ann))["chat"]
        members = talk.database.raw["members"]
        own = {"account": ann.account_id, "unlisted": "self"}
        assert (await members.update_one(own, {"$set": {"unlisted": True}})).modified_count == 1
        device = await talk.device(ann, "/chat")
        await change(device, chat, pinned=1)
        assert "self" in [one["kind"] for one in (await device.ask("sync", {"cursors": {}}))["chats"]]

    async def test_an_account_that_a_login_registers_has_one_too(self, talk: Talk, stores: EmbeddedStores) -> None:
        number = new_number()
        await Api(talk.node, stores).new_user(number)
        account = await talk.database.raw["accounts"].find_one({"number": number})
        assert account is not None
        pair = f"{account['_id']}:{account['_id']}"
        assert await talk.database.raw["chats"].find_one({"pair": pair}) is not None


async def test_a_removed_account_leaves_nothing_of_what_it_kept_for_itself(talk: Talk) -> None:
    ann, tom = await talk.people()
    sent = await talk.send(tom, ann)
    device = await talk.device(ann, "/chat")
    note = await device.ask("message_send", {"contact": ann.number, "client_id": "note", "text": "canary noted"})
    own = {"chat": note["message"]["chat"]}
    assert (await device.ask("message_edit", {**own, "seq": note["message"]["seq"], "text": "canary edited"}))["ok"]
    assert (await device.ask("star_set", {"chat": sent["chat"], "seq": 1, "starred": True}))["ok"]
    await change(device, sent["chat"], draft={"text": "canary drafted"}, pinned=1)
    rows = talk.database.raw
    # Its node crashed before it applied the draft.
    await rows["entries"].update_many({**own, "kind": "settings"}, {"$set": {"pending": True}})
    await rows["members"].update_many({"account": ann.account_id}, {"$unset": {"settings": ""}})
    status, _ = await talk.node.rest("POST", "/api/account/remove-account/", ann, data={"feedback": ""})
    assert status == 200
    for name in await rows.list_collection_names():
        assert [row async for row in rows[name].find() if "canary" in str(row)] == [], name
    assert await rows["stars"].find_one({"account": ann.account_id}) is None
    assert await rows["members"].find_one({"account": ann.account_id, "settings": {"$exists": True}}) is None
    kept = [row async for row in rows["entries"].find({**own, "kind": {"$in": ["settings", "star"]}}).sort("_id", 1)]
    assert [(row["of_chat"], row.get("of_seq"), row.get("settings")) for row in kept] == [(0, 0, None), (0, None, {})]
    assert not any(row.get("pending") for row in kept)
