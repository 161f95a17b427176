"""An event's chat: a chat like any other for those who are invited, no chat at all for everybody else."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from models.stores.accounts import Accounts
from models.stores.counters import Counters
from models.stores.database import open_database
from models.stores.events import Events
from server.embedded import EmbeddedStores
from tests.live.host import Host, new_number, running_host
from tests.support.event_acts import EventActs
from tests.support.node import Device, settings_for
from tests.support.socket_fixture import until


def kinds(answer: dict[str, Any]) -> list[str]:
    return [entry["kind"] for entry in answer["chats"][0]["entries"]]


async def chats_of(phone: Device) -> list[dict[str, Any]]:
    answer = await phone.ask("chats")
    chats: list[dict[str, Any]] = answer["chats"]
    return chats


class TestBeingAway:
    async def test_answers_polls_and_changes_are_found_by_sync(self, host: Host) -> None:
        (_, owner), (tom, guest) = [await host.sign_in() for _ in range(2)]
        event = await host.create(owner, guest)
        await host.answer(event, guest, True, "Hooray")
        await host.answer(event, guest, True)
        suggested = await host.suggest(event, owner, "Park")
        await host.edit(await host.find(event), title="Picnic", date=event.date + timedelta(days=1))
        await host.post(event, owner, "Bring cake")
        await host.cancel(event)
        phone = await host.web.connect(tom)
        (ready,) = await phone.expect("ready")
        (chat,) = ready["chats"]
        assert (chat["chat"], chat["kind"], chat["event"]) == (event.chat_id, "event", event.id)
        assert (chat["title"], chat["last"]["text"]) == ("Picnic", "Bring cake")
        answer = await phone.ask("sync", {"cursors": {str(event.chat_id): 1}})
        entries = answer["chats"][0]["entries"]
        assert kinds(answer) == ["rsvp", "rsvp", "poll", "event", "subject", "message", "event"]
        assert [entry["seq"] for entry in entries] == list(range(2, 9))
        rsvp, wordless, poll, edited, *_, canceled = entries
        assert (rsvp["invitation"], rsvp["answer"], rsvp["rsvp_message"]) == (event.invitations[0].id, True, "Hooray")
        assert (wordless["answer"], wordless["rsvp_message"]) == (True, None)
        assert (rsvp["account"], rsvp["from"]) == (tom.account_id, tom.number)
        assert (poll["poll"], poll["suggested_venue"]) == (suggested.polls[0].id, "Park")
        assert (edited["fields"], canceled["fields"]) == (["title", "event_date"], ["canceled"])

    async def test_who_is_invited_before_registering_is_in_the_chat_from_the_first_sign_in(self, host: Host) -> None:
        _, owner = await host.sign_in()
        number = new_number()
        later = await host.unproved()
        event = await host.create(owner, later)
        await host.suggest(event, owner, "Park")
        person = await host.web.sign_in(later.number)
        assert person.account_id == later.id
        phone = await host.web.connect(person)
        (ready,) = await phone.expect("ready")
        assert [(chat["event"], chat["kind"]) for chat in ready["chats"]] == [(event.id, "event")]
        await host.post(event, owner, "Welcome")
        (told,) = await phone.expect("message_created")
        assert told["message"]["text"] == "Welcome"
        other = await host.web.connect(await host.web.sign_in(number))
        assert (await other.expect("ready"))[0]["chats"] == []

    async def test_what_a_node_left_untold_when_it_ended_is_in_the_log_once_after_the_next_start(
        self, stores: EmbeddedStores, tmp_path: Path
    ) -> None:
        settings = settings_for(tmp_path)
        async with running_host(stores, settings) as host:
            (ann, owner), (_, guest) = [await host.sign_in() for _ in range(2)]
            stranger = await host.unproved()
            event = await host.create(owner, guest)
        async with open_database(stores.mongodb_url, settings.mongodb.database, app="tests") as database:
            # The steps are stored, and whoever did it ends before it tells anybody.
            dying = EventActs(clock=_MinuteAgo())
            counters = Counters(database)
            dying.accounts, dying.events = Accounts(database, counters), Events(database, counters)
            dying.node = SimpleNamespace(tell=_tells_nobody)
            await dying.answer(event, guest, True, "Hooray")
            await dying.invite(event, stranger)
            assert len((await dying.find(event)).outbox) == 2
        async with running_host(stores, settings) as host:
            await host.services.facts.outbox.sweep()  # at the same time as the node's own
            await host.services.facts.outbox.sweep()
            phone = await host.web.connect(ann)
            answer = await phone.ask("sync", {"cursors": {str(event.chat_id): 1}})
            assert kinds(answer) == ["rsvp"]
            assert (await host.find(event)).outbox == ()
            await until(lambda: bool(host.texts()), within_s=60)
            assert [number for number, _ in host.texts()] == [stranger.phone.dialled]
            assert [row["kind"] for row in await host.queued()] == ["text"]


async def _tells_nobody(*_: object) -> None:
    """Ends before."""


class _MinuteAgo:
    """So that nobody takes what is stored for what is being told."""

    def now(self) -> datetime:
        return datetime.now(UTC) - timedelta(minutes=1)


class TestMembers:
    async def test_members_write_read_type_and_receipt_in_it(self, host: Host) -> None:
        (ann, owner), (tom, guest) = [await host.sign_in() for _ in range(2)]
        event = await host.create(owner, guest)
        chat = event.chat_id
        ann_phone, tom_phone = await host.web.connect(ann), await host.web.connect(tom)
        for number in range(5):
            sent = await tom_phone.ask(
                "message_send", {"chat": chat, "client_id": str(number), "text": f"no limit {number}"}
            )
            assert sent["ok"], sent
        told = await ann_phone.expect("message_created", 5)
        assert [body["message"]["text"] for body in told] == [f"no limit {number}" for number in range(5)]
        page = await ann_phone.ask("history", {"chat": chat})
        assert [entry["kind"] for entry in page["entries"]] == ["joined"] + ["message"] * 5
        assert (await ann_phone.ask("typing_start", {"chat": chat}, "/typing"))["ok"]
        assert (await tom_phone.expect("typing"))[0]["account"] == ann.account_id
        assert (await ann_phone.ask("read", {"chat": chat, "seq": 6}, "/receipts"))["ok"]
        (receipt,) = [body for body in await tom_phone.expect("receipt") if body["account"] == ann.account_id]
        assert (receipt["chat"], receipt["read"]) == (chat, 6)
        edited = await tom_phone.ask("message_edit", {"chat": chat, "seq": 6, "text": "edited"})
        assert edited["ok"], edited
        assert (await ann_phone.expect("message_edited"))[0]["text"] == "edited"

    async def test_to_strangers_it_does_not_exist(self, host: Host) -> None:
        (_, owner), (eve, _) = [await host.sign_in() for _ in range(2)]
        event = await host.create(owner)
        phone = await host.web.connect(eve)
        body = {"chat": event.chat_id, "client_id": "1", "text": "hi", "seq": 1, "emoji": "x"}
        for request, namespace in [
            ("message_send", "/chat"),
            ("history", "/chat"),
            ("reaction_set", "/chat"),
            ("typing_start", "/typing"),
            ("read", "/receipts"),
        ]:
            refused = await phone.ask(request, body, namespace)
            assert refused["error"]["code"] == "chat_not_found", request
        synced = await phone.ask("sync", {"cursors": {str(event.chat_id): 0}})
        assert all(not chat["entries"] for chat in synced["chats"])
        assert (await phone.expect("ready"))[0]["chats"] == []

    async def test_the_messaging_api_neither_lists_it_nor_lets_anybody_out(self, host: Host) -> None:
        (ann, owner), (tom, guest) = [await host.sign_in() for _ in range(2)]
        event = await host.create(owner, guest)
        assert await host.web.rest("GET", "/api/groups/info-all/", tom) == (200, {"grouplist": []})
        status, listed = await host.web.rest("GET", "/api/messages/chats/", tom)
        assert (status, str(event.chat_id) in str(listed)) == (200, False)
        for group in (str(event.chat_id), f"{ann.number}-{event.chat_id}"):
            status, _ = await host.web.rest("POST", f"/api/groups/{group}/leave/", tom, data={})
            assert status == 404
        phone = await host.web.connect(tom)
        assert [chat["chat"] for chat in await chats_of(phone)] == [event.chat_id]
