"""The queue of notifications and those who work it off, over the real database: once to each device, whatever happens."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from models.documents.account import Account
from models.documents.notification import Device, Notification, Sms
from models.documents.phone import Phone
from models.documents.session import Session
from models.errors import Unavailable
from models.ports import Delivered, Gone, Outcome, Refused, RetryLater
from models.services.notifications import delivery as deliver_notifications
from models.services.notifications.delivery import GIVE_UP_AFTER, LEASE, DeliverNotifications, RetryRules
from models.services.notifications.devices import ListDevices
from models.services.notifications.push import AsItStands, DeliverPush
from models.services.notifications.queue import FinishNotifications, Notify
from models.services.notifications.sms import DeliverText
from models.stores.counters import Counters
from models.stores.database import Database
from models.stores.devices import Devices
from models.stores.entries import Entries
from models.stores.languages import Languages
from models.stores.members import Members
from models.stores.notifications import PUSH, TEXT, Notifications
from models.stores.ownerships import Ownerships
from models.stores.sessions import Sessions
from models.tasks import cancel
from tests.support.fakes import HandClock
from tests.support.plans import recorded_plans

# One test of each thing that is asked of the stores, which have no tests of their own; the rules are the same over both.
on_both_drivers = pytest.mark.parametrize("driver", ["pymongo", "motor"])
ANN, TOM = 1, 2
RETRY = RetryRules(8.0)


@dataclass
class Phones:
    """A push service and an SMS service: `sent` is (key, device or phone) in order; outcomes as planned, else delivered."""

    sent: list[tuple[str, str]] = field(default_factory=list)
    planned: dict[str, deque[Outcome]] = field(default_factory=lambda: defaultdict(deque))
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    held: set[str] = field(default_factory=set)  # if any: the gate is for these alone
    more: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    async def send(self, notification: Notification, token: str) -> Outcome:
        return await self._send(notification.key, token)

    async def send_text(self, phone_text: str, body: str) -> None:
        if isinstance(await self._send(body, phone_text), RetryLater):
            raise Unavailable(retry_after_ms=20_000)

    async def _send(self, what: str, to: str) -> Outcome:
        self.sent.append((what, to))
        self.more.set()
        if not self.held or to in self.held:
            await self.gate.wait()
        return self.planned[to].popleft() if self.planned[to] else Delivered()

    async def expect(self, count: int) -> None:
        async with asyncio.timeout(60):
            while len(self.sent) < count:
                self.more.clear()
                await self.more.wait()


@dataclass
class Queue:
    """One database with its queue, and as many nodes as a test starts."""

    notifications: Notifications
    devices: Devices
    sessions: Sessions
    ownerships: Ownerships
    database: Database
    clock: HandClock = field(default_factory=HandClock)
    phones: Phones = field(default_factory=Phones)
    nodes: list[DeliverNotifications] = field(default_factory=list)

    async def sign_in(self, token: str, account_id: int | None, login_id: int | None = None) -> None:
        """A session for this device; it ends after a week."""
        now, ends_at = self.clock.now(), self.clock.now() + timedelta(days=7)
        await self.sessions.append(Session(f"session of {token}", account_id, "", now, now, ends_at, login_id))

    async def register(self, token: str, account_id: int) -> None:
        await self.devices.append(Device(token, account_id, f"session of {token}", self.clock.now()))

    @property
    def notify(self) -> Notify:
        return Notify(self.notifications, self.devices, self.wake, is_push_on=True)

    def wake(self) -> None:
        for node in self.nodes:
            node.wake()

    def note(self, key: str, account_id: int = ANN, **fields: object) -> Notification:
        plain = Notification(key, account_id, "Hello", "invite", self.clock.now(), {"event_id": 5, "a.$b": None})
        return replace(plain, **fields)  # type: ignore[arg-type]

    def make(self, kind: str, at_once: int = 8) -> DeliverNotifications:
        finish = FinishNotifications(self.notifications, self.clock, RETRY, on_finished=lambda _kind, _outcome: None)
        list_devices = ListDevices(self.devices, self.sessions, self.ownerships, self.clock)
        as_it_stands = AsItStands(Entries(self.database), Languages(self.database), Members(self.database))
        push = DeliverPush(self.notifications, self.devices, list_devices, self.phones, finish, as_it_stands)
        deliver = push if kind == PUSH else DeliverText(self.phones, finish)
        return DeliverNotifications(kind, self.notifications, deliver, self.clock, at_once=at_once)  # type: ignore[arg-type]

    @asynccontextmanager
    async def node(self, kind: str = PUSH, *, at_once: int = 8) -> AsyncIterator[DeliverNotifications]:
        node = self.make(kind, at_once)
        self.nodes.append(node)
        await node.open()
        yield node
        await node.close()
        self.nodes.remove(node)

    async def crash(self, node: DeliverNotifications) -> None:
        """All that a node does ends where it is, and it tells nobody."""
        assert node._claiming is not None
        await cancel(node._claiming, *node._running)
        node._running.clear()

    async def rows(self) -> dict[str, str | None]:
        """Keys, and how those that are finished ended."""
        found = await self.database.raw["notifications"].find({}).to_list(None)
        return {row["_id"]: row.get("outcome") for row in found}

    async def until(self, is_so: Callable[[dict[str, str | None]], bool]) -> dict[str, str | None]:
        """Wait for rows: who finishes one tells nobody."""
        for _ in range(6000):
            rows = await self.rows()
            if is_so(rows):
                return rows
            await asyncio.sleep(0.01)
        raise AssertionError(await self.database.raw["notifications"].find({}).to_list(None))

    async def finished(self) -> dict[str, str | None]:
        return await self.until(lambda rows: None not in rows.values())

    async def waits_again(self, key: str) -> float:
        """Wait until a row is put back; the seconds until it is due."""
        for _ in range(6000):
            row = await self.database.raw["notifications"].find_one({"_id": key})
            if row is not None and "lease" not in row and "due" in row and row["attempts"]:
                due: float = row["due"].timestamp() - self.clock.now().timestamp()
                return due
            await asyncio.sleep(0.01)
        raise AssertionError(row)


@pytest.fixture
async def queue(database: Database) -> Queue:
    ownerships = Ownerships(database, Counters(database))
    queue = Queue(Notifications(database), Devices(database), Sessions(database), ownerships, database)
    for store in (queue.notifications, queue.devices, queue.sessions, queue.ownerships):
        await store.prepare()
    for token, account_id in (("ann's phone", ANN), ("ann's tablet", ANN), ("tom's phone", TOM)):
        await queue.sign_in(token, account_id)
        await queue.register(token, account_id)
    return queue


@on_both_drivers
async def test_each_device_of_the_account_gets_it_and_nobody_else(queue: Queue) -> None:
    async with queue.node():
        await queue.notify.push([queue.note("a")])
        assert await queue.finished() == {"a": "delivered"}
    assert sorted(queue.phones.sent) == [("a", "ann's phone"), ("a", "ann's tablet")]


async def test_one_key_is_delivered_once_however_often_and_wherever_it_is_queued(queue: Queue) -> None:
    async with queue.node(), queue.node():
        notes = [queue.note("a", TOM), queue.note("b", TOM)]
        await asyncio.gather(*(queue.notify.push(notes) for _ in range(10)))
        await queue.finished()
        await queue.notify.push([*notes, queue.note("c", TOM)])
        assert await queue.finished() == dict.fromkeys("abc", "delivered")
    assert sorted(key for key, _ in queue.phones.sent) == ["a", "b", "c"]


@on_both_drivers
async def test_without_a_device_nothing_is_queued_and_while_pushes_are_off_neither(queue: Queue) -> None:
    await queue.notify.push([queue.note("a", 3)])
    await replace(queue.notify, is_push_on=False).push([queue.note("b")])
    await queue.notify.push([])
    assert await queue.rows() == {}


async def test_what_comes_out_is_what_was_put_in_and_of_what_was_delivered_no_word_stays(queue: Queue) -> None:
    note, text = queue.note("a", collapse="chat 5"), Sms("t", "+49", "Come!", queue.clock.now())
    await queue.notifications.append([note, text])
    (taken,) = await queue.notifications.take(PUSH, queue.clock.now(), LEASE, 9)
    (other,) = await queue.notifications.take(TEXT, queue.clock.now(), LEASE, 9)
    assert (taken.what, other.what) == (note, text)
    for each in (taken, other):
        await queue.notifications.finish(each, "delivered", queue.clock.now())
    kept = str(await queue.database.raw["notifications"].find({}).to_list(None))
    assert not any(word in kept for word in ("Hello", "Come!", "+49", "event_id"))


@on_both_drivers
async def test_a_retry_goes_only_to_the_device_that_did_not_get_it(queue: Queue) -> None:
    queue.phones.planned["ann's tablet"] += [RetryLater("503"), RetryLater("503")]
    async with queue.node():
        await queue.notify.push([queue.note("a")])
        for _ in range(2):
            queue.clock.move(seconds=await queue.waits_again("a"))
            queue.wake()
            await queue.phones.expect(3)
        assert await queue.finished() == {"a": "delivered"}
    assert sorted(queue.phones.sent) == [("a", "ann's phone"), *[("a", "ann's tablet")] * 3]


async def test_waits_grow_with_each_attempt_and_are_never_shorter_than_was_asked_for(queue: Queue) -> None:
    queue.phones.planned["tom's phone"] += [*[RetryLater("429")] * 3, RetryLater("503", 900), RetryLater("429", 1)]
    waits = []
    async with queue.node():
        await queue.notify.push([queue.note("a", TOM)])
        for attempt in range(1, 6):
            await queue.phones.expect(attempt)
            waits.append(await queue.waits_again("a"))
            queue.clock.move(seconds=waits[-1])
            queue.wake()
        assert await queue.finished() == {"a": "delivered"}
    for wait, longest in zip(waits, (8, 16, 32, 900, 128), strict=True):
        assert longest / 2 - 0.01 <= wait <= longest + 0.01
    assert waits[3] == 900


async def test_it_is_given_up_after_a_day(queue: Queue) -> None:
    queue.phones.planned["tom's phone"] += [RetryLater("503", GIVE_UP_AFTER.total_seconds())]
    async with queue.node():
        await queue.notify.push([queue.note("a", TOM)])
        assert await queue.finished() == {"a": "given up: 503"}


async def test_what_a_node_finds_a_day_late_is_not_told_any_more(queue: Queue) -> None:
    await queue.notify.push([queue.note("a", TOM)])
    queue.clock.move(days=1)
    async with queue.node():
        assert await queue.finished() == {"a": "too late"}
    assert queue.phones.sent == []


async def test_what_is_for_later_waits_for_its_time(queue: Queue) -> None:
    async with queue.node():
        later = queue.note("later", TOM, at=queue.clock.now() + timedelta(hours=1))
        await queue.notify.push([later, queue.note("now", TOM)])
        await queue.until(lambda rows: rows["now"] == "delivered")
        queue.clock.move(hours=1)
        queue.wake()
        assert await queue.finished() == {"later": "delivered", "now": "delivered"}
    assert queue.phones.sent == [("now", "tom's phone"), ("later", "tom's phone")]


async def test_what_a_crash_left_is_delivered_by_another_node_when_the_lease_ends_and_by_none_before(
    queue: Queue,
) -> None:
    queue.phones.gate.clear()
    node = queue.make(PUSH)
    await queue.notify.push([queue.note(key, TOM) for key in "abcdefgh"])
    await node.open()
    await queue.phones.expect(8)
    await queue.crash(node)
    queue.phones.gate.set()
    queue.phones.sent.clear()
    assert await queue.notifications.take(PUSH, queue.clock.now(), LEASE, 9) == []
    queue.clock.move(seconds=LEASE.total_seconds())
    async with queue.node(), queue.node():
        assert await queue.finished() == dict.fromkeys("abcdefgh", "delivered")
    assert sorted(key for key, _ in queue.phones.sent) == list("abcdefgh")


async def test_a_device_that_got_it_before_the_crash_gets_it_never_again(queue: Queue) -> None:
    queue.phones.gate.clear()
    queue.phones.held.add("ann's tablet")
    await queue.notify.push([queue.note("a")])
    node = queue.make(PUSH)
    await node.open()
    rows = queue.database.raw["notifications"]
    while await rows.find_one({"done": "ann's phone"}) is None:  # noqa: ASYNC110 (a node tells nobody)
        await asyncio.sleep(0.01)
    await queue.crash(node)
    queue.phones.gate.set()
    queue.clock.move(seconds=LEASE.total_seconds())
    async with queue.node():
        assert await queue.finished() == {"a": "delivered"}
    assert sorted(queue.phones.sent) == [("a", "ann's phone"), *[("a", "ann's tablet")] * 2]


async def test_a_node_that_was_thought_dead_changes_nothing_of_what_another_took(queue: Queue) -> None:
    await queue.notify.push([queue.note("a", TOM)])
    (first,) = await queue.notifications.take(PUSH, queue.clock.now(), LEASE, 1)
    queue.clock.move(seconds=LEASE.total_seconds())
    (second,) = await queue.notifications.take(PUSH, queue.clock.now(), LEASE, 1)
    await queue.notifications.finish(first, "delivered", queue.clock.now())
    await queue.notifications.put_back(first, queue.clock.now())
    assert await queue.rows() == {"a": None}
    assert await queue.notifications.take(PUSH, queue.clock.now(), LEASE, 1) == []
    await queue.notifications.finish(second, "delivered", queue.clock.now())
    assert await queue.rows() == {"a": "delivered"}


async def test_a_node_that_stops_takes_nothing_more_and_leaves_the_rest_to_be_taken_at_once(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver_notifications, "PATIENCE_S", 0.1)  # for answers that do not come
    queue.phones.gate.clear()
    async with queue.node(at_once=2):
        await queue.notify.push([queue.note(key, TOM) for key in "abcd"])
        await queue.phones.expect(2)
    assert len(queue.phones.sent) == 2
    queue.phones.gate.set()
    async with queue.node():
        assert await queue.finished() == dict.fromkeys("abcd", "delivered")


async def test_what_is_answered_while_a_node_stops_is_written_down(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver_notifications, "PATIENCE_S", 60)
    queue.phones.gate.clear()
    async with queue.node() as node:
        await queue.notify.push([queue.note("a", TOM)])
        await queue.phones.expect(1)
        closing = asyncio.create_task(node.close())
        while not node._is_closing:  # noqa: ASYNC110 (a turn of the loop)
            await asyncio.sleep(0)
        queue.phones.gate.set()
        await closing
        assert await queue.rows() == {"a": "delivered"}
    assert len(queue.phones.sent) == 1


async def test_two_nodes_share_a_long_queue_without_doing_anything_twice_and_each_within_its_limit(
    queue: Queue,
) -> None:
    keys = [f"{n:03}" for n in range(200)]
    await queue.notify.push([queue.note(key, TOM) for key in keys])
    async with queue.node(at_once=4) as one, queue.node(at_once=4) as two:
        most = 0
        while None in (await queue.rows()).values():
            most = max(most, len(one._running), len(two._running))
            await asyncio.sleep(0.01)
    assert sorted(key for key, _ in queue.phones.sent) == keys
    assert most <= 4


@on_both_drivers
async def test_a_device_that_is_gone_is_forgotten_and_the_others_stay(queue: Queue) -> None:
    queue.phones.planned["ann's phone"] += [Gone()]
    async with queue.node():
        await queue.notify.push([queue.note("a")])
        assert await queue.finished() == {"a": "delivered"}
    assert [device.token for device in await queue.devices.list_of(ANN)] == ["ann's tablet"]


async def test_a_device_that_came_back_since_it_was_gone_stays(queue: Queue) -> None:
    since = queue.clock.now() + timedelta(seconds=5)
    queue.phones.planned["ann's phone"] += [Gone(since)]
    queue.phones.planned["ann's tablet"] += [Gone(since)]
    queue.phones.planned["tom's phone"] += [Gone()]
    queue.phones.gate.clear()
    async with queue.node():
        await queue.notify.push([queue.note("a"), queue.note("b", TOM)])
        await queue.phones.expect(3)
        queue.clock.move(seconds=6)
        await queue.register("ann's phone", ANN)
        await queue.register("tom's phone", TOM)
        queue.phones.gate.set()
        assert await queue.finished() == {"a": "no device", "b": "no device"}
    assert [device.token for device in await queue.devices.list_of(ANN)] == ["ann's phone"]
    assert [device.token for device in await queue.devices.list_of(TOM)] == ["tom's phone"]


async def test_a_device_whose_session_was_revoked_is_told_nothing_and_forgotten(queue: Queue) -> None:
    await queue.sessions.remove("session of ann's phone", ANN)
    async with queue.node():
        await queue.notify.push([queue.note("a")])
        assert await queue.finished() == {"a": "delivered"}
        assert queue.phones.sent == [("a", "ann's tablet")]
        assert [device.token for device in await queue.devices.list_of(ANN)] == ["ann's tablet"]
        queue.clock.move(days=7)
        await queue.notify.push([queue.note("b")])
        assert await queue.finished() == {"a": "delivered", "b": "no device"}
    assert await queue.devices.list_of(ANN) == []


async def test_a_login_s_device_is_told_while_the_login_owns_the_account(queue: Queue) -> None:
    account = Account(TOM, Phone("+49", "49"), is_registered=True, created_at=queue.clock.now())
    named = await queue.ownerships.append(5, account, "")
    assert named is not None
    await queue.ownerships.prove(named)
    await queue.sign_in("login's phone", None, login_id=5)
    await queue.register("login's phone", TOM)
    async with queue.node():
        await queue.notify.push([queue.note("a", TOM)])
        assert await queue.finished() == {"a": "delivered"}
        assert sorted(queue.phones.sent) == [("a", "login's phone"), ("a", "tom's phone")]
        await queue.ownerships.remove_proved(TOM)
        await queue.notify.push([queue.note("b", TOM)])
        assert await queue.finished() == {"a": "delivered", "b": "delivered"}
    assert queue.phones.sent[2:] == [("b", "tom's phone")]


async def test_what_is_refused_is_not_tried_again_and_the_device_stays(queue: Queue) -> None:
    queue.phones.planned["tom's phone"] += [Refused("413 PayloadTooLarge")]
    async with queue.node():
        await queue.notify.push([queue.note("a", TOM)])
        assert await queue.finished() == {"a": "refused: 413 PayloadTooLarge"}
    assert len(await queue.devices.list_of(TOM)) == 1


@on_both_drivers
async def test_those_that_replace_each_other_go_out_in_order(queue: Queue) -> None:
    notes = []
    for n in range(20):
        notes.append(queue.note(f"{n:02}", TOM, collapse="chat 5"))
        queue.clock.move(seconds=1)
    async with queue.node(at_once=20):
        await queue.notify.push(notes)
        await queue.finished()
    assert [key for key, _ in queue.phones.sent] == [note.key for note in notes]


async def test_after_a_stop_none_of_those_is_left_out_and_the_order_is_kept(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver_notifications, "PATIENCE_S", 0.1)  # for answers that do not come
    queue.phones.gate.clear()
    notes = []
    for n in range(6):
        notes.append(queue.note(f"{n}", TOM, collapse="chat 5"))
        queue.clock.move(seconds=1)
    async with queue.node():
        await queue.notify.push(notes)
        await queue.phones.expect(1)
    queue.phones.gate.set()
    async with queue.node():
        assert await queue.finished() == {note.key: "delivered" for note in notes}
    assert [key for key, _ in queue.phones.sent[1:]] == [note.key for note in notes]


async def test_none_goes_out_late_over_a_newer_one_that_replaced_it(queue: Queue) -> None:
    queue.phones.planned["tom's phone"] += [RetryLater("503")]
    async with queue.node():
        await queue.notify.push([queue.note("old", TOM, collapse="chat 5")])
        wait_s = await queue.waits_again("old")
        queue.clock.move(seconds=1)
        await queue.notify.push(
            [queue.note("new", TOM, collapse="chat 5"), queue.note("other", TOM, collapse="chat 6")]
        )
        await queue.until(lambda rows: rows["new"] == "delivered")
        queue.clock.move(seconds=wait_s)
        queue.wake()
        ended = await queue.finished()
    assert ended == {"old": "replaced by a newer one", "new": "delivered", "other": "delivered"}


@on_both_drivers
async def test_texts_are_sent_once_and_tried_again_when_the_service_is_away(queue: Queue) -> None:
    queue.phones.planned["+49"] += [RetryLater("away")]
    async with queue.node(TEXT):
        texts = [Sms("a", "+49", "Come!", queue.clock.now()), Sms("b", "+33", "Venez !", queue.clock.now())]
        await queue.notify.text(texts)
        await queue.notify.text(texts)
        assert await queue.waits_again("a") == 20
        queue.clock.move(seconds=20)
        queue.wake()
        assert await queue.finished() == {"a": "delivered", "b": "delivered"}
    assert sorted(queue.phones.sent) == [("Come!", "+49"), ("Come!", "+49"), ("Venez !", "+33")]


async def test_pushes_that_are_stuck_hold_up_no_text(queue: Queue) -> None:
    queue.phones.gate.clear()
    async with queue.node(PUSH, at_once=2), queue.node(TEXT, at_once=2):
        await queue.notify.push([queue.note(key, TOM) for key in "abcd"])
        await queue.phones.expect(2)
        await queue.notify.text([Sms("t", "+49", "Come!", queue.clock.now())])
        await queue.phones.expect(3)
        assert queue.phones.sent[-1] == ("Come!", "+49")
        queue.phones.gate.set()


async def test_no_question_reads_more_than_it_answers(queue: Queue) -> None:
    await queue.notify.push([queue.note(f"old {n}", TOM, collapse="chat 5") for n in range(50)])
    async with queue.node():
        await queue.finished()
    await queue.notify.push([queue.note("new", TOM, collapse="chat 6"), queue.note("other")])
    async with recorded_plans(queue.database, "notifications") as plans:
        taken = await queue.notifications.take(PUSH, queue.clock.now(), LEASE, 9)
        await queue.notifications.find_next_due(PUSH)
        for each in taken:
            assert isinstance(each.what, Notification)
            assert not await queue.notifications.was_replaced(each.what)
            await queue.notifications.mark_done(each, "tom's phone")
            await queue.notifications.put_back(each, queue.clock.now())
    assert len(taken) == 2
    assert {plan.index for plan in plans} <= {"kind: 1, due: 1", "_id: 1", "account: 1, collapse: 1, at: 1"}, plans
    assert max(plan.docs_examined for plan in plans) <= 2
    async with recorded_plans(queue.database, "devices") as plans:
        await queue.devices.list_of(ANN)
        await queue.devices.list_owners([ANN, TOM, 3])
        await queue.devices.forget(TOM)
    assert {plan.index for plan in plans} == {"account: 1, registered_at: -1"}


async def test_what_is_queued_late_takes_nothing_newer_from_the_screen(queue: Queue) -> None:
    """A message of a node that died is told when it is sent again, and another has been pushed meanwhile."""
    old = queue.note("old", TOM, collapse="chat 1")
    queue.clock.move(seconds=30)
    async with queue.node():
        await queue.notify.push([queue.note("new", TOM, collapse="chat 1")])
        await queue.finished()
        await queue.notify.push([old])
        assert await queue.finished() == {"new": "delivered", "old": "replaced by a newer one"}
    assert queue.phones.sent == [("new", "tom's phone")]
