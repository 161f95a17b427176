"""Presence: seen only by whom privacy, blocks and the own status let see it, and calm while somebody reconnects."""

import itertools
from typing import Any

import pytest

from models.facts import AccountChanged
from tests.conversation.talk import answered, friends, newcomers, phones, refused
from tests.support.node import Device, Node, Person
from tests.support.parts import Parts


async def watch(device: Device, *people: Person) -> list[dict[str, Any]]:
    contacts = [person.number for person in people]
    shown: list[dict[str, Any]] = (await answered(device, "presence_watch", {"contacts": contacts}, "/presence"))[
        "presence"
    ]
    return shown


async def set_status(device: Device, status: str) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = (await answered(device, "presence_set", {"status": status}, "/presence"))["presence"]
    return shown


def statuses(device: Device, whose: Person) -> list[str]:
    return [body["status"] for body in device.told("presence") if body["contact"] == whose.number]


async def change(parts: Parts, person: Person, **fields: Any) -> None:
    await parts.accounts.change(person.account_id, fields)
    parts.fanout.signal(AccountChanged(person.account_id))


async def calm(watcher: Device, marker: Device) -> None:
    """What a watcher was to be told of others has been told: the marker, whom it watches, goes and comes after it."""
    for status in ("offline", "online"):
        await set_status(marker, status)
        await watcher.until(lambda status=status: statuses(watcher, marker.person)[-1:] == [status])


class TestWhoMaySee:
    @pytest.mark.parametrize(
        ("privacy", "is_contact", "is_blocked", "is_online", "expected"),
        [
            (privacy, is_contact, is_blocked, is_online, "deny")
            if is_blocked
            else (privacy, is_contact, is_blocked, True, "online")
            if is_online
            else (
                privacy,
                is_contact,
                is_blocked,
                False,
                "offline" if privacy == "all" or (privacy == "contacts" and is_contact) else "deny",
            )
            for privacy, is_contact, is_blocked, is_online in itertools.product(
                ["all", "contacts", "none"], [True, False], [True, False], [True, False]
            )
        ],
    )
    async def test_is_decided_by_privacy_contacts_and_blocks(
        self,
        node: Node,
        parts: Parts,
        privacy: str,
        is_contact: bool,
        is_blocked: bool,
        is_online: bool,
        expected: str,
    ) -> None:
        ann, tom = await friends(node, 2)
        if not is_contact:
            await node.rest("DELETE", f"/api/contacts/{ann.number}/", tom)
        if is_blocked:
            await parts.block(tom, ann)
        await change(parts, tom, **{"privacy.last_seen": privacy})
        (phone,) = await phones(node, tom)
        await set_status(phone, "online" if is_online else "offline")
        (viewer,) = await phones(node, ann)
        (shown,) = await watch(viewer, tom)
        assert (shown["contact"], shown["status"]) == (tom.number, expected)
        assert (shown["last_seen"] is not None) == (expected == "offline")

    async def test_who_hides_the_own_status_sees_nobody_s(self, node: Node) -> None:
        ann, tom = await phones(node, *await friends(node, 2))
        assert (await watch(ann, tom.person))[0]["status"] == "online"
        (shown,) = await set_status(ann, "offline")
        assert (shown["status"], shown["last_seen"]) == (None, None)
        await set_status(tom, "offline")
        (shown,) = await set_status(ann, "online")
        assert shown["status"] == "offline"
        assert statuses(ann, tom.person) == []

    async def test_numbers_that_are_no_contacts_are_left_out(self, node: Node) -> None:
        ann, tom = await phones(node, *await friends(node, 2))
        (stranger,) = await phones(node, *await newcomers(node, 1))
        assert [shown["contact"] for shown in await watch(ann, stranger.person, tom.person)] == [tom.person.number]
        await set_status(stranger, "offline")
        await calm(ann, tom)
        assert statuses(ann, stranger.person) == []

    async def test_a_block_takes_it_away_from_both(self, node: Node, parts: Parts) -> None:
        ann, tom, max_ = await phones(node, *await friends(node, 3))
        await watch(ann, tom.person, max_.person)
        await watch(tom, ann.person, max_.person)
        await parts.block(tom.person, ann.person)
        for viewer, other in ((ann, tom), (tom, ann)):
            await viewer.until(lambda viewer=viewer, other=other: statuses(viewer, other.person) == ["deny"])
        for device in (ann, tom):  # and what they do then is not told as one more refusal to tell
            await set_status(device, "offline")
            await set_status(device, "online")
        for viewer, other in ((ann, tom), (tom, ann)):
            await calm(viewer, max_)
            assert statuses(viewer, other.person) == ["deny"]


class TestWatching:
    async def test_only_who_watches_hears(self, node: Node) -> None:
        ann, tom, max_ = await phones(node, *await friends(node, 3))
        await watch(ann, tom.person, max_.person)
        await watch(tom, max_.person)
        await set_status(tom, "offline")
        await ann.until(lambda: statuses(ann, tom.person) == ["offline"])
        await set_status(tom, "online")
        await calm(ann, max_)
        assert statuses(max_, tom.person) == []

    async def test_a_new_list_replaces_the_one_before(self, node: Node) -> None:
        ann, tom, max_ = await phones(node, *await friends(node, 3))
        await watch(ann, tom.person)
        await watch(ann, max_.person)
        await set_status(tom, "offline")
        await calm(ann, max_)
        assert statuses(ann, tom.person) == []
        assert await watch(ann) == []
        await set_status(max_, "offline")
        assert (await watch(ann, max_.person))[0]["status"] == "offline"
        assert statuses(ann, max_.person) == ["offline", "online"]

    @pytest.mark.parametrize("contacts", [None, "x", {}, ["1"] * 1001], ids=["none", "text", "object", "too many"])
    async def test_what_cannot_be_read_is_refused(self, node: Node, contacts: object) -> None:
        (ann,) = await phones(node, *await newcomers(node, 1))
        assert await refused(ann, "presence_watch", {"contacts": contacts}, "/presence") == "malformed"

    @pytest.mark.parametrize("status", [None, "away", 1, []], ids=str)
    async def test_a_status_is_one_of_two(self, node: Node, status: object) -> None:
        (ann,) = await phones(node, *await newcomers(node, 1))
        assert await refused(ann, "presence_set", {"status": status}, "/presence") == "malformed"


class TestComingAndGoing:
    async def test_a_quick_reconnect_is_not_seen(self, node: Node) -> None:
        ann, tom, max_ = await phones(node, *await friends(node, 3))
        await watch(ann, tom.person, max_.person)
        for _ in range(3):
            await tom.client.disconnect()
            (tom,) = await phones(node, tom.person)
        await calm(ann, max_)
        assert statuses(ann, tom.person) == []

    async def test_who_stays_away_is_offline_with_the_date(self, node: Node) -> None:
        ann, tom = await phones(node, *await friends(node, 2))
        await watch(ann, tom.person)
        await tom.client.disconnect()
        await ann.until(lambda: statuses(ann, tom.person) == ["offline"])
        assert ann.told("presence")[0]["last_seen"]
        (tom,) = await phones(node, tom.person)
        await ann.until(lambda: statuses(ann, tom.person) == ["offline", "online"])
        assert ann.told("presence")[1]["last_seen"] is None

    async def test_one_of_two_devices_is_enough_to_be_online(self, node: Node) -> None:
        ann, tom, max_ = await phones(node, *await friends(node, 3))
        (tablet,) = await phones(node, tom.person)
        await watch(ann, tom.person, max_.person)
        await set_status(tom, "offline")
        await calm(ann, max_)
        assert statuses(ann, tom.person) == []
        await set_status(tablet, "offline")
        await ann.until(lambda: statuses(ann, tom.person) == ["offline"])
        await set_status(tom, "online")
        await ann.until(lambda: statuses(ann, tom.person) == ["offline", "online"])

    async def test_when_the_former_owner_of_a_number_was_there_last_is_not_told_of_the_next_one(
        self, node: Node
    ) -> None:
        ann, tom = await phones(node, *await friends(node, 2))
        await watch(ann, tom.person)
        assert (await node.rest("POST", "/api/account/remove-account/", tom.person))[0] == 200
        await ann.until(lambda: statuses(ann, tom.person) == ["offline"])
        assert ann.told("presence")[0]["last_seen"] is None
        await node.sign_in(tom.person.number)
        (shown,) = await watch(ann, tom.person)
        assert (shown["status"], shown["last_seen"]) == ("offline", None)
