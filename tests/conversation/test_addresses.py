"""An address in a message is one that browsers and this server read alike, or the message is refused at every door."""

from collections.abc import AsyncIterator

import pytest

from server.embedded import EmbeddedStores
from tests.support.node import Device, Node, Person, running_node, settings_for

BAD = (
    "http://x:99999/a", "http://x:-1/", "http://x:8a/", "http://[::g]/", "http://[1::2::3]/", "http://1.2.3.256/", "http://0x7f.1/",
    "http://1.2.3.4.5/", "http://a b/", "http://a%20b/", "http://xn--a/", "http://<x>/", "http://a|b/", "http://a^b/", "http:///x",
    "http:/x", "http://", "http://x/\\..\\y", "http://\u00ad/", "http://x/\u202egnp", "javascript:1", "//x/y", "ftp://x/y",
    "/media/\u202e", "/media/",
)  # fmt: skip
GOOD = (
    "http://x/a", "https://example.org:8443/a?b=c#d", "http://[2001:db8::1]:80/", "http://203.0.113.9/x", "http://münchen.de/ü",
    "HTTPS://EXAMPLE.ORG", "http://xn--mnchen-3ya.de/", "https://example.org/a b.png", "/media/abc",
)  # fmt: skip
KINDS = "iasvld"


@pytest.fixture(scope="module")
async def node(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    async with running_node(stores, settings_for(tmp_path_factory.mktemp("node"))) as running:
        yield running


@pytest.fixture(scope="module")
async def friends(node: Node) -> tuple[Person, Person, Device]:
    ann, tom = await node.sign_in("4930908901"), await node.sign_in("4930908902")
    await node.befriend(ann, tom)
    return ann, tom, await node.connect(ann, "/chat")


def message(friends: tuple[Person, Person, Device], kind: str, url: str) -> dict[str, object]:
    place = {"latitude": 1, "longitude": 1} if kind == "l" else {}
    return {"contact": friends[1].number, "client_id": kind + url[:60], "type": kind, "url": url, **place}


@pytest.mark.parametrize("url", BAD)
async def test_a_socket_refuses_what_only_some_can_read(friends: tuple[Person, Person, Device], url: str) -> None:
    for kind in KINDS:
        answer = await friends[2].ask("message_send", message(friends, kind, url))
        assert not answer["ok"]
        assert answer["error"]["code"] == "malformed"


@pytest.mark.parametrize("url", GOOD)
async def test_a_socket_takes_what_all_can_read(friends: tuple[Person, Person, Device], url: str) -> None:
    answer = await friends[2].ask("message_send", message(friends, "v", url))
    assert answer["ok"], answer
    assert answer["message"]["url"] == url


@pytest.mark.parametrize("url", [url for url in BAD if not url.startswith("/")])
async def test_no_address_of_a_picture_or_a_file_is_asked_for_that_only_some_can_read(
    node: Node, friends: tuple[Person, Person, Device], url: str
) -> None:
    ann, tom, _ = friends
    for path, body in (
        ("/api/account/profile-photo/", {"url": url}),
        ("/api/messages/send-video/", {"contact": tom.number, "url": url}),
        ("/api/messages/send-image/", {"contact": tom.number, "url": url}),
    ):
        status, shown = await node.rest("POST", path, ann, json=body)
        assert (status, shown["code"]) == (400, "url_refused"), shown
