"""`/events`: owner and invitees hear what changes the moment it is stored, on every node, and nobody else does."""

import asyncio
from pathlib import Path

import pytest

from server.embedded import EmbeddedStores
from tests.live.host import Host, running_host
from tests.support.javascript_client import install_javascript_client, javascript_client
from tests.support.node import settings_for

EVENTS = "/events"


async def test_owner_and_invitees_hear_of_each_change_with_the_fields_of_rest(host: Host) -> None:
    (ann, owner), (tom, guest), (eve, _) = [await host.sign_in() for _ in range(3)]
    stranger = await host.unproved()
    await host.accounts.change(tom.account_id, {"full_name": "Tom Guest"})
    ann_phone, tom_phone, eve_phone = [await host.web.connect(one, EVENTS) for one in (ann, tom, eve)]

    event = await host.create(owner, guest, stranger, title="Picnic", location={"latitude": 23.8}, total_spots=5)
    for phone in (ann_phone, tom_phone):
        ((body,),) = [await phone.expect("event_changed")]
        assert body == {
            "event": {
                "id": event.id,
                "chat": event.chat_id,
                "version": 0,
                "title": "Picnic",
                "event_date": body["event"]["event_date"],
                "utc_offset": "+00:00",
                "is_time_specified": True,
                "created": body["event"]["created"],
                "modified": body["event"]["created"],
                "owner": {
                    "id": ann.account_id,
                    "phone_number": "+" + ann.number,
                    "full_name": "",
                    "is_active": True,
                },
                "location": {"latitude": 23.8},
                "address": "",
                "venue_name": "",
                "description": "",
                "is_canceled": False,
                "is_deleted": False,
                "messages": [],
                "polls": [],
                "total_spots": 5,
                "spots_filled": 0,
                "spots_left": 5,
                "attendees_count": 0,
                "invitees": [
                    {
                        "id": 0,
                        "full_name": "",
                        "phone_number": stranger.phone.text,
                        "is_attending": None,
                        "is_active": False,
                        "is_owner": False,
                        "has_seen": False,
                        "rsvp_message": None,
                        "rsvp_time": None,
                        "created": body["event"]["invitees"][0]["created"],
                    },
                    {
                        "id": tom.account_id,
                        "full_name": "Tom Guest",
                        "phone_number": "+" + tom.number,
                        "is_attending": None,
                        "is_active": True,
                        "is_owner": False,
                        "has_seen": False,
                        "rsvp_message": None,
                        "rsvp_time": None,
                        "created": body["event"]["invitees"][1]["created"],
                    },
                ],
                "invitations": [
                    {
                        "id": event.invitations[0].id,
                        "user_id": tom.account_id,
                        "user_full_name": "Tom Guest",
                        "has_seen": False,
                        "has_accepted_invite": None,
                        "rsvp_time": None,
                        "rsvp_message": "",
                    },
                    {
                        "id": event.invitations[1].id,
                        "user_id": None,
                        "user_full_name": "",
                        "has_seen": False,
                        "has_accepted_invite": None,
                        "rsvp_time": None,
                        "rsvp_message": "",
                    },
                ],
            }
        }

    await host.answer(event, guest, True, "Hooray")
    (rsvp,) = await ann_phone.expect("rsvp_changed")
    assert await tom_phone.expect("rsvp_changed") == [rsvp]
    assert rsvp["invitation"].pop("rsvp_time").endswith("Z")
    assert rsvp == {
        "event": event.id,
        "chat": event.chat_id,
        "version": 1,
        "invitation": {
            "id": event.invitations[0].id,
            "user_id": tom.account_id,
            "user_full_name": "Tom Guest",
            "phone_number": "+" + tom.number,
            "has_seen": True,
            "has_accepted_invite": True,
            "rsvp_message": "Hooray",
        },
        "total_spots": 5,
        "spots_filled": 0,
        "spots_left": 4,
        "attendees_count": 1,
    }

    suggested = await host.suggest(event, guest, "Park")
    (poll,) = await ann_phone.expect("poll_added")
    date = poll["poll"].pop("suggested_date")
    assert date == (await ann_phone.expect("event_changed"))[0]["event"]["event_date"]
    assert poll == {
        "event": event.id,
        "chat": event.chat_id,
        "version": suggested.version,
        "poll": {"id": suggested.polls[0].id, "suggested_venue": "Park", "user_id": tom.account_id},
    }

    await host.post(event, guest, "Shall I bring cake?")
    found = await host.find(event)
    await host.edit(found, title="Picnic at noon")
    (_, renamed) = await tom_phone.expect("event_changed", 2)
    assert renamed["event"]["title"] == "Picnic at noon"
    assert renamed["event"]["version"] > suggested.version
    assert renamed["event"]["messages"] == [
        {"id": found.messages[0].id, "user_id": tom.account_id, "seq": found.messages[0].seq}
    ]
    assert renamed["event"]["polls"][0]["suggested_venue"] == "Park"

    await host.cancel(event)
    assert (await tom_phone.expect("event_changed", 3))[2]["event"]["is_canceled"] is True
    deleted = await host.delete(event)
    assert (await tom_phone.expect("event_changed", 4))[3] == {
        "event": {"id": event.id, "chat": event.chat_id, "version": deleted.version, "is_deleted": True}
    }
    await host.create(await host.accounts.require(eve.account_id))
    await eve_phone.expect("event_changed")
    assert [name for _, name, _ in eve_phone.heard] == ["event_changed"], "and of the others' event nothing"


async def test_who_is_invited_later_hears_from_then_on(host: Host) -> None:
    (_, owner), (tom, guest) = [await host.sign_in() for _ in range(2)]
    phone = await host.web.connect(tom, EVENTS)
    event = await host.create(owner)
    await host.edit(event, venue_name="Home")
    await host.invite(event, guest)
    await host.edit(event, venue_name="Away")
    told = await phone.expect("event_changed", 2)
    assert [body["event"]["venue_name"] for body in told] == ["Home", "Away"]


async def test_the_owner_hears_once_that_an_invitation_is_seen(host: Host) -> None:
    (ann, owner), (tom, guest) = [await host.sign_in() for _ in range(2)]
    phone = await host.web.connect(ann, EVENTS)
    event = await host.create(owner, guest)
    (invitation,) = event.invitations
    for _ in range(2):
        path = f"/events/{event.id}/invitations/{invitation.id}/mark_seen"
        assert (await host.web.rest("PUT", path, tom))[0] == 200
    assert (await host.web.rest("POST", f"/events/{event.id}/accept", tom))[0] == 200
    seen, answered = await phone.expect("rsvp_changed", 2)
    assert [told["invitation"]["has_seen"] for told in (seen, answered)] == [True, True]
    assert [told["invitation"]["has_accepted_invite"] for told in (seen, answered)] == [None, True]


async def test_it_is_heard_on_every_node_once(stores: EmbeddedStores, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, auth={"secret": "one secret of all nodes of this one test"})
    async with running_host(stores, settings) as here, running_host(stores, settings) as there:
        (ann, owner), (tom, guest) = [await here.sign_in() for _ in range(2)]
        phones = [await node.web.connect(one, EVENTS) for node in (here, there) for one in (ann, tom)]
        event = await here.create(owner, guest)
        answered = await there.answer(event, guest, True)
        for phone in phones:
            await phone.expect("event_changed")
            await phone.expect("rsvp_changed")
        await here.edit(answered, title="The end")
        for phone in phones:
            told = await phone.expect("event_changed", 2)
            assert [body["event"]["title"] for body in told] == ["Dinner", "The end"]
            assert [name for _, name, _ in phone.heard] == ["event_changed", "rsvp_changed", "event_changed"]


@pytest.mark.parametrize("transports", [("websocket",), ("polling",)], ids="+".join)
async def test_the_javascript_client_hears_it(host: Host, transports: tuple[str, ...]) -> None:
    modules = await install_javascript_client()
    (_, owner), (tom, guest) = [await host.sign_in() for _ in range(2)]
    async with javascript_client(modules, host.web.url, *transports) as client:
        assert await client.call("join", namespace=EVENTS, auth={"token": tom.token}) == {"connected": True}
        event = await host.create(owner, guest, title="Dîner 🍰")
        (told,) = await client.expect("event_changed", namespace=EVENTS)
        assert told["event"]["title"] == "Dîner 🍰"
        await host.answer(event, guest, True)
        (told,) = await client.expect("rsvp_changed", namespace=EVENTS)
        assert told["event"] == event.id
        refused = await client.ask("event_set", {"event": event.id}, EVENTS)
        assert refused["error"]["code"] == "unknown_event"


async def test_who_came_to_the_event_by_the_removed_account_hears_no_more(host: Host) -> None:
    (ann, owner), (tom, guest) = [await host.sign_in() for _ in range(2)]
    phone = await host.web.connect(ann, EVENTS)
    event = await host.create(owner, guest, total_spots=1)
    await host.answer(event, guest, True, "my own words")
    status, _ = await host.web.rest("POST", "/api/account/remove-account/", tom, data={})
    assert status == 200
    told = await phone.expect("rsvp_changed", 2)
    assert told[1]["invitation"] | {"rsvp_time": None} == told[1]["invitation"]
    assert (told[1]["invitation"]["user_id"], told[1]["invitation"]["rsvp_message"]) == (None, "")
    assert told[1]["spots_left"] == 1
    again, _ = await host.sign_in(tom.number)
    heir = await host.web.connect(again, "/chat", EVENTS)
    (ready,) = await heir.expect("ready")
    assert [chat["event"] for chat in ready["chats"]] == [event.id], "invited as any number that signs in"
    page = await heir.ask("history", {"chat": event.chat_id})
    assert "my own words" not in str(page)
    await host.edit(await host.find(event), title="Lunch")
    assert len(await heir.expect("event_changed")) == 1


async def test_with_the_owner_s_account_the_event_goes(host: Host) -> None:
    (ann, owner), (tom, guest) = [await host.sign_in() for _ in range(2)]
    phone = await host.web.connect(tom, EVENTS, "/chat")
    event = await host.create(owner, guest)
    gone = asyncio.Event()
    ann_phone = await host.web.connect(ann, EVENTS)
    ann_phone.client.on("disconnect", lambda *_: gone.set(), namespace=EVENTS)
    status, _ = await host.web.rest("POST", "/api/account/remove-account/", ann, data={})
    assert status == 200
    assert (await phone.expect("event_changed", 2))[1]["event"]["is_deleted"] is True
    assert await host.events.find(event.id) is None
    async with asyncio.timeout(30):
        await gone.wait()
    assert (await phone.ask("message_send", {"chat": event.chat_id, "client_id": "1", "text": "and now?"}))["ok"]
