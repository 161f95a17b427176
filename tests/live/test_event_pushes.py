"""Pushes and texts about events, from a step on some node to Apple and to the phone that is texted."""

import asyncio
import re
from pathlib import Path

from server.embedded import EmbeddedStores
from tests.live.host import Host, running_host
from tests.support.apple import Push, running_apple
from tests.support.node import Person, settings_for
from tests.support.socket_fixture import until


async def add_device(host: Host, person: Person, token: str) -> None:
    status, shown = await host.web.rest("POST", "/notifications/add_ios_device", person, json={"token": token})
    assert status == 200, shown


def told(pushes: list[Push]) -> set[tuple[str, str, str]]:
    return {(push.token, push.payload["type"], push.alert) for push in pushes}


async def test_two_nodes_push_each_thing_once(stores: EmbeddedStores, tmp_path: Path) -> None:
    async with running_apple(tmp_path) as apple:
        secret = {"secret": "one secret of all nodes of this one test"}
        settings = settings_for(tmp_path, auth=secret, push=apple.settings)
        async with running_host(stores, settings) as here, running_host(stores, settings) as there:
            (ann, owner), (tom, guest) = [await here.sign_in() for _ in range(2)]
            for person, name in ((ann, "Ann"), (tom, "Tom")):
                await here.accounts.change(person.account_id, {"full_name": f"{name} Small"})
                await add_device(here, person, name)
            event = await here.create(owner, guest, in_hours=25, total_spots=1)
            event = await there.answer(event, guest, True, "Hooray")
            nodes = (here, there)
            reminded = await asyncio.gather(*(node.services.facts.remind() for node in nodes))
            assert sum(reminded) <= 1, "a node may have looked by itself before"
            # Told once more, as a node does that did not see the end of it.
            for node in nodes:
                for item in (await here.find(event)).outbox:
                    await node.services.facts.outbox(event, item)
            await apple.expect(4)
            await here.answer(event, guest, False)
            await apple.expect(5)
            assert told(apple.taken) == {
                ("Tom", "invite", "Ann Small invites you to Dinner"),
                ("Ann", "rsvp", "Tom S is coming to Dinner: Hooray"),
                ("Ann", "change", "Somebody took the only spot at Dinner"),
                ("Tom", "reminder", "Dinner is a day away"),
                ("Ann", "rsvp", "Tom Small can't make it to Dinner"),
            }
            assert len(apple.received) == 5
            for push in apple.taken:
                about = {key: value for key, value in push.payload.items() if key not in ("aps", "type")}
                assert about == {"event_id": event.id, "title": "Dinner"}


async def test_a_number_without_the_app_is_texted_a_link_of_its_own(host: Host) -> None:
    (_, owner), first, second = await host.sign_in(), await host.unproved(), await host.unproved()
    event = await host.create(owner, first, second, title="Picnic")
    await until(lambda: len(host.texts()) >= 2, within_s=60)
    texts = dict(host.texts())
    assert texts.keys() == {first.phone.dialled, second.phone.dialled}
    tokens = {number: re.findall(r"/invitation\?token=(\w+)", body)[0] for number, body in texts.items()}
    assert len(set(tokens.values())) == 2
    assert all("Picnic" in body and f"+{owner.number}" in body for body in texts.values())
    for account in (first, second):
        token = await host.services.runtime.stores.invitation_tokens.find(tokens[account.phone.dialled])
        assert token is not None
        assert (token.event_id, token.account_id) == (event.id, account.id)
