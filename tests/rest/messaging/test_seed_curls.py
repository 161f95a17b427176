"""The commands of the messaging API's first description, replayed line by line with the real curl against a running node.

With PARLEY_TEST_TRANSCRIPT=FILE each command and its answer are written there.
"""

import asyncio
import json
import os
import shlex
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData, web

from server.embedded import EmbeddedStores
from tests.rest.messaging.logins import PASSWORD, Api, User, last_code, new_name, new_number
from tests.rest.messaging.seed_curls import CURLS, HOST, Curl
from tests.support.node import Person, running_node, settings_for
from tests.support.pictures import encoded, halves

PHOTO = encoded(halves(), "JPEG")
FILES = {
    "photo.jpg": PHOTO,
    "voice.aac": b"voice",
    "video.mp4": b"video",
    "johh.vcf": b"BEGIN:VCARD\r\nEND:VCARD",
    "isks2.mp3": b"song",
}
pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")


class Reader:
    """Somebody who follows the document: a login with a number, its friends, a folder of files, and what was answered last."""

    def __init__(self, api: Api, ann: User, number: str, friends: list[Person], folder: Path, site: str) -> None:
        self.api, self.ann, self.number, self.friends, self.folder, self.site = api, ann, number, friends, folder, site
        self.token, self.refresh, self.group = ann.access, ann.refresh, ""
        self.transcript: list[str] = []

    def fill_in(self, line: str) -> str:
        """The mended line with all its places filled in."""
        tom, eva, kim = (friend.number for friend in self.friends)
        places = {
            HOST: self.api.node.url, "<user>": self.ann.name, "<password>": PASSWORD, "<refresh_token>": self.refresh,
            "<Token>": self.token, "<contact-id>": tom, "XXXXXXX": tom, "XXXXXX": tom, "YYYYYY": eva, "ZZZZZZZ": kim,
            "<time>": "1970-01-01", "<group-id>": self.group, "<site>": self.site,
        }  # fmt: skip
        if "<received code>" in line:
            places["<received code>"] = last_code(self.api.node, "000000000")
        for place, value in places.items():
            line = line.replace(place, value)
        return line

    async def replay(self, curl: Curl) -> tuple[int, Any]:
        """Status and body, as the real curl has them; the authentication header is left out in the document for brevity."""
        if curl.before:
            await self._prepare(curl.before)
        command = [*shlex.split(self.fill_in(curl.mended)), "-sS", "-w", "\n%{http_code} %{content_type}"]
        if "Authorization" not in curl.line and "/o/" not in curl.line:
            command += ["-H", f"Authorization: Bearer {self.token}"]
        run = await asyncio.create_subprocess_exec(*command, cwd=self.folder, stdout=-1, stderr=-1)
        said, complaints = await run.communicate()
        assert run.returncode == 0, complaints
        body, _, last = said.rpartition(b"\n")
        status, _, content_type = last.decode().partition(" ")
        shown = json.loads(body) if content_type.startswith("application/json") else body
        self._remember(curl, int(status), shown)
        return int(status), shown

    def _remember(self, curl: Curl, status: int, shown: Any) -> None:
        if "/o/token/" in curl.line:
            self.token, self.refresh = shown["access_token"], shown["refresh_token"]
        if "create-group" in curl.line:
            self.group = shown["groupid"]
        text = f"{len(shown)} bytes" if isinstance(shown, bytes) else json.dumps(shown, ensure_ascii=False)
        self.transcript.append(f"$ {curl.mended}")
        self.transcript += [f"  # mended: {why}" for _, _, why in curl.mends]
        self.transcript.append(f"  {status} {text}")

    async def _prepare(self, what: str) -> None:
        me, tom = Person(self.number, 0, self.token), self.friends[0]
        steps: dict[str, list[tuple[Person, str, dict[str, Any]]]] = {
            "set a photo": [(me, "account/profile-photo/", {"data": _photo()})],
            "know everybody": [(me, "contacts/import-contacts/", {"json": {"contacts": [{"contact_id": friend.number} for friend in self.friends]}})],
            "block nobody": [(me, "contacts/blocked-list/", {"json": {"numbers": []}})],
            "everything is read": [(tom, "messages/update-last-read/", {"data": {"contact": self.number}})],
            "one has left the group": [(tom, f"groups/{self.group}/leave/", {})],
            "one is in the group again": [(me, f"groups/{self.group}/add-participant/", {"data": {"contact": tom.number}})],
        }  # fmt: skip
        for who, path, options in steps[what]:
            status, shown = await self.api.node.rest("POST", "/api/" + path, who, **options)
            assert status in (200, 201), (what, shown)


def _photo() -> FormData:
    form = FormData()
    form.add_field("photo", PHOTO, filename="photo.jpg")
    return form


def fits(shape: Any, value: Any) -> bool:
    """Whether a value has a shape: exactly these keys, each element like the one given, one of a tuple, a type, or the very value."""
    if shape is Any:
        return True
    if isinstance(shape, tuple):
        return any(fits(each, value) for each in shape)
    if isinstance(shape, type):
        return type(value) is shape
    if isinstance(shape, dict):
        return isinstance(value, dict) and shape.keys() == value.keys() and all(fits(shape[k], value[k]) for k in shape)
    if isinstance(shape, list) and shape:
        return isinstance(value, list) and bool(value) and all(fits(shape[0], each) for each in value)
    return bool(shape == value)


@pytest.fixture
async def site() -> AsyncIterator[str]:
    async def show(request: web.Request) -> web.Response:
        return web.Response(body=FILES[request.path[1:]])

    app = web.Application()
    app.router.add_get("/{path:.*}", show)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def reader(stores: EmbeddedStores, tmp_path: Path, site: str) -> AsyncIterator[Reader]:
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
    settings = settings_for(tmp_path / "node", media={"allow_private_addresses": True})
    settings.data_dir.mkdir()
    async with running_node(stores, settings) as node:
        api, number = Api(node, stores), new_number()
        friends = [await node.sign_in(new_number()) for _ in range(3)]
        name = new_name()
        await api.add_login(name)
        ann = await api.sign_in(name)
        await ann.register(number)
        tom = friends[0]
        assert (await node.rest("POST", "/api/account/status-message/", tom, data={"status_message": "busy"}))[0] == 200
        assert (await node.rest("POST", "/api/account/profile-photo/", tom, data=_photo()))[0] == 200
        yield Reader(api, ann, number, friends, tmp_path, site)


async def test_every_curl_of_the_document_is_answered_as_documented(reader: Reader) -> None:
    wrong: list[str] = []
    try:
        for curl in CURLS:
            status, shown = await reader.replay(curl)
            if status != curl.status or not fits(curl.body, shown):
                wrong.append(f"{curl.mended}\n    {status} {shown!r}\n    not {curl.status} {curl.body}")
    finally:
        if transcript := os.environ.get("PARLEY_TEST_TRANSCRIPT"):
            await asyncio.to_thread(Path(transcript).write_text, "\n".join(reader.transcript) + "\n", "utf-8")
    assert not wrong, "\n".join(wrong)
