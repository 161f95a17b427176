"""Who is told of an entry does not depend on which node has heard of the last change of the group.

The nodes of the first tests have no bus: what one of them changes, the other learns from the database or not at all.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest

from models.documents.entry import Draft, Entry, Joined, Left, Message
from models.documents.session import Actor
from server.embedded import EmbeddedStores
from tests.support.group_fixture import Node, Town
from tests.support.node import Node as WholeNode
from tests.support.node import running_node, settings_for
from tests.support.parts import deafen, parts_of, services_of

Pair = tuple[WholeNode, WholeNode]


async def write(town: Town, node: Node, by: Actor, group: str, *texts: str) -> list[Entry]:
    """Store messages on this node, all at once, as somebody who is a member there."""
    chat_id = await town.fixture.chat_id(group)
    drafts = [Draft(chat_id, by.account_id, by.number, text, Message(text=text)) for text in texts]
    return [stored.entry for stored in await asyncio.gather(*map(node.journal.append, drafts))]


async def test_a_newcomer_of_another_node_is_told_what_is_said_next(town: Town) -> None:
    here, there = town.node, await town.fixture.start_node()
    group = await here.create(town.ann, town.bob)
    await write(town, here, town.ann, group, "warm")
    await there.do(town.ann, group, "add", town.cy)
    (said,) = await write(town, here, town.ann, group, "welcome")
    await here.fanout.until(3)
    assert here.fanout.heard_by(town.cy) == [said.seq]


async def test_one_removed_on_another_node_is_told_nothing_that_is_said_next(town: Town) -> None:
    here, there = town.node, await town.fixture.start_node()
    group = await here.create(town.ann, town.bob)
    await write(town, here, town.ann, group, "warm")
    await there.do(town.ann, group, "remove", town.bob)
    await write(town, here, town.ann, group, "good riddance")
    await here.fanout.until(3)
    assert here.fanout.heard_by(town.bob) == [1, 2]


async def test_it_holds_for_the_first_entry_that_a_node_ever_announces_in_a_chat(town: Town) -> None:
    there = await town.fixture.start_node()
    group = await town.node.create(town.ann, town.bob)
    await there.memberships.require(await town.fixture.chat_id(group))  # what it goes by when it admits a message
    await town.node.do(town.ann, group, "add", town.cy)
    await town.node.do(town.ann, group, "remove", town.bob)
    (said,) = await write(town, there, town.ann, group, "hello")
    await there.fanout.until(1)
    assert there.fanout.told == [(said, frozenset([town.ann.account_id, town.cy.account_id]))]


async def test_it_holds_where_the_change_is_stored_and_nobody_has_applied_it(town: Town) -> None:
    here = town.node
    group = await here.create(town.ann, town.bob)
    await write(town, here, town.ann, group, "warm")
    await town.fixture.store_only(town.ann, group, Joined((town.cy.account_id,), (town.cy.number,)))
    await town.fixture.store_only(town.ann, group, Left(town.bob.account_id, town.bob.number), "away")
    (said,) = await write(town, here, town.ann, group, "welcome")
    await here.fanout.until(3)
    assert here.fanout.told[2] == (said, frozenset([town.ann.account_id, town.cy.account_id]))


async def test_it_holds_for_each_of_many_that_are_written_at_once(town: Town) -> None:
    """One look at the database serves a whole queue: nobody in it is told too much or too little by that."""
    here, there = town.node, await town.fixture.start_node()
    groups = [await here.create(town.ann, town.bob, subject=f"No. {n}") for n in range(12)]
    for group in groups:
        await write(town, here, town.ann, group, "warm")
    for group in groups[::2]:
        await there.do(town.ann, group, "add", town.cy)
    for group in groups[::3]:
        await there.do(town.ann, group, "remove", town.bob)
    before = len(here.fanout.told)
    await asyncio.gather(*(write(town, here, town.ann, group, "one", "two", "three") for group in groups))
    await here.fanout.until(before + 3 * len(groups))
    told = here.fanout.told[before:]
    for n, group in enumerate(groups):
        expected = {town.ann} | ({town.cy} if n % 2 == 0 else set()) | ({town.bob} if n % 3 else set())
        chat_id = await town.fixture.chat_id(group)
        heard = [to for entry, to in told if entry.chat_id == chat_id]
        assert heard == [frozenset(each.account_id for each in expected)] * 3


@pytest.fixture
async def pair(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    """Two whole nodes, of which the first does not hear any more what the second says to all nodes."""
    settings = settings_for(tmp_path_factory.mktemp("pair"))
    async with running_node(stores, settings) as deaf, running_node(stores, settings) as other:
        yield deaf, other


async def test_a_member_hears_of_a_message_on_whichever_node_they_were_added_and_it_was_sent(pair: Pair) -> None:
    here, there = pair
    ann, bob, cy = [await here.sign_in(f"49301{n:07}") for n in range(3)]
    await here.befriend(ann, bob, cy)
    chat = await parts_of(here).found_group(ann, bob)
    ann_phone = await here.connect(ann, "/chat")
    cy_phone, bob_phone = await there.connect(cy, "/chat"), await there.connect(bob, "/chat")
    await ann_phone.ask("message_send", {"chat": chat.id, "client_id": "warm", "text": "warm"})
    deafen(here)
    change = f"/api/groups/{chat.group}"
    assert (await there.rest("POST", f"{change}/add-participant/", ann, json={"contact": cy.number}))[0] == 200
    assert (await there.rest("POST", f"{change}/remove-participant/", ann, json={"contact": bob.number}))[0] == 200
    sent = await ann_phone.ask("message_send", {"chat": chat.id, "client_id": "hi", "text": "welcome"})
    heard = await cy_phone.expect("message_created")
    assert heard[0]["message"]["seq"] == sent["message"]["seq"]
    await bob_phone.until(lambda: len(bob_phone.told("chat_changed")) >= 2)
    await bob_phone.ask("chats")
    assert [body["message"]["text"] for body in bob_phone.told("message_created")] == ["warm"]


async def test_a_receipt_is_told_to_who_is_in_the_group_when_it_is_told(pair: Pair) -> None:
    here, there = pair
    ann, bob, cy = [await here.sign_in(f"49302{n:07}") for n in range(3)]
    await here.befriend(ann, bob, cy)
    chat = await parts_of(here).found_group(ann, bob)
    ann_phone = await here.connect(ann, "/chat", "/receipts")
    cy_phone, bob_phone = await there.connect(cy, "/receipts"), await there.connect(bob, "/receipts")
    await ann_phone.ask("message_send", {"chat": chat.id, "client_id": "warm", "text": "warm"})
    deafen(here)
    change = f"/api/groups/{chat.group}"
    assert (await there.rest("POST", f"{change}/add-participant/", ann, json={"contact": cy.number}))[0] == 200
    assert (await there.rest("POST", f"{change}/remove-participant/", ann, json={"contact": bob.number}))[0] == 200
    assert (await ann_phone.ask("read", {"chat": chat.id, "seq": 2}, "/receipts"))["ok"]
    (receipt,) = await cy_phone.expect("receipt")
    assert (receipt["account"], receipt["read"]) == (ann.account_id, 2)
    assert not bob_phone.told("receipt")


async def test_nobody_is_told_how_far_one_has_read_who_was_removed(pair: Pair) -> None:
    here, there = pair
    bob, ann = [await here.sign_in(f"49304{n:07}") for n in range(2)]  # in this order receipts are told
    await here.befriend(ann, bob)
    chat = await parts_of(here).found_group(ann, bob)
    ann_phone, bob_phone = await here.connect(ann, "/chat", "/receipts"), await here.connect(bob, "/chat", "/receipts")
    await ann_phone.ask("message_send", {"chat": chat.id, "client_id": "warm", "text": "warm"})
    await bob_phone.expect("message_created")
    deafen(here)
    path = f"/api/groups/{chat.group}/remove-participant/"
    assert (await there.rest("POST", path, ann, json={"contact": bob.number}))[0] == 200
    await bob_phone.ask("read", {"chat": chat.id, "seq": 2}, "/receipts")
    await ann_phone.ask("read", {"chat": chat.id, "seq": 2}, "/receipts")
    (told,) = await ann_phone.expect("receipt")
    assert told["account"] == ann.account_id


async def test_who_was_invited_on_another_node_is_told_who_has_seen_the_invitation(pair: Pair) -> None:
    here, there = pair
    ann, bob, cy = [await here.sign_in(f"49303{n:07}") for n in range(3)]
    for each in (ann, bob, cy):
        profile = {"full_name": "Somebody", "email": "somebody@example.org"}
        assert (await here.rest("POST", "/auth/register", each, json=profile))[0] == 200
    plan = {"title": "Dinner", "event_date": "2100-01-01T12:00:00Z", "total_spots": 10}
    body = plan | {"invite_phone_numbers": ["+" + bob.number]}
    status, event = await here.rest("POST", "/events", ann, json=body)
    assert status == 201, event
    stored = await services_of(here).runtime.stores.events.find(event["id"])
    assert stored is not None
    await services_of(here).log.memberships.require(stored.chat_id)
    deafen(here)
    cy_phone = await there.connect(cy, "/events")
    change = {"invite_phone_numbers": ["+" + cy.number]}
    status, answer = await there.rest("PATCH", f"/events/{event['id']}", ann, json=change)
    assert status == 200, answer
    invitation = event["invitations"][0]["id"]
    status, seen = await here.rest("PUT", f"/events/{event['id']}/invitations/{invitation}/mark_seen", bob)
    assert status == 200, seen
    (told,) = await cy_phone.expect("rsvp_changed")
    assert told["invitation"]["id"] == invitation
