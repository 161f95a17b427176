"""Version negotiation: 1.0 or nothing."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from server.http.api_version import require_version
from server.http.application import build_application


async def ask(path: str, accept: str | None) -> tuple[int, dict[str, str]]:
    async def shown(request: web.Request) -> web.Response:
        return web.json_response({})

    routes = [web.get("/users", shown), web.get("/api/contacts/", shown)]
    app = build_application(routes, [require_version], body_max_bytes=1, origins=[])
    headers = {} if accept is None else {"Accept": accept}
    async with TestClient(TestServer(app)) as client, client.get(path, headers=headers) as response:
        return response.status, await response.json()


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "",
        "*/*",
        "application/json",
        "application/json; version=1.0",
        'application/json;q=0.9;version="1.0"',
        "application/json; version=2.0, application/json; version=1.0",
        "text/html; version=7",
        ";;=,;version",
    ],
)
async def test_version_1_0_is_the_default(accept: str | None) -> None:
    assert (await ask("/users", accept))[0] == 200


@pytest.mark.parametrize(
    "accept", ["application/json; version=2.0", "*/*;version=", "Application/JSON ;q=1; version=1"]
)
async def test_another_version_is_a_generic_406(accept: str) -> None:
    assert await ask("/users", accept) == (
        406,
        {"_error_message": "Not Acceptable", "_error_type": "parley.NotAcceptable"},
    )


async def test_unknown_paths_and_the_messaging_api_have_no_versions() -> None:
    assert (await ask("/nowhere", "application/json; version=2.0"))[0] == 404
    assert (await ask("/api/contacts/", "application/json; version=2.0"))[0] == 200
