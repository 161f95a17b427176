"""Demo events: one to answer and one of one's own, for whoever signs in for the first time (docs/events-api.md, "Demo events")."""

import json
from collections.abc import AsyncIterator

import pytest

from server.embedded import EmbeddedStores
from tests.rest.events.fixture import Fixture, new_number, running_fixture

HOST = "493077777777"


@pytest.fixture(scope="module")
async def fixture(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fixture]:
    rules = {"demo": True, "demo_owner": f"+{HOST[:2]} {HOST[2:]}"}
    async with running_fixture(stores, tmp_path_factory.mktemp("node"), events=rules) as running:
        yield running


async def test_after_the_first_sign_in_there_is_exactly_one_invited_event_and_one_own_event(fixture: Fixture) -> None:
    early = await fixture.person()
    _, page = await fixture.ask(early, "GET", "/events")
    assert [each["i_am_owner"] for each in page["results"]] == [True], "nobody is there who could invite"
    host = await fixture.node.sign_in_by_code(HOST)
    number = new_number()
    for _ in range(2):
        tom = await fixture.node.sign_in_by_code(number)
        _, page = await fixture.ask(tom, "GET", "/events")
        (own, received) = sorted(page["results"], key=lambda each: not each["i_am_owner"])
        assert (own["i_am_owner"], received["i_am_owner"]) == (True, False)
    assert received["owner"]["id"] == host.account_id
    assert [each["id"] for each in received["invitees"]] == [tom.account_id]
    assert await fixture.ask(tom, "GET", "/events/stats") == (200, {"unresponded_invite_count": 1})
    device = await fixture.node.connect(tom, "/chat")
    (ready,) = await device.expect("ready")
    assert {chat["title"] for chat in ready["chats"]} == {own["title"], received["title"]}
    assert (await fixture.answer(tom, received, "accept"))["i_am_attending"] is True


async def test_nobody_hears_of_them(fixture: Fixture) -> None:
    await fixture.node.sign_in_by_code(new_number())
    assert await fixture.database.raw["events"].count_documents({"outbox": {"$ne": []}}) == 0
    sent = (fixture.node.settings.data_dir / fixture.node.settings.sms.outbox).read_text().splitlines()
    assert all(json.loads(line).get("code") for line in sent), "codes only"
