"""Numbers: which spellings are the same identity, and what is none."""

import pytest

from models.documents.phone import Phone, digits_of
from models.errors import Malformed


@pytest.mark.parametrize("text", ["49301234", "+49 30 1234", " 49.30-12(34) ", "4930\u00a01234"])
def test_a_number_is_its_digits_however_it_is_written(text: str) -> None:
    assert digits_of(text) == "49301234"
    assert Phone.from_digits(text).number == "49301234"


@pytest.mark.parametrize(
    "text", ["", " ", "+", "49/30", "49x1", "\u0664\u0669", "49\u00b2", "49\x00", "\ud800", "1" * 129]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        digits_of(text)
