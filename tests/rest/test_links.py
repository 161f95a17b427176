"""Addresses of further pages: they ask for the same list as the request did, also where that said in its body what it wants."""

from unittest.mock import Mock

import pytest
from aiohttp import StreamReader, web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.test_utils import make_mocked_request
from yarl import URL

from handlers.rest.links import Links
from models.documents.session import Actor

ANN = Actor(account_id=1, number="4930901820", session_id="s")


def asked(path: str, *, with_body: bool = False) -> web.Request:
    """A request of which the body, if it has one, is read already."""
    if not with_body:
        return make_mocked_request("GET", path, payload=EMPTY_PAYLOAD)
    payload = StreamReader(Mock(BaseProtocol), 1024)
    payload.feed_eof()
    assert payload.at_eof()
    return make_mocked_request("GET", path, payload=payload)


@pytest.mark.parametrize(("path", "page"), [("/events?page=2&per_page=3", 3), ("/events", 2)])
def test_a_page_of_a_list_names_the_account_where_a_body_may_have_named_it(path: str, page: int) -> None:
    links = Links("http://a")
    wanted = {**URL(path).query, "page": str(page)}
    assert URL(links.pages_of(asked(path), ANN)(page)).query == wanted
    assert URL(links.pages_of(asked(path, with_body=True), ANN)(page)).query == {**wanted, "account": ANN.number}


def test_the_next_page_is_linked_unless_a_body_said_what_was_asked_for() -> None:
    links, path = Links("http://a"), "/api/messages/chats/4930901821/?limit=2&offset=4"
    (link,) = links.to_next(asked(path), "AB").values()
    assert link == '<http://a/api/messages/chats/4930901821/?limit=2&before=AB>; rel="next"'
    assert links.to_next(asked(path), None) == links.to_next(asked(path, with_body=True), "AB") == {}
