"""The commands that the reference shows, run by a shell as they stand there against a server that has what they name.

You are +4930901820 in them, with contacts +4930901821 and +4930901822; here each command has a reader with a number of its own, so that none
meets what another did. What no server gives out twice (the ids of groups, files, sessions and events, codes and refresh tokens) is put in.
"""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Page, expect

from server.embedded import EmbeddedStores
from tests.rest.events.graph import TOKEN, running_graph
from tests.rest.messaging.logins import Api, last_code
from tests.static.browser import Windows
from tests.support.node import Node, Person, running_node, settings_for
from tests.support.pictures import encoded, halves

PIN, CODE, USER, PASSWORD = "1234", "123456", "ann", "correct horse battery staple"
ME, TOM, EVA = "4930901820", "4930901821", "4930901822"
GROUP, FILE, SESSION = "4930901820-1465200000", "ede62e215f5d7a18f91d242bdbddf72e.jpg", "9f86d081884c7d65"
EVENT = re.compile(r"/events/1\b")
PICTURE = "1494c5d2a6b0c4e7f81a3"  # of somebody without a photo
PHOTO, FILM = encoded(halves(), "JPEG"), b"film"
MESSAGES = re.compile(r"0000000000000[17]0000001F")
CHAT = "/api/chats/1/"
UPLOAD = re.compile(r"uploads/[0-9a-f]{32}/")
FILES: Mapping[str, bytes] = {
    "photo.jpg": PHOTO,
    "voice.m4a": b"voice",
    "song.mp3": b"song",
    "video.mp4": b"video",
    "film.mp4": FILM,
    "contract.pdf": b"%PDF-1.4",
    "card.vcf": b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:John Doe\r\nEND:VCARD\r\n",
}
AT_ONCE = 6
pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")


@pytest.fixture(scope="module")
async def node(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    async with running_graph() as graph:
        settings = settings_for(
            tmp_path_factory.mktemp("node"),
            auth={"debug_pin": PIN},
            facebook={"graph_url": graph.url, "timeout_s": 30},
            media={"allow_private_addresses": True},
        )
        async with running_node(stores, settings) as running:
            yield running


@dataclass
class Site:
    """A server with the people of the examples, to which each command that changes something comes with a new number."""

    api: Api
    tom: Person
    looker: Person
    last: int = 4930901900

    async def ask(self, person: Person, path: str, method: str = "POST", **body: Any) -> Any:
        status, shown = await self.api.node.rest(method, path, person, **body)
        assert status in (200, 201, 204), (path, status, shown)
        return shown

    async def new_reader(self) -> Person:
        self.last += 1
        reader = await self.api.node.sign_in(str(self.last))
        book = [{"contact_id": TOM}, {"contact_id": EVA}]
        await self.ask(reader, "/api/contacts/import-contacts/", json={"contacts": book})
        return reader

    async def new_group(self, reader: Person, *people: str) -> str:
        asked = {"subject": "Go", "participants": list(people)}
        group: str = (await self.ask(reader, "/api/groups/create-group/", json=asked))["groupid"]
        return group

    async def new_event(self, owner: Person, guest: str) -> dict[str, Any]:
        plan = {"title": "Tea", "event_date": "2031-05-02T20:30:00Z", "invite_phone_numbers": [f"+{guest}"]}
        event: dict[str, Any] = await self.ask(owner, "/events", json=plan)
        return event

    async def put_in(self, command: str, reader: Person) -> str:
        """The command with the ids of things that are the reader's."""
        group = await self.new_group(reader, TOM, EVA) if GROUP in command else None
        if group is not None:
            command = command.replace(GROUP, group)
        if EVENT.search(command):
            event = await self.new_event(reader, TOM)
            command = EVENT.sub(f"/events/{event['id']}", command)
        if FILE in command:
            form = _form("filename", contact=TOM)
            sent = await self.ask(reader, "/api/messages/send-image/", data=form)
            command = command.replace(FILE, sent["url"].rpartition("/")[2])
        if CHAT in command or MESSAGES.search(command):
            target = {"contact": TOM} if group is None else {"group_id": group}
            sent = await self.ask(reader, "/api/messages/send-message/", data=target | {"message": "Hello"})
            command = MESSAGES.sub(sent["id"], command).replace(CHAT, f"/api/chats/{sent['chat']}/")
        if UPLOAD.search(command):
            film = {"contact": TOM, "kind": "video", "length": len(FILM), "filename": "film.mp4", "client_id": "film"}
            begun = await self.ask(reader, "/api/messages/uploads/", json=film)
            command = UPLOAD.sub(f"uploads/{begun['upload']}/", command)
        return command.replace("/users/1'", f"/users/{reader.account_id}'").replace(ME, reader.number)


def _form(field: str, **texts: str) -> aiohttp.FormData:
    form = aiohttp.FormData(texts)
    form.add_field(field, PHOTO, filename="photo.jpg", content_type="image/jpeg")
    return form


Prepare = Callable[[Site, Person, str], Awaitable[str]]


async def _no_contacts(site: Site, reader: Person, command: str) -> str:
    await site.ask(reader, "/api/contacts/import-contacts/", json={"contacts": [{"contact_id": EVA}]})
    return command


async def _without_tom(site: Site, reader: Person, command: str) -> str:
    return command.replace(GROUP, await site.new_group(reader, EVA))


async def _tom_leads(site: Site, reader: Person, command: str) -> str:
    group = await site.new_group(reader, TOM)
    await site.ask(reader, f"/api/groups/{group}/promote-participant/", json={"contact": TOM})
    return command.replace(GROUP, group)


async def _has_photo(site: Site, reader: Person, command: str) -> str:
    await site.ask(reader, "/api/account/profile-photo/", data=_form("photo"))
    return command


async def _group_has_photo(site: Site, reader: Person, command: str) -> str:
    group = await site.new_group(reader, TOM)
    await site.ask(reader, f"/api/groups/{group}/photo/", data=_form("photo"))
    return command.replace(GROUP, group)


async def _invited(site: Site, reader: Person, command: str) -> str:
    event = await site.new_event(site.tom, reader.number)
    command = command.replace("/invitations/1", f"/invitations/{event['invitations'][0]['id']}")
    return EVENT.sub(f"/events/{event['id']}", command)


async def _written_to(site: Site, reader: Person, command: str) -> str:
    await site.api.node.befriend(site.tom, reader)
    sent = await site.ask(site.tom, "/api/messages/send-message/", data={"contact": reader.number, "message": "Hello"})
    return MESSAGES.sub(sent["id"], command)


async def _in_poll(site: Site, reader: Person, command: str) -> str:
    asked = {"contact": TOM, "question": "Tea?", "options": ["Yes", "No"]}
    sent = await site.ask(reader, "/api/messages/send-poll/", json=asked)
    return MESSAGES.sub(sent["id"], command)


async def _second_session(site: Site, reader: Person, command: str) -> str:
    await site.api.node.sign_in(reader.number)
    sessions = (await site.ask(reader, "/auth/sessions", method="GET"))["sessions"]
    return command.replace(SESSION, next(each["id"] for each in sessions if not each["current"]))


async def _code_asked(site: Site, reader: Person, command: str) -> str:
    phone = f"+{reader.number}"
    async with site.api.node.http.post(site.api.node.url + "/auth", json={"phone_number": phone}) as answer:
        assert answer.status == 204
    return command


async def _login(site: Site, reader: Person, command: str) -> str:
    """A login in place of the reader, and a number that has no account."""
    name, number = f"login {reader.number}", f"49309010{reader.number[-4:]}"
    await site.api.add_login(name, PASSWORD)
    reader.token, reader.number = (await site.api.sign_in(name, PASSWORD)).access, number
    return command


async def _account_of_login(site: Site, reader: Person, command: str) -> str:
    """A login that waits for the code of an account."""
    await _login(site, reader, command)
    await site.ask(reader, "/api/account/create-account/", json={"account": reader.number})
    return command.replace(CODE, last_code(site.api.node, reader.number))


async def _own_picture(site: Site, reader: Person, command: str) -> str:
    user = await site.ask(reader, "/users/change_avatar", data=_form("photo"))
    return command.replace(FILE, user["photo"].split("/media/")[1].partition("/")[0])


async def _picture_instead(site: Site, reader: Person, command: str) -> str:
    user = await site.ask(reader, f"/users/{reader.account_id}", method="GET")
    return command.replace(PICTURE, user["photo"].split("/default/")[1].partition("/")[0])


async def _on_facebook(site: Site, reader: Person, command: str) -> str:
    await site.ask(reader, "/users/fb_token", json={"fb_token": TOKEN})
    return command


PREPARED: Mapping[str, Prepare] = {
    "account_photo_show": _has_photo,
    "account_post": _login,
    "account_prove": _account_of_login,
    "auth_delete_session": _second_session,
    "auth_verify": _code_asked,
    "contact_post": _no_contacts,
    "event_answer_accept": _invited,
    "event_answer_mark_seen": _invited,
    "event_answer_reject": _invited,
    "group_add_participant": _without_tom,
    "group_demote_participant": _tom_leads,
    "facebook_friends": _on_facebook,
    "group_photo_show_full": _group_has_photo,
    "group_photo_show_preview": _group_has_photo,
    "poll_vote": _in_poll,
    "report_report_contact": _written_to,
    "rendition_show": _own_picture,
    "rendition_show_default": _picture_instead,
}


async def commands_of(page: Page, url: str) -> dict[str, str]:
    """What /docs shows, by the operation's name."""
    await page.goto(url + "/docs")
    await expect(page.locator("details.operation").first).to_be_visible()
    shown: dict[str, str] = await page.evaluate(
        """async () => {
            const all = [...document.querySelectorAll("details.operation")];
            for (const each of all) each.open = true;
            while (document.querySelectorAll(".operation .inside").length < all.length) await new Promise(requestAnimationFrame);
            return Object.fromEntries(all.map((each) => [each.id, each.querySelector("pre").textContent]));
        }"""
    )
    return shown


async def run(site: Site, name: str, command: str, folder: Path) -> str:
    """Returns what is wrong with a command's answer; nothing, if it succeeds."""
    reader = site.looker if name not in PREPARED and " -X " not in command else await site.new_reader()
    if name in PREPARED:
        command = await PREPARED[name](site, reader, command)
    command = await site.put_in(command, reader)
    shell = await asyncio.create_subprocess_exec(
        "sh", "-c", f"{command} -sS -w '\n%{{http_code}}'",
        cwd=folder, env={"TOKEN": reader.token, "PATH": "/usr/bin:/bin"}, stdout=-1, stderr=-1,
    )  # fmt: skip
    said, complaints = (each.decode(errors="replace") for each in await shell.communicate())
    body, _, status = said.rpartition("\n")
    return "" if status.startswith("2") else f"{name}: {status} {body[:300]} {complaints}\n{command}"


async def test_every_command_of_the_reference_succeeds(
    windows: Windows, node: Node, stores: EmbeddedStores, tmp_path: Path
) -> None:
    commands = await commands_of((await windows.open(None)).page, node.url)
    assert len(commands) > 100
    for file, content in FILES.items():
        (tmp_path / file).write_bytes(content)
    api = Api(node, stores)
    await api.add_login(USER, PASSWORD)
    tom, _ = await node.sign_in(TOM), await node.sign_in(EVA)
    site = Site(api, tom, looker=tom)
    site.looker = await site.new_reader()
    await site.ask(site.tom, "/api/account/profile-photo/", data=_form("photo"))
    await site.new_event(site.tom, EVA)  # so that no other one has the id of the examples
    turn = asyncio.Semaphore(AT_ONCE)

    async def take_turn(name: str, command: str) -> str:
        async with turn:
            return await run(site, name, command, tmp_path)

    wrong = await asyncio.gather(*(take_turn(name, command) for name, command in commands.items()))
    if any(wrong):
        pytest.fail("\n\n".join(filter(None, wrong)), pytrace=False)
    assert set(PREPARED) <= set(commands)
