"""An SMS is written in the characters of GSM 7-bit where its words allow it, and as it is where they do not."""

import pytest

from models.documents.notification import shortened
from models.documents.sms import as_sms, parts_of


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        ("“Dinner” – Ann’s…", '"Dinner" - Ann\'s...'),
        ("Zürich für 5 €", "Zürich für 5 €"),
        ("Ann’s обед…", "Ann’s обед…"),  # it is no GSM text anyway, so its signs stay
        ("Ann’s 🎉…", "Ann’s 🎉…"),
        ("São João…", "São João…"),
        ("«Chez\u202fMoi»", '"Chez Moi"'),
    ],
)
def test_signs_of_print_are_plain_only_where_that_is_enough(body: str, sent: str) -> None:
    assert as_sms(body) == sent


@pytest.mark.parametrize(
    ("sent", "parts"),
    [
        *[("a" * 160, 1), ("a" * 161, 2), ("a" * 307, 3), ("€" * 80, 1), ("€" * 81, 2)],
        *[("ب" * 70, 1), ("ب" * 71, 2), ("ب" * 134, 2), ("ب" * 135, 3), ("🎉" * 35, 1), ("🎉" * 36, 2)],
    ],
)
def test_an_sms_has_parts_by_the_signs_in_it(sent: str, parts: int) -> None:
    assert parts_of(sent) == parts


def test_a_shortened_title_does_not_halve_what_an_sms_holds() -> None:
    body = as_sms(f"Ann invites you to {shortened('dinner ' * 20, 60)}")
    assert body.isascii()
    assert len(body) <= 160
