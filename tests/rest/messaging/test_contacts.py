"""The address book over HTTP (docs/messaging-api.md, "Contacts"): each route's answers and refusals."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import orjson
import pytest
from aiohttp import FormData, web

from handlers.rest.messaging.contacts import ContactRoutes
from models.documents.contact import Contact
from models.documents.session import Actor
from models.services.contacts.address_book import (
    AddContact,
    ChangeContact,
    FindContact,
    ImportContacts,
    ListContacts,
    RemoveContacts,
)
from models.stores.database import Database
from tests.rest.app import BODY_MAX_BYTES, Client, acting, client_of
from tests.support.fixture import Fixture, build_fixture

ADD, IMPORT = "/api/contacts/add-contact/", "/api/contacts/import-contacts/"
REMOVE, SYNC, ALL = "/api/contacts/remove-contacts/", "/api/contacts/force-sync/", "/api/contacts/"
TOM = {"contact_id": "491", "first_name": "Tom", "last_name": "Sawyer", "exists": True}
JSON = "application/json"


@pytest.fixture
async def fixture(database: Database) -> Fixture:
    return await build_fixture(database)


def contact_routes(fixture: Fixture) -> list[web.AbstractRouteDef]:
    contacts, accounts, fanout = fixture.contacts, fixture.accounts, fixture.fanout
    return ContactRoutes(
        list_all=ListContacts(contacts, accounts),
        find=FindContact(contacts, accounts),
        add=AddContact(contacts, accounts, fanout, fixture.unlimited),
        import_all=ImportContacts(contacts, accounts, fanout, fixture.unlimited),
        change=ChangeContact(contacts, fanout),
        remove=RemoveContacts(contacts, fanout),
    ).routes()


@pytest.fixture
async def client(fixture: Fixture) -> AsyncIterator[Client]:
    async with client_of(contact_routes(fixture)) as client:
        yield client


@dataclass(frozen=True, slots=True)
class Caller:
    """One person at the door; every call answers with (status, body)."""

    client: Client
    actor: Actor

    async def __call__(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        headers = {**acting(self.actor), **options.pop("headers", {})}
        async with self.client.request(method, path, headers=headers, **options) as response:
            assert response.content_type == JSON
            return response.status, await response.json()

    async def refused(self, method: str, path: str, **options: Any) -> tuple[int, str]:
        """The (status, code) of a refusal, which always says why."""
        status, body = await self(method, path, **options)
        assert set(body) <= {"error", "code", "detail"}, body
        assert body["error"]
        return status, body["code"]

    async def book(self) -> list[str]:
        """The numbers in the caller's address book."""
        _, listed = await self("GET", ALL)
        return [contact["contact_id"] for contact in listed]


@pytest.fixture
async def ann(client: Client, fixture: Fixture) -> Caller:
    return Caller(client, await fixture.register("490"))


@pytest.fixture
async def tom(fixture: Fixture, ann: Caller) -> Actor:
    """Registered, and in Ann's address book."""
    await fixture.contacts.append(Contact(ann.actor.account_id, "491", "Tom", "Sawyer"))
    return await fixture.register("491")


class TestEveryRoute:
    ROUTES = (
        ("GET", ALL),
        ("POST", ADD),
        ("POST", IMPORT),
        ("POST", REMOVE),
        ("POST", SYNC),
        ("GET", "/api/contacts/491/"),
        ("PATCH", "/api/contacts/491/"),
        ("DELETE", "/api/contacts/491/"),
    )
    # One body that every route can read.
    BODY = {"contact_id": "492", "contacts": [{"contact_id": "491"}], "first_name": "Tom"}  # noqa: RUF012

    async def test_nobody_is_let_in_without_an_actor(self, client: Client) -> None:
        for method, path in self.ROUTES:
            async with client.request(method, path, data=b"{", headers={"Content-Type": JSON}) as response:
                assert response.status == 401, (method, path)
                assert response.headers["WWW-Authenticate"].startswith("Bearer")
                assert (await response.json())["code"] == "unauthenticated"

    @pytest.mark.parametrize(("method", "path"), ROUTES)
    async def test_it_answers_without_its_final_slash(self, ann: Caller, tom: Actor, method: str, path: str) -> None:
        body = self.BODY | {"contacts": ["491"]} if path == REMOVE else self.BODY
        status, _ = await ann(method, path.rstrip("/"), json=body)
        assert status in (200, 201)

    @pytest.mark.parametrize("number", ["491", "499", "abc", "\u0664"])
    async def test_another_account_is_refused_wherever_it_is_named(self, ann: Caller, tom: Actor, number: str) -> None:
        for method, path in self.ROUTES:
            for way in ("params", "data", "json"):
                answer = await ann.refused(method, path, **{way: {"account": number}})
                assert answer == (400, "wrong_account"), (method, path, way)
        assert await ann.book() == ["491"]

    @pytest.mark.parametrize(("method", "path"), ROUTES)
    async def test_the_own_account_is_taken_wherever_and_however_it_is_named(
        self, ann: Caller, tom: Actor, method: str, path: str
    ) -> None:
        for options in ({"params": {"account": "+4 90"}}, {"data": {"account": "490"}}, {"json": {"account": 490}}):
            status, body = await ann(method, path, **options)
            assert status in (200, 400, 404), body
            assert status == 200 or body["code"] in ("malformed", "contact_not_found")

    async def test_one_foreign_account_among_several_is_refused(self, ann: Caller) -> None:
        assert await ann.refused("GET", ALL + "?account=490&account=491") == (400, "wrong_account")
        assert await ann.refused("GET", ALL + "?account=490", data={"account": "491"}) == (400, "wrong_account")

    async def test_an_empty_account_is_none(self, ann: Caller) -> None:
        assert await ann("GET", ALL + "?account=") == (200, [])
        assert await ann("GET", ALL, json={"account": None}) == (200, [])

    async def test_a_body_that_cannot_be_read_is_refused_and_changes_nothing(self, ann: Caller, tom: Actor) -> None:
        for method, path in self.ROUTES:
            await self.refuse_unreadable(ann, method, path)
        assert await ann.book() == ["491"]

    async def refuse_unreadable(self, ann: Caller, method: str, path: str) -> None:
        form, parts = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
        for kind, body in (
            (JSON, b'{"contacts": ['),
            (JSON, b"[]"),
            (JSON, b'"text"'),
            (JSON, b'{"contact_id": "492", "first_name": "\\ud800"}'),
            (JSON, b"\xff"),
            (form, b"contact_id=492&first_name=\xff"),
        ):
            answer = await ann.refused(method, path, data=body, headers={"Content-Type": kind})
            assert answer == (400, "malformed"), (method, path, body)
        if method != "GET":
            for body in (
                b"--x",
                b"--x\r\nBroken\r\n\r\n--x--\r\n",
                b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--",
            ):
                answer = await ann.refused(method, path, data=body, headers={"Content-Type": parts})
                assert answer == (400, "malformed"), (method, path, body)
            answer = await ann.refused(method, path, data=b"a=1", headers={"Content-Type": f"{form}; charset=none"})
            assert answer == (415, "unsupported_media_type"), (method, path)

    @pytest.mark.parametrize("kind", ["text/plain", "application/xml"])
    async def test_what_is_neither_form_nor_json_is_415(self, ann: Caller, kind: str) -> None:
        for method, path in self.ROUTES:
            answer = await ann.refused(method, path, data=b"contact_id=491", headers={"Content-Type": kind})
            assert answer == (415, "unsupported_media_type"), (method, path)

    async def test_a_wrong_method_is_405_and_says_which_are_right(self, client: Client) -> None:
        for method, path in self.ROUTES:
            async with client.put(path) as response:
                assert response.status == 405, path
                assert method in response.headers["Allow"]
                assert (await response.json())["code"] == "method_not_allowed"

    async def test_a_fixed_name_is_never_taken_for_a_number(self, ann: Caller) -> None:
        for path in (ADD, IMPORT, REMOVE, SYNC):
            assert await ann.refused("GET", path) == (405, "method_not_allowed")

    @pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
    async def test_a_path_that_is_no_number_is_unknown(self, ann: Caller, method: str) -> None:
        for name in ("abc", "+491", "49%201", "%D9%A4%D9%A9", "49-1", "491.", "%00"):
            assert await ann.refused(method, f"/api/contacts/{name}/") == (404, "not_found"), name

    async def test_a_body_over_the_limit_is_413(self, ann: Caller) -> None:
        body = BytesIO(b" " * (BODY_MAX_BYTES + 1))
        assert await ann.refused("POST", IMPORT, data=body, headers={"Content-Type": JSON}) == (
            413,
            "request_entity_too_large",
        )

    async def test_other_origins_may_use_each_method(self, client: Client) -> None:
        for method, path in self.ROUTES:
            headers = {"Origin": "https://else.where", "Access-Control-Request-Method": method}
            async with client.options(path, headers=headers) as response:
                assert response.status == 200
                assert response.headers["Access-Control-Allow-Methods"] == method

    @pytest.mark.parametrize("kind", [JSON, "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
    async def test_a_body_cut_off_changes_nothing_and_is_no_fault(
        self, client: Client, ann: Caller, tom: Actor, kind: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        body = b'{"contacts": ["491"]}' if kind == JSON else b"contacts=491"
        head = f"POST {REMOVE} HTTP/1.1\r\nHost: test\r\nX-Actor: {acting(ann.actor)['X-Actor']}\r\nContent-Type: {kind}\r\n"
        reader, writer = await asyncio.open_connection(client.server.host, client.server.port)
        writer.write(head.encode() + f"Content-Length: {len(body) + 10}\r\n\r\n".encode() + body)
        writer.write_eof()
        assert b" 200 " not in await reader.read()
        writer.close()
        await writer.wait_closed()
        assert await ann.book() == ["491"]
        assert not caplog.records


class TestList:
    async def test_it_is_a_bare_array_of_four_fields_by_number(self, ann: Caller, tom: Actor) -> None:
        await ann("POST", ADD, data={"contact_id": "489"})
        nobody = {"contact_id": "489", "first_name": None, "last_name": None, "exists": False}
        assert await ann("GET", ALL) == (200, [nobody, TOM])

    async def test_each_account_sees_its_own(self, client: Client, ann: Caller, tom: Actor) -> None:
        assert await Caller(client, tom)("GET", ALL) == (200, [])
        assert await Caller(client, tom).refused("GET", "/api/contacts/491/") == (404, "contact_not_found")


class TestOne:
    async def test_it_has_the_four_fields(self, ann: Caller, tom: Actor) -> None:
        assert await ann("GET", "/api/contacts/491/") == (200, TOM)

    @pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
    async def test_an_unknown_number_is_404(self, ann: Caller, tom: Actor, method: str) -> None:
        for number in ("499", "0491", "9" * 3000):
            answer = await ann.refused(method, f"/api/contacts/{number}/", data={"first_name": "X"})
            assert answer == (404, "contact_not_found"), number
        assert await ann("GET", ALL) == (200, [TOM])

    @pytest.mark.parametrize("as_body", ["data", "json"])
    async def test_a_patch_leaves_the_name_that_is_not_given(self, ann: Caller, tom: Actor, as_body: str) -> None:
        answer = await ann("PATCH", "/api/contacts/491/", **{as_body: {"first_name": "Th\u014dm \U0001f600"}})
        assert answer == (200, {"updated_contact": "491"})
        assert await ann("GET", "/api/contacts/491/") == (200, TOM | {"first_name": "Th\u014dm \U0001f600"})
        await ann("PATCH", "/api/contacts/491/", **{as_body: {"last_name": "S."}})
        assert await ann("GET", "/api/contacts/491/") == (
            200,
            TOM | {"first_name": "Th\u014dm \U0001f600", "last_name": "S."},
        )

    async def test_a_patch_with_an_empty_name_takes_it_away(self, ann: Caller, tom: Actor) -> None:
        await ann("PATCH", "/api/contacts/491/", data={"first_name": ""})
        await ann("PATCH", "/api/contacts/491/", json={"last_name": None})
        assert await ann("GET", "/api/contacts/491/") == (200, TOM | {"first_name": None, "last_name": None})

    async def test_a_patch_without_a_name_is_refused(self, ann: Caller, tom: Actor) -> None:
        for body in ({}, {"name": "X"}, {"account": "490"}):
            for way in ("data", "json"):
                answer = await ann.refused("PATCH", "/api/contacts/491/", **{way: body})
                assert answer == (400, "malformed"), (way, body)

    async def test_a_deleted_contact_is_gone_and_may_be_added_again(self, ann: Caller, tom: Actor) -> None:
        assert await ann("DELETE", "/api/contacts/491/") == (200, {"removed_contact": "491"})
        assert await ann.refused("DELETE", "/api/contacts/491/") == (404, "contact_not_found")
        assert await ann("POST", ADD, data={"contact_id": "491"}) == (201, {"contact_id": "491", "exists": True})


class TestNames:
    @pytest.mark.parametrize("field", ["first_name", "last_name"])
    async def test_the_longest_is_256_characters(self, ann: Caller, tom: Actor, field: str) -> None:
        longest = "\U0001f600" * 256
        for method, path in (("PATCH", "/api/contacts/491/"), ("POST", ADD)):
            status, _ = await ann(method, path, json={"contact_id": "492", field: longest})
            assert status in (200, 201)
        assert await ann("GET", "/api/contacts/491/") == (200, TOM | {field: longest})
        for method, path in (("PATCH", "/api/contacts/491/"), ("POST", ADD)):
            answer = await ann.refused(method, path, data={"contact_id": "493", field: longest + "x"})
            assert answer == (400, "too_long")
        assert await ann.book() == ["491", "492"]

    async def test_what_is_no_text_is_refused(self, ann: Caller, tom: Actor) -> None:
        for name in (5, True, ["a"], {"a": 1}, "a\x00b"):
            entry = {"contact_id": "492", "first_name": name}
            assert await ann.refused("POST", ADD, json=entry) == (400, "malformed"), name
            assert await ann.refused("PATCH", "/api/contacts/491/", json=entry) == (400, "malformed"), name
            assert await ann.refused("POST", IMPORT, json={"contacts": [entry]}) == (400, "malformed"), name
        assert await ann("GET", ALL) == (200, [TOM])

    async def test_half_of_a_surrogate_pair_is_refused(self, ann: Caller) -> None:
        def part(name: str, value: bytes) -> bytes:
            return f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value + b"\r\n"

        body = part("contact_id", b"491") + part("first_name", b"\xed\xa0\x80") + b"--x--\r\n"
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        assert await ann.refused("POST", ADD, data=body, headers=headers) == (400, "malformed")
        assert await ann.book() == []

    async def test_a_name_given_twice_or_as_a_file_is_refused(self, ann: Caller) -> None:
        twice = FormData([("contact_id", "491"), ("first_name", "Tom"), ("first_name", "Tim")])
        assert await ann.refused("POST", ADD, data=twice) == (400, "malformed")
        upload = FormData({"contact_id": "491"})
        upload.add_field("first_name", b"Tom", filename="tom.txt")
        assert await ann.refused("POST", ADD, data=upload) == (400, "malformed")
        assert await ann.book() == []


class TestAdd:
    @pytest.mark.parametrize("as_body", ["data", "json"])
    async def test_it_answers_with_the_digits_and_whether_they_exist(
        self, ann: Caller, fixture: Fixture, as_body: str
    ) -> None:
        await fixture.register("49301234")
        sent = {"contact_id": "+49 (30) 12-34", "first_name": "Tom"}
        assert await ann("POST", ADD, **{as_body: sent}) == (201, {"contact_id": "49301234", "exists": True})
        assert await ann("GET", "/api/contacts/49301234/") == (
            200,
            {"contact_id": "49301234", "first_name": "Tom", "last_name": None, "exists": True},
        )

    async def test_a_multipart_form_is_a_form(self, ann: Caller) -> None:
        form = FormData({"contact_id": "491", "first_name": "Tom"}, default_to_multipart=True)
        assert await ann("POST", ADD, data=form) == (201, {"contact_id": "491", "exists": False})

    @pytest.mark.parametrize("number", [491, " 491 ", "+491", "4.9.1"])
    async def test_a_number_nobody_has_is_welcome(self, ann: Caller, number: object) -> None:
        assert await ann("POST", ADD, json={"contact_id": number}) == (201, {"contact_id": "491", "exists": False})

    async def test_the_own_number_is_welcome(self, ann: Caller) -> None:
        assert await ann("POST", ADD, data={"contact_id": "490"}) == (201, {"contact_id": "490", "exists": True})

    async def test_a_contact_is_added_once_however_its_number_is_written(self, ann: Caller, tom: Actor) -> None:
        for number in ("491", "+4 91"):
            assert await ann.refused("POST", ADD, data={"contact_id": number, "first_name": "X"}) == (
                400,
                "contact_exists",
            )
        assert await ann("GET", ALL) == (200, [TOM])

    async def test_what_is_no_number_is_refused(self, ann: Caller) -> None:
        texts = ["", " ", "abc", "49x1", "\u2464\u2465", "49\u00b2", "4\x009", "1" * 129]
        for number in (*texts, None, True, -491, 4.5, [], ["491"], {}):
            assert await ann.refused("POST", ADD, json={"contact_id": number}) == (400, "malformed"), number
        for number in texts:
            assert await ann.refused("POST", ADD, data={"contact_id": number}) == (400, "malformed"), number
        assert await ann.book() == []


class TestImport:
    async def test_it_replaces_the_whole_list(self, ann: Caller, tom: Actor, fixture: Fixture) -> None:
        await fixture.register("493")
        sent = [
            {"contact_id": "492", "first_name": "Eva", "last_name": "X"},
            {"contact_id": "+493"},
            {"contact_id": 494},
        ]
        assert await ann("POST", IMPORT, json={"contacts": sent}) == (
            200,
            {"added": 3, "removed": 1, "updated": 0, "synced": 3, "existing": 1, "non_existing": 2},
        )
        assert await ann("GET", ALL) == (
            200,
            [
                {"contact_id": "492", "first_name": "Eva", "last_name": "X", "exists": False},
                {"contact_id": "493", "first_name": None, "last_name": None, "exists": True},
                {"contact_id": "494", "first_name": None, "last_name": None, "exists": False},
            ],
        )

    async def test_one_that_differs_in_nothing_says_so(self, ann: Caller, tom: Actor) -> None:
        status, body = await ann("POST", IMPORT, json={"contacts": [TOM]})
        assert (status, bool(body.pop("message"))) == (200, True)
        assert body == {"added": 0, "removed": 0, "updated": 0, "synced": 1, "existing": 1, "non_existing": 0}

    async def test_one_that_differs_in_names_counts_those_that_do(self, ann: Caller, tom: Actor) -> None:
        await ann("POST", ADD, data={"contact_id": "492"})
        sent = [{"contact_id": "491", "first_name": "Thomas"}, {"contact_id": "492"}]
        assert await ann("POST", IMPORT, json={"contacts": sent}) == (
            200,
            {
                "contacts_updated": 1,
                "added": 0,
                "removed": 0,
                "updated": 1,
                "synced": 2,
                "existing": 1,
                "non_existing": 1,
            },
        )
        assert await ann("GET", "/api/contacts/491/") == (200, TOM | {"first_name": "Thomas", "last_name": None})

    async def test_of_a_number_twice_the_last_counts(self, ann: Caller) -> None:
        sent = [{"contact_id": "491", "first_name": "A"}, {"contact_id": "+49 1", "first_name": "B"}]
        status, body = await ann("POST", IMPORT, json={"contacts": sent})
        assert (status, body["added"]) == (200, 1)
        assert (await ann("GET", "/api/contacts/491/"))[1]["first_name"] == "B"

    async def test_entries_without_a_usable_number_are_dropped(self, ann: Caller) -> None:
        sent = [{"contact_id": "x"}, {}, None, 5, "491", ["492"], {"contact_id": None}, {"contact_id": "493"}]
        status, body = await ann("POST", IMPORT, json={"contacts": sent})
        assert (status, body["added"]) == (200, 1)
        assert await ann.book() == ["493"]

    async def test_one_without_a_valid_entry_is_refused_and_removes_nobody(self, ann: Caller, tom: Actor) -> None:
        assert await ann.refused("POST", IMPORT, json={}) == (400, "malformed")
        for contacts in ([], None, {}, 5, "[" * 500, [{"contact_id": "x"}, {}]):
            assert await ann.refused("POST", IMPORT, json={"contacts": contacts}) == (400, "malformed"), contacts
        assert await ann("GET", ALL) == (200, [TOM])

    async def test_an_empty_body_is_refused(self, ann: Caller, tom: Actor) -> None:
        for path in (IMPORT, REMOVE, ADD):
            assert await ann.refused("POST", path) == (400, "malformed")

    async def test_a_name_over_the_limit_refuses_all_of_it(self, ann: Caller, tom: Actor) -> None:
        sent = [{"contact_id": "492"}, {"contact_id": "493", "last_name": "x" * 257}]
        assert await ann.refused("POST", IMPORT, json={"contacts": sent}) == (400, "too_long")
        assert await ann("GET", ALL) == (200, [TOM])

    async def test_a_form_gives_the_list_as_json_text(self, ann: Caller, tom: Actor) -> None:
        text = orjson.dumps([{"contact_id": "492", "first_name": "Eva"}]).decode()
        status, body = await ann("POST", IMPORT, data={"contacts": text})
        assert (status, body["added"], body["removed"]) == (200, 1, 1)

    async def test_ten_thousand_are_taken_and_one_more_is_not(self, ann: Caller) -> None:
        sent = [{"contact_id": str(1_000_000 + n)} for n in range(10_000)]
        status, body = await ann("POST", IMPORT, json={"contacts": sent})
        assert (status, body["added"], body["synced"]) == (200, 10_000, 10_000)
        more = [*sent, {"contact_id": "1"}]
        assert await ann.refused("POST", IMPORT, json={"contacts": more}) == (409, "contacts_full")
        assert await ann.refused("POST", ADD, json={"contact_id": "1"}) == (409, "contacts_full")
        assert len(await ann.book()) == 10_000


class TestRemove:
    async def test_it_counts_those_that_were_contacts(self, ann: Caller, tom: Actor) -> None:
        await ann("POST", ADD, data={"contact_id": "492"})
        await ann("POST", ADD, data={"contact_id": "493"})
        assert await ann("POST", REMOVE, json={"contacts": ["4 91", 492, "499", "x"]}) == (200, {"total_deleted": 2})
        assert await ann.book() == ["493"]

    async def test_none_that_was_a_contact_is_said(self, ann: Caller, tom: Actor) -> None:
        status, body = await ann("POST", REMOVE, json={"contacts": ["498", "499"]})
        assert (status, set(body)) == (200, {"message"})

    @pytest.mark.parametrize("numbers", [["491"], ["491", "x"], ["491", "+49 1"]])
    async def test_one_valid_number_is_a_delete(self, ann: Caller, tom: Actor, numbers: list[str]) -> None:
        assert await ann("POST", REMOVE, json={"contacts": numbers}) == (200, {"removed_contact": "491"})
        assert await ann.refused("POST", REMOVE, json={"contacts": numbers}) == (404, "contact_not_found")

    @pytest.mark.parametrize("form", [[("contacts", "491,+492")], [("contacts", "491"), ("contacts", "492")], [("contacts", '["491", 492]')]])  # fmt: skip
    async def test_a_form_gives_the_numbers_in_any_way(self, ann: Caller, form: list[tuple[str, str]]) -> None:
        for number in ("491", "492", "493"):
            await ann("POST", ADD, data={"contact_id": number})
        assert await ann("POST", REMOVE, data=FormData(form)) == (200, {"total_deleted": 2})

    async def test_one_without_a_valid_number_is_refused(self, ann: Caller, tom: Actor) -> None:
        assert await ann.refused("POST", REMOVE, json={}) == (400, "malformed")
        for contacts in ([], None, {}, 491, ["x", None, {}], ","):
            assert await ann.refused("POST", REMOVE, json={"contacts": contacts}) == (400, "malformed"), contacts
        assert await ann.book() == ["491"]


class TestSync:
    async def test_it_reports_who_is_there_now(self, ann: Caller, tom: Actor, fixture: Fixture) -> None:
        await ann("POST", ADD, data={"contact_id": "492"})
        assert await ann("POST", SYNC) == (200, {"existing": ["491"], "non_existing": ["492"]})
        await fixture.register("492")
        await fixture.register("491", is_registered=False)
        assert await ann("POST", SYNC) == (200, {"existing": ["492"], "non_existing": ["491"]})

    async def test_an_empty_address_book_has_an_empty_report(self, ann: Caller) -> None:
        assert await ann("POST", SYNC) == (200, {"existing": [], "non_existing": []})
