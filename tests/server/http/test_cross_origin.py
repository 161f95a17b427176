"""What pages of other sites may read: every answer, whatever its path and status, from the origins that are listed."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from server.embedded import EmbeddedStores
from tests.support.node import Node, running_node, settings_for

LISTED, FOREIGN = "https://app.example.org", "https://evil.example.net"
# Of each kind: method, path, status.
ANSWERS = [
    ("GET", "/nowhere", 404),
    ("GET", "/api/nowhere/", 404),
    ("GET", "/api/contacts/x/", 404),
    ("GET", "/media/nothing", 404),
    ("POST", "/healthz", 405),
    ("GET", "/auth", 405),
    ("PUT", "/o/token/", 405),
    ("GET", "/api/contacts/", 401),
    ("GET", "/events", 401),
    ("POST", "/auth", 400),
    ("POST", "/o/token/", 400),
    ("GET", "/healthz", 200),
    ("GET", "/openapi.json", 200),
    ("GET", "/static/site.css", None),
    ("GET", "/metrics", 200),
]


@pytest.fixture(scope="module")
async def node(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    settings = settings_for(tmp_path_factory.mktemp("node"), http={"cors_origins": [LISTED]})
    async with running_node(stores, settings) as running:
        yield running


@pytest.fixture(scope="module")
async def open_node(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    async with running_node(stores, settings_for(tmp_path_factory.mktemp("open"))) as running:
        yield running


async def ask(node: Node, method: str, path: str, **headers: str) -> aiohttp.ClientResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with node.http.request(method, node.url + path, headers=named) as answer:
        await answer.read()
        return answer


def varies(answer: aiohttp.ClientResponse) -> set[str]:
    return {name.strip().lower() for header in answer.headers.getall("Vary", ()) for name in header.split(",")}


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
async def test_a_listed_origin_reads_every_answer(node: Node, method: str, path: str, status: int | None) -> None:
    answer = await ask(node, method, path, Origin=LISTED)
    assert status in (answer.status, None)
    assert answer.headers["Access-Control-Allow-Origin"] == LISTED
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    exposed = {name.strip().lower() for name in answer.headers["Access-Control-Expose-Headers"].split(",")}
    assert exposed >= {"retry-after", "ratelimit-limit", "ratelimit", "etag", "x-request-id", "link", "location"}
    assert "www-authenticate" in exposed


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
async def test_no_cache_hands_an_answer_to_another_origin(
    node: Node, method: str, path: str, status: int | None
) -> None:
    for headers in ({}, {"Origin": LISTED}, {"Origin": FOREIGN}):
        answer = await ask(node, method, path, **headers)
        assert "origin" in varies(answer)
        assert len(answer.headers.getall("Vary")) == 1
        if headers.get("Origin") != LISTED:
            assert "Access-Control-Allow-Origin" not in answer.headers
            assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_a_refusal_before_the_socket_engine_is_read_too(node: Node) -> None:
    strange = "text/plain" + "; a=b" * 20
    answer = await ask(node, "POST", "/socket.io/?EIO=4&transport=polling", Origin=LISTED, Content_Type=strange)
    assert answer.status == 415
    assert answer.headers["Access-Control-Allow-Origin"] == LISTED


@pytest.mark.parametrize(
    "path", ["/api/contacts/", "/events", "/auth", "/api/nowhere/", "/nowhere", "/media/x", "/healthz"]
)
async def test_a_browser_may_ask_before_on_every_path(node: Node, path: str) -> None:
    asked = {"Access_Control_Request_Method": "DELETE", "Access_Control_Request_Headers": "authorization,x-request-id"}
    answer = await ask(node, "OPTIONS", path, Origin=LISTED, **asked)
    assert answer.status in (200, 204)
    assert answer.headers["Access-Control-Allow-Origin"] == LISTED
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert "DELETE" in answer.headers["Access-Control-Allow-Methods"]
    allowed = {name.strip().lower() for name in answer.headers["Access-Control-Allow-Headers"].split(",")}
    assert allowed == {"authorization", "x-request-id"}
    answer = await ask(node, "OPTIONS", path, Origin=FOREIGN, **asked)
    assert answer.status == 403
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/api/contacts/", "GET,HEAD,OPTIONS"),
        ("/api/contacts/4930901820/", "DELETE,GET,HEAD,OPTIONS,PATCH"),
        ("/events", "GET,HEAD,OPTIONS,POST"),
        ("/auth", "OPTIONS,POST"),
        ("/healthz", "GET,HEAD,OPTIONS"),
    ],
)
async def test_options_tells_the_methods_of_a_path(node: Node, path: str, methods: str) -> None:
    for headers in ({}, {"Origin": LISTED}, {"Origin": FOREIGN}):
        answer = await ask(node, "OPTIONS", path, **headers)
        assert (answer.status, answer.headers["Allow"]) == (204, methods)
    assert (await ask(node, "OPTIONS", "/nowhere")).status == 404


async def test_with_every_origin_let_in_there_are_no_credentials(open_node: Node) -> None:
    for method, path, _ in ANSWERS:
        answer = await ask(open_node, method, path, Origin=FOREIGN)
        assert answer.headers["Access-Control-Allow-Origin"] in (FOREIGN, "*")
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert "origin" in varies(answer)


@pytest.mark.parametrize("given", ["9f3a-1", "A" * 128, "Root=1-67891233-abcdef012345678912345678", "a.b:c@d+e/f="])
async def test_an_answer_has_the_id_that_its_request_was_given(node: Node, given: str) -> None:
    for method, path, _ in ANSWERS:
        assert (await ask(node, method, path, X_Request_Id=given)).headers["X-Request-Id"] == given


@pytest.mark.parametrize("given", ["", "A" * 129, "a b", "a,b", "<b>", "\xe9", '"'])
async def test_an_answer_has_an_id_of_its_own_where_the_one_given_is_none(node: Node, given: str) -> None:
    found = {(await ask(node, method, path, X_Request_Id=given)).headers["X-Request-Id"] for method, path, _ in ANSWERS}
    assert len(found) == len(ANSWERS)
    assert given not in found
    assert all(each.isalnum() for each in found)


async def test_a_file_of_the_page_has_an_id_only_for_a_caller_who_names_requests(node: Node) -> None:
    answer = await ask(node, "GET", "/static/parley.css")
    assert answer.status == 200
    assert "X-Request-Id" not in answer.headers
    assert (await ask(node, "GET", "/static/parley.css", X_Request_Id="a")).headers["X-Request-Id"] == "a"
    assert (await ask(node, "GET", "/static/none.js")).headers["X-Request-Id"], "a refusal can be asked about"
