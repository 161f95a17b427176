"""Who sees what of whom: every cell of settings, contacts, blocks and presence (messaging contract, sections 4.6, 6.2, 7 and 8)."""

import itertools
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import FormData

from tests.rest.messaging.logins import Api, new_number
from tests.support.node import Person
from tests.support.pictures import plain

SETTINGS = ("none", "contacts", "all")
STATUS, PHOTO, PRIVACY, CONNECTED = (
    f"/api/account/{name}/" for name in ("status-message", "profile-photo", "privacy-settings", "connected-status")
)


@dataclass(frozen=True)
class Cell:
    """One combination; `setting` is the owner's for all three parts."""

    setting: str
    is_contact: bool  # the viewer is in the owner's address book
    is_blocked: bool  # the owner blocks the viewer
    has_blocked: bool  # the viewer blocks the owner
    is_viewer_online: bool
    is_owner_online: bool


@dataclass(frozen=True)
class Seen:
    status_message: str | None
    history: int
    photo_status: str
    photo_bytes: int  # HTTP's status
    photo_history: int
    connected_status: str | None
    has_last_seen: bool


def expected(cell: Cell) -> Seen:
    """The rule, said once more and in other words than the server's.

    A viewer whom the owner blocks sees nothing, and of the photo not even that there is one to hide. Others see a part when
    the owner shows it to all, or to contacts and they are one. Being online is shown whatever the setting; without last
    seen, being offline is a refusal. Presence is looked at only by who is online; who is not has what was seen before,
    here nothing. Blocking somebody oneself takes away that person's presence both ways
    (design section 3), and nothing else of what the contract names.
    """
    shown = {"none": False, "contacts": cell.is_contact, "all": True}[cell.setting] and not cell.is_blocked
    photo = ("404", 404) if cell.is_blocked else ("200", 200) if shown else ("401", 403)
    if not cell.is_viewer_online:
        presence: tuple[str | None, bool] = (None, False)
    elif cell.is_blocked or cell.has_blocked:
        presence = ("deny", False)
    elif cell.is_owner_online:
        presence = ("online", True)
    else:
        presence = ("offline", True) if shown else ("deny", False)
    return Seen("busy" if shown else None, int(shown), *photo, int(shown), *presence)


async def asked(api: Api, who: Person, method: str, path: str, **options: Any) -> Any:
    status, shown = await api.node.rest(method, path, who, **options)
    assert status in (200, 201), (path, shown)
    return shown


async def look(api: Api, viewer: Person, owner: Person) -> Seen:
    """By all the doors; those for one contact and those for all must agree."""
    one, every = f"/api/contacts/{owner.number}/", "/api/contacts/"
    (status,) = (await asked(api, viewer, "GET", one + "status-message/"))["statuses_messages"]
    assert (await asked(api, viewer, "GET", every + "statuses-messages/"))["statuses_messages"] == [status]
    history = (await asked(api, viewer, "GET", one + "status-message-history/"))["values"]
    photo = await asked(api, viewer, "GET", one + "photo-url/")
    preview = await asked(api, viewer, "GET", one + "preview-photo-url/")
    assert photo["photo_status"] == preview["photo_status"]
    assert (photo["photo_url"] is None) == (preview["photo_url"] is None) == (photo["photo_status"] != "200")
    for path, shown in (("photos-urls/", photo), ("preview-photos-urls/", preview)):
        listed = (await asked(api, viewer, "GET", every + path))["photo_urls"]
        assert listed == [{"contact_id": owner.number, **shown}]
    statuses, histories = set(), set()
    for size in ("photo", "preview-photo"):
        headers = {"Authorization": f"Bearer {viewer.token}"}
        async with api.node.http.get(f"{api.node.url}{one}{size}/", headers=headers) as answer:
            statuses.add(answer.status)
        histories.add(len((await asked(api, viewer, "GET", f"{one}{size}-history-urls/"))["photo_urls"]))
    (presence,) = (await asked(api, viewer, "GET", one + "connected-status/"))["connected_statuses"]
    (again,) = (await asked(api, viewer, "GET", every + "connected-statuses/"))["connected_statuses"]
    assert presence["connected_status"] == again["connected_status"]
    (photo_bytes,), (photo_history,) = statuses, histories
    return Seen(
        status["status_message"], len(history), photo["photo_status"], photo_bytes, photo_history,
        presence["connected_status"], presence["last_seen"] is not None,
    )  # fmt: skip


def picture() -> FormData:
    form = FormData()
    form.add_field("photo", plain(), filename="a.png")
    return form


async def new_owner(api: Api, *, is_online: bool) -> Person:
    """Somebody with a status message and a photo, whom nobody has looked at yet."""
    owner = await api.node.sign_in(new_number())
    await asked(api, owner, "POST", STATUS, data={"status_message": "busy"})
    await asked(api, owner, "POST", PHOTO, data=picture())
    for status in ("online", "offline", "online")[: 3 if is_online else 2]:
        await asked(api, owner, "POST", CONNECTED, data={"connected_status": status})
    return owner


@pytest.mark.parametrize("is_owner_online", [False, True], ids=["owner offline", "owner online"])
@pytest.mark.parametrize("is_viewer_online", [False, True], ids=["viewer offline", "viewer online"])
async def test_every_cell(
    api: Api, is_owner_online: bool, is_viewer_online: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """One owner for all cells of a test; each cell has a viewer who has seen nothing before."""
    owner = await new_owner(api, is_online=is_owner_online)
    found, wanted = {}, {}
    for setting in SETTINGS:
        await asked(api, owner, "POST", PRIVACY, data=dict.fromkeys(("status_message", "photo", "last_seen"), setting))
        for is_contact, is_blocked, has_blocked in itertools.product((False, True), repeat=3):
            cell = Cell(setting, is_contact, is_blocked, has_blocked, is_viewer_online, is_owner_online)
            viewer = await api.node.sign_in(new_number())
            await asked(api, viewer, "POST", "/api/contacts/add-contact/", data={"contact_id": owner.number})
            if is_contact:
                await asked(api, owner, "POST", "/api/contacts/add-contact/", data={"contact_id": viewer.number})
            if is_blocked:
                await asked(api, owner, "POST", f"/api/contacts/{viewer.number}/block/")
            if has_blocked:
                await asked(api, viewer, "POST", f"/api/contacts/{owner.number}/block/")
            if is_viewer_online:
                await asked(api, viewer, "POST", CONNECTED, data={"connected_status": "online"})
            found[cell], wanted[cell] = await look(api, viewer, owner), expected(cell)
    assert found == wanted
    assert not [each for each in caplog.records if each.levelname == "ERROR"], (
        "who leaves before the end of a photo is no fault"
    )
