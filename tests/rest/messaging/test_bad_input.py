"""Every route of the messaging API against every kind of bad input: a refusal in the API's shape each time, never a fault.

The routes are those that a node really serves, so a new one is held to this from its first day.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from server.embedded import EmbeddedStores
from tests.rest.messaging.logins import new_number
from tests.support.node import Node, Person, running_node, settings_for
from tests.support.raw import open_line

FIELDS = (
    "account", "contact", "contact_id", "contacts", "numbers", "group_id", "message", "caption", "latitude", "longitude",
    "vcard", "name", "url", "status_message", "connected_status", "nickname", "photo", "last_seen", "first_name", "last_name",
    "participants", "subject", "code", "feedback", "date_limit", "after", "limit", "offset", "received_only", "client_id",
    "grant_type", "username", "password", "client_id", "refresh_token", "token", "scope",
)  # fmt: skip
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"


def all_fields(value: object) -> bytes:
    return json.dumps(dict.fromkeys(FIELDS, value)).encode()


def form(value: str) -> bytes:
    return "&".join(f"{name}={value}" for name in FIELDS).encode()


BAD: dict[str, tuple[str, bytes]] = {
    "nothing": (FORM, b""),
    "wrong types: objects": (JSON, all_fields({"a": 1})),
    "wrong types: lists of lists": (JSON, all_fields([[1], None])),
    "wrong types: numbers": (JSON, all_fields(-1.5)),
    "wrong types: truth": (JSON, all_fields(True)),
    "nulls": (JSON, all_fields(None)),
    "huge numbers": (JSON, all_fields(10**30)),
    "over-long": (FORM, form("9" * 20_000)),
    "over-long text": (JSON, all_fields("x" * 20_000)),
    "non-ASCII digits": (FORM, form("٤٩٣٠")),
    "characters that no text has": (JSON, all_fields("a\u0000b")),
    "half of a surrogate pair": (JSON, b'{"message": "\\ud800", "subject": "\\ud800", "contact": "\\ud800"}'),
    "a field twice": (FORM, form("1") + b"&" + form("2")),
    "an unknown number": (FORM, form("4999999999999")),
    "an unknown group": (FORM, form("4999999999999-1")),
    "broken JSON": (JSON, b'{"contact": '),
    "a list for an object": (JSON, b"[1, 2]"),
    "wrong content type": ("text/plain", b"contact=1"),
    "wrong charset": ("application/x-www-form-urlencoded; charset=nonsense", b"contact=%ff"),
    "broken multipart": (MULTIPART, b"--x\r\nContent-Disposition: form-data\r\n\r\nfile"),
    "multipart without an end": (MULTIPART, b'--x\r\nContent-Disposition: form-data; name="contact"\r\n\r\n4930'),
    "multipart without a boundary": ("multipart/form-data", b"x"),
    "an empty file": (MULTIPART, b'--x\r\nContent-Disposition: form-data; name="filename"; filename="a.png"\r\n\r\n\r\n--x--\r\n'),
}  # fmt: skip


@pytest.fixture(scope="module")
async def node(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = tmp_path_factory.mktemp("node")
    async with running_node(stores, settings_for(folder)) as running:
        yield running


def routes(node: Node) -> list[tuple[str, str]]:
    """Method and path as it was added, of each route of the messaging API."""
    found = {
        (route.method, route.resource.canonical)
        for route in node.runner.app.router.routes()
        if route.resource is not None
        and re.match(r"/(o|api/(account|contacts|messages?|groups))/", route.resource.canonical)
    }
    return sorted((method, path) for method, path in found if method not in {"HEAD", "OPTIONS"} and path.endswith("/"))


async def meet(node: Node) -> tuple[Person, dict[str, str]]:
    """Somebody, and a group of other people: the ids that a path may hold."""
    me, *others = [await node.sign_in(new_number()) for _ in range(3)]
    await node.befriend(*others)
    body = {"participants": [others[1].number], "subject": "Not yours"}
    _, group = await node.rest("POST", "/api/groups/create-group/", others[0], json=body)
    return me, {
        "contact_id": others[0].number,
        "group": group["groupid"],
        "target": group["groupid"],
        "message_id": f"{1:022X}",
    }


def filled(path: str, ids: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)[^}]*\}", lambda place: ids.get(place[1], "1"), path)


async def ask(node: Node, me: Person, method: str, path: str, kind: str, body: bytes) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {me.token}", "Content-Type": kind}
    async with node.http.request(method, node.url + path, data=body, headers=headers) as answer:
        raw = await answer.read()
        return answer.status, json.loads(raw) if answer.content_type == JSON else raw


def is_well_refused(path: str, status: int, shown: Any) -> bool:
    if status < 400:
        return True
    wanted = {"error"} if path.startswith("/o/") else {"error", "code"}
    return status < 500 and isinstance(shown, dict) and wanted <= shown.keys() and all(shown[key] for key in wanted)


@pytest.mark.parametrize("what", BAD)
async def test_bad_input_is_refused_everywhere(node: Node, what: str, caplog: pytest.LogCaptureFixture) -> None:
    me, ids = await meet(node)
    kind, body = BAD[what]
    wrong = []
    for method, path in routes(node):
        if "remove-account" in path:
            continue  # an empty request is a good one there
        status, shown = await ask(node, me, method, filled(path, ids), kind, body)
        if not is_well_refused(path, status, shown):
            wrong.append((method, path, status, shown))
    assert not wrong
    assert not [each for each in caplog.records if each.levelname == "ERROR"]


async def test_a_wrong_method_is_405_with_those_that_are_right(node: Node) -> None:
    me, ids = await meet(node)
    allowed: dict[str, set[str]] = {}
    for method, path in routes(node):
        allowed.setdefault(path, set()).add(method)
    assert len(allowed) > 55
    headers = {"Authorization": f"Bearer {me.token}"}
    for path, methods in allowed.items():
        for method in {"PUT", "GET", "POST", "DELETE", "PATCH"} - methods:
            async with node.http.request(method, node.url + filled(path, ids), headers=headers) as answer:
                assert answer.status == 405, (method, path)
                assert methods <= set(answer.headers["Allow"].split(",")), (method, path)
                assert (await answer.json())["error"]


async def test_a_body_that_breaks_off_harms_nobody(node: Node, caplog: pytest.LogCaptureFixture) -> None:
    me, ids = await meet(node)
    for method, path in routes(node):
        for kind, body in ((JSON, b'{"contact": "'), (MULTIPART, b"--x\r\nContent-Disposition: form-data; name=")):
            _, writer = await open_line(node.url)
            head = f"{method} {filled(path, ids)} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {me.token}\r\n"
            writer.write(f"{head}Content-Type: {kind}\r\nContent-Length: 5000\r\n\r\n".encode() + body)
            await writer.drain()
            writer.transport.abort()
    assert (await node.rest("GET", "/api/account/nickname/", me))[0] == 200
    assert not [each for each in caplog.records if each.levelname == "ERROR"]
