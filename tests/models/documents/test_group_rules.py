"""Rules about groups that need nobody else."""

import pytest

from models.documents.chat import Member, Role, Span, find_next_admin, is_group_id


def member(account_id: int, *spans: Span) -> Member:
    return Member(1, account_id, str(account_id), Role.MEMBER, spans)


def test_the_heir_is_the_first_but_the_one_who_goes() -> None:
    first, second = member(5, Span(1)), member(3, Span(2))
    assert find_next_admin([first, second]) is first
    assert find_next_admin([first, second], of=5) is second
    assert find_next_admin([first], of=5) is None
    assert find_next_admin([]) is None


def test_one_who_came_back_stands_from_the_last_time() -> None:
    assert member(1, Span(1, 4), Span(9)).since == 9


@pytest.mark.parametrize("text", ["", "-", "1-", "-1", "1-1-1", "1 -1", "1-1\n", "٤-١", "a-1"])
def test_only_digits_hyphen_digits_is_a_group_s_id(text: str) -> None:
    assert not is_group_id(text)
    assert is_group_id("49301-1700000000")
