"""Pushes and texts from whole nodes: to whom, what, and once, also through bad answers, a restart and two nodes at once."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from models.documents.entry import Mention, Message
from models.documents.notification import Notification, Sms
from server.clock import SystemClock
from server.config import ConfigError, Settings
from server.embedded import EmbeddedStores
from server.startup_error import StartupError
from server.wiring import build
from tests.support.apple import DIE, TOPIC, Answer, Apple, running_apple
from tests.support.node import Node, Person, running_node, settings_for
from tests.support.parts import notify_of, parts_of, services_of

# What a test asks by a node's own connection is held to the node's rule: nothing is scanned.
OPEN = {"kind": "push", "due": {"$gt": datetime(1970, 1, 1, tzinfo=UTC)}}
EVERY = {"_id": {"$gte": ""}}


@dataclass
class Phones:
    """Nodes that share everything, and Apple."""

    apple: Apple
    stores: EmbeddedStores
    folder: Path
    settings: Settings
    stack: AsyncExitStack

    async def start(self) -> Node:
        return await self.stack.enter_async_context(running_node(self.stores, self.settings))


@asynccontextmanager
async def phones_for(apple: Apple, stores: EmbeddedStores, folder: Path, **push: Any) -> AsyncIterator[Phones]:
    secret = {"secret": "the secret that these nodes share"}
    settings = settings_for(folder, auth=secret, push=apple.settings | {"retry_s": 0.2} | push)
    async with AsyncExitStack() as stack:
        yield Phones(apple, stores, folder, settings, stack)


@pytest.fixture
async def apple(tmp_path: Path) -> AsyncIterator[Apple]:
    async with running_apple(tmp_path) as running:
        yield running


@pytest.fixture
async def phones(apple: Apple, stores: EmbeddedStores, tmp_path: Path) -> AsyncIterator[Phones]:
    async with phones_for(apple, stores, tmp_path / "node") as ready:
        yield ready


@pytest.fixture
async def node(phones: Phones) -> Node:
    return await phones.start()


async def add_device(node: Node, person: Person, token: str) -> None:
    status, shown = await node.rest("POST", "/notifications/add_ios_device", person, json={"token": token})
    assert status == 200, shown


async def friends(node: Node, *names: str) -> list[Person]:
    """People who have each other as contacts, each with a name and a device named after it."""
    people = [await node.sign_in_by_code(f"4930901{n:03}") for n in range(len(names))]
    for person, name in zip(people, names, strict=True):
        profile = {"full_name": name, "email": f"{name}@example.com"}
        status, shown = await node.rest("POST", "/auth/register", person, json=profile)
        assert status == 200, shown
        await add_device(node, person, name)
    await node.befriend(*people)
    return people


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for what the inside of a node tells nobody."""
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def write(node: Node, sender: Person, **body: Any) -> dict[str, Any]:
    """Send by a device that is gone right after."""
    device = await node.connect(sender, "/chat")
    answer = await device.ask("message_send", {"client_id": uuid4().hex, **body})
    assert answer["ok"], answer
    await device.client.disconnect()
    node.clients.remove(device.client)
    bus = services_of(node).runtime.bus
    await until(lambda: not bus.holds(sender.account_id))
    message: dict[str, Any] = answer["message"]
    return message


async def until_no_row(node: Node, collection: str, query: dict[str, Any]) -> None:
    """Wait for what is written down behind the last answer, and told nobody."""
    rows = parts_of(node).database.raw[collection]
    for _ in range(6000):
        if await rows.find_one(query) is None:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(await rows.find(EVERY).to_list(None))


def note(key: str, person: Person, **data: Any) -> Notification:
    return Notification(key, person.account_id, f"alert of {key}", "invite", datetime.now(UTC), data)


async def test_who_is_away_is_told_of_a_message_with_its_sender_its_beginning_and_its_place(
    node: Node, apple: Apple
) -> None:
    ann, tom = await friends(node, "Ann", "Tom")
    message = await write(node, ann, contact=tom.number, text="Dinner tonight? " + "☺" * 600)
    await apple.expect(1)
    (push,) = apple.taken
    assert push.token == "Tom"
    assert push.headers["apns-topic"] == TOPIC
    assert push.headers["apns-collapse-id"] == f"chat {message['chat']}"
    assert push.alert.startswith("Ann: Dinner tonight? ☺☺☺")
    assert (len(push.alert), push.alert[-1], push.payload["aps"]["sound"]) == (500, "…", "default")
    del push.payload["aps"]
    about = {"chat": message["chat"], "seq": message["seq"], "id": message["id"], "from": ann.number}
    assert push.payload == {"type": "message", **about}


async def test_who_is_mentioned_is_told_so(node: Node, apple: Apple) -> None:
    ann, tom, eve = await friends(node, "Ann", "Tom", "Eve")
    group = await parts_of(node).found_group(ann, tom, eve, subject="Chess")
    mentions = [{"number": tom.number, "offset": 0, "length": 4}]
    await write(node, ann, chat=group.id, text="@Tom, your move", mentions=mentions)
    await apple.expect(2)
    told = {push.token: (push.alert, push.payload.get("mentioned")) for push in apple.taken}
    assert told == {
        "Tom": ("Ann mentioned you @ Chess: @Tom, your move", True),
        "Eve": ("Ann @ Chess: @Tom, your move", None),
    }


async def test_in_a_group_all_who_hold_no_socket_are_told_but_nobody_else(node: Node, apple: Apple) -> None:
    ann, tom, eve, kim = await friends(node, "Ann", "Tom", "Eve", "Kim")
    members = [person.number for person in (tom, eve, kim)]
    status, group = await node.rest(
        "POST", "/api/groups/create-group/", ann, json={"subject": "Us", "participants": members}
    )
    assert status in (200, 201), group
    await node.connect(eve, "/typing")  # any socket counts
    await write(node, ann, group=group["groupid"], text="Hi")
    await apple.expect(2)
    await write(node, tom, group=group["groupid"], type="i", url="https://example.com/a.jpg")
    await apple.expect(4)
    told = sorted((push.token, push.alert) for push in apple.taken)
    by_ann, by_tom = "Ann @ Us: Hi", "Tom @ Us: a photo"
    assert told == [("Ann", by_tom), ("Kim", by_ann), ("Kim", by_tom), ("Tom", by_ann)]
    assert apple.taken[0].payload["group"] == group["groupid"]


async def test_whoever_blocked_the_sender_is_told_nothing(node: Node, apple: Apple) -> None:
    ann, tom, eve = await friends(node, "Ann", "Tom", "Eve")
    await parts_of(node).block(tom, ann)
    await write(node, ann, contact=tom.number, text="Let me in")
    await write(node, ann, contact=eve.number, text="Hi")
    await apple.expect(1)
    assert [push.token for push in apple.taken] == ["Eve"]
    await until_no_row(node, "notifications", OPEN)


async def test_edits_deletions_and_reactions_are_no_news_for_a_screen(node: Node, apple: Apple) -> None:
    ann, tom = await friends(node, "Ann", "Tom")
    message = await write(node, ann, contact=tom.number, text="Hi")
    await apple.expect(1)  # one that waited would show nothing that was edited meanwhile
    device = await node.connect(ann, "/chat")
    place = {"chat": message["chat"], "seq": message["seq"]}
    for event, body in (("message_edit", {"text": "Ho"}), ("reaction_set", {"emoji": "☺"}), ("message_delete", {})):
        answer = await device.ask(event, {**place, **body, "scope": "all"})
        assert answer["ok"], answer
    answer = await device.ask("message_send", {"chat": message["chat"], "client_id": "last", "text": "Bye"})
    assert answer["ok"], answer
    await apple.expect(2)
    assert [push.alert for push in apple.taken] == ["Ann: Hi", "Ann: Bye"]


async def test_without_previews_a_push_says_who_and_not_what(
    apple: Apple, stores: EmbeddedStores, tmp_path: Path
) -> None:
    async with phones_for(apple, stores, tmp_path / "node", message_preview=False, label="[test]") as phones:
        node = await phones.start()
        ann, tom = await friends(node, "Ann", "Tom")
        await write(node, ann, contact=tom.number, text="Secret")
        await apple.expect(1)
    assert apple.taken[0].alert == "[test] Ann: a new message"
    assert "Secret" not in json.dumps(apple.taken[0].payload)


async def test_whoever_is_on_another_node_is_there_and_told_nothing(phones: Phones) -> None:
    first, second = await phones.start(), await phones.start()
    await until(lambda: bool(services_of(first).runtime.bus.lease.others))
    ann, tom, eve = await friends(first, "Ann", "Tom", "Eve")
    toms = await second.connect(tom, "/chat")
    await write(first, ann, contact=tom.number, text="Hi")
    await toms.expect("message_created")  # so Redis knows by now that the second node holds a socket
    await write(first, ann, contact=tom.number, text="You are there")
    await write(first, ann, contact=eve.number, text="You are not")
    await until(lambda: "Ann: You are not" in [push.alert for push in phones.apple.taken])
    await until_no_row(first, "notifications", OPEN)
    assert "Ann: You are there" not in [push.alert for push in phones.apple.taken]


async def test_two_nodes_at_once_tell_each_once(phones: Phones) -> None:
    nodes = [await phones.start(), await phones.start()]
    ann, tom = await friends(nodes[0], "Ann", "Tom")
    devices = [await node.connect(ann, "/chat") for node in nodes]
    for n in range(20):
        answer = await devices[n % 2].ask(
            "message_send", {"contact": tom.number, "client_id": f"c{n}", "text": f"line {n}"}
        )
        assert answer["ok"], answer
    same = [note(f"invite {n}", tom) for n in range(20)]
    for node in nodes:
        await notify_of(node).push(same)
    await phones.apple.expect(40)
    assert phones.apple.doubled == []
    expected = [f"Ann: line {n}" for n in range(20)] + [f"alert of invite {n}" for n in range(20)]
    assert sorted(push.alert for push in phones.apple.taken) == sorted(expected)


async def test_a_restart_in_the_middle_loses_no_push_and_doubles_none(phones: Phones) -> None:
    apple, node = phones.apple, await phones.start()
    ann, tom = await friends(node, "Ann", "Tom")
    apple.gate.clear()
    for n in range(5):
        await write(node, ann, contact=tom.number, text=f"line {n}")
    await notify_of(node).push([note(f"invite {n}", tom, event_id=n) for n in range(5)])
    rows = parts_of(node).database.raw["notifications"]
    while await rows.count_documents(OPEN) < 10:  # noqa: ASYNC110 (composed behind the acknowledgements)
        await asyncio.sleep(0.01)
    await apple.expect(received=6)  # those of one chat go out one after the other
    await node.stop()
    assert apple.taken == []
    asked = {push.id for push in apple.received}
    apple.gate.set()
    await phones.start()
    await apple.expect(10)
    expected = [f"Ann: line {n}" for n in range(5)] + [f"alert of invite {n}" for n in range(5)]
    assert sorted(push.alert for push in apple.taken) == sorted(expected)
    assert [push.alert for push in apple.taken if push.alert.startswith("Ann")] == expected[:5]
    assert apple.doubled == []
    assert asked <= {push.id for push in apple.taken}, "what Apple may have heard before it hears under the same id"


async def test_bad_answers_delay_a_push_and_a_device_that_is_gone_is_dropped(node: Node, apple: Apple) -> None:
    ann, tom, eve = await friends(node, "Ann", "Tom", "Eve")
    await add_device(node, tom, "old")
    in_a_minute_ms = int(datetime.now(UTC).timestamp() * 1000) + 60_000
    apple.plan("old", Answer(410, "Unregistered", timestamp=in_a_minute_ms))
    apple.plan("Tom", Answer(429, "TooManyRequests", {"retry-after": "1"}), Answer(503, "ServiceUnavailable"))
    await write(node, ann, contact=tom.number, text="Hi")
    await apple.expect(1)
    apple.plan("Eve", Answer(DIE), Answer(500), Answer(400, "BadDeviceToken"))
    await write(node, ann, contact=eve.number, text="Hi")
    await until_no_row(node, "devices", {"_id": {"$in": ["old", "Eve"]}})
    await write(node, ann, contact=tom.number, text="Again")
    await apple.expect(2)
    assert Counter(push.token for push in apple.received) == {"old": 1, "Tom": 4, "Eve": 3}
    assert [(push.token, push.alert) for push in apple.taken] == [("Tom", "Ann: Hi"), ("Tom", "Ann: Again")]
    assert len({push.id for push in apple.received}) == 4


async def test_while_pushes_are_off_or_not_set_up_nothing_is_queued(
    apple: Apple, stores: EmbeddedStores, tmp_path: Path
) -> None:
    for push in (apple.settings | {"enabled": False}, {}):
        settings = settings_for(tmp_path / uuid4().hex, push=push)
        async with running_node(stores, settings) as node:
            ann, tom = await friends(node, "Ann", "Tom")
            await write(node, ann, contact=tom.number, text="Hi")
            await notify_of(node).push([note("a", tom)])
            assert await parts_of(node).database.raw["notifications"].find(EVERY).to_list(None) == []
    assert apple.received == []


async def test_who_has_somebody_in_the_phone_book_is_told_at_each_registration_but_who_does_not_want_it_is_not(
    node: Node, apple: Apple
) -> None:
    ann, tom, eve = await friends(node, "Ann", "Tom", "Eve")
    kim = await node.sign_in_by_code("4930901777")
    await add_device(node, kim, "Kim")
    for person in (ann, tom, kim):
        book = {"phone_numbers": ["+" + kim.number, "+4930"]}
        assert (await node.rest("POST", "/users/from_phone_numbers", person, json=book))[0] == 200
    path, flags = f"/users/{tom.account_id}", {"notify_contact_joined": False}
    assert (await node.rest("PATCH", path, tom, json=flags))[0] == 200
    for _ in range(2):
        profile = {"full_name": "Kim", "email": "kim@example.com"}
        assert (await node.rest("POST", "/auth/register", kim, json=profile))[0] == 200
    await apple.expect(2)
    assert [push.token for push in apple.taken] == ["Ann", "Ann"]
    assert apple.taken[0].payload == {
        "aps": {"alert": "Kim is here now.", "sound": "default"},
        "type": "new_user",
        "user_id": kim.account_id,
    }
    assert apple.doubled == []
    await until_no_row(node, "notifications", OPEN)


async def test_a_text_reaches_the_outbox_once(node: Node) -> None:
    text = Sms("sms 1", "+4930901999", "Ann invites you: https://example.com/", datetime.now(UTC))
    await notify_of(node).text([text])
    await notify_of(node).text([text])
    await until_no_row(node, "notifications", {"_id": "sms 1", "due": {"$exists": True}})
    lines = (node.settings.data_dir / node.settings.sms.outbox).read_text().splitlines()
    (sent,) = [sent for sent in map(json.loads, lines) if sent["to"] == text.phone_text]
    assert (sent["body"], sent["code"], sent["channel"]) == (text.body, None, "sms")


async def test_a_phone_that_is_signed_out_is_told_nothing_any_more(node: Node, apple: Apple) -> None:
    ann, tom = await friends(node, "Ann", "Tom")
    lost = await node.sign_in_by_code(tom.number)
    await add_device(node, lost, "lost")
    assert (await node.rest("POST", "/auth/logout", lost))[0] == 204
    await write(node, ann, contact=tom.number, text="Hi")
    await apple.expect(2)
    await until_no_row(node, "notifications", OPEN)
    assert [push.token for push in apple.received] == ["Tom", "Tom"]  # that somebody signed in, and the message


async def test_a_removed_account_has_no_devices_any_more(node: Node, apple: Apple) -> None:
    ann, tom = await friends(node, "Ann", "Tom")
    devices = parts_of(node).database.raw["devices"]
    status, shown = await node.rest("POST", "/api/account/remove-account/", tom, json={"feedback": "bye"})
    assert status == 200, shown
    assert [row["_id"] for row in await devices.find(EVERY).to_list(None)] == ["Ann"]


@pytest.mark.parametrize(
    ("push", "path"),
    [
        ({"key_file": "missing.p8"}, "push.key_file"),
        ({"key_file": "ca.pem"}, "push.key_file"),
        ({"ca_file": "missing.pem"}, "push.ca_file"),
        ({"key_file": "", "certificate_file": "key.p8"}, "push.certificate_file"),
    ],
)
async def test_keys_that_cannot_be_used_stop_the_start_and_are_named(
    apple: Apple, stores: EmbeddedStores, push: dict[str, str], path: str
) -> None:
    settings = settings_for(apple.folder, push=apple.settings | push)
    with pytest.raises(StartupError) as stopped:
        await build(settings, stores.mongodb_url, stores.redis_url)
    assert isinstance(stopped.value, ConfigError)
    assert stopped.value.path == path


async def test_a_message_that_is_sent_again_on_another_node_is_pushed_once(
    phones: Phones, node: Node, apple: Apple, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, tom = await friends(node, "Ann", "Tom")
    hello = {"client_id": "once", "contact": tom.number, "text": "hello"}
    await write(node, ann, **hello)
    await apple.expect(1)
    now, other = SystemClock.now, await phones.start()
    monkeypatch.setattr(SystemClock, "now", lambda self: now(self) + timedelta(seconds=30))
    other_hears = await other.connect(ann, "/chat")
    await write(node, ann, client_id="later", contact=tom.number, text="later")
    await apple.expect(2)
    assert (await other_hears.ask("message_send", hello))["ok"]
    await other_hears.until(lambda: any(each["message"]["seq"] == 1 for each in other_hears.told("message_created")))
    assert (await other_hears.ask("message_send", hello | {"client_id": "last", "text": "last"}))["ok"]
    await apple.expect(3)
    assert [push.alert for push in apple.taken] == ["Ann: hello", "Ann: later", "Ann: last"]


@pytest.mark.parametrize(
    ("content", "alert"),
    [
        ({"type": "d", "url": "/media/0.pdf", "file_name": "plan.pdf"}, "Ann: plan.pdf"),
        ({"type": "d", "url": "/media/0.pdf", "file_name": "plan.pdf", "caption": "Look"}, "Ann: Look"),
        ({"type": "a", "url": "/media/0.mp3", "file_name": "song.mp3"}, "Ann: an audio file"),
        ({"type": "c", "vcard": "BEGIN:VCARD", "name": "Zoë"}, "Ann: Zoë"),
    ],
)
async def test_a_push_says_what_a_message_without_text_is(
    node: Node, apple: Apple, content: dict[str, str], alert: str
) -> None:
    ann, tom = await friends(node, "Ann", "Tom")
    await write(node, ann, contact=tom.number, **content)
    await apple.expect(1)
    assert [push.alert for push in apple.taken] == [alert]


@pytest.mark.parametrize(
    ("change", "body", "alerts"),
    [
        ("message_delete", {}, ["Ann: that is all"]),
        ("message_edit", {"text": "new words"}, ["Ann: a new message", "Ann: that is all"]),
    ],
)
async def test_a_push_that_had_to_wait_quotes_nothing_that_was_taken_back_meanwhile(
    node: Node, apple: Apple, change: str, body: dict[str, str], alerts: list[str]
) -> None:
    ann, tom = await friends(node, "Ann", "Tom")
    apple.plan("Tom", Answer(503, "ServiceUnavailable", {"retry-after": "3"}))
    message = await write(node, ann, contact=tom.number, text="old words")
    await apple.expect(received=1)
    device = await node.connect(ann, "/chat")
    answer = await device.ask(change, {"chat": message["chat"], "seq": message["seq"], **body})
    assert answer["ok"], answer
    await until_no_row(node, "notifications", OPEN)
    assert (await device.ask("message_send", {"client_id": "last", "contact": tom.number, "text": "that is all"}))["ok"]
    await apple.expect(len(alerts))
    assert [push.alert for push in apple.taken] == alerts


@pytest.mark.parametrize(("request_", "with_seq"), [("message_delete", True), ("chat_clear", False)])
async def test_a_push_that_had_to_wait_does_not_show_what_its_recipient_deleted_for_itself_meanwhile(
    node: Node, apple: Apple, request_: str, with_seq: bool
) -> None:
    ann, tom = await friends(node, "Ann", "Tom")
    apple.plan("Tom", Answer(503, "ServiceUnavailable", {"retry-after": "3"}))
    message = await write(node, ann, contact=tom.number, text="old words")
    await apple.expect(received=1)
    device = await node.connect(tom, "/chat")
    body = {"seq": message["seq"], "scope": "me"} if with_seq else {}
    answer = await device.ask(request_, {"chat": message["chat"], **body})
    assert answer["ok"], answer
    await until_no_row(node, "notifications", OPEN)
    assert apple.taken == []


async def test_a_muted_chat_pushes_nothing_but_a_mention_to_whoever_wants_to_hear_of_mentions(
    node: Node, apple: Apple
) -> None:
    """Each wants something else of one group; what is not muted is told last, so that nothing is still to come."""
    wanted: dict[str, dict[str, Any]] = {
        "All": {},
        "Muted": {"muted_until": "always"},
        "Fortime": {"muted_until": "2100-01-01T00:00:00Z"},
        "Nomore": {"muted_until": "2020-01-01T00:00:00Z"},
        "Mentions": {"notify": "mentions", "muted_until": "always"},
        "Nothing": {"notify": "none"},
    }
    ann, *others = await friends(node, "Ann", *wanted)
    members = [person.number for person in others]
    body = {"subject": "Us", "participants": members}
    status, group = await node.rest("POST", "/api/groups/create-group/", ann, json=body)
    assert status == 201, group
    first = await write(node, ann, group=group["groupid"], text="Before")
    await apple.expect(len(wanted))
    apple.taken.clear()
    for person, settings in zip(others, wanted.values(), strict=True):
        if settings:
            path = f"/api/chats/{first['chat']}/settings/"
            status, shown = await node.rest("PATCH", path, person, json=settings)
            assert status == 200, shown
    await write(node, ann, group=group["groupid"], text="Hi")
    await apple.expect(2)
    mentions = tuple(Mention(one.account_id, one.number, 2 * n, 1) for n, one in enumerate(others))
    await parts_of(node).change_chat(ann, first["chat"], Message(text="@ " * len(others), mentions=mentions))
    await apple.expect(5)
    await until_no_row(node, "notifications", OPEN)
    told = sorted(push.token for push in apple.taken)
    assert told == ["All", "All", "Mentions", "Nomore", "Nomore"]
