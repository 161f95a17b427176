"""The links that wait to be looked at: whose, how many, and of which text."""

from datetime import UTC, datetime
from typing import Any

import pytest

from models.documents.chat import Chat, ChatKind
from models.documents.entry import Body, Deletion, Edit, Entry, Message, Reaction
from models.services.chats import link_previews
from models.services.chats.link_previews import (
    PER_HOST,
    PER_SENDER,
    WAITING_MAX,
    AnnouncedText,
    FoundLink,
    LinkQueue,
)
from models.services.runtime.token_bucket import TokenBuckets

AT = datetime(2026, 1, 1, tzinfo=UTC)
LINK = "http://example.org"
CHAT = Chat(1, ChatKind.GROUP, AT, 7)


def queue_of(*entries: Entry, per_minute: int = 10_000) -> LinkQueue:
    queue = LinkQueue(TokenBuckets(per_minute / 60, per_minute))
    for entry in entries:
        queue.announced(entry, CHAT, ())
    return queue


def entry(body: Body, seq: int = 1, sender: int = 7, **fields: Any) -> Entry:
    return Entry(1, seq, sender, "4930901820", f"c{seq}", AT, body, **fields)


def searched(queue: LinkQueue) -> LinkQueue:
    while queue.find_next():
        pass
    return queue


def taken(queue: LinkQueue) -> list[FoundLink]:
    searched(queue)
    found = []
    while (each := queue.take([])) is not None:
        found.append(each)
    return found


def next_sender(queue: LinkQueue, *under_way: tuple[int, str]) -> int | None:
    """The sender of the link that is taken while those of these senders, at these hosts, are under way."""
    links = [FoundLink(AnnouncedText(CHAT, 1, 0, sender, ""), f"http://{host}", host) for sender, host in under_way]
    found = searched(queue).take(links)
    return None if found is None else found.source.sender_id


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (Message(text=LINK), (5, 0)),
        (Message("i", url="/media/x", caption=LINK), (5, 0)),
        (Edit(3, LINK), (3, 5)),
        (Message("i", url=LINK), None),
        (Message("l", latitude=1, longitude=2, url=LINK), None),
        (Message(text="no link"), None),
        (Edit(3, ""), None),
        (Deletion(3), None),
        (Reaction(3, "x"), None),
    ],
)
def test_the_link_is_of_the_text_that_was_announced(body: Body, place: tuple[int, int] | None) -> None:
    found = taken(queue_of(entry(body, 5)))
    assert [(each.source.of, each.source.edit) for each in found] == ([] if place is None else [place])


def test_a_message_that_is_deleted_already_has_no_link() -> None:
    assert taken(queue_of(entry(Message(text=LINK), is_deleted=True))) == []


def test_one_sender_has_only_some_under_way() -> None:
    queue = queue_of(entry(Message(text=LINK)))
    assert next_sender(queue, *((7, f"{n}.example") for n in range(PER_SENDER))) is None
    assert next_sender(queue, *((7, f"{n}.example") for n in range(PER_SENDER - 1))) == 7


def test_whoever_has_none_under_way_comes_first() -> None:
    queue = queue_of(*(entry(Message(text=LINK), seq) for seq in (1, 2)), entry(Message(text=LINK), 9, sender=8))
    assert next_sender(queue, (7, "one.example")) == 8
    assert next_sender(queue, (7, "one.example")) == 7


@pytest.mark.parametrize("link", ["http://slow.example/x", "https://SLOW.example.:8080", "http://slow.example?y"])
def test_one_host_is_asked_for_few_at_once_whoever_sends_it(link: str) -> None:
    queue = queue_of(entry(Message(text=link)), entry(Message(text=LINK), 9, sender=8))
    under_way = [(sender, "slow.example") for sender in range(20, 20 + PER_HOST)]
    assert next_sender(queue, *under_way) == 8
    assert next_sender(queue, *under_way) is None
    assert next_sender(queue, *under_way[1:]) == 7


def test_no_text_is_searched_while_it_is_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    searches: list[str | None] = []
    monkeypatch.setattr(link_previews, "find_link", searches.append)
    queue = queue_of(*(entry(Message(text=LINK), seq) for seq in range(1, 9)), per_minute=2)
    assert searches == []
    assert taken(queue) == []
    assert searches == [LINK] * 2


def test_links_beyond_a_bound_have_no_preview() -> None:
    queue = queue_of(*(entry(Message(text=LINK), seq) for seq in range(1, WAITING_MAX + 10)))
    assert len(taken(queue)) == WAITING_MAX


def test_each_sender_has_so_many_in_a_minute() -> None:
    mine = [entry(Message(text=LINK), seq) for seq in range(1, 9)]
    queue = queue_of(*mine, entry(Message(text=LINK), 9, sender=8), per_minute=2)
    assert [each.source.sender_id for each in taken(queue)] == [7, 7, 8]
