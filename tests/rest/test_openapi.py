"""The OpenAPI document: all routes are in it, generators can read it, and what it does not say of an answer is found."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from pydantic import RootModel

from handlers.rest.described import OperationSpec, Route
from handlers.rest.events.invitation_pages import OUTSIDE as INVITATIONS
from handlers.rest.openapi.document import describe, shown_path
from handlers.rest.openapi.shapes import referred, resolve
from handlers.rest.paths import events, messaging
from handlers.wire.messaging.groups import SubjectShown
from models.errors import ChatNotFound, NotAnAdmin
from server.embedded import EmbeddedStores
from server.http.application import ROUTES, build_application
from tests.rest.app import Server
from tests.support.documented import undocumented, watch
from tests.support.node import Node, running_node, settings_for

# Not in the reference, and why.
LEFT_OUT = {
    "/": "a page",
    "/docs": "a page",
    "/static/{name}": "what the pages are made of",
    "/service_worker.js": "what keeps the page in a browser",
    "/openapi.json": "the reference itself",
    **dict.fromkeys(INVITATIONS, "pages"),
    "/socket.io/": "Socket.IO speaks for itself (docs/protocol.md)",
}
Document = dict[str, Any]


@pytest.fixture(scope="module")
async def node(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    async with running_node(stores, settings_for(tmp_path_factory.mktemp("node"))) as running:
        yield running


@pytest.fixture(scope="module")
async def document(node: Node) -> Document:
    async with node.http.get(node.url + "/openapi.json") as answer:
        assert (answer.status, answer.content_type) == (200, "application/json")
        shown: Document = await answer.json()
    return shown


def operations(document: Document) -> list[tuple[str, str, Document]]:
    return [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_every_route_that_is_served_is_in_it(node: Node, document: Document) -> None:
    canonical = {
        (route.method, shown_path(route.path)): shown_path(route.canonical)
        for route in node.runner.app[ROUTES]
        if isinstance(route, Route)
    }
    served = {
        (route.method, route.resource.canonical)
        for route in node.runner.app.router.routes()
        if route.resource is not None and route.method not in ("OPTIONS", "HEAD")
    }
    missing = [
        (method, path)
        for method, path in sorted(served)
        if path not in LEFT_OUT and method.lower() not in document["paths"].get(canonical.get((method, path), path), {})
    ]
    assert missing == []
    assert {path for _, path in served} >= set(LEFT_OUT), "no reason without a route"


def test_it_is_a_valid_openapi_3_1_document(document: Document) -> None:
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_every_operation_has_a_name_of_its_own_a_summary_and_an_area(document: Document) -> None:
    found = operations(document)
    assert len(found) > 80
    names = [operation["operationId"] for _, _, operation in found]
    assert len(set(names)) == len(found)
    assert [name for name in names if not re.fullmatch("[a-z]+(_[a-z]+)*", name)] == []
    areas = {tag["name"] for tag in document["tags"]}
    for _, path, operation in found:
        assert operation["summary"], path
        assert set(operation["tags"]) <= areas, path
        assert any(status.startswith("2") for status in operation["responses"]), path


def test_what_clients_call_an_operation_stays(document: Document) -> None:
    """A generated client's methods are named after it: a new name goes into the file beside this one, and none out of it."""
    names = {operation["operationId"] for _, _, operation in operations(document)}
    known = set((Path(__file__).parent / "operation_ids.txt").read_text().split())
    assert sorted(known - names) == []
    assert sorted(names - known) == []


def test_every_parameter_and_area_is_described(document: Document) -> None:
    assert [tag["name"] for tag in document["tags"] if not tag.get("description")] == []
    assert [
        (method, path, parameter["name"])
        for method, path, operation in operations(document)
        for parameter in operation.get("parameters", ())
        if not parameter.get("description")
    ] == []
    assert document["info"]["license"]["name"]


def schemas_in(node: Any, place: str = "") -> Iterator[tuple[str, Document]]:
    """Every schema of the document, those within schemas included, and where it is."""
    if isinstance(node, list):
        for number, each in enumerate(node):
            yield from schemas_in(each, f"{place}/{number}")
    elif isinstance(node, dict):
        if {"type", "$ref", "properties", "enum", "anyOf", "oneOf", "allOf"} & node.keys() and "/example" not in place:
            yield place, node
        for name, each in node.items():
            yield from schemas_in(each, f"{place}/{name}")


def test_no_schema_has_alternatives_but_null(document: Document) -> None:
    """Of which a generator makes a class that cannot be filled in, or none."""
    wrong = [
        (place, schema[key])
        for place, schema in schemas_in([document["paths"], document["components"]["schemas"]])
        for key in ("anyOf", "oneOf", "allOf")
        if key in schema and not (key == "anyOf" and len(schema[key]) == 2 and schema[key][1] == {"type": "null"})
    ]
    assert wrong == []
    several = [
        (place, schema["type"])
        for place, schema in schemas_in([document["paths"], document["components"]["schemas"]])
        if isinstance(schema.get("type"), list) and (len(schema["type"]) != 2 or schema["type"][1] != "null")
    ]
    assert several == []


def test_nothing_stands_beside_a_reference(document: Document) -> None:
    assert [
        place
        for place, schema in schemas_in([document["paths"], document["components"]["schemas"]])
        if "$ref" in schema and len(schema) > 1
    ] == []


def test_an_answer_may_have_fields_and_values_later_that_it_has_not_now(document: Document) -> None:
    closed = [place for place, schema in schemas_in(document) if schema.get("additionalProperties") is False]
    assert closed == []
    asked = referred(
        [[operation.get("requestBody"), operation.get("parameters")] for *_, operation in operations(document)],
        document["components"]["schemas"],
    )
    shown = {name: schema for name, schema in document["components"]["schemas"].items() if name not in asked}
    assert len(shown) > 50
    assert [place for place, schema in schemas_in(shown) if "enum" in schema] == []


def test_an_id_has_one_type_wherever_it_stands(document: Document) -> None:
    """Whatever it is called by; `id` alone is that of two APIs, and `account` is a number where one asks, and an id in entries, as on the sockets."""
    types: dict[str, set[str]] = {}
    named = [
        (parameter["name"], parameter["schema"])
        for *_, operation in operations(document)
        for parameter in operation.get("parameters", ())
    ]
    for _, schema in schemas_in(document["components"]["schemas"]):
        named += schema.get("properties", {}).items()
    for name, schema in named:
        if re.search("_id$|^(chat|contact|group|groupid|target)$", name):
            types.setdefault(name, set()).add(str(schema.get("type", schema)).replace(", 'null'", "").strip("[]'"))
    assert {"event_id", "user_id", "contact_id", "chat"} <= types.keys()
    assert {name: found for name, found in types.items() if len(found) > 1} == {}


def test_no_field_is_asked_for_in_the_query_and_in_the_body(document: Document) -> None:
    """Where a form's fields are arguments they would be two of one name."""
    for method, path, operation in operations(document):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            schema = resolve(content["schema"], document["components"]["schemas"])
            names = {parameter["name"] for parameter in operation.get("parameters", ())}
            assert names.isdisjoint(schema.get("properties", {})), (method, path)
            assert schema.get("properties") != {}, (method, path)


def test_schemas_are_named_as_classes_are(document: Document) -> None:
    """Two shapes of one name would carry the names of their modules."""
    names = document["components"]["schemas"]
    assert [name for name in names if not re.fullmatch("[A-Z][A-Za-z0-9]+", name)] == []


def test_every_body_has_one_media_type_and_an_example_that_fits(node: Node, document: Document) -> None:
    exact = exact_document(node)
    for method, path, operation in operations(document):
        if "requestBody" not in operation:
            continue
        ((media, content),) = operation["requestBody"]["content"].items()
        if operation["requestBody"]["required"]:
            assert content.get("example"), path
        if "example" in content:
            schema = exact["paths"][path][method]["requestBody"]["content"][media]["schema"]
            assert_fits(content["example"], schema, exact)
            assert_fits(content["example"], content["schema"], document)


def test_every_successful_answer_has_an_example_that_fits(node: Node, document: Document) -> None:
    exact = exact_document(node)
    for method, path, operation in operations(document):
        for status, response in operation["responses"].items():
            for media, content in response.get("content", {}).items():
                assert "schema" in content, (path, status)
                if status.startswith("2") and media == "application/json":
                    schema = exact["paths"][path][method]["responses"][status]["content"][media]["schema"]
                    assert_fits(content["example"], schema, exact)
                    assert_fits(content["example"], content["schema"], document)


def exact_document(node: Node) -> Document:
    return describe([route for route in node.runner.app[ROUTES] if isinstance(route, Route)])


def assert_fits(value: object, schema: Document, document: Document) -> None:
    errors = Draft202012Validator({**schema, "components": document["components"]}).iter_errors(value)
    assert [f"{error.json_path}: {error.message[:300]}" for error in errors] == []


def test_every_answer_in_json_is_closed_for_the_tests_so_that_no_field_is_left_unsaid(node: Node) -> None:
    """But for the requests' shapes, which take what they do not know."""
    schemas = exact_document(node)["components"]["schemas"]
    shown = {name: schema for name, schema in schemas.items() if re.search(r"Shown$|Refusal$|NotFound$", name)}
    assert len(shown) > 50
    assert [
        name
        for name, schema in shown.items()
        if schema.get("additionalProperties") is not False
        and not all("$ref" in each for each in schema.get("anyOf", [{}]))
    ] == []


async def test_a_token_is_asked_for_wherever_the_document_says_so_and_nowhere_else(
    node: Node, document: Document
) -> None:
    public = {path for _, path, operation in operations(document) if operation.get("security") == []}
    assert {"/auth", "/o/token/", "/media/{name}"} <= public
    for method, path, operation in operations(document):
        url = node.url + re.sub(r"\{\w+\}", "1", path.replace("{group}", "1-1").replace("{message_id}", "1" * 22))
        async with node.http.request(method, url) as answer:
            assert (answer.status == 401) is (path not in public or path == "/o/revoke-token/"), (method, path)
        if path not in public:
            assert "401" in operation["responses"], (method, path)


async def test_whoever_has_it_is_not_sent_it_again(node: Node) -> None:
    async with node.http.get(node.url + "/openapi.json") as answer:
        etag = answer.headers["ETag"]
        assert "Content-Encoding" in answer.headers
    async with node.http.get(node.url + "/openapi.json", headers={"If-None-Match": etag}) as answer:
        assert (answer.status, await answer.read(), answer.headers["ETag"]) == (304, b"", etag)


ANSWERS: list[tuple[str, web.Response | Exception, str | None]] = [
    ("as documented", web.json_response({"subject": "Us"}), None),
    ("a refusal of its own", ChatNotFound(), None),
    ("a field too many", web.json_response({"subject": "Us", "since": 1}), "since"),
    ("a field too few", web.json_response({}), "subject"),
    ("a field of another type", web.json_response({"subject": None}), "subject"),
    ("another status", web.json_response({"subject": "Us"}, status=201), "this status is not documented"),
    ("another refusal of a documented status", web.json_response({"error": "?", "code": "gone"}, status=404), "gone"),
    ("a refusal with another status", NotAnAdmin(), "this status is not documented"),
    ("another kind of body", web.Response(text="Us"), "text/plain is not documented"),
    ("no token, and no word of it", web.json_response({"error": "?", "code": "unauthenticated"}, status=401), "WWW-"),
]


@pytest.mark.parametrize("spelling", ["/api/groups/1-2/subject/", "/api/groups/1-2/subject"])
@pytest.mark.parametrize(("what", "answer", "slip"), ANSWERS, ids=[what for what, _, _ in ANSWERS])
async def test_an_answer_that_is_not_documented_is_found(
    what: str, answer: web.Response | Exception, slip: str | None, spelling: str
) -> None:
    async def show(request: web.Request) -> web.Response:
        if isinstance(answer, Exception):
            raise answer
        return web.Response(
            status=answer.status, body=answer.body, content_type=answer.content_type, charset=answer.charset
        )

    described = OperationSpec("A group's subject.", {200: SubjectShown}, refuses=(ChatNotFound,))
    routes = messaging("GET", "/api/groups/{group:[0-9]+-[0-9]+}/subject/", show, described)
    app = build_application(routes, [], body_max_bytes=1, origins=["*"])
    watch(app)
    async with TestClient(Server(app)) as client, client.get(spelling):
        found = undocumented.copy()
        undocumented.clear()
    if slip is None:
        assert found == []
    else:
        assert slip in "\n".join(found)


async def test_unknown_paths_and_wrong_methods_have_the_shape_of_their_api() -> None:
    async def show(request: web.Request) -> web.Response:
        return web.Response(status=204)

    described = OperationSpec("Nothing.", {204: None})
    routes = [*messaging("POST", "/api/groups/x/", show, described), *events("POST", "/auth", show, described)]
    app = build_application(routes, [], body_max_bytes=1, origins=["*"])
    watch(app)
    async with TestClient(Server(app)) as client:
        for path, status in [("/api/groups/x/", 405), ("/api/groups/y/", 404), ("/auth", 405), ("/authors", 404)]:
            async with client.get(path) as answer:
                assert answer.status == status
    assert undocumented == []


async def _shown(request: web.Request) -> web.Response:
    return web.Response(status=204)


def test_one_handler_behind_several_operations_has_a_name_in_each() -> None:
    described = OperationSpec("Nothing.", {204: None})
    routes = [
        *events("PATCH", "/users/{user_id}", _shown, described),
        *events("PUT", "/users/{user_id}", _shown, described),
        *events("PUT", "/users/{user_id}/again", _shown, described),
    ]
    names = [operation["operationId"] for _, _, operation in operations(describe(routes))]
    assert names == ["_shown", "_shown_by_put", "_shown_put_users_user_id_again"]


def test_a_file_can_be_all_that_a_form_holds() -> None:
    routes = events("POST", "/users/change_avatar", _shown, OperationSpec("A photo.", {204: None}, file="photo"))
    (operation,) = [operation for _, _, operation in operations(describe(routes))]
    assert list(operation["requestBody"]["content"]) == ["multipart/form-data"]
    schema = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert (list(schema["properties"]), schema["required"]) == (["photo"], ["photo"])
    assert {"400", "413", "415"} <= set(operation["responses"])


def test_a_body_that_is_a_list_is_json_and_nothing_else() -> None:
    class Numbers(RootModel[list[str]]):
        pass

    routes = events("POST", "/users/numbers", _shown, OperationSpec("Numbers.", {204: None}, takes=Numbers))
    (operation,) = [operation for _, _, operation in operations(describe(routes))]
    assert list(operation["requestBody"]["content"]) == ["application/json"]
