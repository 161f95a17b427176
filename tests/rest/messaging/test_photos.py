"""Photos on a whole node (docs/messaging-api.md, "Photos"): who sees what, and what is refused."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from io import BytesIO
from itertools import count
from typing import Any

import pytest
from aiohttp import FormData
from PIL import Image

from handlers.rest.bodies import LEAST_BYTES
from models.stores.accounts import Accounts
from models.stores.counters import Counters
from server.embedded import EmbeddedStores
from tests.support.node import Node, Person, running_node, settings_for
from tests.support.pictures import BLUE, GREEN, RED, bomb, decoded, encoded, is_near, plain
from tests.support.stores import pool

OWN, ALL, PREVIEWS = "/api/account/profile-photo/", "/api/contacts/photos-urls/", "/api/contacts/preview-photos-urls/"
NOTHING = {"photo_url": None, "photo_status": "404"}
HIDDEN = {"photo_url": None, "photo_status": "401"}
NUMBERS = count(4_930_901_830)


def form(data: bytes, name: str = "photo", **fields: str) -> FormData:
    made = FormData()
    for key, value in fields.items():
        made.add_field(key, value)
    made.add_field(name, BytesIO(data), filename="me.png", content_type="image/png")
    return made


@dataclass
class Town:
    """Ann and Bob have each other as contacts; Cy has Ann, who does not have him."""

    node: Node
    ann: Person
    bob: Person
    cy: Person
    accounts: Accounts

    async def ask(self, person: Person, method: str, path: str, **options: Any) -> tuple[int, Any]:
        return await self.node.rest(method, path, person, **options)

    async def bytes_of(self, person: Person | None, path: str) -> tuple[int, str, bytes]:
        """Status, content type and body."""
        headers = {} if person is None else {"Authorization": f"Bearer {person.token}"}
        url = path if path.startswith("http") else self.node.url + path
        async with self.node.http.get(url, headers=headers) as answer:
            return answer.status, answer.content_type, await answer.read()

    async def set_photo(self, person: Person, colour: tuple[int, int, int], path: str = OWN) -> None:
        picture = plain(size=(800, 700), colour=colour)
        assert await self.ask(person, "POST", path, data=form(picture)) == (200, {})

    async def change(self, person: Person, fields: dict[str, Any]) -> None:
        """Change what other routes do: privacy, blocked numbers."""
        await self.accounts.change(person.account_id, fields)


@pytest.fixture(scope="module")
async def node(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    async with running_node(stores, settings_for(tmp_path_factory.mktemp("node"))) as running:
        yield running


@pytest.fixture
async def town(node: Node) -> Town:
    """New people in each test."""
    ann, bob, cy = [await node.sign_in(str(next(NUMBERS))) for _ in range(3)]
    await node.befriend(ann, bob)
    book = {"contacts": [{"contact_id": ann.number}]}
    await node.rest("POST", "/api/contacts/import-contacts/", cy, json=book)
    database = pool.at(node.settings.mongodb.database)
    return Town(node, ann, bob, cy, Accounts(database, Counters(database)))


class TestOwnPhoto:
    async def test_it_is_set_shown_and_taken_away(self, town: Town) -> None:
        assert (await town.ask(town.ann, "GET", OWN))[0] == 404
        await town.set_photo(town.ann, RED)
        status, kind, body = await town.bytes_of(town.ann, OWN)
        assert (status, kind, decoded(body).size) == (200, "image/jpeg", (640, 640))
        assert is_near(decoded(body).getpixel((1, 1)), RED)
        assert await town.ask(town.ann, "DELETE", OWN) == (200, {})
        assert await town.ask(town.ann, "DELETE", OWN) == (200, {})
        status, refusal = await town.ask(town.ann, "GET", OWN)
        assert (status, refusal["code"]) == (404, "photo_not_found")

    @pytest.mark.parametrize("path", [OWN, OWN.rstrip("/")])
    async def test_it_needs_a_token(self, town: Town, path: str) -> None:
        for method in ("GET", "POST", "DELETE"):
            async with town.node.http.request(method, town.node.url + path, data=b"") as answer:
                assert answer.status == 401

    async def test_without_a_picture_it_is_refused(self, town: Town) -> None:
        for data in (None, {"photo": "text"}, form(plain(), "picture")):
            status, refusal = await town.ask(town.ann, "POST", OWN, data=data)
            assert (status, refusal["code"]) == (400, "malformed"), refusal

    @pytest.mark.parametrize("data", [b"", b"text", plain()[:60], bomb(7100)], ids=["empty", "text", "cut", "bomb"])
    async def test_what_is_no_picture_is_refused_and_changes_nothing(self, town: Town, data: bytes) -> None:
        await town.set_photo(town.ann, RED)
        status, refusal = await town.ask(town.ann, "POST", OWN, data=form(data))
        assert (status, refusal["code"]) == (400, "malformed"), refusal
        assert (await town.bytes_of(town.ann, OWN))[0] == 200

    async def test_a_picture_may_be_larger_than_other_bodies_but_not_than_its_limit(self, town: Town) -> None:
        noise = encoded(Image.effect_noise((1500, 1500), 90).convert("RGB"), "BMP")
        assert len(noise) > LEAST_BYTES
        assert await town.ask(town.ann, "POST", OWN, data=form(noise)) == (200, {})
        status, refusal = await town.ask(town.ann, "POST", OWN, data=form(noise + b"\0" * (20 << 20)))
        assert (status, refusal["code"]) == (413, "too_large")

    async def test_fields_may_stand_before_and_behind_the_picture(self, town: Town) -> None:
        data = form(plain(), note="before")
        data.add_field("account", town.bob.number)
        status, refusal = await town.ask(town.ann, "POST", OWN, data=data)
        assert (status, refusal["code"]) == (400, "wrong_account")
        assert (await town.ask(town.ann, "GET", OWN))[0] == 404
        data = form(plain(), account=town.ann.number)
        assert await town.ask(town.ann, "POST", OWN, data=data) == (200, {})

    async def test_two_pictures_are_one_too_many(self, town: Town) -> None:
        data = form(plain())
        data.add_field("photo", plain(), filename="again.png")
        assert (await town.ask(town.ann, "POST", OWN, data=data))[0] == 400

    async def test_a_whole_that_breaks_off_changes_nothing(self, town: Town) -> None:
        whole = form(plain())()
        host = town.node.url.removeprefix("http://")
        _, writer = await asyncio.open_connection(*host.split(":"))
        writer.write(
            f"POST {OWN} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {town.ann.token}\r\n"
            f"Content-Type: {whole.content_type}; boundary={whole.boundary}\r\nContent-Length: 9999\r\n\r\n"
            f"--{whole.boundary}\r\nContent-Disposition: form-data; name=photo; filename=a.png\r\n\r\nbegun".encode()
        )
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        assert (await town.ask(town.ann, "GET", OWN))[0] == 404

    async def test_a_url_on_this_network_is_not_fetched(self, town: Town) -> None:
        for url in (town.node.url, "http://localhost/a.png", "file:///etc/passwd", "http://[::1]/", "nonsense"):
            status, refusal = await town.ask(town.ann, "POST", OWN, data={"url": url})
            assert (status, refusal["code"]) == (400, "url_refused"), url


class TestContactPhotos:
    async def one(self, town: Town, viewer: Person, owner: Person, what: str = "photo-url") -> Any:
        return (await town.ask(viewer, "GET", f"/api/contacts/{owner.number}/{what}/"))[1]

    async def test_both_sizes_are_seen_as_links_and_as_bytes(self, town: Town) -> None:
        assert await self.one(town, town.bob, town.ann) == NOTHING
        await town.set_photo(town.ann, GREEN)
        for size, kind in ((640, "photo"), (96, "preview-photo")):
            shown = await self.one(town, town.bob, town.ann, f"{kind}-url")
            assert shown["photo_status"] == "200"
            assert shown["photo_url"].startswith(town.node.url + "/media/")
            for viewer, path in ((None, shown["photo_url"]), (town.bob, f"/api/contacts/{town.ann.number}/{kind}/")):
                status, mime_type, body = await town.bytes_of(viewer, path)
                assert (status, mime_type, decoded(body).size) == (200, "image/jpeg", (size, size))
                assert is_near(decoded(body).getpixel((50, 50)), GREEN)

    async def test_all_contacts_that_exist_are_listed(self, town: Town) -> None:
        await town.ask(town.ann, "POST", "/api/contacts/add-contact/", data={"contact_id": "4930999999"})
        await town.set_photo(town.bob, BLUE)
        for path, one in ((ALL, "photo-url"), (PREVIEWS, "preview-photo-url")):
            status, shown = await town.ask(town.ann, "GET", path)
            expected = {"contact_id": town.bob.number, **await self.one(town, town.ann, town.bob, one)}
            assert (status, shown) == (200, {"photo_urls": [expected]})
            assert expected["photo_status"] == "200"

    async def test_the_history_is_told_newest_first(self, town: Town) -> None:
        for colour in (RED, GREEN, GREEN):
            await town.set_photo(town.ann, colour)
        await town.ask(town.ann, "DELETE", OWN)
        await town.ask(town.ann, "DELETE", OWN)
        await town.set_photo(town.ann, RED)
        shown = await self.one(town, town.bob, town.ann, "photo-history-urls")
        assert shown["contact_id"] == town.ann.number
        history = shown["photo_urls"]
        assert [each["photo_status"] for each in history] == ["200", "404", "200", "200"]
        assert [each["updated"] for each in history] == sorted((each["updated"] for each in history), reverse=True)
        assert history[1]["photo_url"] is None
        assert history[0]["photo_url"] == history[3]["photo_url"] != history[2]["photo_url"]
        previews = (await self.one(town, town.bob, town.ann, "preview-photo-history-urls"))["photo_urls"]
        assert decoded((await town.bytes_of(None, previews[2]["photo_url"]))[2]).size == (96, 96)

    @pytest.mark.parametrize(
        ("visibility", "bob", "cy"), [("all", "200", "200"), ("contacts", "200", "401"), ("none", "401", "401")]
    )
    async def test_the_owner_decides_who_sees_it(self, town: Town, visibility: str, bob: str, cy: str) -> None:
        await town.set_photo(town.ann, RED)
        await town.change(town.ann, {"privacy.photo": visibility})
        for viewer, status in ((town.bob, bob), (town.cy, cy)):
            assert (await self.one(town, viewer, town.ann))["photo_status"] == status
            assert (await town.ask(viewer, "GET", ALL))[1]["photo_urls"][0]["photo_status"] == status
            history = (await self.one(town, viewer, town.ann, "photo-history-urls"))["photo_urls"]
            assert len(history) == (1 if status == "200" else 0)
            if status == "401":
                assert await self.one(town, viewer, town.ann) == HIDDEN
                path = f"/api/contacts/{town.ann.number}/preview-photo/"
                assert (await town.ask(viewer, "GET", path))[1]["code"] == "photo_hidden"
                assert (await town.ask(viewer, "GET", path))[0] == 403
        assert (await town.bytes_of(town.ann, OWN))[0] == 200

    async def test_whoever_is_blocked_sees_none(self, town: Town) -> None:
        await town.set_photo(town.ann, RED)
        await town.change(town.ann, {"blocked": [town.bob.number]})
        assert await self.one(town, town.bob, town.ann) == NOTHING
        assert (await self.one(town, town.bob, town.ann, "photo-history-urls"))["photo_urls"] == []
        assert (await town.ask(town.bob, "GET", f"/api/contacts/{town.ann.number}/photo/"))[0] == 404

    @pytest.mark.parametrize("what", ["photo", "preview-photo", "photo-url", "preview-photo-url", "photo-history-urls"])
    async def test_only_contacts_are_looked_at(self, town: Town, what: str) -> None:
        for number in (town.cy.number, "4930999999"):
            status, refusal = await town.ask(town.ann, "GET", f"/api/contacts/{number}/{what}/")
            assert (status, refusal["code"]) == (400, "not_a_contact")


class TestGroupPhoto:
    async def found(self, town: Town) -> str:
        body = {"participants": [town.bob.number], "subject": "Walkers"}
        status, made = await town.ask(town.ann, "POST", "/api/groups/create-group/", json=body)
        assert status == 201, made
        return str(made["groupid"])

    @pytest.mark.parametrize("prefix", ["/api/groups", "/groups"])
    async def test_any_participant_sets_and_removes_it_at_both_paths(self, town: Town, prefix: str) -> None:
        group = await self.found(town)
        path = f"{prefix}/{group}/photo/"
        urls = f"/api/groups/{group}/photo-url/"
        assert await town.ask(town.ann, "GET", urls) == (200, NOTHING)
        assert (await town.ask(town.ann, "GET", path))[0] == 404
        await town.set_photo(town.bob, BLUE, path)
        status, kind, body = await town.bytes_of(town.ann, path)
        assert (status, kind, decoded(body).size) == (200, "image/jpeg", (640, 640))
        preview = (await town.ask(town.ann, "GET", f"/api/groups/{group}/preview-photo-url/"))[1]
        assert preview["photo_status"] == "200"
        assert decoded((await town.bytes_of(None, preview["photo_url"]))[2]).size == (96, 96)
        assert (await town.bytes_of(town.bob, f"/api/groups/{group}/preview-photo/"))[0] == 200
        assert await town.ask(town.ann, "DELETE", path) == (200, {})
        assert await town.ask(town.ann, "DELETE", path) == (200, {})
        assert await town.ask(town.ann, "GET", urls) == (200, NOTHING)

    async def test_a_change_is_an_entry_that_everybody_hears(self, town: Town) -> None:
        group = await self.found(town)
        phone = await town.node.connect(town.bob, "/chat")
        await town.set_photo(town.ann, RED, f"/api/groups/{group}/photo/")
        await town.ask(town.ann, "DELETE", f"/api/groups/{group}/photo/")
        await town.ask(town.ann, "DELETE", f"/api/groups/{group}/photo/")
        heard: list[Any] = []
        count = 0
        while len(heard) < 2:  # the founding may still be told too
            count += 1
            told = await phone.expect("chat_changed", count)
            heard = [body for body in told if body["change"]["kind"] == "photo"]
        assert heard[0]["photo_url"] == heard[0]["change"]["photo_url"]
        assert (await town.bytes_of(None, heard[0]["preview_photo_url"]))[0] == 200
        assert heard[1]["change"]["photo_url"] is None
        history = await phone.ask("history", {"group": group})
        kinds = [entry["kind"] for entry in history["entries"]]
        assert kinds[-2:] == ["photo", "photo"]
        assert kinds.count("photo") == 2

    async def test_to_outsiders_there_is_no_such_group(self, town: Town) -> None:
        group = await self.found(town)
        for gid in (group, "49301-1"):
            for method, what in (("GET", "photo"), ("GET", "photo-url"), ("POST", "photo"), ("DELETE", "photo")):
                data = form(plain()) if method == "POST" else None
                status, refusal = await town.ask(town.cy, method, f"/api/groups/{gid}/{what}/", data=data)
                assert (status, refusal["code"]) == (404, "chat_not_found"), (method, what)

    async def test_without_a_picture_it_is_refused(self, town: Town) -> None:
        group = await self.found(town)
        status, refusal = await town.ask(town.ann, "POST", f"/api/groups/{group}/photo/", data={"a": "b"})
        assert (status, refusal["code"]) == (400, "malformed")
