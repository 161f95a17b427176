"""Who is told of an entry, as a rule over values: no store, no fan-out."""

from collections.abc import Collection
from datetime import UTC, datetime

from models.documents.chat import Chat, ChatKind, Role, Roster
from models.documents.entry import Body, Edit, Entry, Joined, Left, Message, SubjectSet
from models.services.chats.audience import has_old_audience, has_old_readers, list_announcements

AT = datetime(2026, 3, 1, tzinfo=UTC)


def group(*members: int, changed: int = 0, known: int = 0, subject_seq: int = 0, is_large: bool = False) -> Roster:
    chat = Chat(7, ChatKind.GROUP, AT, 1, group="49301-1", subject_seq=subject_seq, is_large=is_large)
    return Roster(chat, dict.fromkeys(members, Role.MEMBER), {}, changed=changed, known=known)


def entry(seq: int, body: Body, hidden_from: tuple[int, ...] = ()) -> Entry:
    return Entry(7, seq, 1, "49301", "c", AT, body, hidden_from=hidden_from)


hello = Message(text="hello")


def told(
    roster: Roster,
    one: Entry,
    came: Collection[int] = (),
    audience: Collection[int] | None = None,
    readers: Collection[int] | None = None,
) -> list[tuple[set[int], bool, bool, str | None]]:
    """Of each announcement: to whom, by the chat's channel, for former members, and the text."""
    found, _ = list_announcements(one, roster, came, audience=audience, readers=readers)
    return [
        (set(to), chat is not None, fact.for_former, getattr(fact.entry.body, "text", None)) for fact, to, chat in found
    ]


def test_a_message_goes_to_all_members_as_one_audience_that_the_fan_out_knows_again() -> None:
    roster = group(1, 2, 3)
    found, everybody = list_announcements(entry(5, hello), roster)
    assert [(to, chat) for _, to, chat in found] == [(roster.members, roster.chat)]
    assert found[0][1] is roster.members
    assert everybody is roster.members


def test_a_hidden_message_is_told_to_the_others_alone() -> None:
    assert told(group(1, 2), entry(5, hello, hidden_from=(2,))) == [({1}, True, False, "hello")]


def test_a_message_that_is_hidden_from_all_is_told_to_nobody() -> None:
    assert told(group(2), entry(5, hello, hidden_from=(2,))) == []


def test_an_entry_before_a_change_of_members_goes_to_those_of_then_and_not_by_the_channel() -> None:
    roster = group(1, 3, changed=6, known=6)
    assert has_old_audience(entry(5, hello), roster)
    assert not has_old_audience(entry(6, hello), roster)
    assert told(roster, entry(5, hello), audience={1, 2}) == [({1, 2}, False, False, "hello")]


def test_somebody_who_leaves_is_told_and_alone_where_the_chat_is_large() -> None:
    left = Left(2, "49302")
    assert told(group(1), entry(5, left)) == [({1, 2}, True, False, None)]
    assert told(group(1, is_large=True), entry(5, left)) == [({2}, False, False, None), ({1}, True, False, None)]


def test_members_who_join_a_large_chat_are_told_alone() -> None:
    joined = Joined((3,), ("49303",))
    roster = group(1, 2, 3, is_large=True)
    assert told(roster, entry(5, joined), came=[3]) == [({3}, False, False, None), ({1, 2}, True, False, None)]


def test_an_edit_shows_its_text_to_those_who_had_the_message() -> None:
    roster = group(1, 2, 3, changed=4, known=4)
    edit = entry(5, Edit(2, "new"))
    assert has_old_readers(edit, roster)
    assert not has_old_readers(entry(6, Edit(4, "new")), roster)
    (later, _, _, nothing), (readers, _, _, text) = told(roster, edit, readers={1, 2})
    assert (later, nothing) == ({3}, "")
    assert (readers, text) == ({1, 2}, "new")


def test_somebody_who_left_is_not_shown_what_the_chat_is_called_since() -> None:
    roster = group(1, changed=6, known=6, subject_seq=7)
    assert told(roster, entry(5, hello), audience={1, 2}) == [({2}, False, True, "hello"), ({1}, False, False, "hello")]


def test_nobody_is_shown_a_new_subject_while_it_is_uncertain_who_left() -> None:
    roster = group(1, 2, changed=8, known=6, subject_seq=7)
    assert told(roster, entry(6, hello), audience={1, 2}) == [({1, 2}, False, True, "hello")]


def test_somebody_who_left_is_shown_the_subject_that_was_set_before() -> None:
    roster = group(1, changed=8, known=8, subject_seq=7)
    assert told(roster, entry(7, SubjectSet("new")), audience={1, 2}) == [({1, 2}, False, False, None)]
