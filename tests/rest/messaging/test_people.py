"""Contacts as an account sees them: status messages and presence under every privacy (docs/messaging-api.md, "Privacy")."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from server.embedded import EmbeddedStores
from tests.rest.messaging.logins import Api, new_number
from tests.support.node import Person, running_node, settings_for
from tests.support.parts import services_of
from tests.support.plans import recorded_plans

STATUS, CONNECTED, PRIVACY = (
    "/api/account/status-message/",
    "/api/account/connected-status/",
    "/api/account/privacy-settings/",
)
STATUSES, PRESENCES = "/api/contacts/statuses-messages/", "/api/contacts/connected-statuses/"


class Two:
    """An owner whose profile a viewer looks at; the viewer has the owner as a contact, the owner may or may not."""

    def __init__(self, api: Api, owner: Person, viewer: Person) -> None:
        self.node, self.owner, self.viewer = api.node, owner, viewer

    async def ask(self, who: Person, method: str, path: str, **form: str) -> Any:
        status, shown = await self.node.rest(method, path, who, data=form or None)
        assert status in {200, 201}, shown
        return shown

    async def refused(self, who: Person, method: str, path: str) -> tuple[int, str]:
        status, shown = await self.node.rest(method, path, who)
        return status, shown["code"]

    async def be(self, who: Person, status: str) -> None:
        await self.ask(who, "POST", CONNECTED, connected_status=status)

    async def add(self, who: Person, other: Person) -> None:
        await self.ask(who, "POST", "/api/contacts/add-contact/", contact_id=other.number)

    async def status(self) -> str | None:
        shown = await self.ask(self.viewer, "GET", f"/api/contacts/{self.owner.number}/status-message/")
        (entry,) = shown["statuses_messages"]
        assert entry["contact_id"] == self.owner.number
        text: str | None = entry["status_message"]
        return text

    async def presence(self) -> tuple[str | None, str | None]:
        shown = await self.ask(self.viewer, "GET", f"/api/contacts/{self.owner.number}/connected-status/")
        (first,) = shown["connected_statuses"]
        (entry,) = (await self.ask(self.viewer, "GET", PRESENCES))["connected_statuses"]  # saw it last: the snapshot
        assert entry["contact_id"] == first["contact_id"] == self.owner.number
        assert entry["connected_status"] == first["connected_status"]
        assert (entry["last_seen"] is None) == (first["last_seen"] is None)
        return entry["connected_status"], entry["last_seen"]


async def make(api: Api) -> Two:
    two = Two(api, await api.node.sign_in(new_number()), await api.node.sign_in(new_number()))
    await two.add(two.viewer, two.owner)
    return two


@pytest.fixture
async def two(api: Api) -> Two:
    return await make(api)


def is_recent(date: str | None) -> bool:
    assert date is not None
    at = datetime.strptime(date, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    return timedelta(seconds=-2) <= datetime.now(UTC) - at <= timedelta(seconds=30)


@pytest.mark.parametrize("privacy", ["none", "contacts", "all"])
@pytest.mark.parametrize("is_contact", [False, True], ids=["stranger", "contact"])
@pytest.mark.parametrize("is_blocked", [False, True], ids=["free", "blocked"])
async def test_who_sees_what(api: Api, privacy: str, is_contact: bool, is_blocked: bool) -> None:
    two = await make(api)
    await two.ask(two.owner, "POST", STATUS, status_message="busy")
    await two.be(two.viewer, "online")
    await two.be(two.owner, "online")
    assert (await two.presence())[0] == "online", "what the viewer saw last"
    if is_contact:
        await two.add(two.owner, two.viewer)
    await two.ask(two.owner, "POST", PRIVACY, status_message=privacy, last_seen=privacy)
    if is_blocked:
        await two.ask(two.owner, "POST", f"/api/contacts/{two.viewer.number}/block/")
    is_granted = not is_blocked and (privacy == "all" or (privacy == "contacts" and is_contact))

    assert await two.status() == ("busy" if is_granted else None)
    history = f"/api/contacts/{two.owner.number}/status-message-history/"
    values = (await two.ask(two.viewer, "GET", history))["values"]
    assert [value["status_message"] for value in values] == (["busy"] if is_granted else [])

    status, last_seen = await two.presence()
    assert status == ("deny" if is_blocked else "online"), "online is shown to whoever is not blocked"
    assert last_seen is None if is_blocked else is_recent(last_seen)
    snapshot = status, last_seen

    await two.be(two.viewer, "offline")
    await two.be(two.owner, "offline")
    assert await two.presence() == snapshot, "out of date: the viewer is offline"

    await two.be(two.viewer, "online")
    status, last_seen = await two.presence()
    assert status == ("offline" if is_granted else "deny")
    assert is_recent(last_seen) if is_granted else last_seen is None


async def test_a_viewer_that_was_never_online_has_seen_nothing(two: Two) -> None:
    await two.be(two.owner, "online")
    assert await two.presence() == (None, None)


async def test_a_block_holds_also_for_what_was_seen_before(two: Two) -> None:
    await two.be(two.owner, "online")
    await two.be(two.viewer, "online")
    assert (await two.presence())[0] == "online"
    await two.be(two.viewer, "offline")
    await two.ask(two.owner, "POST", f"/api/contacts/{two.viewer.number}/block/")
    assert await two.presence() == ("deny", None)


async def test_only_contacts_that_exist_are_shown_and_others_are_refused(two: Two) -> None:
    nobody, stranger = new_number(), await two.node.sign_in(new_number())
    await two.ask(two.viewer, "POST", "/api/contacts/add-contact/", contact_id=nobody)
    for path, key in ((STATUSES, "statuses_messages"), (PRESENCES, "connected_statuses")):
        shown = await two.ask(two.viewer, "GET", path)
        assert [entry["contact_id"] for entry in shown[key]] == [two.owner.number]
    for number in (nobody, stranger.number, "1"):
        for what in ("status-message", "status-message-history", "connected-status"):
            assert await two.refused(two.viewer, "GET", f"/api/contacts/{number}/{what}/") == (400, "not_a_contact")


async def test_status_messages_are_remembered_newest_first_and_a_repetition_is_none(two: Two) -> None:
    for text in ("one", "two", "two", "one"):
        await two.ask(two.owner, "POST", STATUS, status_message=text)
    shown = await two.ask(two.viewer, "GET", f"/api/contacts/{two.owner.number}/status-message-history/")
    assert [value["status_message"] for value in shown["values"]] == ["one", "two", "one"]
    assert {value["contact_id"] for value in shown["values"]} == {two.owner.number}
    assert all(is_recent(value["updated"]) for value in shown["values"])


async def test_the_sockets_of_another_node_are_hidden_too(stores: EmbeddedStores, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, presence={"grace_s": 0})
    async with running_node(stores, settings) as here, running_node(stores, settings) as there:
        owner, viewer = await here.sign_in(new_number()), await here.sign_in(new_number())
        await here.befriend(owner, viewer)
        two = Two(Api(here, stores), owner, viewer)
        await two.be(viewer, "online")
        device = await there.connect(owner, "/presence")
        await device.ask("presence_watch", {"contacts": []}, "/presence")
        watching = await there.connect(viewer, "/presence")
        answer = await watching.ask("presence_watch", {"contacts": [owner.number]}, "/presence")
        assert answer["presence"][0]["status"] == "online"
        assert await own_status(two, owner) == "online"
        await two.be(owner, "offline")
        assert (await watching.expect("presence"))[0]["status"] == "offline"
        assert (await two.presence())[0] == "offline"
        assert await own_status(two, owner) == "offline"


# REST and the sockets speak of the same presence.


async def own_status(two: Two, who: Person) -> str:
    shown: str = (await two.ask(who, "GET", CONNECTED))["connected_status"]
    return shown


async def test_a_socket_makes_online_and_its_end_offline(two: Two) -> None:
    await two.be(two.viewer, "online")
    device = await two.node.connect(two.owner, "/presence")
    await device.ask("presence_watch", {"contacts": []}, "/presence")
    assert await own_status(two, two.owner) == "online"
    assert (await two.presence())[0] == "online"
    watching = await two.node.connect(two.viewer, "/presence")
    await watching.ask("presence_watch", {"contacts": [two.owner.number]}, "/presence")
    await device.client.disconnect()
    assert (await watching.expect("presence"))[0]["status"] == "offline"
    assert await own_status(two, two.owner) == "offline"
    status, last_seen = await two.presence()
    assert status == "offline"
    assert is_recent(last_seen)


async def test_online_over_rest_outlives_the_sockets(two: Two) -> None:
    await two.be(two.viewer, "online")
    device = await two.node.connect(two.owner, "/presence")
    await two.be(two.owner, "online")
    await device.ask("presence_set", {"status": "offline"}, "/presence")
    await device.client.disconnect()
    assert await own_status(two, two.owner) == "online"
    assert (await two.presence())[0] == "online"


async def test_offline_over_rest_hides_the_sockets_until_one_says_that_it_is_online(two: Two) -> None:
    await two.be(two.viewer, "online")
    device = await two.node.connect(two.owner, "/presence")
    await device.ask("presence_watch", {"contacts": []}, "/presence")
    watching = await two.node.connect(two.viewer, "/presence")
    answer = await watching.ask("presence_watch", {"contacts": [two.owner.number]}, "/presence")
    assert answer["presence"][0]["status"] == "online"

    await two.be(two.owner, "offline")
    assert (await watching.expect("presence"))[0]["status"] == "offline"
    assert (await two.presence())[0] == "offline"
    await two.add(two.owner, two.viewer)
    another = await two.node.connect(two.owner, "/presence")
    answer = await another.ask("presence_watch", {"contacts": [two.viewer.number]}, "/presence")
    assert answer["presence"][0]["status"] is None, "who is hidden sees nobody"
    assert (await two.presence())[0] == "offline", "those that come later are hidden, too"
    assert await own_status(two, two.owner) == "offline"

    told = len(watching.told("presence"))
    await another.ask("presence_set", {"status": "online"}, "/presence")
    shown = await watching.expect("presence", told + 1)
    assert shown[-1]["status"] == "online"
    assert await own_status(two, two.owner) == "online"
    await another.client.disconnect()
    assert (await watching.expect("presence", told + 2))[-1]["status"] == "offline"
    assert await own_status(two, two.owner) == "offline"


async def test_whoever_watches_hears_of_rest_of_privacy_and_of_blocks(two: Two) -> None:
    watching = await two.node.connect(two.viewer, "/presence")
    await watching.ask("presence_watch", {"contacts": [two.owner.number]}, "/presence")
    await two.be(two.owner, "online")
    await two.be(two.owner, "offline")
    shown = await watching.expect("presence", 2)
    assert [each["status"] for each in shown] == ["online", "offline"]
    assert shown[1]["last_seen"] is not None
    heard = len(watching.told("presence"))
    await two.ask(two.owner, "POST", PRIVACY, last_seen="none")
    assert (await watching.expect("presence", heard + 1))[-1]["status"] == "deny"
    await two.be(two.owner, "online")
    assert (await watching.expect("presence", heard + 2))[-1]["status"] == "online"
    await two.ask(two.owner, "POST", f"/api/contacts/{two.viewer.number}/block/")
    assert (await watching.expect("presence", heard + 3))[-1]["status"] == "deny"


async def test_the_presence_of_ten_contacts_asks_the_address_books_as_often_as_that_of_one(two: Two) -> None:
    await two.be(two.viewer, "online")
    database = services_of(two.node).runtime.outside.database
    owners, asked = [two.owner], list[int]()
    for count in (1, 10):
        while len(owners) < count:
            owners.append(await two.node.sign_in(new_number()))
            await two.add(two.viewer, owners[-1])
        for owner in owners[-count:]:
            await two.ask(owner, "POST", PRIVACY, status_message="contacts", last_seen="contacts")
        async with recorded_plans(database, "contacts") as plans:
            shown = await two.ask(two.viewer, "GET", PRESENCES)
        assert {entry["connected_status"] for entry in shown["connected_statuses"]} <= {"offline", "deny"}
        assert len(shown["connected_statuses"]) == count
        asked.append(len(plans))
    assert asked[1] == asked[0] > 0
