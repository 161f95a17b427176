"""Who may write in a chat and who is told, as rules over values: no store, no cache."""

from collections.abc import Collection
from datetime import UTC, datetime

import pytest

from models.documents.account import Account
from models.documents.chat import Chat, ChatKind, Role, Roster
from models.documents.entry import Entry, Message
from models.documents.phone import Phone
from models.documents.session import Actor
from models.errors import ContactBlocked, Forbidden, MessageNotFound, NotAContact
from models.services.chats.permission import (
    admit_to_direct,
    is_complete,
    list_for,
    may_open,
    require_change_allowed,
    require_reply_target,
    shows_receipts,
    typing_audience,
)

AT = datetime(2026, 3, 1, tzinfo=UTC)
ANN, BOB, EVE = "49301", "49302", "49303"
ACTOR = Actor(account_id=1, number=ANN, session_id="s")


def account(account_id: int, number: str, *, blocks: Collection[str] = ()) -> Account:
    return Account(account_id, Phone("+" + number, number), True, AT, blocked=frozenset(blocks))


def direct(members: Collection[int] = (1, 2), unlisted: Collection[int] = ()) -> Roster:
    chat = Chat(7, ChatKind.DIRECT, AT, 1, pair=(1, 2))
    return Roster(chat, dict.fromkeys(members, Role.MEMBER), {1: ANN, 2: BOB}, frozenset(unlisted))


def message(hidden_from: tuple[int, ...] = ()) -> Entry:
    return Entry(7, 1, 1, ANN, "c", AT, Message(text="hi"), hidden_from=hidden_from)


ann, bob = account(1, ANN), account(2, BOB)
ann_blocks_bob, bob_blocks_ann = account(1, ANN, blocks=[BOB]), account(2, BOB, blocks=[ANN])


def test_a_message_between_two_people_is_hidden_from_nobody() -> None:
    assert admit_to_direct(ACTOR, (ann, bob), bob) == ()


def test_a_message_is_hidden_from_a_peer_who_blocked_the_sender_and_the_sender_is_not_told() -> None:
    assert admit_to_direct(ACTOR, (ann, bob_blocks_ann), bob_blocks_ann) == (2,)


def test_nobody_writes_to_whom_it_blocked() -> None:
    with pytest.raises(ContactBlocked):
        admit_to_direct(ACTOR, (ann_blocks_bob, bob), bob)


def test_nobody_writes_to_an_account_whose_number_is_another_ones_by_now() -> None:
    with pytest.raises(NotAContact):
        admit_to_direct(ACTOR, (ann, bob), account(9, BOB))


def test_an_answer_to_a_message_that_cannot_be_there_is_refused() -> None:
    require_reply_target(Message(text="hi"))
    require_reply_target(Message(text="hi", reply_to=1))
    with pytest.raises(MessageNotFound):
        require_reply_target(Message(text="hi", reply_to=0))


def test_a_chat_exists_for_members_who_may_see_something_of_it() -> None:
    assert may_open(direct(), 1)
    assert not may_open(direct(), 3)
    assert not may_open(direct(unlisted=[2]), 2)


def test_a_direct_chat_is_complete_with_both_members() -> None:
    assert is_complete(direct())
    assert not is_complete(direct(members=[1]))
    assert is_complete(Roster(Chat(8, ChatKind.GROUP, AT, 1, group="49301-1"), {}, {}))


def test_a_first_message_lists_the_chat_for_both_and_not_for_whom_it_is_hidden_from() -> None:
    assert list_for(direct(unlisted=[1, 2]), 1, ()) == {1: 2, 2: 1}
    assert list_for(direct(unlisted=[1, 2]), 1, (2,)) == {1: 2}
    assert list_for(direct(unlisted=[2]), 1, ()) == {2: 1}
    assert list_for(direct(), 1, ()) == {}


def test_typing_is_shown_to_the_peer_alone() -> None:
    assert typing_audience(direct(), (ann, bob)) == {2}
    assert typing_audience(direct(), (ann, ann)) == set()


@pytest.mark.parametrize("pair", [(ann_blocks_bob, bob), (ann, bob_blocks_ann)])
def test_typing_and_receipts_are_shown_to_nobody_once_one_of_two_blocked_the_other(
    pair: tuple[Account, Account],
) -> None:
    assert typing_audience(direct(), pair) == ()
    assert not shows_receipts(pair)


def test_typing_is_not_shown_to_a_peer_for_whom_there_is_no_chat_yet() -> None:
    assert typing_audience(direct(unlisted=[2]), (ann, bob)) == ()


def test_receipts_are_shown_between_two_people_and_in_groups() -> None:
    assert shows_receipts((ann, bob))
    assert shows_receipts(None)


def test_a_change_is_allowed_between_two_people_and_in_groups() -> None:
    require_change_allowed((ann, bob), message())
    require_change_allowed(None, message())


def test_a_change_of_what_a_peer_has_is_refused_once_one_blocked_the_other() -> None:
    with pytest.raises(ContactBlocked):
        require_change_allowed((ann_blocks_bob, bob), message())
    with pytest.raises(Forbidden):
        require_change_allowed((ann, bob_blocks_ann), message())


def test_a_blocked_sender_may_change_what_the_peer_never_got() -> None:
    require_change_allowed((ann, bob_blocks_ann), message(hidden_from=(2,)))
